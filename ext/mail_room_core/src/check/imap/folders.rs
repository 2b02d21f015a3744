//! Looks at a folder that messages are moved to: whether it exists, else whether it can be created, and whether messages may be put
//! there. Asks with EXAMINE, LIST and MYRIGHTS (RFC 4314), which change nothing. Creates nothing: moving does.

use async_imap::types::{Name, NameAttribute};

use super::opened;
use crate::error::Result;
use crate::source::imap::list::list;
use crate::source::imap::namespace;
use crate::source::imap::session::{Session, exchange};
use crate::transport::imap_stream::Kind;
use crate::transport::imap_syntax::mailbox_name::same;
use crate::transport::imap_syntax::utf7;

/// Folders of one name in another case, and what a pattern with `%` or `*` in it may match beside the name.
const MATCHES: usize = 50;

/// What is known of the folder.
pub(super) struct Folder {
    pub(super) exists: bool,
    /// Its full name, or if it does not exist, that of the folder it would be created in; empty for the top.
    pub(super) place: String,
    /// Our rights there; `None` if the server does not report them.
    pub(super) rights: Option<String>,
    /// Whether we may put messages into it, or create it; `None` if the server does not report that.
    pub(super) may: Option<bool>,
    /// What stands between the parts of a path, if it was asked for: the folder does not exist.
    pub(super) separator: Option<char>,
}

/// Looks for `name`, and for `name` below the prefix of the user's own mailboxes, as moving does.
pub(super) async fn find(session: &mut Session, name: &str) -> Result<Folder> {
    let mut names = vec![name.to_owned()];
    names.extend(namespace::with_prefix(session, name).await?);
    for place in &names {
        if exists(session, place).await? {
            let rights = rights(session, place).await?;
            let may = rights.as_ref().map(|rights| rights.contains('i'));
            return Ok(Folder { exists: true, place: place.clone(), rights, may, separator: None });
        }
    }
    let separator = list(session, "\"\"", 1).await?.1.first().and_then(|root| root.delimiter()?.chars().next());
    let mut refused = None;
    for name in &names {
        let folder = parent(session, name, separator).await?;
        if folder.may != Some(false) {
            return Ok(folder);
        }
        refused = refused.or(Some(folder));
    }
    Ok(refused.unwrap_or(Folder { exists: false, place: String::new(), rights: None, may: None, separator }))
}

/// A folder that may receive messages but not be read refuses EXAMINE, so LIST has a say, too.
async fn exists(session: &mut Session, name: &str) -> Result<bool> {
    if opened(session, name).await?.kind == Kind::Ok {
        return Ok(true);
    }
    let listed = listed(session, name).await?;
    Ok(listed.is_some_and(|listed| !listed.attributes().iter().any(is_no_folder)))
}

/// Whether LIST says so of a name that only others are below.
fn is_no_folder(attribute: &NameAttribute<'_>) -> bool {
    match attribute {
        NameAttribute::NoSelect => true,
        NameAttribute::Extension(word) => word.eq_ignore_ascii_case("\\NonExistent"),
        _ => false,
    }
}

/// The folder that `name` would be created in: the nearest one above it that exists, else the top. CREATE makes all that is missing in
/// between.
async fn parent(session: &mut Session, name: &str, separator: Option<char>) -> Result<Folder> {
    let mut place = name;
    while let Some((above, _)) = separator.and_then(|separator| place.rsplit_once(separator)) {
        place = above;
        let Some(listed) = listed(session, above).await? else { continue };
        let closed = listed.attributes().contains(&NameAttribute::NoInferiors);
        let rights = rights(session, above).await?;
        let may = if closed { Some(false) } else { rights.as_deref().map(may_create) };
        return Ok(Folder { exists: false, place: above.to_owned(), rights, may, separator });
    }
    // Not every server has rights for the top.
    let rights = rights(session, "").await?;
    let may = rights.as_deref().map(may_create);
    Ok(Folder { exists: false, place: String::new(), rights, may, separator })
}

/// Whether `rights` include `k`. Servers of RFC 2086 call it `c`. Those of RFC 4314 (section 2.1.1) add `c` to `x` as well.
fn may_create(rights: &str) -> bool {
    rights.contains('k') || (rights.contains('c') && !rights.contains('x'))
}

/// The folder `name` as the server lists it.
async fn listed(session: &mut Session, name: &str) -> Result<Option<Name>> {
    let (_, all) = list(session, &quoted(name), MATCHES).await?;
    Ok(all.into_iter().find(|listed| same(&utf7::decode(listed.name()), name)))
}

/// Our rights in the folder `name`; `None` if the server does not report them.
async fn rights(session: &mut Session, name: &str) -> Result<Option<String>> {
    if !session.control.has("ACL") {
        return Ok(None);
    }
    let (status, _) = exchange!(session, run_command_and_check_ok(format!("MYRIGHTS {}", quoted(name))))?;
    let response = session.control.lock().notes.kept.take().filter(|_| status.kind == Kind::Ok);
    Ok(response.and_then(|response| {
        let word = response.split_ascii_whitespace().next_back()?.trim_matches('"').to_owned();
        word.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(word)
    }))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", utf7::encode(name).replace('\\', "\\\\").replace('"', "\\\""))
}
