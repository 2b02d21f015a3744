//! Gives each message to a program on its standard input, as fetchmail and getmail do. The exit status is the outcome: 0 means
//! delivered, 75 (EX_TEMPFAIL of sysexits.h) that the target is at fault, any other that the message may be.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use crate::config;
use crate::error::Error;
use crate::message::Message;
use crate::outcome::{DeliveryOutcome, FailureClass, FailureKind};
use crate::system::program::{self, Failure, Program};

/// "Try again later": EX_TEMPFAIL of sysexits.h.
const TEMPFAIL: i32 = 75;

/// Signals that ask a program to end (POSIX, `kill`).
const HANGUP: i32 = 1;
const INTERRUPT: i32 = 2;
const TERMINATE: i32 = 15;

/// The delivery `command`.
#[derive(Debug)]
pub struct Command {
    command: Vec<String>,
    within: Duration,
    concurrency: usize,
}

impl Command {
    /// Starts nothing yet.
    pub(super) fn new(config: &config::Command) -> Self {
        Self {
            command: config.command.clone(),
            within: Duration::from_secs(config.timeout.max(1)),
            concurrency: config.concurrency.max(1),
        }
    }

    /// Programs that may run at the same time.
    pub(super) fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// The program's name, without its arguments.
    pub(super) fn shown(&self) -> &str {
        self.command.first().map_or("", String::as_str)
    }

    /// Delivers messages one by one. Returns one outcome per message, in order.
    pub(super) async fn deliver(&self, scope: &str, messages: Vec<Message>) -> Vec<DeliveryOutcome> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            let program = Program {
                command: &self.command,
                environment: Some(environment(&message.id.name_in(scope))),
                input: message.body,
                output_limit: 0,
                within: self.within,
            };
            outcomes.push(self.judge(program::run(program).await));
        }
        outcomes
    }

    fn judge(&self, ended: Result<program::Ended, Failure>) -> DeliveryOutcome {
        let named = self.shown();
        match ended {
            Ok((status, _)) if status.success() => DeliveryOutcome::DELIVERED,
            Ok((status, _)) if status.code() == Some(TEMPFAIL) => DeliveryOutcome::Unavailable {
                error: Error::target_down(format!(
                    "{named} ended with 75 (EX_TEMPFAIL): it asks for another try later"
                )),
                class: FailureClass { status: None, kind: FailureKind::RetryLater },
            },
            // As when the system shuts down. That says nothing of the message.
            Ok((status, _)) if matches!(status.signal(), Some(HANGUP | INTERRUPT | TERMINATE)) => {
                DeliveryOutcome::Unavailable {
                    error: Error::target_down(format!("{named} {}: somebody has ended it", how(status))),
                    class: FailureClass::UNKNOWN,
                }
            }
            Ok((status, _)) => DeliveryOutcome::Refused {
                error: Error::Message(format!("{named} {}; its standard error says why", how(status))),
                tries: None,
            },
            Err(Failure::NotRun(error)) => {
                DeliveryOutcome::Down(Error::target_down(format!("{named} cannot be run: {error}; correct command")))
            }
            // Perhaps because of this message.
            Err(failure @ (Failure::Late(_) | Failure::Broken(_) | Failure::Aborted)) => DeliveryOutcome::Unavailable {
                error: Error::target_down(format!("{named} {failure}")),
                class: FailureClass::UNKNOWN,
            },
        }
    }
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => format!("ended with {status}"),
    }
}

