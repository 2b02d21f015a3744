//! Direct calls: Ruby asks a delivery or an arbiter of the core about one message, without a watcher. All direct calls of a
//! process share one small runtime. A forked child starts its own and forgets the parent's, whose threads it does not have.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use magnus::{Error, RModule, Ruby, Value, function, method, prelude::*};
use mail_room_core::arbiter::{Arbiter as CoreArbiter, new_instance, redis::Redis};
use mail_room_core::config;
use mail_room_core::delivery::Delivery as CoreDelivery;
use mail_room_core::limits::memory_budget::{Budget, ENCODING_OCTETS};
use mail_room_core::message::{Message, MessageId};
use mail_room_core::outcome::DeliveryOutcome;
use mail_room_core::system::runtime::runtime;
use mail_room_core::transport::postgres::PostgresClients;
use mail_room_core::transport::redis::RedisClients;
use tokio::runtime::Runtime;

use crate::errors;
use crate::gvl::Completion;
use crate::options;

pub(crate) fn define(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    native.define_singleton_method("jwt", function!(jwt, 1))?;
    let class = native.define_class("Delivery", ruby.class_object())?;
    class.define_singleton_method("new", function!(Delivery::new, 1))?;
    class.define_method("deliver", method!(Delivery::deliver, 1))?;
    let class = native.define_class("Arbiter", ruby.class_object())?;
    class.define_singleton_method("new", function!(Arbiter::new, 1))?;
    class.define_method("deliver?", method!(Arbiter::is_to_deliver, 2))
}

/// A value that belongs to the process that made it.
struct PerProcess<T>(RefCell<Option<(u32, Arc<T>)>>);

impl<T> PerProcess<T> {
    fn get(&self, make: impl FnOnce() -> mail_room_core::Result<T>) -> mail_room_core::Result<Arc<T>> {
        let mut slot = self.0.borrow_mut();
        let process = std::process::id();
        if let Some((made_by, value)) = slot.take() {
            if made_by == process {
                *slot = Some((made_by, value.clone()));
                return Ok(value);
            }
            // The parent's: dropping it would deregister the parent's sockets from the epoll instance that both share.
            std::mem::forget(value);
        }
        let value = Arc::new(make()?);
        *slot = Some((process, value.clone()));
        Ok(value)
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        match self.0.get_mut().take() {
            Some((made_by, value)) if made_by != std::process::id() => std::mem::forget(value),
            _ => {}
        }
    }
}

/// Runs `work` on the runtime of direct calls, while Ruby's other threads go on.
///
/// # Errors
/// What `work` returns, or the exception of an interrupt, which ends the work.
pub(crate) fn run<T: Send + 'static>(
    ruby: &Ruby,
    work: impl Future<Output = mail_room_core::Result<T>> + Send + 'static,
) -> Result<T, Error> {
    static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);
    let runtime = {
        // Held only with the GVL, as is fork: no child inherits it locked.
        let mut slot = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        match slot.take() {
            Some((made_by, runtime)) if made_by == process => {
                *slot = Some((made_by, runtime.clone()));
                runtime
            }
            parents => {
                std::mem::forget(parents);
                let runtime = Arc::new(runtime(1).map_err(|error| errors::raise(ruby, &error))?);
                *slot = Some((process, runtime.clone()));
                runtime
            }
        }
    };
    let completion = Completion::new();
    let completed = completion.clone();
    let task = runtime.spawn(work);
    let abort = task.abort_handle();
    // In a task of its own, so that the caller is woken even if `work` panics.
    runtime.spawn(async move { completed.complete(task.await.ok()) });
    match completion.wait(ruby).map(Option::flatten) {
        Ok(Some(done)) => done.map_err(|error| errors::raise(ruby, &error)),
        Ok(None) => Err(errors::named(
            ruby,
            "DeliveryError",
            "the delivery was broken off by a bug in mail_room; please report it with the panic on standard error"
                .into(),
        )),
        Err(interrupt) => {
            abort.abort();
            Err(interrupt)
        }
    }
}

/// A new JSON Web Token for `options`.
fn jwt(ruby: &Ruby, options: Value) -> Result<String, Error> {
    let config: config::Jwt = options::read(ruby, options)?;
    let made = run(ruby, async move { Ok(mail_room_core::transport::jwt::token(&config).await) })?;
    made.map_err(|error| errors::named(ruby, "ConfigurationError", error.to_string()))
}

#[magnus::wrap(class = "MailRoom::Native::Delivery", free_immediately, size)]
struct Delivery {
    config: config::Delivery,
    core: PerProcess<CoreDelivery>,
}

impl Delivery {
    fn new(ruby: &Ruby, options: Value) -> Result<Self, Error> {
        Ok(Self { config: options::read(ruby, options)?, core: PerProcess(RefCell::new(None)) })
    }

    /// Delivers one message. Returns the HTTP status of the endpoint, true if the target speaks no HTTP, and false if another process
    /// delivered the message.
    fn deliver(ruby: &Ruby, rb_self: &Self, raw: Value) -> Result<Value, Error> {
        let body = options::octets(raw)?;
        let delivery = rb_self
            .core
            .get(|| {
                let arbiter = Arc::new(CoreArbiter::Noop);
                let clients = (&RedisClients::new(), &PostgresClients::new());
                CoreDelivery::new(&rb_self.config, clients, &arbiter, &Arc::default())
            })
            .map_err(|error| errors::raise(ruby, &error))?;
        let message = Message { id: MessageId::Uid(0), body };
        let delivered = run(ruby, async move {
            let outcomes = delivery.deliver("", vec![message], &Budget::new(ENCODING_OCTETS)).await?;
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
        })?;
        Ok(match delivered {
            Some(Some(status)) => ruby.integer_from_u64(status.into()).as_value(),
            Some(None) => ruby.qtrue().as_value(),
            None => ruby.qfalse().as_value(),
        })
    }
}

#[magnus::wrap(class = "MailRoom::Native::Arbiter", free_immediately, size)]
struct Arbiter {
    config: config::Claims,
    core: PerProcess<Redis>,
}

impl Arbiter {
    fn new(ruby: &Ruby, options: Value) -> Result<Self, Error> {
        Ok(Self { config: options::read(ruby, options)?, core: PerProcess(RefCell::new(None)) })
    }

    fn is_to_deliver(ruby: &Ruby, rb_self: &Self, uid: String, expiration: u64) -> Result<bool, Error> {
        let arbiter = rb_self
            .core
            .get(|| Redis::new(&rb_self.config, &RedisClients::new(), &new_instance()))
            .map_err(|error| errors::raise(ruby, &error))?;
        run(ruby, async move { arbiter.original(&uid, expiration).await })
    }
}
