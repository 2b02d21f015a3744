//! How arguments of IMAP commands are written: names of mailboxes, sequence sets, search programs. Knows no session and sends
//! nothing.
//!
//! May be imported by `source/imap` and `check`.

pub(crate) mod search_program;
pub(crate) mod sequence_set;
pub(crate) mod utf7;
