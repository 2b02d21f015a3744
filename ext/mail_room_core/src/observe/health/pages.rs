//! What the health server answers to a request. It shows no mail, no sender and no secret.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Method, Response, StatusCode};
use serde::Serialize;

use super::html;
use crate::observe::metrics;
use crate::observe::monitor::{Monitor, Status};
use crate::observe::text::printable;

const TEXT: &str = "text/plain; charset=utf-8";
/// Characters of a line that says why a mailbox is not ready.
const SHOWN: usize = 500;

/// Which pages there are beside /liveness and /readiness.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered {
    pub(super) metrics: bool,
    pub(super) status: bool,
}

/// /status.json.
#[derive(Serialize)]
struct Overview<'a> {
    version: &'static str,
    /// Whether everything is well: alive, and every mailbox ready.
    ok: bool,
    alive: bool,
    started: Option<u64>,
    mailboxes: &'a [Status],
}

type Answer = Response<Full<Bytes>>;

/// The answer to a request. Without a monitor, nothing is watched yet.
pub(super) fn answer(method: &Method, path: &str, offered: Offered, monitor: Option<&Monitor>) -> Answer {
    let found: fn(Option<&Monitor>) -> Answer = match path {
        "/liveness" => liveness,
        "/readiness" => readiness,
        "/metrics" if offered.metrics => scrape,
        "/status" if offered.status => page,
        "/status.json" if offered.status => status,
        _ => return respond(StatusCode::NOT_FOUND, TEXT, "Not found\n".into()),
    };
    if *method == Method::GET {
        return found(monitor);
    }
    let mut refused = respond(StatusCode::METHOD_NOT_ALLOWED, TEXT, "Method not allowed\n".into());
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    refused
}

fn is_alive(monitor: Option<&Monitor>) -> bool {
    monitor.is_none_or(|monitor| monitor.heartbeat.is_alive())
}

/// A server or a target that is down is no reason to restart this process.
fn liveness(monitor: Option<&Monitor>) -> Answer {
    if is_alive(monitor) {
        respond(StatusCode::OK, TEXT, "OK\n".into())
    } else {
        respond(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "Not running\n".into())
    }
}

fn readiness(monitor: Option<&Monitor>) -> Answer {
    let not_ready = |text: String| respond(StatusCode::SERVICE_UNAVAILABLE, TEXT, text);
    let Some(monitor) = monitor else { return not_ready("Not watching yet\n".into()) };
    if !monitor.heartbeat.is_alive() {
        return not_ready("Not running\n".into());
    }
    let reasons: String = monitor.statuses().iter().filter(|status| !status.ready).map(reason).collect();
    if reasons.is_empty() { respond(StatusCode::OK, TEXT, "OK\n".into()) } else { not_ready(reasons) }
}

/// One line, whatever the server's words are.
fn reason(status: &Status) -> String {
    let Status { mailbox, email, progress, .. } = status;
    let trouble = progress.trouble.as_deref().unwrap_or("no answer yet");
    let line = format!("{email} ({mailbox}): {} for {} s: {trouble}", progress.state.name(), progress.state_seconds);
    printable(&line, SHOWN) + "\n"
}

fn scrape(monitor: Option<&Monitor>) -> Answer {
    match metrics::text(monitor) {
        Ok(text) => respond(StatusCode::OK, metrics::MEDIA_TYPE, text),
        Err(_) => respond(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "The metrics cannot be written\n".into()),
    }
}

fn page(monitor: Option<&Monitor>) -> Answer {
    let mut response = respond(StatusCode::OK, "text/html; charset=utf-8", html::page(monitor));
    let policy = HeaderValue::from_static(html::POLICY);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

fn status(monitor: Option<&Monitor>) -> Answer {
    let mailboxes = monitor.map(Monitor::statuses).unwrap_or_default();
    let alive = is_alive(monitor);
    let overview = Overview {
        version: env!("CARGO_PKG_VERSION"),
        ok: alive && monitor.is_some() && mailboxes.iter().all(|status| status.ready),
        alive,
        started: monitor.map(Monitor::started),
        mailboxes: &mailboxes,
    };
    match serde_json::to_string(&overview) {
        Ok(json) => respond(StatusCode::OK, "application/json", json + "\n"),
        Err(_) => respond(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "The status cannot be written\n".into()),
    }
}

fn respond(status: StatusCode, media_type: &'static str, body: String) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
