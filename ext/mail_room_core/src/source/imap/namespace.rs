//! Where a user's mailboxes are: on some servers all of them are below `INBOX.` (Courier, Cyrus, Dovecot with a prefix), and
//! the plain name cannot be made or used there. The prefix is asked for: NAMESPACE (RFC 2342), else LIST "" "" (RFC 3501
//! section 6.3.8).

use super::parse::{Data, Kind};
use super::response::Intake;
use super::session::Session;
use super::utf7;
use crate::error::Result;

/// The prefix of the user's own mailboxes and their separator.
#[derive(Debug, Default)]
struct Personal {
    namespace: Option<(Vec<u8>, Option<u8>)>,
    root: Option<(Vec<u8>, Option<u8>)>,
}

impl Intake for Personal {
    fn take(&mut self, data: Data) -> Result<()> {
        match data {
            Data::Namespace(prefix, separator) => self.namespace = self.namespace.take().or(Some((prefix, separator))),
            Data::Listed { name, separator } => self.root = self.root.take().or(Some((name, separator))),
            _ => {}
        }
        Ok(())
    }
}

/// What `name` is called below the prefix of the user's own mailboxes; `None` if there is no prefix, or it has it.
pub(super) async fn with_prefix(session: &mut Session, name: &str) -> Result<Option<String>> {
    if name.eq_ignore_ascii_case("INBOX") {
        return Ok(None);
    }
    let mut personal = Personal::default();
    if session.capabilities.namespace && session.simple_into("NAMESPACE", &mut personal).await?.kind == Kind::Ok {
        let Some((prefix, separator)) = personal.namespace else { return Ok(None) };
        return Ok(prefixed(name, &prefix, separator));
    }
    if session.simple_into("LIST \"\" \"\"", &mut personal).await?.kind != Kind::Ok {
        return Ok(None);
    }
    let Some((root, separator)) = personal.root else { return Ok(None) };
    // A server that has a prefix need not tell it as the root. Below INBOX is the only place where it is ever found.
    let root = if root.is_empty() || Some(root.as_slice()) == separator.as_ref().map(std::slice::from_ref) {
        b"INBOX".to_vec()
    } else {
        root
    };
    Ok(prefixed(name, &root, separator))
}

fn prefixed(name: &str, prefix: &[u8], separator: Option<u8>) -> Option<String> {
    let mut prefix = utf7::decode(std::str::from_utf8(prefix).ok()?);
    if prefix.is_empty() || prefix.contains(char::is_control) {
        return None;
    }
    if let Some(separator) = separator.filter(u8::is_ascii_graphic).map(char::from)
        && !prefix.ends_with(separator)
    {
        prefix.push(separator);
    }
    let has_it = name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(&prefix));
    (!has_it).then(|| prefix + name)
}

#[cfg(test)]
mod tests {
    use super::prefixed;

    #[test]
    fn a_name_gets_the_prefix_once() {
        for (name, prefix, separator, expected) in [
            ("Failed", "INBOX.", Some(b'.'), Some("INBOX.Failed")),
            ("Failed", "INBOX", Some(b'/'), Some("INBOX/Failed")),
            ("INBOX.Failed", "INBOX.", Some(b'.'), None),
            ("inbox.Failed", "INBOX.", Some(b'.'), None),
            ("Inboxes", "INBOX.", Some(b'.'), Some("INBOX.Inboxes")),
            ("Ärger", "&AMQ-.", Some(b'.'), Some("Ä.Ärger")),
            ("Failed", "", Some(b'/'), None),
            ("Failed", "a\r\nb", Some(b'.'), None),
            ("Failed", "#mh/", None, Some("#mh/Failed")),
        ] {
            assert_eq!(prefixed(name, prefix.as_bytes(), separator).as_deref(), expected, "{name} below {prefix}");
        }
    }
}
