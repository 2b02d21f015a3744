//! Calls for Ruby's threads, and what wakes these threads. It holds no Ruby: threads of the app fetch the calls through the
//! binding.
//!
//! Imports `message` and `matching`. `observe`, the folders above it, and the binding import it.

pub mod calls;
pub mod waker;
