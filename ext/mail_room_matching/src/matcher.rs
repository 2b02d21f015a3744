//! What a message is for, from its header block alone; the body is never read. mail-parser reads the headers; the conclusions
//! are ours. What happens to the message is decided by the sweep.

use super::feature::{self, Feature};
use super::headers::{self, Headers};
use super::options::{AutoReplies, Bounces, Matching};
use super::pattern::{self, Pattern};
use super::source::Source;
use super::{addresses, auto_reply, bounce::Bounce};

/// What a message is for the mailbox.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A header holds a key, or an address that is always accepted.
    Accepted,
    /// It is an automatic reply (RFC 3834).
    AutoReply,
    /// It is to us, and reports about the delivery of another message (RFC 6522).
    Bounce,
    /// No header holds an address of ours.
    #[default]
    Unmatched,
    /// The message is empty.
    Empty,
}

impl Verdict {
    /// Its name in logs and in Ruby.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AutoReply => "auto_reply",
            Self::Bounce => "bounce",
            Self::Unmatched => "unmatched",
            Self::Empty => "empty",
        }
    }
}

/// The result for one message.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Match {
    /// The verdict.
    pub verdict: Verdict,
    /// The text in place of `%{key}`, or of KEY in `<reply-KEY@host>`.
    pub key: Option<String>,
    /// The header that holds the address.
    pub source: Option<Source>,
    /// The address, or the message id of a reference.
    pub address: Option<String>,
    /// What the key is for.
    pub feature: Option<Feature>,
    /// The project's number, if the key has one.
    pub project_id: Option<u64>,
    /// The project's slug or path, if the key has one.
    pub project_path: Option<String>,
    /// The token of the notification that this message replies to, without partition and namespace.
    pub reply_key: Option<String>,
    /// The token's partition, in base 36: the part before it.
    pub partition: Option<String>,
    /// The token's namespace, in base 36: the part after it.
    pub namespace_id: Option<String>,
    /// The reason for the verdict, in words.
    pub reason: &'static str,
}

/// Compares messages with one mailbox's addresses.
#[derive(Debug, Clone)]
pub struct Matcher {
    address: Pattern,
    /// The message ids of the mails that the app sends.
    pub(super) references: Option<Pattern>,
    also_accept: Vec<Vec<u8>>,
    ignores_auto_replies: bool,
    ignores_bounces: bool,
}

/// An address of ours in a header.
#[derive(Debug)]
pub(super) struct Hit {
    source: Source,
    address: Vec<u8>,
    pub(super) key: Option<Vec<u8>>,
    /// Whether it is one of `also_accept`.
    is_custom: bool,
}

/// What the headers read so far say.
#[derive(Debug, Default)]
struct Found {
    key: Option<Hit>,
    accepted: Option<Hit>,
    automatic: Option<&'static str>,
    bounce: Bounce,
}

impl Matcher {
    /// A matcher for the addresses in `options`.
    pub fn new(options: &Matching) -> Self {
        Self {
            address: Pattern::new(&options.address),
            references: options.gitlab_host.as_ref().map(|host| Pattern::new(&format!("reply-%{{key}}@{host}"))),
            also_accept: options.also_accept.iter().map(|glob| glob.clone().into_bytes()).collect(),
            ignores_auto_replies: options.auto_replies == AutoReplies::Ignore,
            ignores_bounces: options.bounces == Bounces::Ignore,
        }
    }

    /// Finds out what `raw` is for. It may hold any octets.
    pub fn find(&self, raw: &[u8]) -> Match {
        let block = headers::block(raw);
        let mut found = self.look(&block, false);
        if found.key.is_none() {
            let anywhere = self.look(&block, true);
            found.key = anywhere.key;
            found.accepted = found.accepted.or(anywhere.accepted);
        }
        let automatic = found.automatic.filter(|_| self.ignores_auto_replies);
        let is_ours = found.key.is_some() || found.accepted.is_some();
        let bounced = self.ignores_bounces && is_ours && found.bounce.is_one();
        let (verdict, reason) = match (automatic, &found.key, &found.accepted) {
            _ if bounced => (Verdict::Bounce, "it is a report with an empty return path"),
            (Some(why), ..) => (Verdict::AutoReply, why),
            (None, Some(_), _) => (Verdict::Accepted, "a header carries a key"),
            (None, None, Some(_)) => (Verdict::Accepted, "it is to an address that is always accepted"),
            (None, None, None) if raw.trim_ascii().is_empty() => (Verdict::Empty, "there is nothing in it"),
            (None, None, None) => (Verdict::Unmatched, "no header names an address of ours"),
        };
        Match::new(verdict, found.key.or(found.accepted), reason)
    }

    /// Whether `address` is one of ours, with or without a key.
    pub fn is_ours(&self, address: &[u8]) -> bool {
        self.address.is(address) || pattern::custom(&self.also_accept, address).is_some()
    }

    /// Compares the addresses of all headers, or, if `anywhere`, every word in them that may be one.
    fn look(&self, block: &[u8], anywhere: bool) -> Found {
        let mut found = Found::default();
        for header in Headers::new(block) {
            // What follows a line that is no header may be the body, and may quote a mail. It may give a key, which the
            // app checks again, but it must not make us ignore the message.
            if header.sound {
                found.automatic = found.automatic.or_else(|| auto_reply::reason(&header.name, header.value));
                found.bounce.note(&header.name, header.value);
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
