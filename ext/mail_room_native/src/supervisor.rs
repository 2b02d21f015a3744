//! `MailRoom::Native::Supervisor`: watches mailboxes while a Ruby thread waits for it. Other Ruby threads fetch calls of the app's
//! own code and lines for its loggers.

use std::sync::Arc;
use std::task::Poll;

use magnus::{Error, RArray, RModule, Ruby, Value, function, method, prelude::*};
use mail_room_core::observe::monitor::Monitor;
use mail_room_core::ruby::waker::Waker;
use mail_room_core::watch::supervisor::Supervisor as Core;

use crate::call::Call;
use crate::errors;
use crate::gvl::{Completion, Finish, Signal};
use crate::options;

type Ran = mail_room_core::Result<()>;

#[magnus::wrap(class = "MailRoom::Native::Supervisor", free_immediately, size)]
pub(crate) struct Supervisor {
    core: Arc<Core>,
    completion: Arc<Completion<Ran>>,
}

pub(crate) fn define(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    let class = native.define_class("Supervisor", ruby.class_object())?;
    class.define_singleton_method("new", function!(Supervisor::new, 2))?;
    class.define_method("start", method!(Supervisor::start, 0))?;
    class.define_method("wait", method!(Supervisor::wait, 0))?;
    class.define_method("nudge", method!(Supervisor::nudge, 0))?;
    class.define_method("quit", method!(Supervisor::quit, 0))?;
    class.define_method("running?", method!(Supervisor::is_running, 0))?;
    class.define_method("progress", method!(Supervisor::progress, 0))?;
    class.define_method("next_call", method!(Supervisor::next_call, 1))?;
    class.define_method("next_lines", method!(Supervisor::next_lines, 1))?;
    class.define_method("next_events", method!(Supervisor::next_events, 0))
}

impl Supervisor {
    fn new(ruby: &Ruby, mailboxes: Value, settings: Value) -> Result<Self, Error> {
        let core = Core::new(options::read(ruby, mailboxes)?, options::read(ruby, settings)?);
        Ok(Self { core: Arc::new(core), completion: Completion::new() })
    }

    /// What the health server answers about.
    pub(crate) fn monitor(&self) -> Arc<Monitor> {
        self.core.monitor().clone()
    }

    /// Starts the watchers and returns. From now on it is running.
    fn start(ruby: &Ruby, rb_self: &Self) -> Result<(), Error> {
        let begun = rb_self.core.begin().map_err(|error| errors::raise(ruby, &error))?;
        let mut finish = Finish::new(&rb_self.completion);
        std::thread::Builder::new()
            .name("mail_room run".into())
            .spawn(move || finish.with(begun.run()))
            .map_err(|error| errors::named(ruby, "ConfigurationError", format!("cannot start threads: {error}")))?;
        Ok(())
    }

    /// Blocks until every watcher has stopped (true), or until [`nudge`](Self::nudge) (false). An interrupt stops the watchers and is
    /// raised once they have stopped. A second one is raised at once.
    fn wait(ruby: &Ruby, rb_self: &Self) -> Result<bool, Error> {
        let (finished, interrupt) = match rb_self.completion.step(ruby) {
            Ok(false) => return Ok(false),
            Ok(true) => (rb_self.completion.wait(ruby)?, None),
            Err(interrupt) => {
                rb_self.core.stop();
                (rb_self.completion.wait(ruby)?, Some(interrupt))
            }
        };
        match finished {
            Some(Err(error)) => Err(errors::raise(ruby, &error)),
            // A panic, which is reported on standard error. Nothing is watched any more, so this is no clean end.
            None => Err(Error::new(
                ruby.exception_runtime_error(),
                "watching was broken off by a bug in mail_room; please report it with the panic on standard error",
            )),
            Some(Ok(())) => interrupt.map_or(Ok(true), Err),
        }
    }

    fn nudge(&self) {
        self.completion.nudge();
    }

    /// Stops the watchers. Safe in a signal handler.
    fn quit(&self) {
        self.core.stop();
    }

    fn is_running(&self) -> bool {
        self.core.running()
    }

    /// The progress of each mailbox: an array of hashes.
    fn progress(ruby: &Ruby, rb_self: &Self) -> Result<Value, Error> {
        serde_magnus::serialize(ruby, &rb_self.core.progress())
    }

    /// Waits for the next call for the mailbox with this number. nil if there will be no more.
    fn next_call(ruby: &Ruby, rb_self: &Self, mailbox: usize) -> Result<Option<Call>, Error> {
        let Some(calls) = rb_self.core.calls(mailbox) else { return Ok(None) };
        Ok(next(ruby, &calls.waker, || calls.fetch())?.map(Call::new))
    }

    /// Waits for lines for the logger with this number: an array of pairs of severity and JSON object. nil if there will be no more.
    fn next_lines(ruby: &Ruby, rb_self: &Self, logger: usize) -> Result<Option<RArray>, Error> {
        let Some(lines) = rb_self.core.lines(logger) else { return Ok(None) };
        let Some(some) = next(ruby, &lines.waker, || lines.fetch())? else { return Ok(None) };
        let array = ruby.ary_new_capa(some.len());
        for (severity, line) in some {
            array.push((severity.name(), line))?;
        }
        Ok(Some(array))
    }
}

impl Supervisor {
    /// Waits for events: an array of hashes with `name` and `payload`, and how many were dropped before them. nil if there will be
    /// no more.
    fn next_events(ruby: &Ruby, rb_self: &Self) -> Result<Option<Value>, Error> {
        let events = rb_self.core.events();
        let some = next(ruby, &events.waker, || events.fetch())?;
        some.map(|some| serde_magnus::serialize(ruby, &some)).transpose()
    }
}

/// Waits until `fetch` returns something. Calls `fetch` only with the GVL held and after interrupts were checked.
fn next<T>(ruby: &Ruby, waker: &Waker, fetch: impl Fn() -> Poll<T>) -> Result<T, Error> {
    let signal = Arc::new(Signal::default());
    let wake = signal.clone();
    waker.on_wake(move || wake.raise());
    loop {
        ruby.thread_check_ints()?;
        match fetch() {
            Poll::Ready(something) => return Ok(something),
            Poll::Pending => signal.wait(ruby)?,
        }
    }
}
