//! What the operating system gives: time, random octets, files, threads for what blocks, standard streams.

pub(crate) mod blocking;
pub(crate) mod clock;
pub(crate) mod files;
pub(crate) mod output;
pub(crate) mod program;
pub(crate) mod random;
