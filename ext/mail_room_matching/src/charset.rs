//! Converts raw octets to UTF-8 text. The encoding is detected from the octets alone, as the original does: a message has many
//! parts, and the `charset=` of one says nothing about the others. Parses nothing.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

/// Octets that detection reads, from the first that is not ASCII: enough to tell, and quick.
const SAMPLE: usize = 1 << 20;
/// Valid UTF-8 sequences for each invalid one above which text is taken for damaged UTF-8. ICU, the original's detector, has the
/// same number.
const FLAWED_UTF8: usize = 10;

/// `raw` as text. Valid UTF-8 stays as it is, and so do ASCII and ISO-2022-JP. Anything else is converted from the encoding that
/// was detected. What cannot be converted becomes U+FFFD.
pub fn to_utf8(raw: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(raw) {
        return Cow::Borrowed(text);
    }
    if let Some(text) = utf16(raw) {
        return Cow::Owned(text);
    }
    if is_flawed_utf8(raw) {
        return String::from_utf8_lossy(raw);
    }
    detect(raw).decode_without_bom_handling(raw).0
}

/// `raw` read as UTF-16, if it has a byte order mark and is valid: the mark alone could be anything.
fn utf16(raw: &[u8]) -> Option<String> {
    let (encoding, mark) = Encoding::for_bom(raw).filter(|(encoding, _)| *encoding != UTF_8)?;
    let text = raw.get(mark..).and_then(|text| encoding.decode_without_bom_handling_and_without_replacement(text));
    text.map(Cow::into_owned)
}

/// Whether `raw` is UTF-8 except for a few octets, such as a character cut in two.
fn is_flawed_utf8(raw: &[u8]) -> bool {
    let (mut valid, mut invalid) = (0_usize, 0_usize);
    for chunk in raw.utf8_chunks() {
        // The first octet of every sequence of more than one.
        valid += chunk.valid().bytes().filter(|octet| *octet >= 0xC0).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    valid > invalid.saturating_mul(FLAWED_UTF8)
}

fn detect(raw: &[u8]) -> &'static Encoding {
    // Not ISO-2022-JP: that is ASCII throughout, so `raw` is none.
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let from = raw.iter().position(|octet| !octet.is_ascii()).unwrap_or(0);
    // Some ASCII before it belongs to the first word.
    let sample = raw.get(from.saturating_sub(64)..).unwrap_or(raw);
    let (sample, whole) = sample.get(..SAMPLE).map_or((sample, true), |part| (part, false));
    detector.feed(sample, whole);
    detector.guess(None, Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(encoding: &'static Encoding, text: &str) -> Vec<u8> {
        let (bytes, _, unmappable) = encoding.encode(text);
        assert!(!unmappable);
        bytes.into_owned()
    }

    #[test]
    fn utf8_is_left_as_it_is_and_not_copied() {
        for text in ["", "Subject: hi\r\n\r\n\0\u{1b}\u{7f}", "Grüße \u{2028} 日本語 😀", "\u{feff}mark"] {
            assert!(matches!(to_utf8(text.as_bytes()), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn iso_2022_jp_is_ascii_to_all_others() {
        let raw = encoded(encoding_rs::ISO_2022_JP, "件名: こんにちは");
        assert!(matches!(to_utf8(&raw), Cow::Borrowed(_)));
    }

    #[test]
    fn other_encodings_are_detected_and_converted() {
        let cases = [
            (encoding_rs::WINDOWS_1252, "Subject: Grüße aus München\r\n\r\nSchöne Grüße, für 5 €\r\n"),
            (encoding_rs::WINDOWS_1252, "Réponse à votre demande: le problème est réglé, déjà vérifié\r\n"),
            (encoding_rs::WINDOWS_1251, "Тема: Привет, как дела? Это письмо на русском языке\r\n"),
            (encoding_rs::KOI8_R, "Тема: Привет, как дела? Это письмо на русском языке\r\n"),
            (encoding_rs::SHIFT_JIS, "件名: こんにちは、これは日本語のメールです。よろしくお願いします\r\n"),
            (encoding_rs::EUC_JP, "件名: こんにちは、これは日本語のメールです。よろしくお願いします\r\n"),
            (encoding_rs::GBK, "主题：你好，这是一封中文邮件，请查收。谢谢合作\r\n"),
            (encoding_rs::BIG5, "主旨：您好，這是一封中文郵件，請查收。謝謝您的合作\r\n"),
            (encoding_rs::EUC_KR, "제목: 안녕하세요, 이것은 한국어 메일입니다. 감사합니다\r\n"),
        ];
        for (encoding, text) in cases {
            assert_eq!(to_utf8(&encoded(encoding, text)), text, "{}", encoding.name());
        }
    }

    #[test]
    fn detection_does_not_depend_on_what_comes_before() {
        let mut raw = vec![b'x'; 3 << 20];
        raw.extend(encoded(encoding_rs::WINDOWS_1252, " Schöne Grüße aus München"));
        assert!(to_utf8(&raw).ends_with(" Schöne Grüße aus München"));
    }

    #[test]
    fn utf16_needs_its_mark() {
        let units = "Grüße, 日本".encode_utf16();
        let little: Vec<u8> = [0xFF, 0xFE].into_iter().chain(units.clone().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> = [0xFE, 0xFF].into_iter().chain(units.flat_map(u16::to_be_bytes)).collect();
        assert_eq!(to_utf8(&little), "Grüße, 日本");
        assert_eq!(to_utf8(&big), "Grüße, 日本");
    }

    #[test]
    fn a_flaw_in_utf8_costs_one_character() {
        let text = "Viele schöne Grüße aus dem Süden, auch für die übrigen Kollegen: äöüß äöüß";
        let mut raw = text.as_bytes().to_vec();
        raw.extend(b"\xC3 end \0");
        assert_eq!(to_utf8(&raw), format!("{text}\u{fffd} end \0"));
    }

    #[test]
    fn anything_at_all_becomes_text_and_ascii_survives() {
        let every: Vec<u8> = (0..=255).collect();
        assert!(to_utf8(&every).contains("ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        for raw in [&b"\xff"[..], b"\xff\xfe", b"\xfe\xff\xd8", b"\x80\x00\x80", b"a\xffb"] {
            assert!(!to_utf8(raw).is_empty() || raw.len() == 2, "{raw:?}");
        }
    }
}
