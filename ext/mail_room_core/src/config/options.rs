//! Reads options as the facade passes them.

use serde_json::Value;

/// What is read from the facade's options. For each type, the code that reads it is compiled here, once, and not again in the
/// binding.
pub trait FromOptions: Sized {
    /// Reads `options`, a hash of the facade or an array of them.
    ///
    /// # Errors
    /// An option is missing, or is not what is expected. The facade has checked them: that is a bug. The text may quote a value.
    fn from_options(options: Value) -> serde_json::Result<Self>;
}

/// Implements [`FromOptions`] for types that serde can read.
macro_rules! from_options {
    ($($type:ty),+ $(,)?) => {
        $(impl $crate::config::FromOptions for $type {
            fn from_options(options: serde_json::Value) -> serde_json::Result<Self> {
                serde_json::from_value(options)
            }
        })+
    };
}
pub(crate) use from_options;
