//! The holders of claims: names of processes and their watchers, and whether the process of a name still runs, as far as this
//! machine can tell. A process of another machine is judged by its heartbeat, see `heartbeat`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::heartbeat::Heartbeat;
use super::procfs::{Stat, UNKNOWN, machine};
use crate::system::random::hex_96;
use crate::transport::redis::RedisClient;

/// Most ended instances of this process that are remembered.
const ENDED: usize = 10_000;

/// Tries to lock the list of ended instances. Others hold it for microseconds.
const LOCK_TRIES: u32 = 1_000;

/// Instances of this process that have ended, the oldest first. Access it through [`ended_instances`] only.
static ENDED_HERE: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// The instances of this process that have ended; `None` in a forked child that inherited a locked mutex.
fn ended_instances() -> Option<MutexGuard<'static, VecDeque<String>>> {
    for _ in 0..LOCK_TRIES {
        match ENDED_HERE.try_lock() {
            Ok(ended) => return Some(ended),
            Err(TryLockError::Poisoned(ended)) => return Some(ended.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
    None
}

/// One run of a supervisor, as other processes see it.
#[derive(Debug)]
pub struct Process {
    name: String,
    identity: Identity,
    watchers: AtomicU64,
    heartbeats: Mutex<Vec<Arc<Heartbeat>>>,
}

/// Identifies this process: the machine on which its pid has a meaning, the pid and the start time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    /// Host name, boot id and namespaces; `None` where `/proc` does not show them.
    machine: Option<String>,
    pid: u32,
    /// Clock ticks after boot.
    started: u64,
}

/// A watcher of a process, the holder of its claims.
#[derive(Debug)]
pub struct Instance {
    name: String,
    process: Option<Arc<Process>>,
}

/// A holder of claims, as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder<'a> {
    /// The whole name.
    pub(super) name: &'a str,
    /// The name of its process.
    pub(super) process: &'a str,
    machine: &'a str,
    pid: u32,
    started: u64,
}

/// What this machine knows of a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProcessState {
    /// Its process runs, or is stopped and may go on.
    Runs,
    /// Its process has certainly ended.
    Ended,
    /// It runs on another machine, or we may not look at it.
    Unknown,
}

impl Process {
    /// A run of this process.
    pub fn new() -> Arc<Self> {
        Self::at(Identity::here())
    }

    /// A run that looks like one on another machine. For tests.
    #[doc(hidden)]
    pub fn on_another_machine(host: &str) -> Arc<Self> {
        Self::at(Identity { machine: Some(format!("{host}/{host}/{UNKNOWN}")), ..Identity::here() })
    }

    fn at(identity: Identity) -> Arc<Self> {
        let unknown = format!("{UNKNOWN}/{UNKNOWN}/{UNKNOWN}");
        let machine = identity.machine.as_ref().unwrap_or(&unknown);
        let name = format!("{machine}/{}/{}/{}", identity.pid, identity.started, hex_96());
        Arc::new(Self { name, identity, watchers: AtomicU64::new(0), heartbeats: Mutex::default() })
    }

    /// The name of its next watcher.
    pub fn instance(self: &Arc<Self>) -> Instance {
        let number = self.watchers.fetch_add(1, Ordering::Relaxed);
        Instance { name: format!("{}/{number}", self.name), process: Some(self.clone()) }
    }

    /// Renews its heartbeats until dropped. There are none before the first claim.
    pub async fn beat(&self) {
        futures_util::future::join_all(self.heartbeats().iter().map(|heartbeat| heartbeat.keep_up())).await;
    }

    /// Ends its heartbeats, once it holds no claims.
    pub async fn end(&self) {
        futures_util::future::join_all(self.heartbeats().iter().map(|heartbeat| heartbeat.end())).await;
    }

