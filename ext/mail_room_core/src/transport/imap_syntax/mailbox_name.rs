//! Whether two names mean the same mailbox.

const INBOX: usize = "INBOX".len();

/// Whether both name the same mailbox. INBOX may be written in any case (RFC 3501 section 5.1), and servers treat it so also at the beginning
/// of what lies below it.
pub(crate) fn same(name: &str, other: &str) -> bool {
    name == other || below_inbox(name).is_some_and(|rest| below_inbox(other) == Some(rest))
}

/// What follows INBOX in `name`: nothing, or a separator and the rest.
fn below_inbox(name: &str) -> Option<&str> {
    let (inbox, rest) = name.split_at_checked(INBOX)?;
    (inbox.eq_ignore_ascii_case("INBOX") && !rest.starts_with(char::is_alphanumeric)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn inbox_has_no_case() {
        for (name, other, is_same) in [
            ("INBOX", "inbox", true),
            ("INBOX.Shop", "Inbox.Shop", true),
            ("inbox/Shop", "INBOX/Shop", true),
            ("INBOX.Shop", "Inbox.shop", false),
            ("Inboxes", "INBOXes", false),
            ("Shop", "Shop", true),
            ("Shop", "shop", false),
            ("INBÖX", "inböx", false),
            ("INBOX", "INBOX.Shop", false),
        ] {
            assert_eq!(same(name, other), is_same, "{name} {other}");
        }
    }
}
