//! A command as the library sends it. Quoting happens here where the library does not quote; what cannot be quoted becomes
//! a literal on its way (see `stream/outgoing.rs`).

/// A command without its tag and line end.
pub(super) struct Command(String);

impl Command {
    /// Begins with `text`.
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Appends text that needs no quoting.
    pub(super) fn text(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// Appends a string (RFC 3501 section 4.3). The caller has refused CR, LF and NUL.
    pub(super) fn string(&mut self, value: &str) {
        self.0.push('"');
        for c in value.chars() {
            if matches!(c, '"' | '\\') {
                self.0.push('\\');
            }
            self.0.push(c);
        }
        self.0.push('"');
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
