//! Tells an administrator when a mailbox is in trouble for long, when it is well again, and which messages were set aside.
//! Watches the progress only: it changes nothing, and its own failures are log lines.

mod condition;
mod notices;

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use crate::config::{self, Tls};
use crate::error::{Error, Result};
use crate::limits::backoff::{Backoff, seconds};
use crate::limits::shutdown::{STOP_WITHIN, Stop};
use crate::observe::log::Severity;
use crate::system::program::{self, Program};
use crate::transport::http::{Http, NoAnswer};
use crate::watch::mailbox::Mailbox;
use condition::{Change, Condition};
use notices::Notices;

/// How often the progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a notice may take.
const SENT_WITHIN: Duration = Duration::from_secs(30);
/// How long a connection may take to be established.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// First and longest delay before a notice that was not taken is sent again.
const AGAIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));

/// How long notices may take once the mailbox is watched no more. It is part of the time that a stop may take.
const LAST_WITHIN: Duration = Duration::from_secs(5);
/// The part of that time that is left for the log.
const SPARE: Duration = Duration::from_secs(1);

/// Sends the notices of one mailbox until it is watched no more (`ended`), and then those that are left.
pub(crate) async fn tell(mailbox: &Mailbox, ended: &Stop) {
    let Some(config) = &mailbox.account.config.on_trouble else { return };
    let mut telling = match Telling::new(mailbox, config) {
        Ok(telling) => telling,
        Err(error) => return log_unsent(mailbox, &error, Duration::ZERO),
    };
    tokio::select! {
        // Boxed, see `watcher::live`.
        () = Box::pin(telling.run(ended)) => {}
        () = ended.wait_and(LAST_WITHIN) => {}
        () = mailbox.account.stop.wait_and(STOP_WITHIN.saturating_sub(SPARE)) => {}
    }
    telling.log_left();
}

/// The notices of one mailbox, and where they go.
struct Telling<'a> {
    mailbox: &'a Mailbox,
    config: &'a config::OnTrouble,
    teller: Teller,
    condition: Condition,
    notices: Notices,
}

impl<'a> Telling<'a> {
    fn new(mailbox: &'a Mailbox, config: &'a config::OnTrouble) -> Result<Self> {
        let condition = Condition::new(Duration::from_secs(config.after.max(1)));
        Ok(Self { mailbox, config, teller: Teller::new(config)?, condition, notices: Notices::default() })
    }

    async fn run(&mut self, ended: &Stop) {
        let mut again = Backoff::new(AGAIN.0, AGAIN.1);
        let mut next_try = Instant::now();
        while ended.sleep(LOOK_EVERY).await {
            self.look();
            if Instant::now() < next_try {
                continue;
            }
            match self.send_next().await {
                Ok(_) => again.reset(),
                Err(error) => {
                    let delay = again.delay();
                    next_try = Instant::now() + delay;
                    log_unsent(self.mailbox, &error, delay);
                }
            }
        }
        self.look();
        while let Ok(true) = self.send_next().await {}
    }

    /// Adds notices of what has happened since the last look.
    fn look(&mut self) {
        let (mailbox, now) = (self.mailbox, Instant::now());
        let snapshot = mailbox.tracker.progress.snapshot();
        match self.condition.look(&snapshot, now) {
            Some(Change::Trouble) => {
                let error = snapshot.trouble.as_deref().unwrap_or_default();
                let fields = json!({ "error": error, "after_s": self.config.after });
                self.notices.push(notice(mailbox, "trouble", &fields));
            }
            Some(Change::Well) => self.notices.push(notice(mailbox, "recovered", &json!({}))),
            None => {}
        }
        for aside in mailbox.tracker.take_set_aside() {
            let fields = json!({ "uid": aside.id, "error": aside.why, "others": aside.others });
            self.notices.push_limited(notice(mailbox, "set_aside", &fields), now);
        }
    }

