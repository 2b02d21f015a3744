//! Runs a program that the administrator named: word by word, without a shell, in a process group of its own. The group is killed
//! when its time is up, or when nobody waits for it any more.

use std::fmt;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::zeroize::Zeroizing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::blocking;

/// How long a killed program may take to end.
const GONE_WITHIN: Duration = Duration::from_secs(1);
/// Variables of ours that a program may see; all others are ours alone, secrets among them.
const PASSED_ON: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR"];
/// A service manager's variables, which are for this process only.
const NOT_FOR_CHILDREN: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];

/// A program to run.
pub(crate) struct Program<'a> {
    /// The program and its arguments; not empty.
    pub(crate) command: &'a [String],
    /// What it reads from its standard input.
    pub(crate) input: Vec<u8>,
    /// Octets that it may write to its standard output, at most; 0 if the output is not read.
    pub(crate) output_limit: usize,
    /// If present, the only environment variables that it sees.
    pub(crate) environment: Option<Vec<(&'static str, String)>>,
    /// How long it may take, including its start.
    pub(crate) within: Duration,
}

/// Why there is no exit status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It could not be started.
    NotRun(String),
    /// It wrote too much, or its input or output failed.
    Broken(String),
    /// It did not end in time.
    Late(Duration),
    /// The task that waits for it was cancelled.
    Aborted,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRun(error) => write!(f, "cannot be run: {error}"),
            Self::Broken(why) => f.write_str(why),
            Self::Late(within) => write!(f, "did not end within {} s", within.as_secs()),
            Self::Aborted => f.write_str("was broken off"),
        }
    }
}

/// The variables of ours that a program may see.
pub(crate) fn passed_on() -> impl Iterator<Item = (&'static str, String)> {
    PASSED_ON.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?)))
}

/// How a program ended, and what it wrote to its standard output.
pub(crate) type Ended = (ExitStatus, Zeroizing<Vec<u8>>);

/// Runs the program. What it writes to its standard error goes to ours.
///
/// # Errors
/// [`Failure`], which holds nothing of what the program wrote.
pub(crate) async fn run(program: Program<'_>) -> Result<Ended, Failure> {
    let Program { command, input, output_limit, environment, within } = program;
    let mut running = spawn(prepare(command, &input, output_limit, environment)?, within).await?;
    let (stdin, stdout) = (running.0.stdin.take(), running.0.stdout.take());
    // In a task of its own, which ends the program even if the caller stops waiting.
    let (mut ended, end) = oneshot::channel();
    tokio::spawn(async move {
        let result = tokio::select! {
            biased;
            () = ended.closed() => None,
            result = timeout(within, running.converse((stdin, input), (stdout, output_limit))) => Some(result),
        };
        if !matches!(result, Some(Ok(Ok(_)))) {
            running.kill();
            _ = timeout(GONE_WITHIN, running.0.wait()).await;
        }
        if let Some(result) = result {
            _ = ended.send(result.unwrap_or(Err(Failure::Late(within))));
        }
    });
    end.await.unwrap_or(Err(Failure::Aborted))
}

