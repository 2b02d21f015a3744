//! `MailRoom::Native::Supervisor`: watches mailboxes while a Ruby thread waits for it.

use std::sync::Arc;

use magnus::{Error, RModule, Ruby, Value, function, method, prelude::*};
use mail_room_core::supervisor::Supervisor as Core;

use crate::errors;
use crate::gvl::Completion;
use crate::options;

#[magnus::wrap(class = "MailRoom::Native::Supervisor", free_immediately, size)]
struct Supervisor {
    core: Arc<Core>,
}

pub(crate) fn define(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    let class = native.define_class("Supervisor", ruby.class_object())?;
    class.define_singleton_method("new", function!(Supervisor::new, 1))?;
    class.define_method("run", method!(Supervisor::run, 0))?;
    class.define_method("quit", method!(Supervisor::quit, 0))?;
    class.define_method("running?", method!(Supervisor::is_running, 0))
}

impl Supervisor {
    fn new(ruby: &Ruby, mailboxes: Value) -> Result<Self, Error> {
        Ok(Self { core: Arc::new(Core::new(options::read(ruby, mailboxes)?)) })
    }

    /// Blocks until every watcher has stopped. An interrupt stops them, and is raised when they have stopped; a second
    /// one is raised at once.
    fn run(ruby: &Ruby, rb_self: &Self) -> Result<(), Error> {
        let core = rb_self.core.clone();
        let completion = Completion::new();
        let completed = completion.clone();
        std::thread::Builder::new()
            .name("mail_room run".into())
            .spawn(move || {
                let guard = Finish { completed, result: None };
                let mut guard = guard;
                guard.result = Some(core.run());
            })
            .map_err(|error| errors::named(ruby, "ConfigurationError", format!("cannot start threads: {error}")))?;
        let (finished, interrupt) = match completion.wait(ruby) {
            Ok(finished) => (finished, None),
            Err(interrupt) => {
                rb_self.core.stop();
                (completion.wait(ruby)?, Some(interrupt))
            }
        };
        if let Some(Err(error)) = finished.flatten() {
            return Err(errors::raise(ruby, &error));
        }
        interrupt.map_or(Ok(()), Err)
    }

    /// Stores an atomic and wakes the watchers: fit for a signal handler.
    fn quit(&self) {
        self.core.stop();
    }

    fn is_running(&self) -> bool {
        self.core.running()
    }
}

type Ran = Option<mail_room_core::Result<()>>;

/// Completes even when the core panics: the Ruby thread must never wait for nobody.
struct Finish {
    completed: Arc<Completion<Ran>>,
    result: Ran,
}

impl Drop for Finish {
    fn drop(&mut self) {
        self.completed.complete(self.result.take());
    }
}
