//! A token that a program writes to its standard output. The program runs without a shell.

use std::time::Duration;

use secrecy::SecretString;

use super::TOKEN_LIMIT;
use crate::error::{Error, Result};
use crate::system::program::{self, Failure, Program};

/// How long the program may take.
const WITHIN: Duration = Duration::from_secs(30);

/// Runs the program. It and its children are killed when its time is over, and when this is dropped. Its standard error goes
/// to that of this process.
///
/// # Errors
/// [`Error::Refused`] if it cannot be run, fails, or writes too much; [`Error::Reconnect`] if it takes too long. The
/// texts name the program, but neither its arguments nor its output.
pub(super) async fn run(command: &[String]) -> Result<SecretString> {
    let named =
        command.first().ok_or_else(|| Error::Configuration("token_command must name a program to run".into()))?;
    let said = |why: String| format!("there is no token: token_command {named} {why}");
    // Two more than a token may have, for the end of the line.
    let output_limit = TOKEN_LIMIT.saturating_add(2);
    let program = Program { command, input: Vec::new(), output_limit, environment: None, within: WITHIN };
    match program::run(program).await {
        Ok((status, output)) if status.success() => match std::str::from_utf8(&output) {
            Ok(token) => Ok(token.into()),
            Err(_) => Err(Error::Refused(said("wrote something that is not UTF-8 text".into()))),
        },
        Ok((status, _)) => Err(Error::Refused(said(format!("failed ({status}); its standard error says why")))),
        Err(failure @ (Failure::NotRun(_) | Failure::Broken(_))) => Err(Error::Refused(said(failure.to_string()))),
        Err(failure @ (Failure::Late(_) | Failure::Aborted)) => Err(Error::Reconnect(said(failure.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    async fn refused(command: &[&str]) -> String {
        match run(&words(command)).await {
            Err(Error::Refused(text)) => {
                assert!(!text.contains("hidden"), "{text}");
                text
            }
            other => panic!("{command:?}: {other:?}"),
        }
    }

    #[tokio::test]
    async fn what_it_writes_is_the_token_and_no_shell_looks_at_it() {
        let token = run(&words(&["printf", "%s", "$(id) `id`; * > x"])).await.unwrap();
        assert_eq!(token.expose_secret(), "$(id) `id`; * > x");
    }

    #[tokio::test]
    async fn failures_name_the_program_only() {
        assert!(refused(&["/nonexistent/token", "hidden"]).await.contains("/nonexistent/token cannot be run"));
        assert!(refused(&["sh", "-c", "echo hidden; exit 3"]).await.contains("sh failed (exit status: 3)"));
        assert!(refused(&["yes", "hidden"]).await.contains("wrote more than"));
        assert!(refused(&["printf", "\\377hidden"]).await.contains("not UTF-8 text"));
    }
}
