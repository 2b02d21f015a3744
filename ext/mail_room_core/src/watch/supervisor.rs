//! Runs all mailboxes of a process on one small runtime: starts the watchers, restarts one that panics, and stops them. A
//! failure of one mailbox does not affect the others.

mod begun;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use begun::Begun;
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::arbiter::{Arbiter, Process};
use crate::config;
use crate::config::LogTarget;
use crate::delivery::Delivery;
use crate::error::{Error, Result};
use crate::limits::backoff::Backoff;
use crate::limits::memory_budget::{Budget, ENCODING_OCTETS, PROCESS_OCTETS};
use crate::limits::shutdown::{STOP_WITHIN, Stop};
use crate::observe::counts::Disconnect;
use crate::observe::events::Events;
use crate::observe::log::{Lines, Logs, Severity};
use crate::observe::monitor::{Monitor, Monitored};
use crate::observe::progress::{Progress, Snapshot};
use crate::observe::report;
use crate::observe::service_manager::{Manager, tell};
use crate::rejection::Rejection;
use crate::ruby::calls::Calls;
use crate::source::connector::Connector;
use crate::source::graph::{GraphConnector, Throttles};
use crate::source::imap::ImapConnector;
use crate::system::runtime::runtime;
use crate::transport::postgres::PostgresClients;
use crate::transport::redis::RedisClients;
use crate::watch::mailbox::Mailbox;
use crate::watch::once::work_through;
use crate::watch::watcher::watch;

/// Threads that run the watchers. The mail server is the bottleneck, so two are enough for hundreds of mailboxes.
const WORKERS: usize = 2;
/// How long threads that hang in a system call may delay the end.
const SHUTDOWN_WITHIN: Duration = Duration::from_millis(200);

/// How mailboxes are watched.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Delivers what is there, then ends. A mailbox without progress for this many seconds is given up. If absent,
    /// mailboxes are watched until a stop is asked for.
    #[serde(default)]
    pub once: Option<u64>,
    /// The service manager that is notified of the state.
    #[serde(default)]
    pub manager: Option<Manager>,
    /// Whether somebody fetches events.
    #[serde(default)]
    pub events: bool,
}

config::from_options!(Settings);

/// Watches mailboxes until a stop is asked for.
#[derive(Debug)]
pub struct Supervisor {
    mailboxes: Vec<config::Mailbox>,
    settings: Settings,
    progress: Vec<Arc<Progress>>,
    monitor: Arc<Monitor>,
    calls: Vec<Arc<Calls>>,
    lines: Vec<Arc<Lines>>,
    events: Arc<Events>,
    stop: Stop,
    started: AtomicBool,
    ended: AtomicBool,
}

