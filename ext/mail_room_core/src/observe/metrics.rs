//! The metrics, in Prometheus' text format 0.0.4. `table` lists them, `progress` counts.

mod metric;
mod table;

use std::fmt::{self, Write};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
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

/// A mailbox at the moment of a scrape.
#[derive(Debug)]
struct Scraped {
    mailbox: String,
    email: String,
    progress: Snapshot,
    counts: Counts,
}

impl Scraped {
    fn of(monitored: &Monitored) -> Self {
        let Monitored { mailbox, email, progress } = monitored;
        Self {
            mailbox: escaped(mailbox),
            email: escaped(email),
            progress: progress.snapshot(),
            counts: progress.counts(),
        }
    }

    fn labels(&self) -> [(&str, &str); 2] {
        [("mailbox", &self.mailbox), ("email", &self.email)]
    }

    fn labels_and<'a>(&'a self, label: &'a str, value: &'a str) -> [(&'a str, &'a str); 3] {
        [("mailbox", &self.mailbox), ("email", &self.email), (label, value)]
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
            let name = metric.name.trim_end_matches("_total");
            let mut family = encoder.encode_descriptor(name, metric.help, None, metric.read.kind())?;
            if let Some(value) = process {
                ConstGauge::new(*value).encode(family)?;
                continue;
            }
            for mailbox in &self.mailboxes {
                encode_mailbox(metric, mailbox, &mut family)?;
            }
        }
        Ok(())
    }
}

const BUILD_INFO: &str = "1; the label says which version runs.";

/// Writes the samples of one mailbox.
fn encode_mailbox(metric: &Metric, mailbox: &Scraped, family: &mut MetricEncoder<'_>) -> Result<(), fmt::Error> {
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
            ConstCounter::new(read(progress, counts)).encode(family.encode_family(&mailbox.labels())?)?;
        }
        Read::Counters(read) => {
            let mut samples = Samples::new();
            read(progress, counts, &mut samples);
            for (value, count) in samples {
                let labels = mailbox.labels_and(label, value);
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
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
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape {
        mailboxes: monitor.map(|monitor| monitor.mailboxes.iter().map(Scraped::of).collect()).unwrap_or_default(),
        process: METRICS.iter().map(process).collect(),
    }));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    classic(&text)
}

/// The crate writes the values of labels as they are.
fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The crate writes OpenMetrics. In Prometheus' own format, which every reader knows, the family of a counter has `_total` in
/// its name, too, and there is no mark at the end.
fn classic(open_metrics: &str) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(open_metrics.len() + 1024);
    for line in open_metrics.split_inclusive('\n') {
        // Nearly all lines are samples: for 500 mailboxes there are tens of thousands.
        if !line.starts_with('#') {
            text.push_str(line);
            continue;
        }
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (_, Some("EOF\n"), _, _) => {}
            (_, Some(what), Some(name), Some(rest)) if is_counter(name) => {
                write!(text, "# {what} {name}_total {rest}")?
            }
            _ => text.push_str(line),
        }
    }
    Ok(text)
}

fn is_counter(family: &str) -> bool {
    METRICS.iter().any(|metric| metric.name.strip_suffix("_total") == Some(family))
}

#[cfg(test)]
mod tests;
