//! Every header that was looked at and what came of it, for people who wonder. Slower than finding, and in agreement with
//! it: the same addresses are compared with the same patterns.

use super::addresses;
use super::auto_reply;
use super::headers::{self, Headers};
use super::matcher::{Matcher, Source};

/// Headers, and addresses of one header, that are told of.
const TOLD: usize = 1_000;

/// One address in a header that is looked at, or the header itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The header's name.
    pub header: String,
    /// What was compared; absent if there is no address in it.
    pub address: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of comparing an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It carries this key.
    Key(String),
    /// It is always accepted.
    Accepted,
    /// It is not ours.
    NotOurs,
    /// There was nothing to compare.
    NoAddress,
    /// The header says that a program sent the message of itself.
    AutoReply,
    /// It is References, and without `gitlab_host` nobody looks at these.
    NotLookedAt,
}

impl Outcome {
    /// As written in Ruby and JSON.
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
    /// Everything that [`find`](Self::find) looks at in `raw`, in the order in which it stands there.
    pub fn explain(&self, raw: &[u8]) -> Vec<Looked> {
        let mut looked = Vec::new();
        for header in Headers::new(&headers::block(raw)) {
            if looked.len() >= TOLD {
                break;
            }
            let name = header.name.as_str().to_owned();
            let one = |address: Option<&[u8]>, outcome| Looked {
                header: name.clone(),
                address: address.map(|address| String::from_utf8_lossy(address).into_owned()),
                outcome,
            };
            if header.sound && auto_reply::says_so(&header.name, header.value).is_some() {
                looked.push(one(None, Outcome::AutoReply));
            }
            let Some(source) = Source::of(&header.name) else { continue };
            if source == Source::References && self.references.is_none() {
                looked.push(one(None, Outcome::NotLookedAt));
                continue;
            }
            let before = looked.len();
            let mut tell = |address: &[u8]| {
                let told = one(Some(address), self.outcome(source, address));
                // What mail-parser reads is found once more as a word.
                if looked.len() < TOLD && !looked.contains(&told) {
                    looked.push(told);
                }
                None::<()>
            };
            addresses::find(source, header.value, &mut tell);
            addresses::find_anywhere(source, header.value, &mut tell);
            if looked.len() == before && before < TOLD {
                looked.push(one(None, Outcome::NoAddress));
            }
        }
        looked
    }

    fn outcome(&self, source: Source, address: &[u8]) -> Outcome {
        match self.hit(source, address).map(|hit| hit.key) {
            Some(Some(key)) => Outcome::Key(String::from_utf8_lossy(&key).into_owned()),
            Some(None) => Outcome::Accepted,
            None => Outcome::NotOurs,
        }
    }
}
