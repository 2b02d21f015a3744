//! Health over HTTP/1.1. The server has a thread and a runtime of its own: it answers, with bad news, while the watchers'
//! runtime is stuck, and while the host holds Ruby's lock. `listener` opens ports and sockets, `pages` says what is answered, `html` writes /status.

mod html;
mod listener;
mod pages;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

pub use self::listener::Settings;
use self::listener::{Listener, Stream};
use self::pages::{Offered, answer};
use crate::error::{Error, Result};
use crate::limits::shutdown::Stop;
use crate::observe::monitor::Monitor;

/// Octets of a request that are read. 8 KiB is also the least that hyper takes.
const REQUEST_OCTETS: usize = 8 * 1024;
/// How long a client may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may take altogether.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// What a client still sends after the answer, a body for instance, is dropped for this long and up to so many octets: a
/// connection that is closed before it is reset, and the client may lose the answer.
const DRAIN: (Duration, usize) = (Duration::from_secs(1), 64 * 1024);
/// Connections at a time. A further one takes the place of the oldest, so that slow clients cannot keep a probe out.
const CONNECTIONS: usize = 64;
/// The pause after the system refused a connection, for want of file descriptors for instance.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// What is answered about; nothing before a supervisor is made.
type Monitoring = Arc<Mutex<Option<Arc<Monitor>>>>;

/// The server. It listens between [`start`](Self::start) and [`stop`](Self::stop).
#[derive(Debug)]
pub struct HealthServer {
    settings: Settings,
    monitoring: Monitoring,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    process: u32,
    stop: Stop,
    thread: JoinHandle<()>,
    port: Option<u16>,
}

impl HealthServer {
    /// A server that does not listen yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, monitoring: Arc::default(), running: Mutex::default() }
    }

    /// Answers about this supervisor from now on.
    pub fn monitor(&self, monitor: Arc<Monitor>) {
        *lock(&self.monitoring) = Some(monitor);
    }

    /// Listens. Does nothing if it listens already.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it cannot listen there, or the system gives no thread.
    pub fn start(&self) -> Result<()> {
        let mut running = lock(&self.running);
        if running.as_ref().is_some_and(|running| running.process == std::process::id()) {
            return Ok(());
        }
        // That of the process that this one was forked from: its thread is not here.
        std::mem::forget(running.take());
        let refused = |error: std::io::Error| {
            Error::Configuration(format!(
                "the health check gets no thread: {error}; raise the limit of processes (ulimit -u)"
            ))
        };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(refused)?;
        let listeners = {
            let _entered = runtime.enter();
            listener::open(&self.settings)?
        };
        let port = listeners.iter().find_map(Listener::port);
        let (stop, monitoring, settings) = (Stop::new(), self.monitoring.clone(), self.settings.clone());
        let thread = std::thread::Builder::new().name("mail_room http".into()).spawn({
            let stop = stop.clone();
            move || {
                runtime.block_on(serve_all(listeners, &settings, monitoring, &stop));
                runtime.shutdown_background();
            }
        });
        *running = Some(Running { process: std::process::id(), stop, thread: thread.map_err(refused)?, port });
        Ok(())
    }

    /// Stops listening and closes the connections. Does nothing if it does not listen.
    pub fn stop(&self) {
        let Some(running) = lock(&self.running).take() else { return };
        if running.process != std::process::id() {
            std::mem::forget(running);
            return;
        }
        running.stop.ask();
        // A panic in there was reported already.
        _ = running.thread.join();
        *lock(&self.monitoring) = None;
    }

    /// The TCP port that it listens on.
    pub fn port(&self) -> Option<u16> {
        lock(&self.running).as_ref().and_then(|running| running.port)
    }
}

impl Drop for HealthServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A panic of another thread does no harm: each change is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve_all(listeners: Vec<Listener>, settings: &Settings, monitoring: Monitoring, stop: &Stop) {
    let mut serving = JoinSet::new();
    for listener in listeners {
        let offered = Offered {
            metrics: settings.metrics.unwrap_or(listener.is_local()),
            status: settings.status.unwrap_or(listener.is_local()),
        };
        let (monitoring, stop) = (monitoring.clone(), stop.clone());
        serving.spawn(async move { serve(&listener, offered, monitoring, &stop).await });
    }
    while serving.join_next().await.is_some() {}
}

async fn serve(listener: &Listener, offered: Offered, monitoring: Monitoring, stop: &Stop) {
    let mut connections = JoinSet::new();
    let mut oldest_first: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.wait() => return,
        };
        let Ok(stream) = accepted else {
            stop.sleep(REFUSED_PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        oldest_first.retain(|connection| !connection.is_finished());
        if oldest_first.len() >= CONNECTIONS
            && let Some(oldest) = oldest_first.pop_front()
        {
            oldest.abort();
        }
        let monitoring = monitoring.clone();
        oldest_first.push_back(connections.spawn(async move {
            // What goes wrong here is the client's own trouble.
            _ = timeout(ANSWERED_WITHIN, converse(stream, offered, monitoring)).await;
        }));
    }
}

/// Answers one request. Its body is not looked at.
async fn converse(mut stream: Box<dyn Stream>, offered: Offered, monitoring: Monitoring) {
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let monitor = lock(&monitoring).clone();
        let response = answer(request.method(), request.uri().path(), offered, monitor.as_deref());
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(REQUEST_OCTETS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(&mut stream), service);
    // A request that cannot be read was answered, too.
    _ = connection.await;
    if stream.shutdown().await.is_ok() {
        _ = timeout(DRAIN.0, drain(&mut stream)).await;
    }
}

async fn drain(stream: &mut Box<dyn Stream>) {
    let (mut scrap, mut left) = ([0; 1024], DRAIN.1);
    while let Ok(read @ 1..) = stream.read(&mut scrap).await {
        let Some(rest) = left.checked_sub(read) else { return };
        left = rest;
    }
}

#[cfg(test)]
mod tests;
