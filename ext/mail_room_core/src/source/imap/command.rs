//! A command as it is sent: text and literals. Quoting happens here and nowhere else. It may hold a password, so it has
//! no Debug.

/// A piece of a command.
pub(super) enum Part {
    /// Sent as is.
    Text(Vec<u8>),
    /// Sent as a literal (RFC 3501 section 4.3).
    Literal(Vec<u8>),
}

/// A command without its tag and final line end.
pub(super) struct Command {
    parts: Vec<Part>,
}

impl Command {
    /// Begins with `text`.
    pub(super) fn new(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.as_bytes().to_vec())] }
    }

    /// Appends text that needs no quoting.
    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Appends a string (RFC 3501 section 4.3): quoted if all of it is printable US-ASCII, else a literal. The caller
    /// has refused NUL, which neither form can carry.
    pub(super) fn string(&mut self, value: &[u8]) {
        if !value.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            self.parts.push(Part::Literal(value.to_vec()));
            return;
        }
        let mut quoted = Vec::with_capacity(value.len() + 2);
        quoted.push(b'"');
        for byte in value {
            if matches!(byte, b'"' | b'\\') {
                quoted.push(b'\\');
            }
            quoted.push(*byte);
        }
        quoted.push(b'"');
        self.bytes(&quoted);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.extend_from_slice(bytes),
            _ => self.parts.push(Part::Text(bytes.to_vec())),
        }
    }

    /// The pieces in order.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// For tests of commands without secrets.
    #[cfg(test)]
    pub(super) fn shown(&self) -> String {
        let mut shown = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => shown.push_str(std::str::from_utf8(text).unwrap()),
                Part::Literal(literal) => {
                    shown.push_str(&format!("{{{}}}{}", literal.len(), std::str::from_utf8(literal).unwrap()));
                }
            }
        }
        shown
    }
}
