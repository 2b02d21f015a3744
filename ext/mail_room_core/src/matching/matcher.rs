//! What a message is for, from its header block alone; the body is never looked at. mail-parser reads the headers, what is
//! concluded from them is ours. Decides nothing about what becomes of the message; that is the sweep's.

use mail_parser::HeaderName;

use super::feature::{self, Feature};
use super::headers::{self, Headers};
use super::pattern::{self, Pattern};
use super::{addresses, auto_reply};
use crate::config;

/// What a message is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It carries a key, or is to an address that is always accepted.
    Accepted,
    /// A program sent it of itself.
    AutoReply,
    /// It is to nobody we know.
    #[default]
    Unmatched,
    /// There is nothing in it.
    Empty,
}

impl Verdict {
    /// As written in logs and in Ruby.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AutoReply => "auto_reply",
            Self::Unmatched => "unmatched",
            Self::Empty => "empty",
        }
    }
}

/// The header an address was found in, in the order in which they win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named as the headers are")]
pub enum Source {
    To,
    References,
    DeliveredTo,
    XDeliveredTo,
    EnvelopeTo,
    XEnvelopeTo,
    Received,
    XOriginalTo,
    XForwardedTo,
    Cc,
}

/// Names of headers, and of sources as written in logs and in Ruby.
const SOURCES: [(Source, &str, &str); 10] = [
    (Source::To, "To", "to"),
    (Source::References, "References", "references"),
    (Source::DeliveredTo, "Delivered-To", "delivered_to"),
    (Source::XDeliveredTo, "X-Delivered-To", "x_delivered_to"),
    (Source::EnvelopeTo, "Envelope-To", "envelope_to"),
    (Source::XEnvelopeTo, "X-Envelope-To", "x_envelope_to"),
    (Source::Received, "Received", "received"),
    (Source::XOriginalTo, "X-Original-To", "x_original_to"),
    (Source::XForwardedTo, "X-Forwarded-To", "x_forwarded_to"),
    (Source::Cc, "Cc", "cc"),
];

impl Source {
    pub(super) fn of(name: &HeaderName<'_>) -> Option<Self> {
        let name = name.as_str();
        SOURCES.iter().find(|(_, header, _)| name.eq_ignore_ascii_case(header)).map(|(source, ..)| *source)
    }

    /// As written in logs and in Ruby.
    pub fn name(self) -> &'static str {
        SOURCES.iter().find(|(source, ..)| *source == self).map_or("", |(_, _, name)| name)
    }
}

/// What was found out about a message.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Match {
    /// What it is.
    pub verdict: Verdict,
    /// What stands for `%{key}`, or in `<reply-KEY@host>`.
    pub key: Option<String>,
    /// Where the address was found.
    pub source: Option<Source>,
    /// The address, or the message id of a reference.
    pub address: Option<String>,
    /// What the key is for.
    pub feature: Option<Feature>,
    /// The project's number, if the key has one.
    pub project_id: Option<u64>,
    /// The project's slug or path, if the key has one.
    pub project_path: Option<String>,
    /// The token of the notification replied to, without what stands around it.
    pub reply_key: Option<String>,
    /// What stands before the token: its partition, in base 36.
    pub partition: Option<String>,
    /// What stands after the token: its namespace, in base 36.
    pub namespace_id: Option<String>,
    /// Why, in words.
    pub reason: &'static str,
}

/// Knows one mailbox's addresses.
#[derive(Debug, Clone)]
pub struct Matcher {
    address: Pattern,
    /// The ids of the mails that the app sends.
    pub(super) references: Option<Pattern>,
    also_accept: Vec<Vec<u8>>,
    ignores_auto_replies: bool,
}

/// An address of ours in a header.
#[derive(Debug)]
pub(super) struct Hit {
    source: Source,
    address: Vec<u8>,
    pub(super) key: Option<Vec<u8>>,
    /// One of `also_accept`.
    is_custom: bool,
}

/// What headers say, as far as they were looked at.
#[derive(Debug, Default)]
struct Found {
    key: Option<Hit>,
    accepted: Option<Hit>,
    automatic: Option<&'static str>,
}

