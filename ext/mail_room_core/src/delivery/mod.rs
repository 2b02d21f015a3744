//! Delivers messages to their target, one file per delivery method. A delivery takes a group of messages and returns the
//! outcome of each. It knows nothing of flags on the mail server. May be imported by `watch` and `check`.

mod command;
mod hook;
pub mod logger;
pub mod postback;
mod que;
pub mod sidekiq;

use std::sync::Arc;

use serde_json::Value;

use crate::arbiter::Arbiter;
use crate::config;
use crate::error::Result;
use crate::limits::memory_budget::Budget;
use crate::message::Message;
use crate::outcome::DeliveryOutcome;
use crate::ruby::calls::Calls;
use crate::transport::postgres::PostgresClients;
use crate::transport::redis::RedisClients;

/// Where one mailbox's messages go.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one a mailbox: not worth a Box")]
pub enum Delivery {
    /// Nowhere: every message counts as delivered.
    Noop,
    /// Lines in a Ruby Logger's format.
    Logger(logger::Logger),
    /// Jobs in a Sidekiq queue.
    Sidekiq(sidekiq::Sidekiq),
    /// Posts to an HTTP endpoint.
    Postback(Box<postback::Postback>),
    /// A program's standard input.
    Command(command::Command),
    /// Rows in que's table.
    Que(que::Que),
    /// A class of the app's own.
    Hook(hook::Hook),
}

impl Delivery {
    /// The delivery that `config` describes. Opens no connection yet. The app's own class is called through `calls`.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if a file cannot be opened or an address has no meaning.
    pub fn new(
        config: &config::Delivery,
        (redis, postgres): (&RedisClients, &PostgresClients),
        arbiter: &Arc<Arbiter>,
        calls: &Arc<Calls>,
    ) -> Result<Self> {
        Ok(match config {
            config::Delivery::Noop => Self::Noop,
            config::Delivery::Logger { log_path } => Self::Logger(logger::Logger::open(log_path.as_deref())?),
            config::Delivery::Sidekiq(config) => {
                Self::Sidekiq(sidekiq::Sidekiq::new(config.clone(), redis, arbiter.clone())?)
            }
            config::Delivery::Postback(config) => Self::Postback(Box::new(postback::Postback::new(config)?)),
            config::Delivery::Command(config) => Self::Command(command::Command::new(config)),
            config::Delivery::Que(config) => Self::Que(que::Que::new(config, postgres)),
            config::Delivery::Hook { class_name } => Self::Hook(hook::Hook::new(calls.clone(), class_name.clone())),
        })
    }

    /// Most messages and octets per call of [`deliver`](Self::deliver). An error applies to the whole group, so a group is
    /// what the target accepts or rejects as a whole.
    pub fn group(&self) -> (usize, usize) {
        match self {
            Self::Noop => (500, usize::MAX),
            Self::Logger(_) | Self::Postback(_) | Self::Command(_) | Self::Hook(_) => (1, usize::MAX),
            Self::Sidekiq(_) => sidekiq::BATCH,
            Self::Que(_) => que::BATCH,
        }
    }

    /// Most groups in flight at a time.
    pub fn in_flight(&self) -> usize {
        match self {
            Self::Noop | Self::Logger(_) | Self::Sidekiq(_) | Self::Que(_) | Self::Hook(_) => 1,
            Self::Postback(postback) => postback.concurrency(),
            Self::Command(command) => command.concurrency(),
        }
    }

    /// Whether delivering settles the claim in the same step. Otherwise the caller begins and finishes it.
    pub fn settles_claims(&self) -> bool {
        match self {
            Self::Noop | Self::Logger(_) | Self::Postback(_) | Self::Command(_) | Self::Que(_) | Self::Hook(_) => false,
            Self::Sidekiq(sidekiq) => sidekiq.settles_claims(),
        }
    }

