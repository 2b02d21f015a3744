//! What the operating system gives: time, random octets, files, programs, standard streams, and threads for what blocks.
//!
//! Imports nothing from the core. `matching`, `ruby`, `observe`, and the folders above them may import it.

pub(crate) mod blocking;
pub(crate) mod clock;
pub(crate) mod files;
pub(crate) mod output;
pub(crate) mod program;
pub(crate) mod random;
pub mod runtime;
