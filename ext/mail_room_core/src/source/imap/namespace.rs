//! Finds the prefix of a user's mailboxes. On some servers all of them are below `INBOX.` (Courier, Cyrus, Dovecot with a
//! prefix), and the plain name cannot be created or used. Asks with NAMESPACE (RFC 2342), else LIST "" "" (RFC 3501 section
//! 6.3.8).

use super::list;
use super::session::{Session, exchange};
use crate::error::Result;
use crate::transport::imap_stream::Kind;
use crate::transport::imap_syntax::utf7;

/// `name` with the prefix of the user's own mailboxes; `None` if there is no prefix, or `name` has it.
pub(crate) async fn with_prefix(session: &mut Session, name: &str) -> Result<Option<String>> {
    if name.eq_ignore_ascii_case("INBOX") {
        return Ok(None);
    }
    // The library has no call for it. The stream notes the response.
    if session.control.has("NAMESPACE") && exchange!(session, run_command_and_check_ok("NAMESPACE"))?.0.kind == Kind::Ok
    {
        let response = session.control.lock().notes.kept.take();
        let personal = response.as_deref().and_then(personal);
        return Ok(personal.and_then(|(prefix, separator)| prefixed(name, &prefix, separator)));
    }
    let (_, listed) = list::list(session, "\"\"", 1).await?;
    let Some(root) = listed.first() else { return Ok(None) };
    // A server that has a prefix need not report it as the root. The only prefix that servers have is INBOX.
    let (prefix, delimiter) = (root.name(), root.delimiter());
    let prefix = if prefix.is_empty() || delimiter == Some(prefix) { "INBOX" } else { prefix };
    Ok(prefixed(name, prefix, delimiter.and_then(|delimiter| delimiter.chars().next())))
}

/// The first of the user's own namespaces in `NAMESPACE ((prefix separator ...) ...) ...`, each in quotes or NIL.
fn personal(response: &str) -> Option<(String, Option<char>)> {
    let (prefix, rest) = quoted(response.split_once("((")?.1)?;
    let separator = quoted(rest.trim_start()).and_then(|(separator, _)| separator.chars().next());
    Some((prefix, separator))
}

/// A quoted string, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text.strip_prefix('"')?.chars();
    loop {
        match rest.next()? {
            '"' => return Some((value, rest.as_str())),
            '\\' => value.push(rest.next()?),
            c => value.push(c),
        }
    }
}

fn prefixed(name: &str, prefix: &str, separator: Option<char>) -> Option<String> {
    let mut prefix = utf7::decode(prefix);
    if prefix.is_empty() || prefix.contains(char::is_control) {
        return None;
    }
    if let Some(separator) = separator.filter(char::is_ascii_graphic)
        && !prefix.ends_with(separator)
    {
        prefix.push(separator);
    }
    let has_it = name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(&prefix));
    (!has_it).then(|| prefix + name)
}

#[cfg(test)]
mod tests {
    use super::{personal, prefixed};

    #[test]
    fn a_name_gets_the_prefix_once() {
        for (name, prefix, separator, expected) in [
            ("Failed", "INBOX.", Some('.'), Some("INBOX.Failed")),
            ("Failed", "INBOX", Some('/'), Some("INBOX/Failed")),
            ("INBOX.Failed", "INBOX.", Some('.'), None),
            ("inbox.Failed", "INBOX.", Some('.'), None),
            ("Inboxes", "INBOX.", Some('.'), Some("INBOX.Inboxes")),
            ("Ärger", "&AMQ-.", Some('.'), Some("Ä.Ärger")),
            ("Failed", "", Some('/'), None),
            ("Failed", "a\r\nb", Some('.'), None),
            ("Failed", "#mh/", None, Some("#mh/Failed")),
        ] {
            assert_eq!(prefixed(name, prefix, separator).as_deref(), expected, "{name} below {prefix}");
        }
    }

    #[test]
    fn reads_the_first_namespace_of_the_users_own() {
        for (told, expected) in [
            ("NAMESPACE ((\"INBOX.\" \".\")) NIL NIL", Some(("INBOX.", Some('.')))),
            ("NAMESPACE ((\"\" \"/\")(\"x\" \"/\")) NIL NIL", Some(("", Some('/')))),
            ("NAMESPACE ((\"a\\\"b\" \"\\\\\")) NIL NIL", Some(("a\"b", Some('\\')))),
            ("NAMESPACE ((\"#mh\" NIL)) NIL NIL", Some(("#mh", None))),
            ("NAMESPACE NIL NIL NIL", None),
            ("NAMESPACE ((", None),
        ] {
            assert_eq!(personal(told).as_ref().map(|(prefix, at)| (prefix.as_str(), *at)), expected, "{told}");
        }
    }
}
