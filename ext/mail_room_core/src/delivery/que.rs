//! Inserts messages as rows into que's table in PostgreSQL. Knows nothing of workers.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::config;
use crate::matching::charset::to_utf8;
use crate::matching::json;
use crate::message::Message;
use crate::outcome::DeliveryOutcome;
use crate::transport::postgres::{PostgresClient, PostgresClients, StatementError};

/// Most messages and octets per statement. A larger message travels alone.
pub(super) const BATCH: (usize, usize) = (100, 1 << 20);

/// The delivery `que`.
#[derive(Debug)]
pub struct Que {
    client: PostgresClient,
    priority: String,
    job_class: String,
    queue: String,
}

impl Que {
    /// Opens no connection yet.
    pub fn new(config: &config::Que, clients: &PostgresClients) -> Self {
        Self {
            client: clients.client(&config.database),
            priority: config.priority.to_string(),
            job_class: config.job_class.clone(),
            queue: config.queue.clone(),
        }
    }

    /// Stores a job per message. Returns one outcome per message, in order.
    pub(super) async fn deliver(&self, messages: &[Message]) -> Vec<DeliveryOutcome> {
        match self.insert(messages, Nul::Kept).await {
            Ok(()) => messages.iter().map(|_| DeliveryOutcome::DELIVERED).collect(),
            Err(StatementError::Down(error)) => messages.iter().map(|_| DeliveryOutcome::Down(error.clone())).collect(),
            Err(_) => self.deliver_singly(messages).await,
        }
    }

    /// One of the messages is at fault. The others must not wait for it.
    async fn deliver_singly(&self, messages: &[Message]) -> Vec<DeliveryOutcome> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            let message = std::slice::from_ref(message);
            let mut stored = self.insert(message, Nul::Kept).await;
            if matches!(stored, Err(StatementError::RefusedNul(_))) {
                stored = self.insert(message, Nul::Replaced).await;
            }
            outcomes.push(match stored {
                Ok(()) => DeliveryOutcome::DELIVERED,
                Err(StatementError::Refused(error) | StatementError::RefusedNul(error)) => {
                    DeliveryOutcome::Refused { error, tries: None }
                }
                Err(StatementError::Failed(error)) => DeliveryOutcome::Failed(error),
                Err(StatementError::Down(error)) => {
                    outcomes.resize_with(messages.len(), || DeliveryOutcome::Down(error.clone()));
                    break;
                }
            });
        }
        outcomes
    }

    async fn insert(&self, messages: &[Message], nul: Nul) -> Result<(), StatementError> {
        let words = [&self.priority, &self.job_class, &self.queue].map(|word| Value::Word(word));
        let arguments = messages.iter().map(|message| Value::Arguments { body: &message.body, nul });
        let values: Vec<_> = words.into_iter().chain(arguments).collect();
        self.client.execute(&statement(messages.len()), &values).await
    }
}

/// One statement for all: either all are stored or none.
fn statement(rows: usize) -> String {
    let rows: Vec<_> = (4..4 + rows).map(|arguments| format!("($1, $2, $3, ${arguments})")).collect();
    format!("INSERT INTO que_jobs (priority, job_class, queue, args) VALUES {}", rows.join(", "))
}

/// How U+0000 is stored. A column of type json can hold it, one of type jsonb cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nul {
    Kept,
    /// Replaced by U+FFFD.
    Replaced,
}

/// A column's value, sent as text whatever the column's type, as the original's client does.
#[derive(Debug)]
enum Value<'a> {
    Word(&'a str),
    /// A JSON array with the message's text.
    Arguments {
        body: &'a [u8],
        nul: Nul,
    },
}

impl ToSql for Value<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Word(word) => out.put_slice(word.as_bytes()),
            Self::Arguments { body, nul } => {
                let text = to_utf8(body);
                out.put_u8(b'[');
                match nul {
                    Nul::Kept => json::write_string(&mut out.writer(), &text)?,
                    Nul::Replaced => json::write_string(&mut out.writer(), &text.replace('\0', "\u{fffd}"))?,
                }
                out.put_u8(b']');
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}
