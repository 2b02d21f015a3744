//! What a message is for, from its header block.

pub(crate) mod addresses;
pub(crate) mod auto_reply;
pub mod charset;
pub mod explain;
pub mod feature;
pub(crate) mod headers;
pub mod matcher;
pub(crate) mod pattern;
