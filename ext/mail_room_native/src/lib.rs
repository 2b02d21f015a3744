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

use magnus::{Error, RString, Ruby, function, prelude::*};

#[magnus::init(name = "mail_room_native")]
fn init(ruby: &Ruby) -> Result<(), Error> {
    let mail_room = ruby.define_module("MailRoom")?;
    mail_room.const_set("NATIVE_VERSION", frozen(ruby, env!("CARGO_PKG_VERSION")))?;
    let native = mail_room.define_module("Native")?;
    native.const_set("PLATFORM", frozen(ruby, env!("MAIL_ROOM_PLATFORM")))?;
    native.const_set("COMMIT", frozen(ruby, env!("MAIL_ROOM_COMMIT")))?;
    native.define_singleton_method("reopen_logs", function!(reopen_logs, 0))?;
    call::define(ruby, native)?;
    supervisor::define(ruby, native)?;
    matcher::define(ruby, native)?;
    check::define(native)?;
    door::define(ruby, native)
}

/// Frozen, so that any Ractor may read it.
fn frozen(ruby: &Ruby, text: &str) -> RString {
    let text = ruby.str_new(text);
    text.freeze();
    text
}

fn reopen_logs() {
    mail_room_core::journal::reopen_logs();
}