impl Supervisor {
    /// A supervisor that has not started anything yet.
    pub fn new(mailboxes: Vec<config::Mailbox>, settings: Settings) -> Self {
        let progress: Vec<Arc<Progress>> = mailboxes.iter().map(|_| Arc::default()).collect();
        let monitored = mailboxes.iter().zip(&progress).map(|(mailbox, progress)| Monitored {
            mailbox: mailbox.name.clone(),
            email: mailbox.email.clone(),
            progress: progress.clone(),
        });
        let monitor = Arc::new(Monitor::new(monitored.collect()));
        let events: Arc<Events> = Arc::default();
        if settings.events {
            for (mailbox, progress) in mailboxes.iter().zip(&progress) {
                progress.publish_to(&events, &mailbox.name, &mailbox.email);
            }
        }
        let calls = mailboxes.iter().map(|_| Arc::default()).collect();
        let loggers = mailboxes.iter().filter_map(|mailbox| match mailbox.log {
            Some(LogTarget::Ruby(number)) => Some(number.saturating_add(1)),
            _ => None,
        });
        let lines = (0..loggers.max().unwrap_or(0).min(mailboxes.len())).map(|_| Arc::default()).collect();
        Self {
            mailboxes,
            settings,
            progress,
            monitor,
            calls,
            lines,
            events,
            stop: Stop::new(),
            started: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// The calls into the app's own code for the mailbox of this index.
    pub fn calls(&self, mailbox: usize) -> Option<&Arc<Calls>> {
        self.calls.get(mailbox)
    }

    /// The log lines for the app's own logger of this index. Indexes begin at 0; there are at most as many as mailboxes.
    pub fn lines(&self, logger: usize) -> Option<&Arc<Lines>> {
        self.lines.get(logger)
    }

    /// The events, if the settings ask for them.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The progress of each mailbox, in the order given. Callable at any time, from any thread.
    pub fn progress(&self) -> Vec<Snapshot> {
        self.progress.iter().map(|progress| progress.snapshot()).collect()
    }

    /// The supervisor as monitoring sees it.
    pub fn monitor(&self) -> &Arc<Monitor> {
        &self.monitor
    }

    /// Asks every watcher to stop; [`Begun::run`] returns within 25 s. Callable at any time, from any thread.
    pub fn stop(&self) {
        self.stop.ask();
    }

    /// Whether it has begun and [`Begun::run`] has not returned.
    pub fn running(&self) -> bool {
        self.started.load(Ordering::Acquire) && !self.ended.load(Ordering::Acquire)
    }

    /// Begins: it is [`running`](Self::running) now, though another thread may be the one that runs the watchers.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it has run before.
    pub fn begin(self: &Arc<Self>) -> Result<Begun> {
        if self.started.swap(true, Ordering::AcqRel) {
            return Err(Error::Configuration("this supervisor has run before; make a new one".into()));
        }
        Ok(Begun(self.clone()))
    }

    fn run_once(&self) -> Result<()> {
        let mut logs = Logs::new(self.lines.clone());
        logs.log_panics()?;
        let process = Process::new();
        let mailboxes = self.watched(&mut logs, &process)?;
        let graphs = graphs(&mailboxes)?;
        let runtime = runtime(WORKERS)?;
        let once = self.settings.once.map(Duration::from_secs);
        if let Some(manager) = self.settings.manager.clone() {
            runtime.spawn(tell(manager, self.progress.clone(), self.stop.clone()));
        }
        let logged = mailboxes.iter().map(|mailbox| (mailbox.account.log.clone(), mailbox.tracker.progress.clone()));
        runtime.spawn(report::serve(logged.collect()));
        let monitor = self.monitor.clone();
        runtime.spawn(async move { monitor.heartbeat.beat().await });
        runtime.block_on(async {
            let beating = tokio::spawn({
                let process = process.clone();
                async move { process.beat().await }
            });
            supervise(mailboxes, graphs, once, self.stop.clone()).await;
            beating.abort();
            process.end().await;
        });
        runtime.shutdown_timeout(SHUTDOWN_WITHIN);
        drop(logs);
        Ok(())
    }

    fn watched(&self, logs: &mut Logs, process: &Arc<Process>) -> Result<Vec<Arc<Mailbox>>> {
        let (redis, postgres) = (RedisClients::new(), PostgresClients::new());
        let (budget, encoding) = (Budget::new(PROCESS_OCTETS), Budget::new(ENCODING_OCTETS));
        self.monitor.share(&budget);
        self.mailboxes
            .iter()
            .zip(&self.calls)
            .zip(&self.progress)
            .map(|((config, calls), progress)| {
                let arbiter = Arc::new(Arbiter::new(&config.arbitration, &redis, process.instance(), calls)?);
                let delivery = Delivery::new(&config.delivery, (&redis, &postgres), &arbiter, calls)?;
                let log = logs.log(config.log.as_ref(), &config.email, &config.name)?;
                let budgets = (budget.clone(), encoding.clone());
                let once = self.settings.once.is_some();
                // A mailbox that is worked through once ends by itself, so it needs a stop of its own.
                let stop = if once { Stop::new() } else { self.stop.clone() };
                let rejection = Rejection::new(config, calls)?;
                let mailbox = Mailbox::new(config.clone(), arbiter, delivery, budgets, log, stop);
                let mut mailbox = mailbox.rejecting(rejection).reporting_to(progress);
                mailbox.once = once;
                Ok(Arc::new(mailbox))
            })
            .collect()
    }
}

/// The connectors of the mailboxes at Microsoft Graph.
fn graphs(mailboxes: &[Arc<Mailbox>]) -> Result<Vec<Option<GraphConnector>>> {
    let mut throttles = Throttles::default();
    let connector = |mailbox: &Arc<Mailbox>| match &mailbox.account.config.graph {
        Some(graph) => GraphConnector::new(&mailbox.account, graph, &mut throttles).map(Some),
        None => Ok(None),
    };
    mailboxes.iter().map(connector).collect()
}

async fn supervise(
    mailboxes: Vec<Arc<Mailbox>>,
    graphs: Vec<Option<GraphConnector>>,
    once: Option<Duration>,
    stop: Stop,
) {
    let imap = Arc::new(ImapConnector::new());
    let mut watchers = JoinSet::new();
    for (mailbox, graph) in mailboxes.into_iter().zip(graphs) {
        let stop = stop.clone();
        match (graph, once) {
            (Some(graph), Some(stall_timeout)) => {
                let watching = keep_watching(Arc::new(graph), mailbox.clone());
                watchers.spawn(work_through(watching, mailbox, stall_timeout, stop));
            }
            (Some(graph), None) => {
                watchers.spawn(keep_watching(Arc::new(graph), mailbox));
            }
            (None, Some(stall_timeout)) => {
                let watching = keep_watching(imap.clone(), mailbox.clone());
                watchers.spawn(work_through(watching, mailbox, stall_timeout, stop));
            }
            (None, None) => {
                watchers.spawn(keep_watching(imap.clone(), mailbox));
            }
        };
    }
    let all_ended = async {
        while watchers.join_next().await.is_some() {}
        if once.is_none() {
            // A process without mailboxes runs, too, until it is stopped.
            stop.wait().await;
        }
    };
    tokio::select! {
        () = all_ended => {}
        () = stop.wait_and(STOP_WITHIN) => {}
    }
}

/// Restarts the watcher after a panic, with a backoff and a log line. The ledger survives.
async fn keep_watching<C: Connector + 'static>(connector: Arc<C>, mailbox: Arc<Mailbox>) {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
    loop {
        let mut watcher = JoinSet::new();
        watcher.spawn({
            let (connector, mailbox) = (connector.clone(), mailbox.clone());
            async move { watch(&*connector, &mailbox).await }
        });
        match watcher.join_next().await {
            Some(Err(error)) if error.is_panic() && !mailbox.account.stop.asked() => {
                let delay = backoff.delay();
                let what = "a bug in mail_room; please report it with the panic on standard error";
                mailbox.tracker.progress.disconnected(Disconnect::Crash, what);
                let fields = [("error", what.into()), ("backoff_s", delay.as_secs().into())];
                mailbox.account.log.line(Severity::Error, "Watcher crashed", &fields);
                mailbox.account.stop.sleep(delay).await;
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Instant;

    use super::*;
    use crate::message::MessageId;
    use crate::source::connector::Account;
    use crate::source::{Attributes, Fetched, Mark, Source};
    use crate::watch::mailbox::tests::{config, mailbox};

    /// A mailbox of one message whose first sessions panic.
    struct Shaky {
        panics: AtomicUsize,
        marked: Arc<AtomicBool>,
    }

    struct OneMessage {
        panics: bool,
        marked: Arc<AtomicBool>,
    }

    impl Connector for Shaky {
        type Source = OneMessage;

        async fn connect(&self, _account: &Account) -> Result<OneMessage> {
            let panics =
                self.panics.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok();
            Ok(OneMessage { panics, marked: self.marked.clone() })
        }
    }

    impl Source for OneMessage {
        fn scope(&self) -> &str {
            "scope"
        }

        async fn search(&mut self) -> Result<Vec<MessageId>> {
            assert!(!self.panics, "injected");
            let marked = self.marked.load(Ordering::Acquire);
            Ok(if marked { Vec::new() } else { vec![MessageId::Uid(1)] })
        }

        async fn sizes(&mut self, ids: &[MessageId]) -> Result<Vec<Attributes>> {
            Ok(ids.iter().map(|id| Attributes { id: id.clone(), octets: 1, arrived: None }).collect())
        }

        async fn fetch(&mut self, ids: &[MessageId], _: u64, sink: &mut (dyn FnMut(Fetched) + Send)) -> Result<()> {
            ids.iter().for_each(|id| sink(Fetched::Body(id.clone(), b"x".to_vec())));
            Ok(())
        }

        async fn mark(&mut self, _: &[MessageId], _: Mark) -> Result<()> {
            self.marked.store(true, Ordering::Release);
            Ok(())
        }

        async fn expunge(&mut self, _: &[MessageId]) -> Result<()> {
            Ok(())
        }

        async fn wait(&mut self, _: Instant, stop: &Stop) -> Result<()> {
            stop.wait().await;
            Ok(())
        }

        async fn logout(self) {}
    }

    fn watched(stop: &Stop) -> Arc<Mailbox> {
        let config = config(serde_json::json!({ "max_message_size": 1000 }));
        Arc::new(mailbox(config, Arbiter::Noop, Delivery::Noop, stop))
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_that_mailboxs_trouble_and_it_recovers() {
        let stop = Stop::new();
        let (shaky, sound) = (watched(&stop), watched(&stop));
        let connect = |panics| Arc::new(Shaky { panics: AtomicUsize::new(panics), marked: Arc::default() });
        let shaky_task = tokio::spawn(keep_watching(connect(2), shaky.clone()));
        let sound_task = tokio::spawn(keep_watching(connect(0), sound.clone()));
        tokio::time::timeout(Duration::from_secs(60), async {
            while shaky.tracker.progress.snapshot().delivered == 0 || sound.tracker.progress.snapshot().delivered == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .unwrap();
        stop.ask();
        shaky_task.await.unwrap();
        sound_task.await.unwrap();
        assert_eq!((shaky.tracker.progress.snapshot().delivered, sound.tracker.progress.snapshot().delivered), (1, 1));
        let crashes = |mailbox: &Mailbox| {
            let counts = mailbox.tracker.progress.counts();
            counts.disconnects().find(|(reason, _)| *reason == "crash").map(|(_, count)| count)
        };
        assert_eq!((crashes(&shaky), crashes(&sound)), (Some(2), Some(0)));
    }
}
