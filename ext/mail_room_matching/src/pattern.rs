//! Patterns for our addresses and for the ids of our own mails: with `%{key}` (sub-addressing, catch-all), without it
//! (dedicated), or with `*` for any octets (custom addresses). A pattern covers the whole address and, except for the key,
//! ignores case.

use super::feature;

/// An address with at most one `%{key}`.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    before: Vec<u8>,
    after: Option<Vec<u8>>,
}

impl Pattern {
    pub(super) fn new(address: &str) -> Self {
        match address.split_once("%{key}") {
            Some((before, after)) => Self { before: before.into(), after: Some(after.into()) },
            None => Self { before: address.into(), after: None },
        }
    }

    /// The key in `address`, never empty. `None` if `address` does not match or the pattern has no key.
    pub(super) fn key<'a>(&self, address: &'a [u8]) -> Option<&'a [u8]> {
        let after = self.after.as_ref()?;
        between(address, &self.before, after).filter(|key| !key.is_empty())
    }

    /// Whether `address` matches, with any key, or without a key and its separator.
    pub(super) fn is(&self, address: &[u8]) -> bool {
        let Some(after) = &self.after else { return address.eq_ignore_ascii_case(&self.before) };
        let bare = self.before.strip_suffix(b"+").or_else(|| self.before.strip_suffix(b"-")).unwrap_or(&self.before);
        self.key(address).is_some() || between(address, bare, after).is_some_and(<[u8]>::is_empty)
    }
}

fn between<'a>(text: &'a [u8], before: &[u8], after: &[u8]) -> Option<&'a [u8]> {
    let end = text.len().checked_sub(after.len())?;
    let fits = text.get(..before.len())?.eq_ignore_ascii_case(before) && text.get(end..)?.eq_ignore_ascii_case(after);
    // None where the two overlap.
    text.get(before.len()..end).filter(|_| fits)
}

/// Whether `address` matches one of `globs`, perhaps with an addition of the app after a `+`: `verify`, or the token of a reply.
/// The addition is its key.
pub(super) fn custom<'a>(globs: &[Vec<u8>], address: &'a [u8]) -> Option<Option<&'a [u8]>> {
    let known = |address: &[u8]| globs.iter().any(|glob| fits(glob, address));
    let (local, domain) = address.split_at(address.iter().rposition(|octet| *octet == b'@')?);
    let sub = local.iter().rposition(|octet| *octet == b'+').and_then(|plus| local.split_at_checked(plus));
    let given_out = sub.and_then(|(base, sub)| {
        let key = std::str::from_utf8(sub.get(1..)?).ok()?;
        (key.eq_ignore_ascii_case("verify") || feature::reply_token(key).is_some()).then_some((base, key.as_bytes()))
    });
    match given_out {
        Some((base, key)) if known(address) || known(&[base, domain].concat()) => Some(Some(key)),
        _ => known(address).then_some(None),
    }
}

/// Whether `address` matches `glob`, in which `*` stands for any run of octets.
pub(super) fn fits(glob: &[u8], address: &[u8]) -> bool {
    let mut parts = glob.split(|octet| *octet == b'*');
    let Some(first) = parts.next() else { return false };
    let Some(mut rest) =
        address.get(..first.len()).filter(|head| head.eq_ignore_ascii_case(first)).and(address.get(first.len()..))
    else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle.iter().filter(|part| !part.is_empty()) {
        match rest.windows(part.len()).position(|window| window.eq_ignore_ascii_case(part)) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.len().checked_sub(last.len()).and_then(|at| rest.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(last))
}
