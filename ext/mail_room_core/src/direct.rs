//! What Ruby asks for directly, without a watcher: one delivery, one claim, one token. Each future is boxed, so that what it
//! does is compiled here and not again in the binding.
//!
//! As `check`: it may import all folders, and only the binding imports it.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::arbiter::redis::Redis;
use crate::arbiter::{Arbiter, new_instance};
use crate::config;
use crate::delivery;
use crate::error::Result;
use crate::limits::memory_budget::{Budget, ENCODING_OCTETS};
use crate::message::{Message, MessageId};
use crate::outcome::DeliveryOutcome;
use crate::transport::jwt;
use crate::transport::postgres::PostgresClients;
use crate::transport::redis::RedisClients;

/// A new JSON Web Token.
///
/// # Errors
/// As [`jwt::token`].
pub fn token(config: config::Jwt) -> BoxFuture<'static, Result<String>> {
    Box::pin(async move { jwt::token(&config).await })
}

/// Delivers messages that no mailbox holds, with connections of its own.
#[derive(Debug)]
pub struct Delivery {
    core: delivery::Delivery,
}

impl Delivery {
    /// Connects at the first message.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if an option has no meaning.
    pub fn new(config: &config::Delivery) -> Result<Self> {
        let clients = (&RedisClients::new(), &PostgresClients::new());
        let core = delivery::Delivery::new(config, clients, &Arc::new(Arbiter::Noop), &Arc::default())?;
        Ok(Self { core })
    }

    /// Delivers one message. Returns its HTTP status where the target speaks HTTP; `None` if another process delivered it.
    ///
    /// # Errors
    /// What the target said.
    pub fn deliver(self: Arc<Self>, body: Vec<u8>) -> BoxFuture<'static, Result<Option<Option<u16>>>> {
        Box::pin(async move {
            let message = Message { id: MessageId::Uid(0), body };
            let outcomes = self.core.deliver("", vec![message], &Budget::new(ENCODING_OCTETS)).await?;
            match outcomes.into_iter().next() {
                Some(
                    DeliveryOutcome::Refused { error, .. }
                    | DeliveryOutcome::Unavailable { error, .. }
                    | DeliveryOutcome::Failed(error)
                    | DeliveryOutcome::Down(error),
                ) => Err(error),
                Some(DeliveryOutcome::Delivered { status }) => Ok(Some(status)),
                Some(DeliveryOutcome::Lost) | None => Ok(None),
            }
        })
    }
}

/// Claims messages as the original's arbitration class does.
#[derive(Debug)]
pub struct Claims {
    redis: Redis,
}

impl Claims {
    /// Connects at the first claim.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if the address has no meaning.
    pub fn new(config: &config::Claims) -> Result<Self> {
        Ok(Self { redis: Redis::new(config, &RedisClients::new(), &new_instance())? })
    }

    /// Whether `uid` may be delivered, for `expiration` seconds.
    ///
    /// # Errors
    /// [`Error::TargetDown`](crate::Error::TargetDown).
    pub fn claim(self: Arc<Self>, uid: String, expiration: u64) -> BoxFuture<'static, Result<bool>> {
        Box::pin(async move { self.redis.original(&uid, expiration).await })
    }
}
