//! `MailRoom::Native`: the core as Ruby sees it. Converts values, releases the GVL and raises exceptions. Decides nothing.
//!
//! A file for each class of Ruby's: `supervisor`, `health`, `call`, `matcher`; `direct` for deliveries and arbiters that Ruby calls itself;
//! `check` for `mail_room check`. They share `options` (hashes to structs), `errors` and `gvl`.

#![allow(
    missing_docs,
    reason = "nothing is public here but the entry point that magnus makes, which cannot be documented"
)]

mod call;
mod check;
mod direct;
mod errors;
mod gvl;
mod health;
mod matcher;
mod options;
mod supervisor;

use magnus::{Error, RString, Ruby, Value, function, prelude::*};
use mail_room_core::matching::charset::to_utf8 as to_utf8_text;

#[magnus::init(name = "mail_room_native")]
fn init(ruby: &Ruby) -> Result<(), Error> {
    let mail_room = ruby.define_module("MailRoom")?;
    mail_room.const_set("NATIVE_VERSION", frozen(ruby, env!("CARGO_PKG_VERSION")))?;
    let native = mail_room.define_module("Native")?;
    native.const_set("PLATFORM", frozen(ruby, env!("MAIL_ROOM_PLATFORM")))?;
    native.const_set("COMMIT", frozen(ruby, env!("MAIL_ROOM_COMMIT")))?;
    native.define_singleton_method("reopen_logs", function!(reopen_logs, 0))?;
    native.define_singleton_method("log_status", function!(log_status, 0))?;
    native.define_singleton_method("to_utf8", function!(to_utf8, 1))?;
    call::define(ruby, native)?;
    supervisor::define(ruby, native)?;
    health::define(ruby, native)?;
    matcher::define(ruby, native)?;
    check::define(native)?;
    direct::define(ruby, native)
}

/// Frozen, so that any Ractor may read it.
fn frozen(ruby: &Ruby, text: &str) -> RString {
    let text = ruby.str_new(text);
    text.freeze();
    text
}

fn reopen_logs() {
    mail_room_core::observe::log::reopen_logs();
}

fn log_status() {
    mail_room_core::observe::report::request();
}

/// The message as text, as Sidekiq jobs hold it.
fn to_utf8(message: Value) -> Result<String, Error> {
    options::with_octets(message, |raw| to_utf8_text(raw).into_owned())
}
