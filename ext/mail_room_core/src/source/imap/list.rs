//! LIST (RFC 3501 section 6.3.8): which mailboxes there are, for people to choose from.

use super::parse::{Data, Kind};
use super::response::Intake;
use super::session::Session;
use super::text::printable;
use super::utf7;
use crate::error::{Error, Result};

/// Names that anybody reads.
const NAMES: usize = 50;

/// Octets of a list of names within an error.
const SHOWN: usize = 250;

/// As many of `names` as an error has room for.
pub(super) fn shown(names: &[String]) -> String {
    let mut shown = String::new();
    for (at, name) in names.iter().enumerate() {
        if shown.len() + name.len() > SHOWN {
            shown.push_str(&format!(" and {} more", names.len() - at));
            break;
        }
        if at > 0 {
            shown.push_str(", ");
        }
        shown.push_str(name);
    }
    shown
}

#[derive(Default)]
struct Names(Vec<String>);

impl Intake for Names {
    fn take(&mut self, data: Data) -> Result<()> {
        if let Data::Listed { name, .. } = data
            && self.0.len() < NAMES
        {
            self.0.push(printable(&utf7::decode(&String::from_utf8_lossy(&name))));
        }
        Ok(())
    }
}

/// The names of the mailboxes that this user has, as people write them; the first 50.
pub(super) async fn names(session: &mut Session) -> Result<Vec<String>> {
    let mut names = Names::default();
    let mut command = super::command::Command::new("LIST ");
    command.string(b"");
    command.text(" ");
    command.string(b"*");
    let status = session.run(&command, &mut names).await?;
    match status.kind {
        Kind::Ok => Ok(names.0),
        _ => Err(Error::Reconnect(format!("the server refused LIST: {}", status.text))),
    }
}
