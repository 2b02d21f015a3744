//! What reads each octet of a message: what it is for, found out from its header block, its text, and that text in JSON. `matcher`
//! decides; `source` lists the headers that are searched.
//!
//! A crate of its own, because the levels of optimization go by crate: this one is worth every one of them, and the core, which
//! waits for servers most of the time, is not worth the half minute that they take where the gem is compiled (see the workspace).
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod addresses;
pub mod arrival;
pub mod auto_reply;
mod bounce;
pub mod charset;
pub mod explain;
pub mod feature;
pub mod headers;
pub mod json;
pub mod matcher;
pub mod options;
mod pattern;
pub mod source;
