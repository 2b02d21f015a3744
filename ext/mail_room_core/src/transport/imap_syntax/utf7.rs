//! Mailbox names in modified UTF-7 (RFC 3501 section 5.1.3). Names of the server are decoded only to be shown.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::UTF_16BE;

/// `,` in place of `/`, and no padding.
const MODIFIED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::IMAP_MUTF7,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The name as sent: printable US-ASCII only. INBOX is the same whatever its case (RFC 3501 section 5.1).
pub(crate) fn encode(name: &str) -> String {
    if name.eq_ignore_ascii_case("INBOX") {
        return "INBOX".to_owned();
    }
    let is_plain = |c: &char| matches!(c, ' '..='~');
    let chars: Vec<char> = name.chars().collect();
    let runs = chars.chunk_by(|one, next| is_plain(one) == is_plain(next)).map(|run| {
        let text = String::from_iter(run);
        if run.iter().all(is_plain) {
            return text.replace('&', "&-");
        }
        let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        format!("&{}-", MODIFIED.encode(octets))
    });
    runs.collect()
}

/// The name as people write it; unchanged if it is not modified UTF-7.
pub(crate) fn decode(name: &str) -> String {
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
            text.push_str(&UTF_16BE.decode_without_bom_handling_and_without_replacement(&octets)?);
        }
        rest = after;
    }
    text.push_str(rest);
    Some(text)
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
