//! Explains a match to a person: each header that was compared, and the result. Slower than matching, and in agreement with it:
//! the same addresses are compared with the same patterns.

use super::addresses;
use super::auto_reply;
use super::headers::{self, Headers};
use super::matcher::Matcher;
use super::source::Source;

/// Findings for one message, at most.
const MAX_FINDINGS: usize = 1_000;

/// The result for one address in a header, or for the header itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The header's name.
    pub header: String,
    /// The address that was compared; absent if there is none.
    pub address: Option<String>,
    /// The result.
    pub outcome: Outcome,
}

/// The result of comparing an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds this key.
    Key(String),
    /// It is always accepted.
    Accepted,
    /// It is not ours.
    NotOurs,
    /// The header holds no address.
    NoAddress,
    /// The header marks the message as an automatic reply.
    AutoReply,
    /// The header is References, which is not searched without `gitlab_host`.
    NotLookedAt,
}

impl Outcome {
    /// Its name in Ruby and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Accepted => "accepted",
            Self::NotOurs => "not_ours",
            Self::NoAddress => "no_address",
            Self::AutoReply => "auto_reply",
            Self::NotLookedAt => "not_looked_at",
        }
    }
}

impl Matcher {
    /// Everything in `raw` that [`find`](Self::find) compares, in its order there.
    pub fn explain(&self, raw: &[u8]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for header in Headers::new(&headers::block(raw)) {
            if findings.len() >= MAX_FINDINGS {
                break;
            }
            let name = header.name.as_str().to_owned();
            let one = |address: Option<&[u8]>, outcome| Finding {
                header: name.clone(),
                address: address.map(|address| String::from_utf8_lossy(address).into_owned()),
                outcome,
            };
            if header.sound && auto_reply::reason(&header.name, header.value).is_some() {
                findings.push(one(None, Outcome::AutoReply));
            }
            let Some(source) = Source::of(&header.name) else { continue };
            if source == Source::References && self.references.is_none() {
                findings.push(one(None, Outcome::NotLookedAt));
                continue;
            }
            let before = findings.len();
            let mut tell = |address: &[u8]| {
                let told = one(Some(address), self.outcome(source, address));
                // An address that mail-parser reads is found again as a word.
                if findings.len() < MAX_FINDINGS && !findings.contains(&told) {
                    findings.push(told);
                }
                None::<()>
            };
            addresses::find(source, header.value, &mut tell);
            addresses::find_anywhere(source, header.value, &mut tell);
            if findings.len() == before && before < MAX_FINDINGS {
                findings.push(one(None, Outcome::NoAddress));
            }
        }
        findings
    }

    fn outcome(&self, source: Source, address: &[u8]) -> Outcome {
        match self.hit(source, address).map(|hit| hit.key) {
            Some(Some(key)) => Outcome::Key(String::from_utf8_lossy(&key).into_owned()),
            Some(None) => Outcome::Accepted,
            None => Outcome::NotOurs,
        }
    }
}
