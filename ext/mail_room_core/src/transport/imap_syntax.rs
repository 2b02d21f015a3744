//! How arguments of IMAP commands are written: names of mailboxes, sequence sets, search programs; and how dates are read. Knows
//! no session and sends nothing.
//!
//! May be imported by `source/imap` and `check`.

pub(crate) mod date_time;
pub(crate) mod mailbox_name;
pub(crate) mod search_program;
pub(crate) mod sequence_set;
pub(crate) mod utf7;
