//! All mailboxes of one process on one small runtime. Starts the watchers, starts them again should one panic, and stops
//! them. A mailbox's trouble stays its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::arbiter::Arbiter;
use crate::backoff::Backoff;
use crate::budget::{Budget, ENCODING_OCTETS, PROCESS_OCTETS};
use crate::config;
use crate::control::{STOP_WITHIN, Stop};
use crate::delivery::Delivery;
use crate::error::{Error, Result};
use crate::journal::{Journal, Severity};
use crate::redis_client::RedisClients;
use crate::source::imap::ImapConnector;
use crate::watched::Watched;
use crate::watcher::{Connector, watch};

/// Threads that run the watchers. The mail server is the bottleneck: two are plenty for hundreds of mailboxes.
const WORKERS: usize = 2;
/// Threads for what blocks: name lookups, files.
const BLOCKING: usize = 4;
/// How long threads that hang in a system call may hold up the end.
const SHUTDOWN_WITHIN: Duration = Duration::from_millis(200);

/// Watches mailboxes until told to stop.
#[derive(Debug)]
pub struct Supervisor {
    mailboxes: Vec<config::Mailbox>,
    stop: Stop,
    started: AtomicBool,
    ended: AtomicBool,
}

impl Supervisor {
    /// Starts nothing yet.
    pub fn new(mailboxes: Vec<config::Mailbox>) -> Self {
        Self { mailboxes, stop: Stop::new(), started: AtomicBool::new(false), ended: AtomicBool::new(false) }
    }

    /// Asks every watcher to stop; [`run`](Self::run) returns within 25 s. Callable at any time, from any thread.
    pub fn stop(&self) {
        self.stop.ask();
    }

    /// Whether [`run`](Self::run) was called and has not returned.
    pub fn running(&self) -> bool {
        self.started.load(Ordering::Acquire) && !self.ended.load(Ordering::Acquire)
    }

    /// Runs all watchers; returns when all have stopped. Blocks the calling thread.
    ///
    /// # Errors
    /// [`Error::Configuration`] if a log or a delivery cannot be opened, or if it has run before.
    pub fn run(&self) -> Result<()> {
        if self.started.swap(true, Ordering::AcqRel) {
            return Err(Error::Configuration("this supervisor has run before; make a new one".into()));
        }
        let ran = self.run_once();
        self.ended.store(true, Ordering::Release);
        ran
    }

    fn run_once(&self) -> Result<()> {
        let mut journal = Journal::default();
        let watched = self.watched(&mut journal)?;
        let runtime = runtime(WORKERS)?;
        runtime.block_on(supervise(watched, self.stop.clone()));
        runtime.shutdown_timeout(SHUTDOWN_WITHIN);
        drop(journal);
        Ok(())
    }

    fn watched(&self, journal: &mut Journal) -> Result<Vec<Arc<Watched>>> {
        let clients = RedisClients::new();
        let instance = crate::arbiter::new_instance();
        let (budget, encoding) = (Budget::new(PROCESS_OCTETS), Budget::new(ENCODING_OCTETS));
        self.mailboxes
            .iter()
            .map(|mailbox| {
                let arbiter = Arc::new(Arbiter::new(&mailbox.arbitration, &clients, &instance)?);
                let delivery = Delivery::new(&mailbox.delivery, &clients, &arbiter)?;
                let log = journal.log(mailbox.log.as_ref(), &mailbox.email, &mailbox.name)?;
                let budgets = (budget.clone(), encoding.clone());
                Ok(Arc::new(Watched::new(mailbox.clone(), arbiter, delivery, budgets, log, self.stop.clone())))
            })
            .collect()
    }
}

/// A runtime of our own; never a global one, whose threads a fork would leave behind.
///
/// # Errors
/// [`Error::Configuration`] if the system gives no threads.
pub fn runtime(workers: usize) -> Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(BLOCKING)
        .thread_name("mail_room")
        .enable_all()
        .build()
        .map_err(|error| Error::Configuration(format!("cannot start threads: {error}")))
}

async fn supervise(watched: Vec<Arc<Watched>>, stop: Stop) {
    let connector = Arc::new(ImapConnector::new());
    let mut watchers = JoinSet::new();
    for watched in watched {
        watchers.spawn(keep_watching(connector.clone(), watched));
    }
    let all_ended = async {
        while watchers.join_next().await.is_some() {}
        // Without a mailbox there is nothing to watch, and still a process that was asked to run.
        stop.wait().await;
    };
    tokio::select! {
        () = all_ended => {}
        () = stop.wait_and(STOP_WITHIN) => {}
    }
}

/// A panic is this mailbox's error: it is logged, and the mailbox starts anew with what it remembers.
async fn keep_watching<C: Connector + 'static>(connector: Arc<C>, watched: Arc<Watched>) {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
    loop {
        let mut watcher = JoinSet::new();
        watcher.spawn({
            let (connector, watched) = (connector.clone(), watched.clone());
            async move { watch(&*connector, &watched).await }
        });
        match watcher.join_next().await {
            Some(Err(error)) if error.is_panic() && !watched.stop.asked() => {
                let delay = backoff.delay();
                let fields = [
                    ("error", "a bug in mail_room; please report it with the panic on standard error".into()),
                    ("backoff_s", delay.as_secs().into()),
                ];
                watched.log.line(Severity::Error, "Watcher crashed", &fields);
                watched.stop.sleep(delay).await;
            }
            _ => return,
        }
    }
}