/// The program's environment: some of our variables, and a name for the message that is the same at each attempt.
fn environment(idempotency_key: &str) -> Vec<(&'static str, String)> {
    program::passed_on().chain([("MAIL_ROOM_IDEMPOTENCY_KEY", idempotency_key.to_owned())]).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::message::MessageId;

    const SCOPE: &str = "imap://a/inbox;1";

    async fn deliver(script: &str, timeout: u64, body: &[u8]) -> DeliveryOutcome {
        run(&["sh", "-c", script], timeout, body).await
    }

    async fn run(command: &[&str], timeout: u64, body: &[u8]) -> DeliveryOutcome {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        let command = Command::new(&config::Command { command, timeout, concurrency: 1 });
        let messages = vec![Message { id: MessageId::Uid(7), body: body.to_vec() }];
        command.deliver(SCOPE, messages).await.pop().unwrap()
    }

    #[tokio::test]
    async fn the_program_reads_the_message_octet_for_octet() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mail");
        // Larger than a pipe holds, with every octet.
        let body: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
        let script = format!("cat > {0}.new && mv {0}.new {0}", file.display());
        assert!(matches!(deliver(&script, 30, &body).await, DeliveryOutcome::Delivered { status: None }));
        assert_eq!(std::fs::read(&file).unwrap(), body);
        assert!(matches!(deliver(&script, 30, b"").await, DeliveryOutcome::Delivered { .. }));
        assert_eq!(std::fs::read(&file).unwrap(), b"");
        // What it leaves unread is its own business.
        assert!(matches!(deliver("exit 0", 30, &body).await, DeliveryOutcome::Delivered { .. }));
    }

    #[tokio::test]
    async fn the_exit_status_says_whose_fault_it_is() {
        for (script, words) in [
            ("exit 1", "sh ended with status 1"),
            ("exit 76", "sh ended with status 76"),
            ("kill -9 $$", "sh was killed by signal 9"),
        ] {
            match deliver(script, 30, b"x").await {
                DeliveryOutcome::Refused { error, tries: None } => {
                    assert!(error.to_string().contains(words), "{error}")
                }
                other => panic!("{script}: {other:?}"),
            }
        }
        for signal in ["HUP", "INT", "TERM"] {
            // Who runs the tests may ignore some of them, as nohup does, and a shell cannot undo that.
            let (default, script) = (format!("--default-signal={signal}"), format!("kill -{signal} $$; sleep 30"));
            match run(&["env", &default, "sh", "-c", &script], 30, b"x").await {
                DeliveryOutcome::Unavailable { error, class: FailureClass::UNKNOWN } => {
                    assert!(error.to_string().contains("somebody has ended it"), "{error}");
                }
                other => panic!("{signal}: {other:?}"),
            }
        }
        match deliver("exit 75", 30, b"x").await {
            DeliveryOutcome::Unavailable { error: Error::TargetDown { what, .. }, class } => {
                assert!(what.contains("EX_TEMPFAIL"), "{what}");
                assert_eq!(class.kind, FailureKind::RetryLater);
            }
            other => panic!("{other:?}"),
        }
        let missing = config::Command { command: vec!["/nonexistent/mda".into()], timeout: 5, concurrency: 1 };
        let messages = vec![Message { id: MessageId::Uid(7), body: Vec::new() }];
        let outcomes = Command::new(&missing).deliver(SCOPE, messages).await;
        assert!(
            matches!(&outcomes[..], [DeliveryOutcome::Down(Error::TargetDown { what, .. })] if what.contains("/nonexistent/mda"))
        );
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_killed_with_what_it_has_started() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pids");
        let script = format!("sleep 1000 & echo $$ $! > {}; wait", file.display());
        let began = Instant::now();
        match deliver(&script, 1, b"x").await {
            DeliveryOutcome::Unavailable { error, class: FailureClass::UNKNOWN } => {
                assert!(error.to_string().contains("sh did not end within 1 s"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        let lives = |pid: &str| {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            !state.is_empty() && !state.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
        };
        let pids = std::fs::read_to_string(&file).unwrap();
        while pids.split_whitespace().any(lives) {
            assert!(began.elapsed() < Duration::from_secs(20), "{pids} live");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn its_environment_is_clean_and_names_the_message() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("environment");
        deliver(&format!("env > {}", file.display()), 30, b"x").await;
        let seen = std::fs::read_to_string(&file).unwrap();
        let key = MessageId::Uid(7).name_in(SCOPE);
        assert!(seen.lines().any(|line| line == format!("MAIL_ROOM_IDEMPOTENCY_KEY={key}")), "{seen}");
        assert!(seen.lines().any(|line| line.starts_with("PATH=")), "{seen}");
        // Cargo sets it for every test.
        assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok() && !seen.contains("CARGO_MANIFEST_DIR"), "{seen}");
    }
}
