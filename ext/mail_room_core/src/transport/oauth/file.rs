//! A token in a file that another program keeps up to date.

use std::path::Path;

use secrecy::SecretString;

use super::TOKEN_LIMIT;
use crate::error::{Error, Result};
use crate::system::files::{self, Unread};

/// Reads the file. Has a deadline of its own.
///
/// # Errors
/// [`Error::Refused`] if it cannot be read, [`Error::Reconnect`] if it cannot be read in time. The
/// texts name the file, but none of its contents.
pub(super) async fn read(path: &Path) -> Result<SecretString> {
    let told = |why: &str| format!("there is no token: token_file {} {why}", path.display());
    // Two more than a token may have, for the end of the line.
    let most = u64::try_from(TOKEN_LIMIT).unwrap_or(u64::MAX).saturating_add(2);
    let contents = files::read(path, most).await.map_err(|unread| match &unread {
        Unread::Failed(why) => Error::Refused(told(why)),
        Unread::Hangs(why) => Error::Reconnect(told(why)),
    })?;
    match std::str::from_utf8(&contents) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(Error::Refused(told("holds something that is not UTF-8 text"))),
    }
}
