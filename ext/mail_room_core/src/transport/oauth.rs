//! OAuth 2.0 access tokens for logins: from a program, a file, or an authorization server. Keeps a server's tokens until
//! shortly before they expire. Knows nothing of login mechanisms.

mod command;
pub(crate) mod endpoint;
mod file;
mod grant;

use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::config::{OAuth, TokenSource};
use crate::error::{Error, Result};
use crate::observe::progress::Progress;
use grant::Grant;

/// Octets of a token. Microsoft's have some 2,000.
const TOKEN_LIMIT: usize = 16 << 10;

/// The tokens of one account, for all its logins.
#[derive(Debug)]
pub struct Tokens {
    source: Source,
    progress: Arc<Progress>,
}

#[derive(Debug)]
enum Source {
    Command(Vec<String>),
    File(std::path::PathBuf),
    Grant { grant: Box<Grant>, kept: Mutex<Option<Kept>> },
}

/// A token that may be reused.
#[derive(Debug)]
struct Kept {
    token: SecretString,
    /// When to renew it.
    until: Instant,
}

/// A token to log in with.
#[derive(Debug, Clone)]
pub struct Token {
    secret: SecretString,
    /// Whether it is older than this login, and may have been revoked since.
    kept: bool,
}

impl Token {
    /// The token itself.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }
}

impl Tokens {
    /// Sends no request yet.
    pub fn new(auth: &OAuth) -> Self {
        let source = match &auth.token {
            TokenSource::Command(command) => Source::Command(command.clone()),
            TokenSource::File(path) => Source::File(path.clone()),
            TokenSource::Grant(grant) => Source::Grant { grant: Box::new(Grant::new(grant)), kept: Mutex::default() },
        };
        Self { source, progress: Arc::default() }
    }

    /// Tells `progress` of new tokens from now on.
    pub(crate) fn report_to(&mut self, progress: &Arc<Progress>) {
        self.progress.clone_from(progress);
    }

    /// A token that does not expire during a login. Has a deadline of its own. Dropping it kills the program that it runs.
    ///
    /// # Errors
    /// [`Error::Refused`] if somebody has to change something, [`Error::Reconnect`] if it may pass.
    pub async fn token(&self) -> Result<Token> {
        match &self.source {
            Source::Command(command) => self.got(fresh(command::run(command).await?)?, None),
            Source::File(path) => self.got(fresh(file::read(path).await?)?, None),
            Source::Grant { grant, kept } => {
                let mut kept = kept.lock().await;
                if let Some(kept) = kept.as_ref().filter(|kept| Instant::now() < kept.until) {
                    return Ok(Token { secret: kept.token.clone(), kept: true });
                }
                *kept = None;
                let (token, lifetime) = grant.ask().await?;
                let token = fresh(token)?;
                let until = Instant::now() + endpoint::renew_after(lifetime);
                *kept = Some(Kept { token: token.secret.clone(), until });
                self.got(token, Some(lifetime))
            }
        }
    }

    fn got(&self, token: Token, lifetime: Option<Duration>) -> Result<Token> {
        self.progress.token_renewed(lifetime);
        Ok(token)
    }

    /// A token to use instead of `refused`, which a server did not accept; `None` if there is none: the source gives the same
    /// again, or `refused` was new.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub async fn instead_of(&self, refused: &Token) -> Result<Option<Token>> {
        if let Source::Grant { kept, .. } = &self.source {
            *kept.lock().await = None;
            if !refused.kept {
                return Ok(None);
            }
        }
        let token = self.token().await?;
        let same = token.secret.expose_secret() == refused.secret.expose_secret();
        Ok((!same).then_some(token))
    }
}

/// Trims a token and checks its characters (RFC 6750 section 2.1): others could end a line of the protocol, or a field of the
/// login mechanism.
fn fresh(text: SecretString) -> Result<Token> {
    let token = text.expose_secret().trim();
    if token.is_empty() {
        return Err(Error::Refused("there is no token: its source is empty; check auth".into()));
    }
    if token.len() > TOKEN_LIMIT || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Refused(format!(
            "there is no token: its source gave something else than a single word of at most {TOKEN_LIMIT} printable characters; check auth"
        )));
    }
    Ok(Token { secret: token.to_owned().into(), kept: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word() {
        assert_eq!(fresh(" ya29.a0-_~+/=\r\n".to_owned().into()).unwrap().secret.expose_secret(), "ya29.a0-_~+/=");
        for bad in ["", "\n", "hidden hidden", "hidden\u{1}", "hiddén", "hidden\r\nA2 LOGOUT", &"hidden".repeat(10_000)]
        {
            match fresh(bad.to_owned().into()) {
                Err(Error::Refused(text)) => assert!(!text.contains("hidd"), "{text}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