    /// Whether a message may crash this process, because the app's code runs in it. The attempt is then counted in advance.
    /// With other methods, a crash says nothing about the messages in flight.
    pub fn may_crash_process(&self) -> bool {
        match self {
            Self::Noop | Self::Logger(_) | Self::Sidekiq(_) | Self::Postback(_) | Self::Command(_) | Self::Que(_) => {
                false
            }
            Self::Hook(_) => true,
        }
    }

    /// Delivers a group. Returns one outcome per message, in order.
    ///
    /// # Errors
    /// [`Error::TargetDown`](crate::Error::TargetDown) if the target cannot be reached or refuses everything; nothing is known of the group then.
    pub async fn deliver(
        &self,
        scope: &str,
        messages: Vec<Message>,
        encoding: &Budget,
    ) -> Result<Vec<DeliveryOutcome>> {
        match self {
            Self::Noop => Ok(messages.iter().map(|_| DeliveryOutcome::DELIVERED).collect()),
            Self::Logger(logger) => logger.deliver(&messages).await,
            Self::Sidekiq(sidekiq) => sidekiq.deliver(scope, &messages, encoding).await,
            Self::Postback(postback) => Ok(postback.deliver(scope, messages).await),
            Self::Command(command) => Ok(command.deliver(scope, messages).await),
            Self::Que(que) => Ok(que.deliver(&messages).await),
            Self::Hook(hook) => Ok(hook.deliver(messages).await),
        }
    }

    /// The class name that the original logs.
    pub fn class_name(&self) -> &str {
        match self {
            Self::Noop => "MailRoom::Delivery::Noop",
            Self::Logger(_) => "MailRoom::Delivery::Logger",
            Self::Sidekiq(_) => "MailRoom::Delivery::Sidekiq",
            Self::Postback(postback) => postback.class_name(),
            Self::Command(_) => "MailRoom::Delivery::Command",
            Self::Que(_) => "MailRoom::Delivery::Que",
            Self::Hook(hook) => hook.class_name(),
        }
    }

    /// The fields that the original logs with "message pushed"; `None` if it logs no such line. `status` is the HTTP
    /// status.
    pub fn pushed(&self, status: Option<u16>) -> Option<Vec<(&'static str, Value)>> {
        let named = |name: &str| vec![("delivery_method", name.into())];
        match self {
            Self::Noop => Some(named("Noop")),
            Self::Logger(_) => Some(named("Logger")),
            Self::Sidekiq(_) => Some(named("Sidekiq")),
            Self::Que(_) => Some(named("Que")),
            Self::Postback(postback) => {
                let mut fields = named(postback.class_name().rsplit("::").next().unwrap_or_default());
                fields.extend([("url", postback.shown().into()), ("status_code", status.into())]);
                Some(fields)
            }
            Self::Command(command) => {
                let mut fields = named("Command");
                fields.push(("command", command.shown().into()));
                Some(fields)
            }
            // A class of the app's own logs what it likes.
            Self::Hook(_) => None,
        }
    }

    /// Octets of a message above which an administrator is warned: a job of that size slows down Redis and the workers.
    pub fn warns_above(&self) -> usize {
        match self {
            Self::Sidekiq(_) => 10 << 20,
            Self::Noop | Self::Logger(_) | Self::Postback(_) | Self::Command(_) | Self::Que(_) | Self::Hook(_) => {
                usize::MAX
            }
        }
    }

    /// When the certificate of an HTTPS endpoint expires, in seconds since 1970, if one was shown.
    pub fn certificate_expiry(&self) -> Option<u64> {
        match self {
            Self::Postback(postback) => postback.certificate_expiry(),
            Self::Noop | Self::Logger(_) | Self::Sidekiq(_) | Self::Command(_) | Self::Que(_) | Self::Hook(_) => None,
        }
    }

    /// The longest pause while this target is down.
    pub fn longest_pause(&self) -> std::time::Duration {
        match self {
            // Redis answers as soon as it has restarted.
            Self::Sidekiq(_) => std::time::Duration::from_secs(5),
            Self::Noop | Self::Logger(_) | Self::Postback(_) | Self::Command(_) | Self::Que(_) | Self::Hook(_) => {
                std::time::Duration::from_secs(60)
            }
        }
    }
}
