//! What a message is for, found out from its header block. `matcher` decides; `source` lists the headers that are searched.
//!
//! Imports `config`. `ruby`, `delivery`, `rejection`, `watch`, and the binding import it.

pub(crate) mod addresses;
pub(crate) mod arrival;
pub(crate) mod auto_reply;
mod bounce;
pub mod charset;
pub mod explain;
pub mod feature;
pub(crate) mod headers;
pub mod matcher;
pub(crate) mod pattern;
pub mod source;
