//! The metrics, in Prometheus' text format 0.0.4. `table` lists them, `progress` counts.

mod metric;
mod table;

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::observe::counts::Counts;
use crate::observe::monitor::{Monitor, Monitored};
use crate::observe::state::{Snapshot, State};
pub use metric::Metric;
use metric::{Read, Samples};
pub use table::METRICS;

/// The media type of the text.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Octets of the metrics of the process, and of one mailbox without its labels. The text is written into a buffer of about the
/// size that it needs.
const OCTETS: (usize, usize) = (8 << 10, 4 << 10);
/// How often a mailbox's labels are in the text.
const LINES: usize = 72;

/// A mailbox at the moment of a scrape.
#[derive(Debug)]
struct Scraped {
    /// What follows `mailbox="` up to the last quote: both labels as they stand in every line. The crate writes values as they
    /// are, and would put them together anew for each of tens of thousands of lines.
    labels: String,
    progress: Snapshot,
    counts: Counts,
}

impl Scraped {
    fn of(monitored: &Monitored) -> Self {
        let Monitored { mailbox, email, progress } = monitored;
        Self {
            labels: format!("{}\",email=\"{}", escaped(mailbox), escaped(email)),
            progress: progress.snapshot(),
            counts: progress.counts(),
        }
    }

    fn labels(&self) -> [(&str, &str); 1] {
        [("mailbox", &self.labels)]
    }

    fn labels_and<'a>(&'a self, label: &'a str, value: &'a str) -> [(&'a str, &'a str); 2] {
        [("mailbox", &self.labels), (label, value)]
    }
}

/// Everything at the moment of a scrape.
#[derive(Debug)]
struct Scrape {
    mailboxes: Vec<Scraped>,
    process: Vec<Option<u64>>,
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        let mut info = encoder.encode_descriptor("mail_room_build_info", BUILD_INFO, None, MetricType::Gauge)?;
        ConstGauge::new(1_u64).encode(info.encode_family(&version)?)?;
        for (metric, process) in METRICS.iter().zip(&self.process) {
            // The crate writes OpenMetrics, where the name of a counter's family lacks `_total` and its samples get it. In
            // Prometheus' own format both have it: the name has it here, and counts are written like gauges, as they are.
            let mut family = encoder.encode_descriptor(metric.name, metric.help, None, metric.read.kind())?;
            if let Some(value) = process {
                ConstGauge::new(*value).encode(family)?;
                continue;
            }
            let mut samples = Samples::new();
            for mailbox in &self.mailboxes {
                encode_mailbox(metric, mailbox, &mut family, &mut samples)?;
            }
        }
        Ok(())
    }
}

const BUILD_INFO: &str = "1; the label says which version runs.";

/// Writes the samples of one mailbox. `samples` is a buffer.
fn encode_mailbox(
    metric: &Metric,
    mailbox: &Scraped,
    family: &mut MetricEncoder<'_>,
    samples: &mut Samples,
) -> Result<(), fmt::Error> {
    let Scraped { progress, counts, .. } = mailbox;
    let label = metric.label.unwrap_or_default();
    match metric.read {
        Read::Process(_) => {}
        Read::Gauge(read) => {
            if let Some(value) = read(progress) {
                ConstGauge::new(value).encode(family.encode_family(&mailbox.labels())?)?;
            }
        }
        Read::States => {
            for state in State::ALL {
                let value = u64::from(state == progress.state);
                let labels = mailbox.labels_and(label, state.name());
                ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
            }
        }
        Read::Counter(read) => {
            ConstGauge::new(read(progress, counts)).encode(family.encode_family(&mailbox.labels())?)?;
        }
        Read::Counters(read) => {
            samples.clear();
            read(progress, counts, samples);
            for (value, count) in samples {
                let labels = mailbox.labels_and(label, value);
                ConstGauge::new(*count).encode(family.encode_family(&labels)?)?;
            }
        }
        Read::Histogram(read) => {
            let (sum, count, buckets) = read(counts);
            let labels = mailbox.labels();
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }
    }
    Ok(())
}

/// The metrics now. Without a monitor, only the version.
///
/// # Errors
/// None that is known: writing into memory does not fail.
pub fn text(monitor: Option<&Monitor>) -> Result<String, fmt::Error> {
    let process = |metric: &Metric| match metric.read {
        Read::Process(read) => monitor.map(read),
        _ => None,
    };
    let mailboxes: Vec<_> =
        monitor.map(|monitor| monitor.mailboxes.iter().map(Scraped::of).collect()).unwrap_or_default();
    let octets = |scraped: &Scraped| OCTETS.1 + LINES * scraped.labels.len();
    let mut text = String::with_capacity(OCTETS.0 + mailboxes.iter().map(octets).sum::<usize>());
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape { mailboxes, process: METRICS.iter().map(process).collect() }));
    encode_registry(&mut text, &registry)?;
    Ok(text)
}

/// The crate writes the values of labels as they are.
fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests;
