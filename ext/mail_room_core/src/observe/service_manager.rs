//! Messages to a service manager (sd_notify(3)): ready, status, watchdog, stopping. They decide nothing, and nothing waits for
//! them.

use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;

use crate::limits::shutdown::Stop;
use crate::observe::progress::{Progress, Snapshot, State};
use crate::system::output;

/// Ready is sent after this time at the latest: a server that does not answer must not make the manager give up on the process.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often the state is checked for something to send.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Characters of an error that are sent.
const SHOWN: usize = 120;

/// The service manager that started this process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manager {
    /// Its socket: a path, or `@` and an abstract name.
    pub socket: String,
    /// Microseconds after which it ends the process if there was no watchdog message.
    #[serde(default)]
    pub watchdog_usec: Option<u64>,
}

/// Sends messages until dropped. It must run as a task: a watchdog message then shows that tasks run and that timers work. It says
/// nothing about the thread that waits for the supervisor.
pub(crate) async fn tell(manager: Manager, progress: Vec<Arc<Progress>>, stop: Stop) {
    let Ok(line) = Line::open(&manager.socket) else { return };
    let watchdog = manager.watchdog_usec.filter(|usec| *usec > 0).map(|usec| Duration::from_micros(usec) / 2);
    let pause = watchdog.map_or(LOOK_EVERY, |watchdog| watchdog.min(LOOK_EVERY));
    let began = Instant::now();
    let mut reopened = output::reopened();
    let (mut ready, mut told, mut alive) = (false, String::new(), None::<Instant>);
    while !stop.asked() {
        let status = status(&progress);
        if !ready && (progress.iter().all(|progress| progress.attempted()) || began.elapsed() >= READY_WITHIN) {
            ready = line.say(&format!("READY=1\nSTATUS={status}"));
        } else if status != told && line.say(&format!("STATUS={status}")) {
            told = status;
        }
        if std::mem::replace(&mut reopened, output::reopened()) != output::reopened() {
            // The next round says READY again. Before the first one, there is nothing to reload.
            ready = ready && !line.reloading();
        }
        line.live(watchdog, &mut alive);
        stop.sleep(pause).await;
    }
    let mut ending = false;
    loop {
        ending = ending || line.say("STOPPING=1\nSTATUS=finishing what is under way");
        line.live(watchdog, &mut alive);
        tokio::time::sleep(pause).await;
    }
}

/// The socket of the manager.
struct Line {
    socket: UnixDatagram,
    manager: SocketAddr,
}

impl Line {
    fn open(address: &str) -> io::Result<Self> {
        let manager = match address.strip_prefix('@') {
            Some(name) => abstract_name(name)?,
            None => SocketAddr::from_pathname(address)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, manager })
    }

    /// Sends `text`, unless the manager's queue is full. Tells whether it was sent.
    fn say(&self, text: &str) -> bool {
        self.socket.send_to_addr(text.as_bytes(), &self.manager).is_ok()
    }

    /// Sends that the log files are being reopened (SIGHUP). The time tells the manager which of its signals that answers.
    fn reloading(&self) -> bool {
        let now = clock_gettime(ClockId::Monotonic);
        let usec = now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1000);
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={usec}"))
    }

    /// Sends a watchdog message if it is time for one.
    fn live(&self, every: Option<Duration>, last: &mut Option<Instant>) {
        // Half a check interval early rather than late.
        let due = |every: Duration| last.is_none_or(|last| last.elapsed() + every.min(LOOK_EVERY) / 2 >= every);
        if every.is_some_and(due) && self.say("WATCHDOG=1") {
            *last = Some(Instant::now());
        }
    }
}

#[cfg(target_os = "linux")]
fn abstract_name(name: &str) -> io::Result<SocketAddr> {
    <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name.as_bytes())
}

