//! `MailRoom::Native.check_…`: tries out what a configuration names. Each method takes a hash from the facade and returns the steps
//! as JSON. The core sets a deadline for them.

use magnus::{Error, RModule, Ruby, Value, function, prelude::*};
use mail_room_core::check::{self, Checking, Report};
use mail_room_core::config;

use crate::direct::run;
use crate::{errors, options};

pub(crate) fn define(native: RModule) -> Result<(), Error> {
    native.define_singleton_method("check_imap", function!(imap, 1))?;
    native.define_singleton_method("check_graph", function!(graph, 1))?;
    native.define_singleton_method("check_redis", function!(redis, 2))?;
    native.define_singleton_method("check_http", function!(http, 1))?;
    native.define_singleton_method("check_postgres", function!(postgres, 1))?;
    native.define_singleton_method("check_smtp", function!(smtp, 1))
}

fn imap(ruby: &Ruby, mailbox: Value) -> Result<String, Error> {
    steps(ruby, check::imap(options::read(ruby, mailbox)?))
}

fn graph(ruby: &Ruby, mailbox: Value) -> Result<String, Error> {
    steps(ruby, check::graph(options::read(ruby, mailbox)?))
}

fn redis(ruby: &Ruby, redis: Value, needs: Value) -> Result<String, Error> {
    steps(ruby, check::redis(options::read(ruby, redis)?, options::read(ruby, needs)?))
}

fn http(ruby: &Ruby, postback: Value) -> Result<String, Error> {
    match options::read(ruby, postback)? {
        config::Delivery::Postback(config) => steps(ruby, check::http(*config)),
        _ => json(ruby, &Report::default()),
    }
}

fn postgres(ruby: &Ruby, que: Value) -> Result<String, Error> {
    match options::read(ruby, que)? {
        config::Delivery::Que(config) => steps(ruby, check::postgres(config)),
        _ => json(ruby, &Report::default()),
    }
}

fn smtp(ruby: &Ruby, rejection: Value) -> Result<String, Error> {
    let rejection: config::Rejection = options::read(ruby, rejection)?;
    match rejection.by {
        config::RejectBy::Smtp(config) => steps(ruby, check::smtp(*config)),
        config::RejectBy::Hook { .. } => json(ruby, &Report::default()),
    }
}

/// Tries the steps, and returns them as JSON.
fn steps(ruby: &Ruby, checking: Checking) -> Result<String, Error> {
    json(ruby, &run(ruby, checking)?)
}

fn json(ruby: &Ruby, report: &Report) -> Result<String, Error> {
    report.to_json().map_err(|error| errors::raise(ruby, &error))
}
