//! Every metric, from which the table in docs/monitoring.md is made. A new one is a row here, and a count in `progress`.

use super::metric::{Metric, Read};
use crate::limits::memory_budget::PROCESS_OCTETS;
use crate::observe::counts::{ARRIVAL_SECONDS, DELIVERY_SECONDS};
use crate::observe::monitor::Monitor;
use crate::system::runtime::threads;

const fn metric(name: &'static str, help: &'static str, read: Read) -> Metric {
    Metric { name, help, label: None, read }
}

const fn labelled(name: &'static str, label: &'static str, help: &'static str, read: Read) -> Metric {
    Metric { name, help, label: Some(label), read }
}

/// All metrics, in the order of the text.
pub const METRICS: &[Metric] = &[
    metric(
        "mail_room_start_time_seconds",
        "When watching began, in seconds since 1970.",
        Read::Process(Monitor::started),
    ),
    metric(
        "mail_room_heartbeat_age_seconds",
        "How long ago the runtime of the watchers last ran its heartbeat. It runs every second; /liveness fails after 30.",
        Read::Process(|monitor| monitor.heartbeat.age().as_secs()),
    ),
    metric(
        "mail_room_memory_budget_used_bytes",
        "Memory that is reserved for fetched messages.",
        Read::Process(Monitor::memory_octets),
    ),
    metric(
        "mail_room_memory_budget_bytes",
        "Memory that may be reserved for fetched messages.",
        Read::Process(|_| PROCESS_OCTETS),
    ),
    metric(
        "mail_room_threads",
        "Threads of the process; 0 where the system does not tell.",
        Read::Process(|_| threads()),
    ),
    metric(
        "mail_room_mailbox_up",
        "1 if the mailbox is connected and its target took the last message or was reachable, else 0.",
        Read::Gauge(|progress| Some(u64::from(progress.is_ready()))),
    ),
    labelled(
        "mail_room_mailbox_state",
        "state",
        "1 for the state that the mailbox is in, 0 for the others.",
        Read::States,
    ),
    metric(
        "mail_room_mailbox_state_seconds",
        "How long the mailbox has been in its state.",
        Read::Gauge(|progress| Some(progress.state_seconds)),
    ),
    metric(
        "mail_room_last_connect_timestamp_seconds",
        "When the mailbox was last connected, in seconds since 1970.",
        Read::Gauge(|progress| progress.last_connect),
    ),
    metric(
        "mail_room_last_message_timestamp_seconds",
        "When a message of the mailbox was last decided: delivered, ignored, rejected or set aside; in seconds since 1970.",
        Read::Gauge(|progress| progress.last_message),
    ),
    labelled(
        "mail_room_messages_total",
        "outcome",
        "Messages that were decided. `ignored`: by `matching`. `bounced`: reports about failed deliveries, with `bounces: ignore`. \
         `elsewhere`: another process had delivered them.",
        Read::Counters(|progress, _, samples| {
            samples.extend([
                ("delivered", progress.delivered),
                ("ignored", progress.ignored.saturating_sub(progress.bounced)),
                ("bounced", progress.bounced),
                ("rejected", progress.rejected),
                ("set_aside", progress.set_aside),
                ("elsewhere", progress.elsewhere),
            ]);
        }),
    ),
    labelled(
        "mail_room_delivery_attempts_total",
        "result",
        "Attempts to deliver a message. `lost`: another process had claimed it meanwhile. `refused`: the target refuses this \
         message. `failed`: the message or the target may be at fault. `unavailable`: the target is down.",
        Read::Counters(|_, counts, samples| samples.extend(counts.attempts())),
    ),
    metric(
        "mail_room_delivery_duration_seconds",
        "How long the target took to answer an attempt to deliver a message.",
        Read::Histogram(|counts| counts.delivery_seconds.read(&DELIVERY_SECONDS)),
    ),
    metric(
        "mail_room_arrival_to_delivery_seconds",
        "The time from a message's arrival at the mail server to its delivery: by INTERNALDATE or `receivedDateTime`, else by the \
         topmost `Received` header.",
        Read::Histogram(|counts| counts.arrival_seconds.read(&ARRIVAL_SECONDS)),
    ),
    metric(
        "mail_room_backlog_messages",
        "Messages that were found and are not yet decided.",
        Read::Gauge(|progress| Some(progress.left)),
    ),
    metric(
        "mail_room_oldest_waiting_timestamp_seconds",
        "When the oldest message of the backlog arrived, in seconds since 1970; if the server does not say so, since when there has \
         been a backlog all the time. Absent without a backlog.",
        Read::Gauge(|progress| progress.waiting_since),
    ),
    metric(
        "mail_room_fetched_bytes_total",
        "Octets of messages that were fetched.",
        Read::Counter(|_, counts| counts.octets),
    ),
    metric(
        "mail_room_connects_total",
        "Connections to the mailbox that could be used.",
        Read::Counter(|progress, _| progress.connects),
    ),
    labelled(
        "mail_room_disconnects_total",
        "reason",
        "Connections to the mailbox that ended or could not be made.",
        Read::Counters(|_, counts, samples| samples.extend(counts.disconnects())),
    ),
    metric(
        "mail_room_target_pauses_total",
        "How often deliveries were paused because the target was down.",
        Read::Counter(|progress, _| progress.pauses),
    ),
    metric(
        "mail_room_claims_lost_total",
        "Claims that another process took over.",
        Read::Counter(|_, counts| counts.claims_lost),
    ),
    metric(
        "mail_room_throttles_total",
        "How often the mail server asked for a pause.",
        Read::Counter(|_, counts| counts.throttles),
    ),
    metric(
        "mail_room_token_renewals_total",
        "OAuth2 access tokens that were got.",
        Read::Counter(|_, counts| counts.token_renewals),
    ),
    metric(
        "mail_room_token_expiry_timestamp_seconds",
        "When the OAuth2 access token expires, in seconds since 1970. Absent without a token.",
        Read::Gauge(|progress| progress.token_expires),
    ),
    metric(
        "mail_room_certificate_expiry_timestamp_seconds",
        "When the certificate of the mail server (IMAP or Graph) expires, in seconds since 1970. Absent without TLS.",
        Read::Gauge(|progress| progress.certificate_expires),
    ),
    metric(
        "mail_room_target_certificate_expiry_timestamp_seconds",
        "When the certificate of the endpoint that messages are posted to (postback, action_mailbox) expires, in seconds since \
         1970. Absent without TLS, and before the first delivery.",
        Read::Gauge(|progress| progress.target_certificate_expires),
    ),
];