    fn heartbeats(&self) -> Vec<Arc<Heartbeat>> {
        self.heartbeats.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The one heartbeat in the Redis of `client` for keys that begin with `prefix`.
    fn heartbeat(&self, client: &RedisClient, prefix: &str) -> Arc<Heartbeat> {
        let mut heartbeats = self.heartbeats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(heartbeat) = heartbeats.iter().find(|heartbeat| heartbeat.is_in(client, prefix)) {
            return heartbeat.clone();
        }
        let heartbeat = Arc::new(Heartbeat::new(client.clone(), prefix, &self.name));
        heartbeats.push(heartbeat.clone());
        heartbeat
    }

    /// What this machine knows of `holder`.
    fn judge(&self, holder: &Holder<'_>) -> ProcessState {
        if self.identity.machine.as_deref() != Some(holder.machine) {
            return ProcessState::Unknown;
        }
        if (self.identity.pid, self.identity.started) == (holder.pid, holder.started) {
            let ended = ended_instances().is_some_and(|ended| ended.iter().any(|name| name == holder.name));
            return if ended { ProcessState::Ended } else { ProcessState::Runs };
        }
        let Some(pid) = i32::try_from(holder.pid).ok().and_then(Pid::from_raw) else { return ProcessState::Unknown };
        if test_kill_process(pid) == Err(Errno::SRCH) {
            return ProcessState::Ended;
        }
        // There may be a process of that pid that we may not look at (hidepid).
        match Stat::of(&holder.pid.to_string()) {
            None => ProcessState::Unknown,
            Some(stat) if stat.started != holder.started || stat.is_over() => ProcessState::Ended,
            Some(_) => ProcessState::Runs,
        }
    }
}

impl Identity {
    fn here() -> Self {
        let pid = std::process::id();
        // A /proc of another PID namespace shows another pid; then none of it applies to us.
        match Stat::of("self").filter(|stat| stat.pid == pid) {
            Some(stat) => Self { machine: machine(), pid, started: stat.started },
            None => Self { machine: None, pid, started: 0 },
        }
    }
}

impl Instance {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The heartbeat that keeps others from taking over its claims; `None` if its process is unknown.
    pub(super) fn heartbeat(&self, client: &RedisClient, prefix: &str) -> Option<Arc<Heartbeat>> {
        self.process.as_ref().map(|process| process.heartbeat(client, prefix))
    }

    /// What this machine knows of `holder`.
    pub(super) fn judge(&self, holder: &Holder<'_>) -> ProcessState {
        self.process.as_ref().map_or(ProcessState::Unknown, |process| process.judge(holder))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if self.process.is_some()
            && let Some(mut ended) = ended_instances()
        {
            if ended.len() >= ENDED {
                ended.pop_front();
            }
            ended.push_back(std::mem::take(&mut self.name));
        }
    }
}

/// A name that reveals nothing of its process: nobody can tell whether it has ended.
impl From<&str> for Instance {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), process: None }
    }
}

/// As above.
impl From<&String> for Instance {
    fn from(name: &String) -> Self {
        name.as_str().into()
    }
}