impl Matcher {
    /// Knows the addresses in `config`.
    pub fn new(config: &config::Matching) -> Self {
        Self {
            address: Pattern::new(&config.address),
            references: config.gitlab_host.as_ref().map(|host| Pattern::new(&format!("reply-%{{key}}@{host}"))),
            also_accept: config.also_accept.iter().map(|glob| glob.clone().into_bytes()).collect(),
            ignores_auto_replies: config.auto_replies == config::AutoReplies::Ignore,
        }
    }

    /// Finds out what `raw` is for. Any octets will do.
    pub fn find(&self, raw: &[u8]) -> Match {
        let block = headers::block(raw);
        let mut found = self.look(&block, false);
        if found.key.is_none() {
            let anywhere = self.look(&block, true);
            found.key = anywhere.key;
            found.accepted = found.accepted.or(anywhere.accepted);
        }
        let automatic = found.automatic.filter(|_| self.ignores_auto_replies);
        let (verdict, reason) = match (automatic, &found.key, &found.accepted) {
            (Some(why), ..) => (Verdict::AutoReply, why),
            (None, Some(_), _) => (Verdict::Accepted, "a header carries a key"),
            (None, None, Some(_)) => (Verdict::Accepted, "it is to an address that is always accepted"),
            (None, None, None) if raw.trim_ascii().is_empty() => (Verdict::Empty, "there is nothing in it"),
            (None, None, None) => (Verdict::Unmatched, "no header names an address of ours"),
        };
        Match::new(verdict, found.key.or(found.accepted), reason)
    }

    /// Whether `address` is one of ours, with a key or without.
    pub(crate) fn is_ours(&self, address: &[u8]) -> bool {
        self.address.is(address) || pattern::custom(&self.also_accept, address).is_some()
    }

    /// Looks at the addresses of all headers, or at everything in them that might be one.
    fn look(&self, block: &[u8], anywhere: bool) -> Found {
        let mut found = Found::default();
        for header in Headers::new(block) {
            // What follows a line that is no header may be the body, with a mail quoted in it: it may give a key, which
            // the app looks at again, but it must not make us ignore the message.
            if header.sound && found.automatic.is_none() {
                found.automatic = auto_reply::says_so(&header.name, header.value);
            }
            let wins = |source: &Source| found.key.as_ref().is_none_or(|hit| *source < hit.source);
            let Some(source) = Source::of(&header.name).filter(wins) else { continue };
            let wanted = |address: &[u8]| {
                let hit = self.hit(source, address)?;
                if hit.key.is_some() {
                    return Some(hit);
                }
                if found.accepted.as_ref().is_none_or(|accepted| source < accepted.source) {
                    found.accepted = Some(hit);
                }
                None
            };
            let key = if anywhere {
                addresses::find_anywhere(source, header.value, wanted)
            } else {
                addresses::find(source, header.value, wanted)
            };
            found.key = key.or(found.key);
        }
        found
    }

    pub(super) fn hit(&self, source: Source, address: &[u8]) -> Option<Hit> {
        let is_reference = source == Source::References;
        let pattern = if is_reference { self.references.as_ref()? } else { &self.address };
        let (key, is_custom) = match pattern.key(address) {
            Some(key) => (Some(key), false),
            None if is_reference => return None,
            None => (pattern::custom(&self.also_accept, address)?, true),
        };
        Some(Hit { source, address: address.to_vec(), key: key.map(<[u8]>::to_vec), is_custom })
    }
}

impl Match {
    fn new(verdict: Verdict, hit: Option<Hit>, reason: &'static str) -> Self {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let mut found = Self { verdict, reason, ..Self::default() };
        let Some(hit) = hit else { return found };
        found.source = Some(hit.source);
        found.address = Some(text(&hit.address));
        found.feature = hit.is_custom.then_some(Feature::ServiceDesk);
        let Some(key) = hit.key.as_deref().map(text) else { return found };
        let reading = feature::read(&key);
        if let Some(token) = reading.token {
            found.partition = token.partition.map(Into::into);
            found.reply_key = Some(token.reply_key.into());
            found.namespace_id = token.namespace_id.map(Into::into);
        }
        if reading.feature != Feature::Unknown || !hit.is_custom {
            found.feature = Some(reading.feature);
        }
        found.project_id = reading.project_id;
        found.project_path = reading.project_path.map(Into::into);
        found.key = Some(key);
        found
    }
}