fn prepare(
    command: &[String],
    input: &[u8],
    output_limit: usize,
    environment: Option<Vec<(&'static str, String)>>,
) -> Result<Command, Failure> {
    let (program, arguments) = command.split_first().ok_or_else(|| Failure::NotRun("no program is named".into()))?;
    let mut prepared = Command::new(program);
    let used = |used: bool| if used { Stdio::piped() } else { Stdio::null() };
    prepared.args(arguments).stdin(used(!input.is_empty())).stdout(used(output_limit > 0));
    prepared.process_group(0).kill_on_drop(true);
    if let Some(variables) = environment {
        prepared.env_clear().envs(variables);
    }
    for name in NOT_FOR_CHILDREN {
        prepared.env_remove(name);
    }
    Ok(prepared)
}

/// Starts the program, on a thread of its own: it may lie on a network share that does not answer. If it starts after the caller
/// stopped waiting, or if the caller never sees that it started, it and its children are killed.
async fn spawn(mut prepared: Command, within: Duration) -> Result<Running, Failure> {
    let runtime = Handle::current();
    let spawning = blocking::start("mail_room exec", move || {
        let _entered = runtime.enter();
        prepared.spawn().map(Running)
    });
    let not_run = |error: io::Error| Failure::NotRun(error.to_string());
    match timeout(within, spawning.map_err(not_run)?).await {
        Ok(Ok(spawned)) => spawned.map_err(not_run),
        Ok(Err(_)) => Err(Failure::Aborted),
        Err(_) => Err(Failure::Late(within)),
    }
}

/// A running program, the leader of its process group.
struct Running(Child);

impl Running {
    /// Writes its input, reads its output, and waits for its end. Its exit status counts even if it leaves input unread.
    async fn converse(
        &mut self,
        (stdin, input): (Option<ChildStdin>, Vec<u8>),
        (stdout, output_limit): (Option<ChildStdout>, usize),
    ) -> Result<Ended, Failure> {
        let writing = async {
            if let Some(mut stdin) = stdin {
                _ = stdin.write_all(&input).await;
                // Closed before the wait, so that the program sees the end of its input.
                drop(stdin);
            }
        };
        let reading = async {
            let mut output = Zeroizing::new(Vec::new());
            if let Some(stdout) = stdout {
                // One octet more than the limit, to notice that there is more.
                let most = u64::try_from(output_limit.saturating_add(1)).unwrap_or(u64::MAX);
                let read = stdout.take(most).read_to_end(&mut output).await;
                read.map_err(|error| Failure::Broken(format!("cannot be read: {error}")))?;
            }
            match output.len() > output_limit {
                true => Err(Failure::Broken(format!("wrote more than {output_limit} octets"))),
                false => Ok(output),
            }
        };
        let waiting = self.0.wait();
        let ending = async {
            let output = reading.await?;
            let status = waiting.await.map_err(|error| Failure::Broken(format!("cannot be waited for: {error}")))?;
            Ok((status, output))
        };
        tokio::pin!(ending);
        tokio::select! {
            biased;
            // Once the program has ended, nothing more is written, although a child of it may still hold the pipe.
            ended = &mut ending => ended,
            () = writing => ending.await,
        }
    }

    /// Kills its process group, unless it has ended: another process may have its number by then.
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
    use std::path::{Path, PathBuf};
    use std::thread;
    use std::time::Instant;

    use super::*;

    const WITHIN: Duration = Duration::from_secs(30);

    /// A program that starts another one, and then writes the numbers of both into the file.
    fn with_a_child(directory: &Path) -> ([String; 3], PathBuf) {
        let (made, file) = (directory.join("new"), directory.join("pids"));
        let script = format!("sleep 100 & echo $$ $! > {0}; mv {0} {1}; wait", made.display(), file.display());
        (["sh", "-c", &script].map(str::to_owned), file)
    }

    fn program(command: &[String]) -> Program<'_> {
        Program { command, input: Vec::new(), output_limit: 9, environment: None, within: WITHIN }
    }

    fn lives(pid: &str) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // A zombie of somebody else's is as dead as one can be.
        !state.is_empty() && !state.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
    }

    async fn both_end(file: &Path) {
        let (pids, until) = (std::fs::read_to_string(file).unwrap(), Instant::now() + WITHIN);
        while pids.split_whitespace().any(lives) {
            assert!(Instant::now() < until, "one of {pids} lives");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn nobody_is_left_when_nobody_waits_any_more() {
        let directory = tempfile::tempdir().unwrap();
        let (command, file) = with_a_child(directory.path());
        let waiting = tokio::spawn(async move { run(program(&command)).await.map(drop) });
        let until = Instant::now() + WITHIN;
        while !file.exists() {
            assert!(Instant::now() < until, "not started");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        waiting.abort();
        both_end(&file).await;
    }

    #[tokio::test]
    async fn nobody_is_left_of_a_program_that_nobody_saw_start() {
        let directory = tempfile::tempdir().unwrap();
        let (command, file) = with_a_child(directory.path());
        let mut waiting = Box::pin(run(program(&command)));
        let until = Instant::now() + WITHIN;
        assert!(futures_util::poll!(&mut waiting).is_pending());
        // It starts on a thread of its own. The task that waits for that is not asked again, as on a busy machine.
        while !file.exists() {
            assert!(Instant::now() < until, "not started");
            thread::sleep(Duration::from_millis(5));
        }
        drop(waiting);
        both_end(&file).await;
    }
}
