//! What Ruby sees of the core: `MailRoom::Native`. Converts, releases the GVL, raises; decides nothing.

#![allow(
    missing_docs,
    reason = "nothing is public here but the entry point that magnus makes, which cannot be documented"
)]

mod call;
mod check;
mod door;
mod errors;
mod gvl;
mod matcher;
mod options;
mod supervisor;

use magnus::{Error, Ruby, Value, function, prelude::*};
use mail_room_core::matching::charset::to_utf8 as to_utf8_text;

#[magnus::init(name = "mail_room_native")]
fn init(ruby: &Ruby) -> Result<(), Error> {
    let native = ruby.define_module("MailRoom")?.define_module("Native")?;
    native.define_singleton_method("reopen_logs", function!(reopen_logs, 0))?;
    native.define_singleton_method("to_utf8", function!(to_utf8, 1))?;
    call::define(ruby, native)?;
    supervisor::define(ruby, native)?;
    matcher::define(ruby, native)?;
    check::define(native)?;
    door::define(ruby, native)
}

fn reopen_logs() {
    mail_room_core::observe::log::reopen_logs();
}

/// The message as text, as Sidekiq jobs hold it.
fn to_utf8(message: Value) -> Result<String, Error> {
    options::with_octets(message, |raw| to_utf8_text(raw).into_owned())
}
