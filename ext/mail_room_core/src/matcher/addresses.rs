//! The addresses in a header's value: whatever stands between separators and has an `@`. Quoted strings and comments are
//! passed over where they are closed, and are ordinary octets where they are not. Generous: a display name that looks
//! like an address counts as one; who asks compares with addresses of ours.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Calls `wanted` with every address in `value` until it answers something.
pub(super) fn find<T>(value: &[u8], mut wanted: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
    if let Some(found) = scan(value, &mut wanted) {
        return Some(found);
    }
    // An address may be folded in its middle, or stand in an encoded word: rare, and only then worth a copy.
    let trimmed = value.trim_ascii();
    if trimmed.iter().any(|octet| matches!(octet, b'\r' | b'\n'))
        && let Some(found) = scan(&unfolded(trimmed), &mut wanted)
    {
        return Some(found);
    }
    if trimmed.windows(2).any(|pair| pair == b"=?") {
        return scan(&decoded(trimmed), &mut wanted);
    }
    None
}

/// Calls `wanted` with the addresses that mail servers note in Received: `for <addr>` (RFC 5321 section 4.4).
pub(super) fn find_received<T>(value: &[u8], mut wanted: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
    let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let word = word.trim_ascii().strip_prefix(b"(").unwrap_or(word);
        if word.eq_ignore_ascii_case(b"for")
            && let Some(found) = words.next().and_then(|address| scan(address, &mut wanted))
        {
            return Some(found);
        }
    }
    None
}

fn scan<T>(value: &[u8], wanted: &mut impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
    let mut rest = value;
    // How far a closing quote or parenthesis was looked for in vain: a row of openings must not cost their square.
    let (mut unclosed_quote, mut unclosed_comment) = (false, false);
    while let Some(&octet) = rest.first() {
        match octet {
            b'"' if !unclosed_quote => match closing_quote(rest) {
                Some(end) => {
                    let (quoted, after) = rest.split_at(end);
                    rest = after;
                    if after.first() == Some(&b'@') {
                        let (domain, after) = word(after);
                        rest = after;
                        let local = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                        let mut address: Vec<u8> = local.iter().copied().filter(|octet| *octet != b'\\').collect();
                        address.extend_from_slice(domain);
                        if let Some(found) = wanted(&address) {
                            return Some(found);
                        }
                    }
                }
                None => unclosed_quote = true,
            },
            b'(' if !unclosed_comment => match closing_parenthesis(rest) {
                Some(end) => rest = rest.get(end..).unwrap_or_default(),
                None => unclosed_comment = true,
            },
            _ if is_separator(octet) => rest = rest.get(1..).unwrap_or_default(),
            _ => {
                let (address, after) = word(rest);
                rest = after;
                if address.contains(&b'@')
                    && let Some(found) = wanted(address)
                {
                    return Some(found);
                }
            }
        }
    }
    None
}

fn word(octets: &[u8]) -> (&[u8], &[u8]) {
    let end = octets.iter().position(|octet| is_separator(*octet)).unwrap_or(octets.len());
    octets.split_at(end)
}

fn is_separator(octet: u8) -> bool {
    octet.is_ascii_whitespace() || matches!(octet, b',' | b';' | b':' | b'<' | b'>' | b'"' | b'(' | b')' | 0)
}

fn closing_quote(octets: &[u8]) -> Option<usize> {
    let mut escaped = false;
    octets.iter().enumerate().skip(1).find_map(|(index, octet)| {
        let closes = *octet == b'"' && !escaped;
        escaped = *octet == b'\\' && !escaped;
        closes.then_some(index + 1)
    })
}

fn closing_parenthesis(octets: &[u8]) -> Option<usize> {
    let (mut depth, mut escaped) = (0_usize, false);
    octets.iter().enumerate().find_map(|(index, octet)| {
        match octet {
            b'(' if !escaped => depth += 1,
            b')' if !escaped => depth -= 1,
            _ => {}
        }
        escaped = *octet == b'\\' && !escaped;
        (depth == 0).then_some(index + 1)
    })
}

/// Without line ends and the blanks after them.
fn unfolded(value: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(value.len());
    for line in value.split(|octet| matches!(octet, b'\r' | b'\n')) {
        whole.extend_from_slice(line.trim_ascii_start());
    }
    whole
}

/// With encoded words (RFC 2047) read. Charsets do not matter: addresses are ASCII in all that mail uses.
pub(crate) fn decoded(value: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(begin) = rest.windows(2).position(|pair| pair == b"=?") {
        let (before, word) = rest.split_at(begin);
        text.extend_from_slice(before);
        match encoded_word(word) {
            Some((octets, after)) => {
                text.extend_from_slice(&octets);
                rest = after;
            }
            None => {
                text.extend_from_slice(b"=?");
                rest = word.get(2..).unwrap_or_default();
            }
        }
    }
    text.extend_from_slice(rest);
    text
}

/// RFC 2047 allows 75 octets; some write more.
const LONGEST_ENCODED_WORD: usize = 1_000;

fn encoded_word(octets: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let near = octets.get(..octets.len().min(LONGEST_ENCODED_WORD))?;
    let mut parts = near.get(2..)?.splitn(3, |octet| *octet == b'?');
    let (charset, encoding, tail) = (parts.next()?, parts.next()?, parts.next()?);
    let length = tail.windows(2).position(|pair| pair == b"?=")?;
    let text = tail.get(..length)?;
    let after = octets.get(2 + charset.len() + 1 + encoding.len() + 1 + length + 2..)?;
    let read = match encoding {
        b"B" | b"b" => Cow::Owned(STANDARD.decode(text).ok()?),
        b"Q" | b"q" => Cow::Owned(quoted_printable(text)),
        _ => return None,
    };
    Some((read, after))
}

fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut read = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (octet, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'=', Some(value)) => {
                read.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'_', _) => read.push(b' '),
            _ => read.push(octet),
        }
    }
    read
}
