//! What a metric is: its name, its meaning, and how it is read.

use prometheus_client::metrics::MetricType;

use crate::observe::counts::Counts;
use crate::observe::monitor::Monitor;
use crate::observe::state::Snapshot;

/// A metric. Those of a mailbox have the labels `mailbox` and `email`.
#[derive(Debug)]
pub struct Metric {
    /// Its name. That of a counter ends in `_total`.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// The label that it has beside `mailbox` and `email`.
    pub label: Option<&'static str>,
    pub(super) read: Read,
}

/// How a metric is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Read {
    /// A gauge of the process, without labels.
    Process(fn(&Monitor) -> u64),
    /// A gauge of a mailbox that may have no value yet.
    Gauge(fn(&Snapshot) -> Option<u64>),
    /// A gauge for each state.
    States,
    Counter(fn(&Snapshot, &Counts) -> u64),
    /// A counter for each value of a label.
    Counters(fn(&Snapshot, &Counts, &mut Samples)),
    /// Sum, number and buckets.
    Histogram(fn(&Counts) -> (f64, u64, Vec<(f64, u64)>)),
}

/// Values of a label, each with its number.
pub(super) type Samples = Vec<(&'static str, u64)>;

impl Metric {
    /// `gauge`, `counter` or `histogram`.
    pub fn kind(&self) -> &'static str {
        match self.read.kind() {
            MetricType::Counter => "counter",
            MetricType::Histogram => "histogram",
            _ => "gauge",
        }
    }

    /// Whether each mailbox has it.
    pub fn is_of_a_mailbox(&self) -> bool {
        !matches!(self.read, Read::Process(_))
    }
}

impl Read {
    pub(super) fn kind(self) -> MetricType {
        match self {
            Self::Process(_) | Self::Gauge(_) | Self::States => MetricType::Gauge,
            Self::Counter(_) | Self::Counters(_) => MetricType::Counter,
            Self::Histogram(_) => MetricType::Histogram,
        }
    }
}
