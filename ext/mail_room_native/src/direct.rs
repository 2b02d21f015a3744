//! Direct calls: Ruby asks a delivery or an arbiter of the core about one message, without a watcher. All direct calls of a
//! process share one small runtime. A forked child starts its own and forgets the parent's, whose threads it does not have.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use magnus::{Error, RModule, Ruby, Value, function, method, prelude::*};
use mail_room_core::config;
use mail_room_core::direct::{Claims, Delivery as CoreDelivery, token};
use mail_room_core::system::runtime::runtime as new_runtime;
use tokio::runtime::Runtime;

use crate::errors;
use crate::gvl::{Completion, Finish};
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
/// The exception of an interrupt, which ends the work; or one that tells of a panic.
pub(crate) fn run<T: Send + 'static>(ruby: &Ruby, work: BoxFuture<'static, T>) -> Result<T, Error> {
    let completion = Completion::new();
    let mut finish = Finish::new(&completion);
    // Boxed, so that there is one kind of task for all results.
    let work: BoxFuture<'static, ()> = Box::pin(async move { finish.with(work.await) });
    let abort = runtime(ruby)?.spawn(work).abort_handle();
    match completion.wait(ruby) {
        Ok(Some(done)) => Ok(done),
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

/// The runtime of direct calls in this process.
fn runtime(ruby: &Ruby) -> Result<Arc<Runtime>, Error> {
    static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);
    // Held only with the GVL, as is fork: no child inherits it locked.
    let mut slot = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    let runtime = match slot.take() {
        Some((made_by, runtime)) if made_by == process => runtime,
        parents => {
            std::mem::forget(parents);
            Arc::new(new_runtime(1).map_err(|error| errors::raise(ruby, &error))?)
        }
    };
    *slot = Some((process, runtime.clone()));
    Ok(runtime)
}

/// A new JSON Web Token for `options`.
fn jwt(ruby: &Ruby, options: Value) -> Result<String, Error> {
    let made = run(ruby, token(options::read(ruby, options)?))?;
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
        let delivery = rb_self.core.get(|| CoreDelivery::new(&rb_self.config));
        let delivery = delivery.map_err(|error| errors::raise(ruby, &error))?;
        let delivered = run(ruby, delivery.deliver(body))?.map_err(|error| errors::raise(ruby, &error))?;
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
    core: PerProcess<Claims>,
}

impl Arbiter {
    fn new(ruby: &Ruby, options: Value) -> Result<Self, Error> {
        Ok(Self { config: options::read(ruby, options)?, core: PerProcess(RefCell::new(None)) })
    }

    fn is_to_deliver(ruby: &Ruby, rb_self: &Self, uid: String, expiration: u64) -> Result<bool, Error> {
        let claims = rb_self.core.get(|| Claims::new(&rb_self.config)).map_err(|error| errors::raise(ruby, &error))?;
        run(ruby, claims.claim(uid, expiration))?.map_err(|error| errors::raise(ruby, &error))
    }
}
