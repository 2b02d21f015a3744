//! What a server says it can do, as named booleans.

/// The capabilities we act upon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// IDLE (RFC 2177).
    pub(super) idle: bool,
    /// UID EXPUNGE (RFC 4315), also part of IMAP4rev2 (RFC 9051).
    pub(super) uid_expunge: bool,
    /// MOVE (RFC 6851), also part of IMAP4rev2.
    pub(super) moves: bool,
    /// NAMESPACE (RFC 2342), also part of IMAP4rev2.
    pub(super) namespace: bool,
    /// STARTTLS (RFC 3501 section 6.2.1).
    pub(super) starttls: bool,
    /// LOGINDISABLED (RFC 3501 section 6.2.3).
    pub(super) login_disabled: bool,
    /// AUTHENTICATE PLAIN (RFC 4616).
    pub(super) auth_plain: bool,
    /// AUTHENTICATE XOAUTH2.
    pub(super) auth_xoauth2: bool,
    /// AUTHENTICATE OAUTHBEARER (RFC 7628).
    pub(super) auth_oauthbearer: bool,
    /// ID (RFC 2971).
    pub(super) id: bool,
    /// An initial response may follow AUTHENTICATE (RFC 4959).
    pub(super) sasl_ir: bool,
    /// Literals of any size need not be waited for (LITERAL+, RFC 7888).
    pub(super) literal_plus: bool,
    /// Literals up to 4,096 octets need not be waited for (LITERAL-, RFC 7888; IMAP4rev2).
    pub(super) literal_minus: bool,
}

impl Capabilities {
    /// Reads the words after `CAPABILITY`.
    pub(super) fn parse(words: &str) -> Self {
        let mut known = Self::default();
        for word in words.split_ascii_whitespace() {
            match word.to_ascii_uppercase().as_str() {
                "IDLE" => known.idle = true,
                "MOVE" => known.moves = true,
                "NAMESPACE" => known.namespace = true,
                "UIDPLUS" => known.uid_expunge = true,
                "STARTTLS" => known.starttls = true,
                "LOGINDISABLED" => known.login_disabled = true,
                "AUTH=PLAIN" => known.auth_plain = true,
                "AUTH=XOAUTH2" => known.auth_xoauth2 = true,
                "AUTH=OAUTHBEARER" => known.auth_oauthbearer = true,
                "ID" => known.id = true,
                "SASL-IR" => known.sasl_ir = true,
                "LITERAL+" => known.literal_plus = true,
                "LITERAL-" => known.literal_minus = true,
                "IMAP4REV2" => {
                    known.idle = true;
                    known.uid_expunge = true;
                    known.moves = true;
                    known.namespace = true;
                    known.sasl_ir = true;
                    known.literal_minus = true;
                }
                _ => {}
            }
        }
        known
    }

    /// Whether a literal of `octets` may be sent without the server's leave.
    pub(super) fn literal_at_once(&self, octets: usize) -> bool {
        self.literal_plus || (self.literal_minus && octets <= 4096)
    }
}
