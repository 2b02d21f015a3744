//! Converts hashes from the facade to the core's configuration. The facade has checked them, so a failure here is a bug.

use magnus::{Error, Ruby, TryConvert, Value};
use mail_room_core::config::FromOptions;

use crate::errors;

/// Reads `value` as `T`. The error does not show the value, which may be a password.
pub(crate) fn read<T: FromOptions>(ruby: &Ruby, value: Value) -> Result<T, Error> {
    let options: Result<serde_json::Value, _> = serde_magnus::deserialize(ruby, value);
    let read = options
        .map_err(|error| error.to_string())
        .and_then(|options| T::from_options(options).map_err(|error| error.to_string()));
    read.map_err(|text| {
        // serde says `invalid type: string "…", expected …`. Only what was expected is shown.
        let expected = text.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
        errors::named(ruby, "ConfigurationError", format!("the core cannot read an option: expected {expected}"))
    })
}

/// Runs `work` on a Ruby string's octets without copying them. `work` must not call Ruby.
pub(crate) fn with_octets<T>(value: Value, work: impl FnOnce(&[u8]) -> T) -> Result<T, Error> {
    let string = magnus::RString::try_convert(value)?;
    // SAFETY: `work` gets no handle of Ruby and the GVL is held: nothing can change the string until it returns.
    Ok(work(unsafe { string.as_slice() }))
}

/// A copy of a Ruby string's octets: Ruby may change the string once the GVL is released.
pub(crate) fn octets(value: Value) -> Result<Vec<u8>, Error> {
    with_octets(value, <[u8]>::to_vec)
}
