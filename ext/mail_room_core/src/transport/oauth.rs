//! Tokens of OAuth 2.0 for logins: from a program, a file, or an authorization server. Keeps those of a server until
//! shortly before they expire. Knows nothing of how a mail server is shown one.

mod command;
mod file;
mod grant;

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::config::{OAuth, TokenSource};
use crate::error::{Error, Result};
use grant::Grant;

/// A token is renewed this long before its end, or in the middle of its life if that is later.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// Octets of a token. Microsoft's have some 2,000.
const TOKEN_LIMIT: usize = 16 << 10;

/// The tokens of one mailbox, for all its logins.
#[derive(Debug)]
pub struct Tokens {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Command(Vec<String>),
    File(std::path::PathBuf),
    Grant { grant: Box<Grant>, kept: Mutex<Option<Kept>> },
}

/// A token that is used again.
#[derive(Debug)]
struct Kept {
    token: SecretString,
    /// From when on it is not used any more.
    until: Instant,
}

/// A token to log in with.
#[derive(Debug, Clone)]
pub struct Token {
    secret: SecretString,
    /// Whether it was asked for before this login, and may have been revoked since.
    kept: bool,
}

impl Token {
    /// The token itself.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }
}

impl Tokens {
    /// Asks nobody yet.
    pub fn new(auth: &OAuth) -> Self {
        let source = match &auth.token {
            TokenSource::Command(command) => Source::Command(command.clone()),
            TokenSource::File(path) => Source::File(path.clone()),
            TokenSource::Grant(grant) => Source::Grant { grant: Box::new(Grant::new(grant)), kept: Mutex::default() },
        };
        Self { source }
    }

    /// A token that does not expire in the midst of a login. Has a deadline of its own; dropping it ends what
    /// it started.
    ///
    /// # Errors
    /// [`Error::Refused`] if somebody has to change something, [`Error::Reconnect`] if it may pass.
    pub async fn token(&self) -> Result<Token> {
        match &self.source {
            Source::Command(command) => fresh(command::run(command).await?),
            Source::File(path) => fresh(file::read(path).await?),
            Source::Grant { grant, kept } => {
                let mut kept = kept.lock().await;
                if let Some(kept) = kept.as_ref().filter(|kept| Instant::now() < kept.until) {
                    return Ok(Token { secret: kept.token.clone(), kept: true });
                }
                *kept = None;
                let (token, life) = grant.ask().await?;
                let token = fresh(token)?;
                let until = Instant::now() + usable(life);
                *kept = Some(Kept { token: token.secret.clone(), until });
                Ok(token)
            }
        }
    }

    /// Another token than this one, which a mail server has refused; `None` if there is none to be had: asked for anew, it
    /// would be the same, or as good as the one refused.
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

/// How long a token is used again that lives for `life`.
fn usable(life: Duration) -> Duration {
    life.saturating_sub(RENEW_BEFORE.min(life / 2))
}

/// Takes the white space off a token, and refuses what is none (RFC 6750 section 2.1): it would end a line of the
/// conversation, or a field of the mechanism.
fn fresh(text: SecretString) -> Result<Token> {
    let token = text.expose_secret().trim();
    if token.is_empty() {
        return Err(Error::Refused("no token was given: its source is empty (see auth)".into()));
    }
    if token.len() > TOKEN_LIMIT || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Refused(format!(
            "what was given is no token: one is a single word of at most {TOKEN_LIMIT} printable characters (see auth)"
        )));
    }
    Ok(Token { secret: token.to_owned().into(), kept: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_five_minutes_before_its_end() {
        for (life, used) in [(3600, 3300), (600, 300), (300, 150), (0, 0)] {
            assert_eq!(usable(Duration::from_secs(life)), Duration::from_secs(used));
        }
    }

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