    /// Sends the notice that has waited longest. Returns whether there was one.
    async fn send_next(&mut self) -> Result<bool> {
        let Some(next) = self.notices.first() else { return Ok(false) };
        self.teller.send(next).await?;
        self.notices.sent();
        Ok(true)
    }

    fn log_left(&self) {
        let left = self.notices.waiting();
        if left > 0 {
            let error = "they were not taken before the process had to end; check url or command of on_trouble";
            let fields = [("count", left.into()), ("error", error.into())];
            self.mailbox.account.log.line(Severity::Warn, "Notices dropped", &fields);
        }
    }
}

fn log_unsent(mailbox: &Mailbox, error: &Error, backoff: Duration) {
    let fields = [("error", error.to_string().into()), ("backoff_s", seconds(backoff))];
    mailbox.account.log.line(Severity::Warn, "Notice not sent", &fields);
}

/// One notice: what happened to which mailbox, and when, in words for people as `text`.
fn notice(mailbox: &Mailbox, event: &str, fields: &Value) -> Value {
    let config = &mailbox.account.config;
    let what = match event {
        "trouble" => "is in trouble",
        "recovered" => "works again",
        _ => "has a message set aside",
    };
    let error = fields.get("error").and_then(Value::as_str).map(|error| format!(": {error}")).unwrap_or_default();
    let mut notice = json!({
        "event": event,
        "mailbox": { "email": config.email, "name": config.name },
        "time": chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "text": format!("mail_room: {} of {} {what}{error}", config.name, config.email),
    });
    if let (Some(notice), Some(fields)) = (notice.as_object_mut(), fields.as_object()) {
        notice.extend(fields.clone());
    }
    notice
}

/// Hands notices over.
enum Teller {
    Url(Box<Http>, Url),
    Command(Vec<String>),
}

impl Teller {
    fn new(config: &config::OnTrouble) -> Result<Self> {
        match (&config.url, &config.command) {
            (Some(url), _) => {
                let url = Url::parse(url.expose_secret())
                    .map_err(|error| Error::Configuration(format!("url of on_trouble is no address: {error}")))?;
                Ok(Self::Url(Box::new(Http::new(Tls::default(), CONNECT_WITHIN)), url))
            }
            (None, Some(command)) => Ok(Self::Command(command.clone())),
            (None, None) => Err(Error::Configuration("on_trouble needs url or command".into())),
        }
    }

    async fn send(&self, notice: &Value) -> Result<()> {
        let body = notice.to_string().into_bytes();
        match self {
            Self::Url(http, url) => post(http, url, body).await,
            Self::Command(command) => run(command, body).await,
        }
    }
}

/// Posts a notice. The address may hold a secret, so errors name its host only.
async fn post(http: &Http, url: &Url, body: Vec<u8>) -> Result<()> {
    let failed = |why: &str| {
        Err(Error::target_down(format!(
            "{} does not take notices: {why}; check url of on_trouble",
            url.host_str().unwrap_or_default()
        )))
    };
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let until = tokio::time::Instant::now() + SENT_WITHIN;
    match http.send_for_status(Method::POST, url, headers, Bytes::from(body), until).await {
        Ok(answer) => {
            let status = answer.status;
            answer.drain().await;
            if status.is_success() { Ok(()) } else { failed(&format!("it answered {}", status.as_u16())) }
        }
        Err(NoAnswer::Late) => failed(&format!("no answer within {} s", SENT_WITHIN.as_secs())),
        Err(why) => failed(&why.to_string()),
    }
}

async fn run(command: &[String], input: Vec<u8>) -> Result<()> {
    let environment = Some(program::passed_on().collect());
    let ended = program::run(Program { command, input, output_limit: 0, environment, within: SENT_WITHIN }).await;
    let why = match ended {
        Ok((status, _)) if status.success() => return Ok(()),
        Ok((status, _)) => format!("ended with {status}"),
        Err(failure) => failure.to_string(),
    };
    let named = command.first().map_or("", String::as_str);
    Err(Error::target_down(format!("{named} does not take notices: it {why}; check command of on_trouble")))
}
