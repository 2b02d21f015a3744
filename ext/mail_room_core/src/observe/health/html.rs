//! /status: one page for a person, without scripts. What servers said is escaped.

mod head;

use std::fmt::Write;

use head::HEAD;

use crate::observe::counts::MINUTES;
use crate::observe::monitor::{Monitor, Monitored, Status};
use crate::observe::state::{Snapshot, State, now};

/// Nothing is loaded, nothing runs, and no other page may frame this one.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The height of the chart of a mailbox, in pixels; a minute is 4 wide.
const HEIGHT: u32 = 32;

/// The page now. Without a monitor, nothing is watched yet.
pub(super) fn page(monitor: Option<&Monitor>) -> String {
    let mut page = String::from(HEAD);
    let statuses: Vec<(&Monitored, Status)> = monitor
        .map(|monitor| monitor.mailboxes.iter().map(|mailbox| (mailbox, mailbox.status())).collect())
        .unwrap_or_default();
    let ready = statuses.iter().filter(|(_, status)| status.ready).count();
    let all = statuses.len();
    let (class, summary) = match monitor {
        None => ("bad", "Not watching yet".to_owned()),
        Some(monitor) if !monitor.heartbeat.is_alive() => ("bad", "Stuck: this process must be restarted".to_owned()),
        Some(_) if ready < all => ("bad", format!("{} of {all} mailboxes in trouble", all - ready)),
        Some(_) if all == 1 => ("good", "The mailbox is well".to_owned()),
        Some(_) => ("good", format!("All {all} mailboxes are well")),
    };
    let since = monitor.map_or_else(String::new, |monitor| {
        format!(", running for {}", duration(now().saturating_sub(monitor.started())))
    });
    // Writing into memory does not fail.
    _ = writeln!(
        page,
        "<header class=\"{class}\"><h1>{summary}</h1><p>mail_room {}{since}</p></header>\n<main>",
        env!("CARGO_PKG_VERSION")
    );
    for (mailbox, status) in &statuses {
        section(&mut page, mailbox, status);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn section(page: &mut String, mailbox: &Monitored, status: &Status) {
    let progress = &status.progress;
    let class = match progress.state {
        _ if status.ready => "good",
        State::Starting => "",
        _ => "bad",
    };
    _ = writeln!(
        page,
        "<section class=\"{class}\"><h2>{}</h2><p class=\"folder\">{}</p>\n<p class=\"state\">{} for {}</p>",
        escaped(&status.email),
        escaped(&status.mailbox),
        escaped(&sentence(status.words)),
        duration(progress.state_seconds)
    );
    counts(page, progress);
    chart(page, &mailbox.progress.last_hour().by_minute(), progress.last_hour);
    if let Some(trouble) = &progress.trouble {
        let when = if status.ready { "Last error, which is over" } else { "Error" };
        _ = writeln!(page, "<p class=\"error\"><b>{when}:</b> {}</p>", escaped(trouble));
    }
    if let Some(advice) = status.advice {
        _ = writeln!(page, "<p class=\"advice\"><b>What to do:</b> {}</p>", escaped(advice));
    }
    page.push_str("</section>\n");
}

fn counts(page: &mut String, progress: &Snapshot) {
    let mut waiting = progress.left.to_string();
    if let Some(since) = progress.waiting_since {
        waiting = format!("{waiting}, for {}", duration(now().saturating_sub(since)));
    }
    let last = progress
        .last_message
        .map_or_else(|| "none yet".to_owned(), |at| format!("{} ago", duration(now().saturating_sub(at))));
    let rows = [
        ("Delivered", progress.delivered.to_string()),
        ("Ignored", progress.ignored.to_string()),
        ("Rejected", progress.rejected.to_string()),
        ("Set aside", progress.set_aside.to_string()),
        ("Delivered elsewhere", progress.elsewhere.to_string()),
        ("Waiting", waiting),
        ("Last message", last),
    ];
    page.push_str("<dl>");
    for (name, value) in rows {
        _ = write!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    page.push_str("</dl>\n");
}

/// A bar for each minute of the last hour.
fn chart(page: &mut String, minutes: &[u32; MINUTES], sum: u64) {
    let most = minutes.iter().copied().max().unwrap_or(0);
    let messages = if sum == 1 { "message" } else { "messages" };
    _ = write!(
        page,
        "<figure><svg viewBox=\"0 0 240 {HEIGHT}\" role=\"img\" aria-label=\"{sum} {messages} in the last hour\">"
    );
    for (x, count) in (0..).step_by(4).zip(minutes).filter(|(_, count)| **count > 0) {
        let height = u64::from(*count) * u64::from(HEIGHT) / u64::from(most.max(1));
        let height = height.max(1);
        _ = write!(page, "<rect x=\"{x}\" y=\"{}\" width=\"3\" height=\"{height}\"/>", u64::from(HEIGHT) - height);
    }
    _ = writeln!(
        page,
        "</svg><figcaption>{sum} {messages} in the last hour, {most} a minute at most</figcaption></figure>"
    );
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A duration as people say it.
fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::observe::progress::{Outcome, Progress};

    #[test]
    fn what_a_server_said_is_text() {
        let progress = Arc::new(Progress::new());
        progress.trouble(State::Disconnected, "<script>alert('\"&')</script>\r\n\u{1b}[2J");
        let mailbox = Monitored { mailbox: "<b>".into(), email: "\"a\"@example.com".into(), progress };
        let page = page(Some(&Monitor::new(vec![mailbox])));
        assert!(page.contains("&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;   [2J"), "{page}");
        assert!(page.contains("<h2>&quot;a&quot;@example.com</h2><p class=\"folder\">&lt;b&gt;</p>"), "{page}");
        assert!(
            page.contains("<h1>1 of 1 mailboxes in trouble</h1>") && page.contains("Not connected for 0 s"),
            "{page}"
        );
        assert!(!page.contains("<script"), "{page}");
    }

    #[test]
    fn it_shows_the_counts_and_the_last_hour() {
        let progress = Arc::new(Progress::new());
        progress.turn(State::Working);
        progress.left(5);
        (0..3).for_each(|_| progress.count(Outcome::Delivered));
        progress.turn(State::Idle);
        let mailbox = Monitored { mailbox: "inbox".into(), email: "a@example.com".into(), progress };
        let page = page(Some(&Monitor::new(vec![mailbox])));
        for text in [
            "<h1>The mailbox is well</h1>",
            "Waiting for mail for 0 s",
            "<dt>Delivered</dt><dd>3</dd>",
            "<dt>Waiting</dt><dd>2, for 0 s</dd>",
            "3 messages in the last hour, 3 a minute at most",
            "<rect x=\"236\" y=\"0\" width=\"3\" height=\"32\"/>",
        ] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        assert!(self::page(None).contains("<h1>Not watching yet</h1>"));
    }

    #[test]
    fn durations_are_said_as_people_do() {
        let said: Vec<_> = [0, 119, 120, 7_199, 7_200, 172_800].into_iter().map(duration).collect();
        assert_eq!(said, ["0 s", "119 s", "2 min", "119 min", "2 h", "2 days"]);
    }
}
