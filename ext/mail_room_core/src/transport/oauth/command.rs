//! A token that a program writes to its standard output. Run as it is given, word by word, without a shell.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::TOKEN_LIMIT;
use crate::error::{Error, Result};
use crate::system::blocking;

/// How long the program may take.
const WITHIN: Duration = Duration::from_secs(30);
/// How long a killed program may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(1);
/// What tells a service manager's children who they are; it is not for the program.
const NOT_FOR_CHILDREN: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];

/// Runs the program. It and what it has started are killed when its time is over and when this is dropped. What it
/// writes to its standard error goes to ours.
///
/// # Errors
/// [`Error::Refused`] if it cannot be run, fails, or writes too much; [`Error::Reconnect`] if it takes too long. Names
/// the program, not its arguments, and nothing of what it wrote.
pub(super) async fn run(command: &[String]) -> Result<SecretString> {
    let (program, arguments) =
        command.split_first().ok_or_else(|| Error::Configuration("token_command must name a program to run".into()))?;
    let named = format!("token_command {program}");
    let refused = |why: String| Error::Refused(format!("there is no token: {named} {why}"));
    let mut prepared = Command::new(program);
    prepared.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).kill_on_drop(true);
    for name in NOT_FOR_CHILDREN {
        prepared.env_remove(name);
    }
    let mut child = spawn(prepared, &named).await?.map_err(|error| refused(format!("cannot be run: {error}")))?;
    let output = child.stdout.take().ok_or_else(|| refused("has no standard output".into()))?;
    let running = Running(child);
    // In a task of its own, so that somebody sees to the program's end when nobody waits for its token any more.
    let (mut ended, end) = oneshot::channel();
    tokio::spawn(async move {
        let mut running = running;
        let said = tokio::select! {
            biased;
            () = ended.closed() => None,
            said = timeout(WITHIN, running.listen(output)) => Some(said),
        };
        running.kill();
        _ = timeout(GONE_WITHIN, running.0.wait()).await;
        if let Some(said) = said {
            _ = ended.send(said);
        }
    });
    match end.await {
        Ok(Ok(Ok((status, token)))) if status.success() => Ok(token.as_str().into()),
        Ok(Ok(Ok((status, _)))) => Err(refused(format!("failed ({status}); its standard error says why"))),
        Ok(Ok(Err(why))) => Err(refused(why)),
        Ok(Err(_)) => {
            Err(Error::Reconnect(format!("there is no token: {named} did not end within {} s", WITHIN.as_secs())))
        }
        Err(_) => Err(Error::Reconnect(format!("there is no token: {named} was broken off"))),
    }
}

/// Starts the program. It may lie on a network share that does not answer, so a thread of its own waits for that. Should it start
/// after all when nobody waits any more, it is killed.
async fn spawn(mut prepared: Command, named: &str) -> Result<io::Result<Child>> {
    let runtime = Handle::current();
    let spawning = blocking::start("mail_room exec", move || {
        let _entered = runtime.enter();
        prepared.spawn()
    });
    let told = |why: &str| Error::Reconnect(format!("there is no token: {named} {why}"));
    let spawning = spawning.map_err(|error| told(&format!("cannot be run: {error}")))?;
    match timeout(WITHIN, spawning).await {
        Ok(Ok(spawned)) => Ok(spawned),
        Ok(Err(_)) => Err(told("was broken off")),
        Err(_) => Err(told(&format!("could not be started within {} s", WITHIN.as_secs()))),
    }
}

type Said = (ExitStatus, Zeroizing<String>);

/// A running program, the first of a process group of its own.
struct Running(Child);

impl Running {
    /// Reads all that it writes, and waits for its end.
    async fn listen(&mut self, output: impl AsyncRead + Unpin) -> std::result::Result<Said, String> {
        let mut text = Zeroizing::new(String::new());
        // One more than there may be, so that more is noticed; and room for a line's end.
        let most = TOKEN_LIMIT.saturating_add(3);
        let read = output.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_string(&mut text).await;
        read.map_err(|_| "wrote something else than text".to_owned())?;
        if text.len() >= most {
            return Err(format!("wrote more than the {TOKEN_LIMIT} octets that a token may have"));
        }
        let status = self.0.wait().await.map_err(|error| format!("was lost sight of: {error}"))?;
        Ok((status, text))
    }

    /// Kills it and what it has started, unless it has ended: its number may be somebody else's by then.
    fn kill(&self) {
        let first = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(first) = first {
            _ = kill_process_group(first, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

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
        assert!(refused(&["printf", "\\377hidden"]).await.contains("something else than text"));
    }

    #[tokio::test]
    async fn nobody_is_left_when_nobody_waits_any_more() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pids");
        // The second process is not ours but the program's.
        let script = format!("sleep 1000 & echo $$ $! > {0}.new; mv {0}.new {0}; wait", file.display());
        let command = words(&["sh", "-c", &script]);
        let waiting = tokio::spawn(async move { run(&command).await.map(drop) });
        let until = Instant::now() + Duration::from_secs(10);
        while !file.exists() {
            assert!(Instant::now() < until);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        waiting.abort();
        let pids = std::fs::read_to_string(&file).unwrap();
        let lives = |pid: &str| {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // A zombie of somebody else's is as dead as one can be.
            !state.is_empty() && !state.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
        };
        while pids.split_whitespace().any(lives) {
            assert!(Instant::now() < until, "{pids} live");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
