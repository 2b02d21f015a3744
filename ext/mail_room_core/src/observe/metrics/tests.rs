use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::*;
use crate::limits::memory_budget::PROCESS_OCTETS;
use crate::observe::counts::{Attempt, Disconnect};
use crate::observe::progress::{Outcome, Progress};

const LABELS: &str = "mailbox=\"in\\\"box\",email=\"a@example.com\"";

fn monitored(mailbox: &str, email: &str) -> (Arc<Progress>, Monitored) {
    let progress = Arc::new(Progress::new());
    (progress.clone(), Monitored { mailbox: mailbox.into(), email: email.into(), progress })
}

fn value(text: &str, sample: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

/// Changes everything that the metrics of a mailbox count.
fn change_everything(progress: &Progress) {
    progress.turn(State::Working);
    progress.left(8);
    let outcomes = [
        Outcome::Delivered,
        Outcome::Ignored,
        Outcome::Bounced,
        Outcome::Rejected,
        Outcome::SetAside,
        Outcome::Elsewhere,
    ];
    outcomes.into_iter().for_each(|outcome| progress.count(outcome));
    Attempt::ALL.iter().for_each(|(attempt, _)| progress.attempt(*attempt, Duration::from_millis(200)));
    progress.arrived(SystemTime::now() - Duration::from_secs(100));
    progress.trouble(State::Paused, "down");
    Disconnect::ALL.iter().for_each(|(reason, _)| progress.disconnected(*reason, "gone"));
    progress.turn(State::Working);
    progress.fetched(1234);
    progress.claim_lost();
    progress.throttled();
    progress.token_renewed(Some(Duration::from_secs(3600)));
    progress.certificate(2_000_000_000);
    progress.target_certificate(Some(2_100_000_000));
    progress.turn(State::Idle);
}

/// The samples after [`change_everything`].
fn expected_samples() -> Vec<(String, f64)> {
    let mut expected: Vec<(String, f64)> = ["delivered", "ignored", "bounced", "rejected", "set_aside", "elsewhere"]
        .iter()
        .map(|outcome| (format!("mail_room_messages_total{{{LABELS},outcome=\"{outcome}\"}}"), 1.0))
        .collect();
    expected.extend(
        Attempt::ALL
            .iter()
            .map(|(_, result)| (format!("mail_room_delivery_attempts_total{{{LABELS},result=\"{result}\"}}"), 1.0)),
    );
    expected.extend(
        Disconnect::ALL
            .iter()
            .map(|(_, reason)| (format!("mail_room_disconnects_total{{{LABELS},reason=\"{reason}\"}}"), 1.0)),
    );
    expected.extend(
        [
            ("mail_room_mailbox_up{L}", 1.0),
            ("mail_room_mailbox_state{L,state=\"idle\"}", 1.0),
            ("mail_room_mailbox_state{L,state=\"starting\"}", 0.0),
            ("mail_room_delivery_duration_seconds_count{L}", 5.0),
            ("mail_room_delivery_duration_seconds_sum{L}", 1.0),
            ("mail_room_delivery_duration_seconds_bucket{le=\"0.1\",L}", 0.0),
            ("mail_room_delivery_duration_seconds_bucket{le=\"0.25\",L}", 5.0),
            ("mail_room_delivery_duration_seconds_bucket{le=\"+Inf\",L}", 5.0),
            ("mail_room_arrival_to_delivery_seconds_bucket{le=\"60.0\",L}", 0.0),
            ("mail_room_arrival_to_delivery_seconds_bucket{le=\"300.0\",L}", 1.0),
            ("mail_room_backlog_messages{L}", 2.0),
            ("mail_room_fetched_bytes_total{L}", 1234.0),
            ("mail_room_connects_total{L}", 2.0),
            ("mail_room_target_pauses_total{L}", 1.0),
            ("mail_room_claims_lost_total{L}", 1.0),
            ("mail_room_throttles_total{L}", 1.0),
            ("mail_room_token_renewals_total{L}", 1.0),
            ("mail_room_certificate_expiry_timestamp_seconds{L}", 2e9),
            ("mail_room_target_certificate_expiry_timestamp_seconds{L}", 2.1e9),
        ]
        .map(|(sample, value)| (sample.replace('L', LABELS), value)),
    );
    expected
}

#[test]
fn every_metric_of_a_mailbox_moves() {
    let (progress, monitored) = monitored("in\"box", "a@example.com");
    let monitor = Monitor::new(vec![monitored]);
    let before = text(Some(&monitor)).unwrap();
    change_everything(&progress);
    let after = text(Some(&monitor)).unwrap();
    for (sample, expected) in &expected_samples() {
        assert_eq!(value(&after, sample), Some(*expected), "{sample} in\n{after}");
    }
    for name in ["last_connect", "last_message", "oldest_waiting", "token_expiry"] {
        let sample = format!("mail_room_{name}_timestamp_seconds{{{LABELS}}}");
        assert_eq!(value(&before, &sample), None);
        assert!(value(&after, &sample) > Some(1.7e9), "{sample} in\n{after}");
    }
    // No metric of a mailbox was left out above, and none of them stood still.
    let of = |text: &str, name: &str| -> Vec<String> {
        let is_sample = |line: &&str| line.starts_with(name) && line.contains(LABELS);
        text.lines().filter(is_sample).map(Into::into).collect()
    };
    for metric in METRICS.iter().filter(|metric| metric.is_of_a_mailbox() && !metric.name.ends_with("state_seconds")) {
        assert_ne!(of(&before, metric.name), of(&after, metric.name), "{} does not move", metric.name);
    }
}

#[test]
fn the_metrics_of_the_process() {
    use crate::limits::memory_budget::Budget;

    let monitor = Monitor::new(Vec::new());
    let budget = Budget::new(PROCESS_OCTETS);
    monitor.share(&budget);
    let lease = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(budget.take(2 << 20));
    let text = text(Some(&monitor)).unwrap();
    assert_eq!(value(&text, "mail_room_memory_budget_used_bytes"), Some(f64::from(2 << 20)));
    drop(lease);
    assert_eq!(monitor.memory_octets(), 0);
    let version = format!("mail_room_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(value(&text, &version), Some(1.0));
    assert!(
        value(&text, "mail_room_threads") >= Some(1.0) && value(&text, "mail_room_start_time_seconds") > Some(1.7e9)
    );
    assert_eq!(value(&text, "mail_room_heartbeat_age_seconds"), Some(0.0));
    assert_eq!(value(&text, "mail_room_memory_budget_bytes"), Some(67_108_864.0));
}

#[test]
fn the_text_is_of_prometheus_own_format() {
    let (_, monitored) = monitored("inbox", "a@example.com");
    let text = text(Some(&Monitor::new(vec![monitored]))).unwrap();
    assert!(!text.contains("# EOF"));
    let mut typed: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    typed.sort_unstable();
    let kind = |metric: &Metric| format!("{} {}", metric.name, metric.kind());
    let mut expected: Vec<_> = METRICS.iter().map(kind).collect();
    expected.push("mail_room_build_info gauge".into());
    expected.sort_unstable();
    assert_eq!(typed, expected);
}

#[test]
fn five_hundred_mailboxes_are_scraped_quickly() {
    let mailboxes = (0..500).map(|number| monitored("inbox", &format!("a{number}@example.com")).1);
    let monitor = Monitor::new(mailboxes.collect());
    let began = Instant::now();
    let scraped = text(Some(&monitor)).unwrap();
    println!("500 mailboxes scraped in {:?}, {} octets", began.elapsed(), scraped.len());
    assert_eq!(scraped.lines().filter(|line| line.starts_with("mail_room_mailbox_up{")).count(), 500);
    // Nothing is kept between scrapes.
    assert_eq!(text(Some(&monitor)).unwrap().lines().count(), scraped.lines().count());
}