impl<'a> Holder<'a> {
    /// The meaning of an instance's name (host name, boot id, namespaces, pid, start time, random digits, number of the
    /// watcher); `None` of one that says nothing of its process, such as those of older versions.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let parts: Vec<_> = name.split('/').collect();
        let [host, boot, namespaces, pid, started, _, watcher] = parts.as_slice() else { return None };
        let (process, _) = name.rsplit_once('/')?;
        watcher.parse::<u64>().ok()?;
        Some(Self {
            name,
            process,
            machine: name.get(..host.len() + boot.len() + namespaces.len() + 2)?,
            pid: pid.parse().ok()?,
            started: started.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// The name of a process of this machine, as one that claims would bear it.
    fn named(pid: u32, started: u64) -> String {
        format!("{}/{pid}/{started}/0123456789abcdef01234567/3", Identity::here().machine.unwrap())
    }

    fn judged(name: &str) -> ProcessState {
        Process::new().instance().judge(&Holder::parse(name).unwrap())
    }

    #[test]
    fn a_name_tells_the_process() {
        let (process, name) = (Process::new(), named(4711, 99));
        let (one, two) = (process.instance(), process.instance());
        assert_ne!(one.name(), two.name());
        let holder = Holder::parse(two.name()).unwrap();
        assert_eq!((holder.process, holder.pid), (process.name.as_str(), std::process::id()));
        assert_eq!(Some(holder.machine), process.identity.machine.as_deref());
        assert!(!name.contains(' ') && !one.name().contains(' '));
        for foreign in
            ["", "me", "0123456789abcdef0123456789abcdef", "a/b/c/d/e/f/g", "a/b/c/1/2/f/x", "a/b/c/1/2/f/3/4"]
        {
            assert_eq!(Holder::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_process_that_runs_is_never_taken_for_dead() {
        let mut child = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
        let started = Stat::of(&child.id().to_string()).unwrap().started;
        assert_eq!(judged(&named(child.id(), started)), ProcessState::Runs);
        assert!(Command::new("kill").args(["-STOP", &child.id().to_string()]).status().unwrap().success());
        assert_eq!(judged(&named(child.id(), started)), ProcessState::Runs, "it may go on");
        assert_eq!(judged(&named(child.id(), started + 1)), ProcessState::Ended, "another one of that pid");
        child.kill().unwrap();
        // A zombie until we ask for its end.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while Stat::of(&child.id().to_string()).unwrap().state != 'Z' {
            assert!(std::time::Instant::now() < deadline, "it does not end");
            std::thread::yield_now();
        }
        assert_eq!(judged(&named(child.id(), started)), ProcessState::Ended, "a zombie");
        child.wait().unwrap();
        assert_eq!(judged(&named(child.id(), started)), ProcessState::Ended, "gone");
        // Of another user, and it runs.
        assert_eq!(judged(&named(1, Stat::of("1").unwrap().started)), ProcessState::Runs);
    }

    #[test]
    fn nothing_is_known_of_other_places() {
        let pid = std::process::id();
        for machine in ["other/b/1-2", "-/-/-"] {
            assert_eq!(judged(&format!("{machine}/{pid}/1/0/0")), ProcessState::Unknown, "{machine}");
        }
        let elsewhere = Process::on_another_machine("b");
        assert_eq!(elsewhere.judge(&Holder::parse(Process::new().instance().name()).unwrap()), ProcessState::Unknown);
        // Where /proc tells nothing, even what looks alike may be elsewhere.
        let blind = Process::at(Identity { machine: None, ..Identity::here() });
        let other = Process::at(Identity { machine: None, ..Identity::here() });
        assert_eq!(blind.judge(&Holder::parse(other.instance().name()).unwrap()), ProcessState::Unknown);
    }

    #[test]
    fn watchers_of_this_process_end_one_by_one() {
        let process = Process::new();
        let (one, two) = (process.instance(), process.instance());
        let (first, second) = (one.name().to_owned(), two.name().to_owned());
        drop(one);
        assert_eq!((judged(&first), judged(&second)), (ProcessState::Ended, ProcessState::Runs));
    }

    #[test]
    fn a_process_may_have_any_name() {
        let fields = "S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 8123456 9 10";
        let expected = Stat { pid: 4711, state: 'S', threads: 3, started: 8_123_456 };
        for name in ["ruby", "a) S 1 (b) ", ") ) (", ""] {
            assert_eq!(Stat::parse(&format!("4711 ({name}) {fields}")), Some(expected.clone()), "{name}");
        }
        for broken in ["", "4711", "4711 (ruby", "4711 (ruby) S 1 2"] {
            assert_eq!(Stat::parse(broken), None, "{broken}");
        }
        let zombie = |threads| Stat { state: 'Z', threads, ..expected.clone() };
        assert!(zombie(1).is_over() && !zombie(2).is_over());
    }
}
