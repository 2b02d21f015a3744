//! Mailbox names in modified UTF-7 (RFC 3501 section 5.1.3). What the server writes is read only to be shown.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// `,` in place of `/`, and no padding.
const MODIFIED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::IMAP_MUTF7,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The name as sent: printable US-ASCII only. INBOX is the same whatever its case (RFC 3501 section 5.1).
pub(super) fn encode(name: &str) -> String {
    if name.eq_ignore_ascii_case("INBOX") {
        return "INBOX".to_owned();
    }
    let mut encoded = String::with_capacity(name.len());
    let mut shifted: Vec<u8> = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            unshift(&mut shifted, &mut encoded);
            encoded.push(c);
            if c == '&' {
                encoded.push('-');
            }
        } else {
            let mut units = [0_u16; 2];
            shifted.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    unshift(&mut shifted, &mut encoded);
    encoded
}

/// The name as people write it; as it came where it is none.
pub(super) fn decode(name: &str) -> String {
    decoded(name).unwrap_or_else(|| name.to_owned())
}

fn decoded(name: &str) -> Option<String> {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((plain, shifted)) = rest.split_once('&') {
        text.push_str(plain);
        let (shifted, after) = shifted.split_once('-')?;
        if shifted.is_empty() {
            text.push('&');
        } else {
            let octets = MODIFIED.decode(shifted).ok()?;
            let units = octets.chunks_exact(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => u16::from(b'?'),
            });
            text.extend(char::decode_utf16(units).collect::<Result<Vec<_>, _>>().ok()?);
        }
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

fn unshift(shifted: &mut Vec<u8>, encoded: &mut String) {
    if !shifted.is_empty() {
        encoded.push('&');
        MODIFIED.encode_string(&*shifted, encoded);
        encoded.push('-');
        shifted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn encodes_names() {
        for (name, expected) in [
            ("inbox", "INBOX"),
            ("Inbox/x", "Inbox/x"),
            ("INBOX.Sent", "INBOX.Sent"),
            ("R&D", "R&-D"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("☺!", "&Jjo-!"),
            ("😀", "&2D3eAA-"),
            ("ä&ö", "&AOQ-&-&APY-"),
            ("a\"b\\c", "a\"b\\c"),
            ("tab\there", "tab&AAk-here"),
        ] {
            assert_eq!(encode(name), expected, "{name}");
            if expected != "INBOX" {
                assert_eq!(decode(expected), name);
            }
        }
        for broken in ["a&", "&x", "&x-", "&2D0-", "&AOQ=-"] {
            assert_eq!(decode(broken), broken);
        }
    }
}
