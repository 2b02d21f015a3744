//! `MailRoom::Native.check_…`: tries out what a configuration names. Each method takes a hash from the facade and returns the steps
//! as JSON. The core sets a deadline for them.

use magnus::{Error, RModule, Ruby, Value, function, prelude::*};
use mail_room_core::check::{self, Report};
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
    let config: config::Mailbox = options::read(ruby, mailbox)?;
    let report = run(ruby, async move { Ok(check::imap(&config).await) })?;
    json(ruby, &report)
}

fn graph(ruby: &Ruby, mailbox: Value) -> Result<String, Error> {
    let config: config::Mailbox = options::read(ruby, mailbox)?;
    let report = run(ruby, async move { Ok(check::graph(&config).await) })?;
    json(ruby, &report)
}

fn redis(ruby: &Ruby, redis: Value, needs: Value) -> Result<String, Error> {
    let config: config::Redis = options::read(ruby, redis)?;
    let needs: check::Needs = options::read(ruby, needs)?;
    let report = run(ruby, async move { Ok(check::redis(&config, &needs).await) })?;
    json(ruby, &report)
}

fn http(ruby: &Ruby, postback: Value) -> Result<String, Error> {
    let config: config::Delivery = options::read(ruby, postback)?;
    let report = run(ruby, async move {
        match config {
            config::Delivery::Postback(config) => Ok(check::http(&config).await),
            _ => Ok(Report::default()),
        }
    })?;
    json(ruby, &report)
}

fn postgres(ruby: &Ruby, que: Value) -> Result<String, Error> {
    let config: config::Delivery = options::read(ruby, que)?;
    let report = run(ruby, async move {
        match config {
            config::Delivery::Que(config) => Ok(check::postgres(&config).await),
            _ => Ok(Report::default()),
        }
    })?;
    json(ruby, &report)
}

fn smtp(ruby: &Ruby, rejection: Value) -> Result<String, Error> {
    let config: config::Rejection = options::read(ruby, rejection)?;
    let report = run(ruby, async move {
        match config.by {
            config::RejectBy::Smtp(config) => Ok(check::smtp(&config).await),
            config::RejectBy::Hook { .. } => Ok(Report::default()),
        }
    })?;
    json(ruby, &report)
}

fn json(ruby: &Ruby, report: &Report) -> Result<String, Error> {
    report.to_json().map_err(|error| errors::raise(ruby, &error))
}
