//! Where messages go. A delivery takes a group of messages and says of each what became of it; it knows nothing of
//! flags on the mail server.

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
use crate::outcome::Handover;
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
    /// The delivery that `config` asks for. Connects to nothing yet. A class of the app's own is called through `calls`.
    ///
    /// # Errors
    /// [`Error::Configuration`] if a file cannot be opened or an address has no meaning.
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

    /// Messages and octets to give to [`deliver`](Self::deliver) at a time. An error speaks for the whole group, so a
    /// group is what the target takes or leaves as one.
    pub fn group(&self) -> (usize, usize) {
        match self {
            Self::Noop => (500, usize::MAX),
            Self::Logger(_) | Self::Postback(_) | Self::Command(_) | Self::Hook(_) => (1, usize::MAX),
            Self::Sidekiq(_) => sidekiq::BATCH,
            Self::Que(_) => que::BATCH,
        }
    }

    /// Groups that may be on their way at the same time.
    pub fn in_flight(&self) -> usize {
        match self {
            Self::Noop | Self::Logger(_) | Self::Sidekiq(_) | Self::Que(_) | Self::Hook(_) => 1,
            Self::Postback(postback) => postback.concurrency(),
            Self::Command(command) => command.concurrency(),
        }
    }

    /// Whether delivering also settles the claim in the same step; else the caller begins and finishes it.
    pub fn settles_claims(&self) -> bool {
        match self {
            Self::Noop | Self::Logger(_) | Self::Postback(_) | Self::Command(_) | Self::Que(_) | Self::Hook(_) => false,
            Self::Sidekiq(sidekiq) => sidekiq.settles_claims(),
        }
    }

    /// Whether a message may bring the whole process down: the app's code runs in it. Then a try is counted before it is
    /// made. Elsewhere a process that dies says nothing about the messages that were on their way.
    pub fn may_be_deadly(&self) -> bool {
        match self {
            Self::Noop | Self::Logger(_) | Self::Sidekiq(_) | Self::Postback(_) | Self::Command(_) | Self::Que(_) => {
                false
            }
            Self::Hook(_) => true,
        }
    }

    /// Hands over a group. One answer per message, in order. Takes the messages: what travels for long need not be copied.
    ///
    /// # Errors
    /// [`Error::TargetDown`] if the target cannot be reached or refuses everything; nothing is known of the group then.
    pub async fn deliver(&self, scope: &str, messages: Vec<Message>, encoding: &Budget) -> Result<Vec<Handover>> {
        match self {
            Self::Noop => Ok(messages.iter().map(|_| Handover::DELIVERED).collect()),
            Self::Logger(logger) => logger.deliver(&messages).await,
            Self::Sidekiq(sidekiq) => sidekiq.deliver(scope, &messages, encoding).await,
            Self::Postback(postback) => Ok(postback.deliver(scope, messages).await),
            Self::Command(command) => Ok(command.deliver(scope, messages).await),
            Self::Que(que) => Ok(que.deliver(&messages).await),
            Self::Hook(hook) => Ok(hook.deliver(messages).await),
        }
    }

    /// The class, as the original's log lines name it.
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

    /// What the original logs beside "message pushed" when a message was delivered, for those that do. `status` is that of
    /// HTTP.
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

    /// Octets of a message above which a person should know what they do to the target: a job of that size makes Redis and the
    /// workers slow for everybody.
    pub fn warns_above(&self) -> usize {
        match self {
            Self::Sidekiq(_) => 10 << 20,
            Self::Noop | Self::Logger(_) | Self::Postback(_) | Self::Command(_) | Self::Que(_) | Self::Hook(_) => {
                usize::MAX
            }
        }
    }

    /// The longest pause while this target is down.
    pub fn longest_pause(&self) -> std::time::Duration {
        match self {
            // Redis is back the moment it is restarted; nobody waits for it longer than need be.
            Self::Sidekiq(_) => std::time::Duration::from_secs(5),
            Self::Noop | Self::Logger(_) | Self::Postback(_) | Self::Command(_) | Self::Que(_) | Self::Hook(_) => {
                std::time::Duration::from_secs(60)
            }
        }
    }
}
