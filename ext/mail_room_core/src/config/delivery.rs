//! What happens to a message: the kinds of delivery. Postback has a file of its own.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Postback, Postgres, Redis};

/// What happens to a message.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Delivery {
    /// Nothing. Every message counts as delivered.
    Noop,
    /// Lines in the format of a Ruby Logger.
    Logger {
        /// The file; standard output if absent.
        #[serde(default)]
        log_path: Option<PathBuf>,
    },
    /// A job in a Sidekiq queue.
    Sidekiq(Sidekiq),
    /// A POST to an HTTP endpoint.
    Postback(Box<Postback>),
    /// A row in Que's table.
    Que(Que),
    /// A program reads it from its standard input.
    Command(Command),
    /// A call of the app's own class.
    Hook {
        /// The class's name, for the log.
        class_name: String,
    },
}

impl Delivery {
    /// Whether its errors may quote messages: the app's own code words them.
    pub fn may_quote_messages(&self) -> bool {
        matches!(self, Self::Hook { .. })
    }
}

/// The Sidekiq queue that takes the jobs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidekiq {
    /// The Redis that holds the queue.
    pub redis: Redis,
    /// Prefix of all keys, without the colon.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Name of the queue.
    pub queue: String,
    /// The worker's class name.
    pub worker: String,
    /// Octets of the largest job. A message whose job would be larger is refused. No limit if absent.
    #[serde(default)]
    pub max_job_size: Option<u64>,
}

/// The table of Que that takes the jobs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Que {
    /// The database that holds the table.
    pub database: Postgres,
    /// The column `priority`; jobs with a smaller number run first.
    pub priority: i16,
    /// The job's class name.
    pub job_class: String,
    /// Name of the queue; may be empty.
    pub queue: String,
}

/// A program that reads each message from its standard input.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments. No shell interprets them.
    pub command: Vec<String>,
    /// Seconds that the program may take for one message, at least 1.
    pub timeout: u64,
    /// Programs that run at a time, at most; at least 1.
    pub concurrency: usize,
}
