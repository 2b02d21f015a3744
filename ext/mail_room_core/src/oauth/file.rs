//! A token in a file that somebody else keeps up to date.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use tokio::time::timeout;

use super::TOKEN_LIMIT;
use crate::error::{Error, Result};

/// A file on a dead network share, or a pipe that nobody writes to, must not hold up the mailbox.
const WITHIN: Duration = Duration::from_secs(10);

/// Reads the file.
///
/// # Errors
/// [`Error::Refused`] if it cannot be read; names it, and nothing of what is in it.
pub(super) async fn read(path: &Path) -> Result<SecretString> {
    let refused = |why: &str| Error::Refused(format!("there is no token: token_file {} {why}", path.display()));
    let reading = tokio::task::spawn_blocking({
        let path = path.to_owned();
        move || -> std::io::Result<Zeroizing<String>> {
            let mut text = Zeroizing::new(String::new());
            // One more than there may be, so that a longer one is noticed; and room for a line's end.
            let most = u64::try_from(TOKEN_LIMIT).unwrap_or(u64::MAX).saturating_add(3);
            std::fs::File::open(path)?.take(most).read_to_string(&mut text)?;
            Ok(text)
        }
    });
    match timeout(WITHIN, reading).await {
        Ok(Ok(Ok(text))) => Ok(text.as_str().into()),
        Ok(Ok(Err(error))) => Err(refused(&format!("cannot be read: {error}"))),
        Ok(Err(_)) => Err(refused("could not be read to the end")),
        Err(_) => Err(refused(&format!("cannot be read within {} s", WITHIN.as_secs()))),
    }
}