#[cfg(not(target_os = "linux"))]
fn abstract_name(_name: &str) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The status of all mailboxes on one line: `2 mailboxes idle, 134 delivered`.
fn status(progress: &[Arc<Progress>]) -> String {
    let snapshots: Vec<Snapshot> = progress.iter().map(|progress| progress.snapshot()).collect();
    let mut parts = Vec::new();
    for (states, name) in [
        (&[State::Starting][..], "connecting"),
        (&[State::Idle], "idle"),
        (&[State::Working], "working"),
        (&[State::Finished], "finished"),
        (&[State::Paused, State::Disconnected, State::GivenUp], "in trouble"),
    ] {
        let mut these = snapshots.iter().filter(|snapshot| states.contains(&snapshot.state));
        let count = these.clone().count();
        if count > 0 {
            let mailboxes = if count == 1 { "mailbox" } else { "mailboxes" };
            let trouble = these.find_map(|snapshot| snapshot.trouble.as_deref()).filter(|_| name == "in trouble");
            let trouble = trouble.map_or_else(String::new, |trouble| format!(" ({})", shortened(trouble)));
            parts.push(format!("{count} {mailboxes} {name}{trouble}"));
        }
    }
    if parts.is_empty() {
        parts.push("no mailboxes".to_owned());
    }
    let sum = |count: fn(&Snapshot) -> u64| snapshots.iter().map(count).fold(0, u64::saturating_add);
    parts.push(format!("{} delivered", sum(|snapshot| snapshot.delivered)));
    let set_aside = sum(|snapshot| snapshot.set_aside);
    if set_aside > 0 {
        parts.push(format!("{set_aside} set aside"));
    }
    parts.join(", ")
}

/// One line: a line end would begin another message.
fn shortened(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    if line.len() < text.len() { format!("{line}…") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::progress::Outcome;
    use crate::system::runtime::{runtime, tests::hang};

    fn progress(state: State) -> Arc<Progress> {
        let progress = Arc::new(Progress::new());
        progress.turn(state);
        progress
    }

    #[test]
    fn a_status_says_how_all_are() {
        assert_eq!(status(&[]), "no mailboxes, 0 delivered");
        let (one, two) = (progress(State::Idle), progress(State::Idle));
        (0..134).for_each(|_| one.count(Outcome::Delivered));
        assert_eq!(status(&[one.clone(), two.clone()]), "2 mailboxes idle, 134 delivered");
        two.trouble(State::Paused, &format!("redis: down\nREADY=1 {}", "x".repeat(200)));
        two.count(Outcome::SetAside);
        let text = status(&[one, two]);
        assert!(text.starts_with("1 mailbox idle, 1 mailbox in trouble (redis: down READY=1 xxx"), "{text}");
        assert!(text.ends_with("x…), 134 delivered, 1 set aside") && text.len() < 220, "{text}");
    }

    #[test]
    fn there_is_a_sign_of_life_only_while_tasks_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let listening = UnixDatagram::bind(&path).unwrap();
        let manager = Manager { socket: path.to_str().unwrap().to_owned(), watchdog_usec: Some(40_000) };
        let runtime = runtime(2).unwrap();
        runtime.spawn(tell(manager, Vec::new(), Stop::new()));
        let hear = |within| {
            let mut buffer = [0; 100];
            listening.set_read_timeout(Some(within)).unwrap();
            listening.recv(&mut buffer).map(|octets| String::from_utf8_lossy(&buffer[..octets]).into_owned())
        };
        let (long, short) = (Duration::from_secs(20), Duration::from_millis(300));
        assert_eq!(hear(long).unwrap(), "READY=1\nSTATUS=no mailboxes, 0 delivered");
        (0..5).for_each(|_| assert!(hear(long).is_ok()));

        // Both threads hang in something that does not await.
        let releases = hang(&runtime, 2);
        // What was told before.
        listening.set_nonblocking(true).unwrap();
        while listening.recv(&mut [0; 100]).is_ok() {}
        listening.set_nonblocking(false).unwrap();
        assert!(hear(short).is_err(), "it still lives");
        drop(releases);
        assert!(hear(long).is_ok(), "it does not live again");
    }
}
