//! `MailRoom::Native::HealthServer`: health over HTTP, on a thread that never needs the GVL.

use magnus::{Error, RModule, Ruby, Value, function, method, prelude::*};
use mail_room_core::observe::health::HealthServer as Core;
use mail_room_core::observe::metrics::{METRICS, Metric};

use crate::supervisor::Supervisor;
use crate::{errors, options};

#[magnus::wrap(class = "MailRoom::Native::HealthServer", free_immediately, size)]
struct HealthServer {
    core: Core,
}

pub(crate) fn define(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    native.define_singleton_method("metrics", function!(metrics, 0))?;
    let class = native.define_class("HealthServer", ruby.class_object())?;
    class.define_singleton_method("new", function!(HealthServer::new, 1))?;
    class.define_method("start", method!(HealthServer::start, 0))?;
    class.define_method("stop", method!(HealthServer::stop, 0))?;
    class.define_method("port", method!(HealthServer::port, 0))?;
    class.define_method("monitor", method!(HealthServer::monitor, 1))
}

/// Every metric, for the table in docs/monitoring.md: name, type, the label that it has beside those of a mailbox, help, and
/// whether each mailbox has it.
fn metrics(ruby: &Ruby) -> Result<Value, Error> {
    let row = |metric: &Metric| (metric.name, metric.kind(), metric.label, metric.help, metric.is_of_a_mailbox());
    serde_magnus::serialize(ruby, &METRICS.iter().map(row).collect::<Vec<_>>())
}

impl HealthServer {
    fn new(ruby: &Ruby, settings: Value) -> Result<Self, Error> {
        Ok(Self { core: Core::new(options::read(ruby, settings)?) })
    }

    fn start(ruby: &Ruby, rb_self: &Self) -> Result<(), Error> {
        rb_self.core.start().map_err(|error| errors::raise(ruby, &error))
    }

    /// Safe in a signal handler: it waits for a thread that never waits for Ruby.
    fn stop(&self) {
        self.core.stop();
    }

    /// The port that it listens on; nil if it does not listen.
    fn port(&self) -> Option<u16> {
        self.core.port()
    }

    /// Answers about this supervisor from now on.
    fn monitor(&self, supervisor: &Supervisor) {
        self.core.monitor(supervisor.monitor());
    }
}
