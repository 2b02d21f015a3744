//! A token in a file that another program keeps up to date.

use std::path::Path;

use secrecy::SecretString;

use super::TOKEN_LIMIT;
use crate::error::{Error, Result};
use crate::system::files::{self, ReadError};

/// Reads the file. Has a deadline of its own.
///
/// # Errors
/// [`Error::Refused`] if it cannot be read, [`Error::Reconnect`] if it cannot be read in time. The
/// texts name the file, but none of its contents.
pub(super) async fn read(path: &Path) -> Result<SecretString> {
    let text = |why: &str| format!("there is no token: token_file {} {why}", path.display());
    // Two more than a token may have, for the end of the line.
    let most = u64::try_from(TOKEN_LIMIT).unwrap_or(u64::MAX).saturating_add(2);
    let contents = files::read(path, most).await.map_err(|unread| match &unread {
        ReadError::Failed(why) => Error::Refused(text(why)),
        ReadError::Hangs(why) => Error::Reconnect(text(why)),
    })?;
    match std::str::from_utf8(&contents) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(Error::Refused(text("holds something that is not UTF-8 text"))),
    }
}
