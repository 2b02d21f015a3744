//! `MailRoom::Native.check_…`: tries out what a configuration names. Each method takes a hash from the facade and returns the steps
//! as JSON. The core sets a deadline for them.

use magnus::{Error, RModule, Ruby, Value, function, prelude::*};
use mail_room_core::check::{self, Report};
use mail_room_core::config;
use serde::de::DeserializeOwned;

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
    steps(ruby, mailbox, |config: config::Mailbox| async move { check::imap(&config).await })
}

fn graph(ruby: &Ruby, mailbox: Value) -> Result<String, Error> {
    steps(ruby, mailbox, |config: config::Mailbox| async move { check::graph(&config).await })
}

fn redis(ruby: &Ruby, redis: Value, needs: Value) -> Result<String, Error> {
    let needs: check::Needs = options::read(ruby, needs)?;
    steps(ruby, redis, |config: config::Redis| async move { check::redis(&config, &needs).await })
}

fn http(ruby: &Ruby, postback: Value) -> Result<String, Error> {
    steps(ruby, postback, |config| async move {
        match config {
            config::Delivery::Postback(config) => check::http(&config).await,
            _ => Report::default(),
        }
    })
}

fn postgres(ruby: &Ruby, que: Value) -> Result<String, Error> {
    steps(ruby, que, |config| async move {
        match config {
            config::Delivery::Que(config) => check::postgres(&config).await,
            _ => Report::default(),
        }
    })
}

fn smtp(ruby: &Ruby, rejection: Value) -> Result<String, Error> {
    steps(ruby, rejection, |config: config::Rejection| async move {
        match config.by {
            config::RejectBy::Smtp(config) => check::smtp(&config).await,
            config::RejectBy::Hook { .. } => Report::default(),
        }
    })
}

/// Checks what `options` name, and returns the steps as JSON.
fn steps<T: DeserializeOwned, F: Future<Output = Report> + Send + 'static>(
    ruby: &Ruby,
    options: Value,
    check: impl FnOnce(T) -> F,
) -> Result<String, Error> {
    let work = check(options::read(ruby, options)?);
    let report = run(ruby, async move { Ok(work.await) })?;
    report.to_json().map_err(|error| errors::raise(ruby, &error))
}
