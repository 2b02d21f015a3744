//! The capabilities of a server, as far as we use them.

/// Of RFC 3501: STARTTLS, LOGINDISABLED. AUTHENTICATE with PLAIN (RFC 4616), XOAUTH2 or OAUTHBEARER (RFC 7628), with an
/// initial response (RFC 4959). IDLE (RFC 2177), UID EXPUNGE (RFC 4315), MOVE (RFC 6851), NAMESPACE (RFC 2342), ID
/// (RFC 2971), QUOTA (RFC 9208), ACL (RFC 4314). Literals that need not be waited for: of any size, or up to 4,096 octets (RFC 7888).
const KNOWN: [&str; 15] = [
    "STARTTLS",
    "LOGINDISABLED",
    "AUTH=PLAIN",
    "AUTH=XOAUTH2",
    "AUTH=OAUTHBEARER",
    "SASL-IR",
    "IDLE",
    "UIDPLUS",
    "MOVE",
    "NAMESPACE",
    "ID",
    "QUOTA",
    "ACL",
    "LITERAL+",
    "LITERAL-",
];
/// Those that are part of IMAP4rev2 (RFC 9051).
const REV2: [&str; 6] = ["IDLE", "UIDPLUS", "MOVE", "NAMESPACE", "SASL-IR", "LITERAL-"];

/// The words of [`KNOWN`] that a server listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Capabilities(Vec<&'static str>);

impl Capabilities {
    /// Reads the words after `CAPABILITY`.
    pub(super) fn parse(words: &str) -> Self {
        let listed = |known: &str| words.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case(known));
        let rev2 = listed("IMAP4rev2");
        Self(KNOWN.into_iter().filter(|known| listed(known) || (rev2 && REV2.contains(known))).collect())
    }

    /// Whether the server listed this word of [`KNOWN`].
    pub(super) fn has(&self, word: &str) -> bool {
        self.0.contains(&word)
    }

    /// Whether a literal of `octets` may be sent without waiting for `+`.
    pub(super) fn literal_at_once(&self, octets: usize) -> bool {
        self.has("LITERAL+") || (self.has("LITERAL-") && octets <= 4096)
    }
}
