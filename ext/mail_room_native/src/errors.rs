//! The core's errors as Ruby's exceptions.

use magnus::{ExceptionClass, RModule, Ruby, prelude::*};
use mail_room_core::Error;

/// The exception that tells the caller what to do: change the configuration, or try again.
pub(crate) fn raise(ruby: &Ruby, error: &Error) -> magnus::Error {
    let class = match error {
        Error::Configuration(_) => "ConfigurationError",
        _ => "DeliveryError",
    };
    named(ruby, class, error.to_string())
}

/// An exception of a class of `MailRoom`.
pub(crate) fn named(ruby: &Ruby, class: &str, message: String) -> magnus::Error {
    let found = ruby
        .class_object()
        .const_get::<_, RModule>("MailRoom")
        .and_then(|mail_room| mail_room.const_get::<_, ExceptionClass>(class));
    match found {
        Ok(class) => magnus::Error::new(class, message),
        Err(missing) => missing,
    }
}
