//! Which platform is compiled for.

use std::env;

/// Whether cargo compiles for Windows, where libruby has to be linked. That is not supported here; rb-sys asks nevertheless.
#[must_use]
pub fn is_mswin_or_mingw() -> bool {
    env::var("TARGET").is_ok_and(|target| target.contains("windows"))
}
