//! Text as a JSON string (RFC 8259 section 7), for the jobs that carry whole messages.

use std::io::Write;

/// Writes `text` to `json`. Not generic over the writer: the crate that uses generic code compiles it, and with its own opt-level.
///
/// # Errors
/// Those of `json`.
pub fn write_string(json: &mut dyn Write, text: &str) -> serde_json::Result<()> {
    serde_json::to_writer(json, text)
}

/// The octets that [`write_string`] writes.
pub fn string_len(text: &str) -> usize {
    // Without a branch for each octet: a mail has tens of thousands of them.
    let octets = text.bytes().map(|octet| {
        let escaped = usize::from(matches!(octet, b'"' | b'\\'));
        let control = usize::from(octet < b' ');
        let short = usize::from(matches!(octet, b'\x08' | b'\x0c' | b'\n' | b'\r' | b'\t'));
        1 + escaped + 5 * control - 4 * short
    });
    octets.sum::<usize>() + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_told_before() {
        let every: String = (0..=0x2_ffff).filter_map(char::from_u32).collect();
        for text in ["", "Gr\u{fc}\u{df}e \"x\"\r\n\0", &every] {
            let mut json = Vec::new();
            write_string(&mut json, text).unwrap();
            assert_eq!(string_len(text), json.len());
            assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), text);
        }
    }
}
