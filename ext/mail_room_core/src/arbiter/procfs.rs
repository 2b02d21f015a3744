//! What `/proc` says about a process, and about the machine on which its pid has a meaning.

use std::fs;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Stands for an unknown part of a name.
pub(super) const UNKNOWN: &str = "-";

/// The machine on which a pid and a start time identify a process: host name, boot id and namespaces. The host name tells
/// copies of a running virtual machine apart, which share the boot id.
pub(super) fn machine() -> Option<String> {
    let read = |path| Some(fs::read_to_string(path).ok()?.trim().to_owned()).filter(|text| !text.is_empty());
    let boot = read("/proc/sys/kernel/random/boot_id")?;
    let host = read("/proc/sys/kernel/hostname")?;
    let namespace = |name: &str| -> Option<String> {
        let link = fs::read_link(format!("/proc/self/ns/{name}")).ok()?;
        Some(link.to_str()?.chars().filter(char::is_ascii_digit).collect())
    };
    let pids = namespace("pid")?;
    // Start times depend on the reader's time namespace. Kernels before 5.6 have none.
    let times = namespace("time").unwrap_or_else(|| UNKNOWN.to_owned());
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    Some(format!("{}/{}/{pids}-{times}", encoded(&host), boot.replace('-', "")))
}

/// What `/proc/<pid>/stat` says (proc_pid_stat(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) pid: u32,
    pub(super) state: char,
    pub(super) threads: u64,
    /// Clock ticks after boot.
    pub(super) started: u64,
}

impl Stat {
    pub(super) fn of(pid: &str) -> Option<Self> {
        Self::parse(&String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (pid, _) = text.split_once(" (")?;
        // The name may contain anything, including parentheses and spaces.
        let (_, fields) = text.rsplit_once(") ")?;
        let fields: Vec<_> = fields.split_ascii_whitespace().collect();
        Some(Self {
            pid: pid.parse().ok()?,
            state: fields.first()?.chars().next()?,
            threads: fields.get(17)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    /// Whether the process has ended and only waits for its parent. A process goes on if only its first thread has ended.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x') && self.threads <= 1
    }
}
