//! Each way of breaking a header, in each header that is looked at.

use mail_room_matching::matcher::Matcher;
use mail_room_matching::options::Matching;

const KEY: &str = "59d8df8370b7e95c5a49fbf86aeb2c93";
const HEADERS: [(&str, &str); 10] = [
    ("To", "to"),
    ("References", "references"),
    ("Delivered-To", "delivered_to"),
    ("X-Delivered-To", "x_delivered_to"),
    ("Envelope-To", "envelope_to"),
    ("X-Envelope-To", "x_envelope_to"),
    ("Received", "received"),
    ("X-Original-To", "x_original_to"),
    ("X-Forwarded-To", "x_forwarded_to"),
    ("Cc", "cc"),
];
/// What a value may be, `LOCAL@DOMAIN` being the address.
const VALUES: [&str; 20] = [
    "<LOCAL@DOMAIN>",
    "<LOCAL @DOMAIN>",
    "<LOCAL\t@ DOMAIN>",
    "<LOCAL\r\n @DOMAIN>",
    "<LOCAL@\r\n\tDOMAIN>",
    "\r\n \r\n\t\r\n <LOCAL@DOMAIN>",
    "\r\r\n\t<LOCAL@DOMAIN>\r\r\n ",
    "\r\r\n \r\r\n <LOCAL@DOMAIN>",
    "<a(b@x.example> <LOCAL@DOMAIN> <d)e@x.example>",
    "<a)b@x.example>, <LOCAL@DOMAIN>, <d(e@x.example>",
    "\"<LOCAL@DOMAIN>,<issue_1@DOMAIN>\"",
    "\"<issue_1@DOMAIN>\",\"<LOCAL@DOMAIN>\"",
    "\"<issue_1@DOMAIN>,\r\n <LOCAL@DOMAIN>",
    "a@b.example <LOCAL@DOMAIN>,",
    "\0<LOCAL@\0DOMAIN>",
    "<\"LOCAL\"@DOMAIN>",
    "\u{fc} \u{1f600} <LOCAL@DOMAIN>",
    "=?utf-8?q?never closed <LOCAL@DOMAIN>",
    "=?x-unknown?b?//8=?= <LOCAL@DOMAIN>",
    ",;:()<>\"\" <LOCAL@DOMAIN>",
];

#[test]
fn an_address_is_found_in_each_header_however_it_is_broken() {
    let matcher = super::matcher("sub");
    let mut wrong = Vec::new();
    for (header, source) in HEADERS {
        for value in VALUES {
            let (local, mark) = match source {
                "references" => (format!("reply-{KEY}"), ""),
                "received" => (format!("incoming+{KEY}"), ")for "),
                _ => (format!("incoming+{KEY}"), ""),
            };
            let written =
                value.replace("<LOCAL", &format!("{mark}<LOCAL")).replace("<\"LOCAL", &format!("{mark}<\"LOCAL"));
            let written = written.replace("LOCAL", &local).replace("DOMAIN", "gl.test");
            for after in ["\r\nSubject: x\r\n\r\nbody", "\r\r\nSubject: x\r\r\n\r\r\nbody", "\n\nbody", ""] {
                let raw = format!("From: a@b.example\r\n{header}: {written}{after}");
                let found = matcher.find(raw.as_bytes());
                if found.key.as_deref() != Some(KEY) || found.source.map(|source| source.name()) != Some(source) {
                    wrong.push(format!("{raw:?}: {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), 10 * 20 * 4, wrong.join("\n"));
}

#[test]
fn a_custom_address_is_found_however_its_header_is_broken() {
    let matcher =
        Matcher::new(&Matching { also_accept: vec!["support@acme.test".into()], ..super::config("gitlab@gl.test") });
    for (header, source) in HEADERS.into_iter().filter(|(_, source)| !matches!(*source, "references" | "received")) {
        for value in VALUES {
            for (sub, key) in [("", None), ("+verify", Some("verify")), (&*format!("+{KEY}"), Some(KEY))] {
                let written = value.replace("LOCAL", &format!("support{sub}")).replace("DOMAIN", "acme.test");
                let found = matcher.find(format!("{header}: {written}\r\n\r\n").as_bytes());
                let seen = (found.verdict.name(), found.source.map(|source| source.name()), found.key.as_deref());
                assert_eq!(seen, ("accepted", Some(source), key), "{header}: {written:?}");
            }
        }
    }
}

/// Octets that are no UTF-8 stay what they are around an address, and in a key become U+FFFD.
#[test]
fn eight_bit_octets_hide_nothing() {
    for charset in [&b"J\xFCrgen \x80"[..], b"\x1B$B;3ED\x1B(B", b"\xFF\xFE", b"\xC3"] {
        let raw = [b"To: ", charset, b" <incoming+k@gl.test>\r\n\r\n"].concat();
        assert_eq!(super::matcher("sub").find(&raw).key.as_deref(), Some("k"), "{charset:?}");
    }
    let found = super::matcher("sub").find(b"To: <incoming+\xE9t\xE9@gl.test>\r\n\r\n");
    assert_eq!(found.key.as_deref(), Some("\u{fffd}t\u{fffd}"));
}
