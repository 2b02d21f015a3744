//! What rb-sys asks while it is built: which Ruby this is, the bindings for it, and how to compile C against it. It has the names that rb-sys'
//! build script calls, and does what a gem needs: MRI on Linux and macOS, without linking libruby. Why it is here: see Cargo.toml.
//!
//! `rb_config` tells which Ruby this is, `bindings` hands out bindings, `stored` has them and checks with a C compiler that they fit, `cc` compiles.
//! With the feature `generate_bindings`, `generate` makes bindings, and the assertions that go with them.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod bindings;
pub mod cc;
pub mod utils;

mod rb_config;
#[cfg(not(feature = "generate_bindings"))]
mod stored;

#[cfg(feature = "generate_bindings")]
pub mod generate;

pub use rb_config::{RbConfig, RubyEngine};

/// What bindings are made of, and what their assertions include.
const HEADERS: &str = include_str!("../bindings/headers.h");

/// The error of everything in here: a text for whoever builds. cargo prints it.
pub type Error = Box<dyn std::error::Error>;
