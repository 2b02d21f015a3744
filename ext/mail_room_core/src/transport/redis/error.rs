//! Errors of Redis in plain words: which server, what happened, what to do. Never a password, never a part of a message.

use std::io;
use std::time::Duration;

use crate::error::Error;
use crate::transport::stream::OpenError;
use crate::transport::tcp::ConnectError;

/// Characters of a server's error text that are passed on.
const TEXT_LIMIT: usize = 120;

/// An error that the server answered with. Its text may repeat what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerError {
    text: String,
}

impl ServerError {
    /// `text` is what follows the `-` of the reply.
    pub(super) fn new(text: String) -> Self {
        Self { text }
    }

    /// The first word, in capitals by convention: `ERR`, `NOAUTH`.
    pub(crate) fn code(&self) -> &str {
        self.text.split(' ').next().unwrap_or_default()
    }

    /// What comes after the code, if anything does.
    pub(crate) fn details(&self) -> Option<&str> {
        self.text.split_once(' ').map(|(_, details)| details)
    }
}

/// Why an exchange of commands and replies failed.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    /// The connection broke.
    Io(io::Error),
    /// No answer in time.
    Late(Duration),
    /// The server answered with an error.
    Server(ServerError),
    /// The reply is not one that this command can have.
    Unexpected,
    /// An error with its final text.
    Worded(Error),
}

impl ExchangeError {
    /// Whether an error means that this connection is of no further use: a new one may lead to another server (Sentinel), or
    /// log in again.
    pub(crate) fn means_another_server(error: &ServerError) -> bool {
        matches!(code(error), "READONLY" | "LOADING" | "MASTERDOWN" | "NOAUTH" | "NOREPLICAS")
    }

    /// The error for the rest of the program. `server` is the address for people.
    pub(crate) fn into_error(self, server: &str) -> Error {
        let what = match self {
            Self::Worded(error) => return error,
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                format!("{server} closed the connection; see its log (restarted? speaks TLS? maxclients? timeout?)")
            }
            Self::Io(error) => format!("{server}: {error}; check that it runs and that the address is right"),
            Self::Late(within) => {
                format!(
                    "{server} did not answer within {} s; check whether it is overloaded or frozen",
                    within.as_secs()
                )
            }
            Self::Unexpected => format!("{server} does not answer like Redis; check the address"),
            Self::Server(error) => format!("{server} answered {}{}", text(&error), advice(&error)),
        };
        Error::target_down(what)
    }
}

impl From<io::Error> for ExchangeError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ConnectError> for ExchangeError {
    fn from(unreached: ConnectError) -> Self {
        match unreached {
            ConnectError::Io(error) => Self::Io(error),
            ConnectError::Late(within) => Self::Late(within),
        }
    }
}

impl From<OpenError> for ExchangeError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Tcp(unreached) => unreached.into(),
            OpenError::Tls(error) => Self::Io(error),
        }
    }
}

const NOT_PERMITTED: &str = "; the user of redis_url lacks a permission (ACL). It needs +get +mget +set +pexpire +pttl +del \
                             +lpush +evalsha +script|load, with a database +select, with Sentinels +role, on \
                             ~delivered:* ~attempts:* ~heartbeat:* (behind the namespace) and ~queue:*; `mail_room \
                             check` lists which of them are missing";

/// What to do about it.
fn advice(error: &ServerError) -> &'static str {
    match code(error) {
        "NOAUTH" => "; set its password in redis_url",
        "WRONGPASS" => "; correct user and password in redis_url",
        "NOPERM" => NOT_PERMITTED,
        "OOM" => "; it is out of memory: raise maxmemory or drain its queues",
        "LOADING" => "; it has just started and is reading its data, wait",
        "READONLY" => "; it is a replica: point redis_url to the master, or name the Sentinels",
        "MASTERDOWN" => "; it is a replica without a master: point redis_url to the master, or name the Sentinels",
        "NOREPLICAS" => "; it wants more replicas than are connected (min-replicas-to-write)",
        "MISCONF" => "; it cannot save to disk: see its log",
        "WRONGTYPE" => {
            "; a key of mail_room or of the queue holds another type: check the queue's name and delivered:*"
        }
        "BUSY" => "; a script is running for too long",
        "MOVED" | "ASK" | "CLUSTERDOWN" | "CROSSSLOT" => "; Redis Cluster is not supported, as it is not by Sidekiq",
        _ => error.details().map_or("", advice_by_words),
    }
}

/// What to do about errors without a code of their own.
fn advice_by_words(details: &str) -> &'static str {
    // Redis before 6, and one without a password, answer AUTH so.
    let known = [
        ("without any password", "; it wants no password: remove it from redis_url"),
        ("invalid password", "; correct the password in redis_url"),
        ("DB index", "; correct the database in redis_url or redis_db"),
        ("max number of clients", "; raise maxclients in its configuration"),
        ("user executing the script", NOT_PERMITTED),
    ];
    known.into_iter().find(|(words, _)| details.contains(words)).map_or("", |(_, advice)| advice)
}

/// The server's text, shortened and printable. Redis repeats the arguments of a command that it does not know, which may be
/// a password or a part of a message: these are cut off, as is the position in a script.
fn text(error: &ServerError) -> String {
    let details = error.details().unwrap_or_default();
    let details = details.split(", with args").next().unwrap_or_default();
    let details = details.split(" script: ").next().unwrap_or_default();
    let shown: String = details.chars().filter(|c| !c.is_control()).take(TEXT_LIMIT).collect();
    let code: String = error.code().chars().filter(|c| !c.is_control()).take(20).collect();
    if shown.trim().is_empty() { code } else { format!("{code} {}", shown.trim()) }
}

/// The code of an error. Redis before 7 wraps the error of a script, whose code counts then: `ERR Error running
/// script (call to f_1234): @user_script:12: @user_script: 12: -READONLY You can't write`.
fn code(error: &ServerError) -> &str {
    let inner = error.details().filter(|details| details.contains("@user_script"));
    let inner = inner.and_then(|details| details.rsplit_once(": -")).and_then(|(_, inner)| inner.split(' ').next());
    inner.unwrap_or_else(|| error.code())
}
