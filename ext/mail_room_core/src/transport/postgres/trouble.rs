//! What went wrong with PostgreSQL, in plain words: which server, what happened, what to do, and whose fault it is. Never a
//! password, and of the server's words only those that do not repeat what it was given.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use tokio_postgres::error::DbError;

use crate::config::Postgres;
use crate::error::Error;

/// Characters of the server's error text that are passed on.
const TEXT_LIMIT: usize = 200;

/// What went wrong with a statement.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// What was to be stored cannot be: it would be refused again.
    Refused(Error),
    /// What was to be stored cannot hold U+0000.
    RefusedNul(Error),
    /// A constraint or a trigger of the table objects: to these values or to all.
    Failed(Error),
    /// The database is down, or not as we need it: the fault of nothing that is to be stored.
    Down(Error),
}

impl Trouble {
    /// Whose fault `error` is (PostgreSQL's manual, appendix A).
    pub(super) fn of(error: &tokio_postgres::Error, config: &Postgres) -> Self {
        let server = shown(config);
        let Some(said) = error.as_db_error() else { return Self::Down(Error::target_down(in_words(error, &server))) };
        let code = said.code().code();
        let what = format!("{server} answered {code}{}{}", text(said), advice(code));
        match code {
            "22P05" | "22021" => Self::RefusedNul(Error::Message(what)),
            code if code.starts_with("22") || code.starts_with("54") => Self::Refused(Error::Message(what)),
            code if code.starts_with("23") || code.starts_with("P0") => Self::Failed(Error::Message(what)),
            _ => Self::Down(Error::target_down(what)),
        }
    }
}

/// Whether the connection is as good as before: only what was to be stored was wrong.
pub(super) fn spares_connection(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| ["22", "23", "P0"].iter().any(|class| code.code().starts_with(class)))
}

/// The database, as logs may show it.
pub(super) fn shown(config: &Postgres) -> String {
    let Postgres { host, port, database, .. } = config;
    match host {
        folder if folder.starts_with('/') => format!("PostgreSQL in {folder}, port {port}, database {database}"),
        host if host.contains(':') => format!("PostgreSQL at [{host}]:{port}, database {database}"),
        host => format!("PostgreSQL at {host}:{port}, database {database}"),
    }
}

/// Nobody answered `within` a time; `what` was waited for.
pub(super) fn late(config: &Postgres, what: &str, within: Duration) -> Trouble {
    Trouble::Down(Error::target_down(format!(
        "{}: {what} within {} s; check whether it is overloaded, or the table locked",
        shown(config),
        within.as_secs()
    )))
}

/// There is no connection.
pub(super) fn unreachable(config: &Postgres, error: &io::Error) -> Trouble {
    let server = shown(config);
    Trouble::Down(Error::target_down(format!("{server}: {error}; check that it runs and that host and port are right")))
}

/// `error` speaks of options of mailboxes.
pub(super) fn about_tls(config: &Postgres, error: &Error) -> Trouble {
    Trouble::Down(Error::target_down(format!("{}: {}", shown(config), in_our_options(error))))
}

/// What the handshake failed with, if it was that.
pub(super) fn tls(error: &tokio_postgres::Error) -> Option<&Error> {
    error.source().and_then(|source| source.downcast_ref())
}

fn in_our_options(error: &Error) -> String {
    format!(
        "{error} (here ca_file, cert and key are sslrootcert, sslcert and sslkey, and sslmode says what is verified)"
    )
}

fn in_words(error: &tokio_postgres::Error, server: &str) -> String {
    if let Some(error) = tls(error) {
        return format!("{server}: {}", in_our_options(error));
    }
    if error.is_closed() {
        return format!("{server} closed the connection; see its log");
    }
    let source = error.source();
    match source.and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
            format!("{server} closed the connection; see its log (restarted? speaks PostgreSQL?)")
        }
        Some(cause) => format!("{server}: the connection broke: {cause}"),
        None => {
            let cause = source.map(|source| format!(": {source}")).unwrap_or_default();
            format!("{server}: {error}{cause}{}", if cause.contains("TLS") { "; see sslmode" } else { "" })
        }
    }
}

/// The server's own words, shortened and without anything that could spoil a log line. Not those about a value, nor those
/// with a context, which a function of somebody's may have written: they may repeat the row, as may its details.
fn text(said: &DbError) -> String {
    if said.where_().is_some() || is_about_values(said.code().code()) {
        return String::new();
    }
    let shown: String = said.message().chars().filter(|c| !c.is_control()).take(TEXT_LIMIT).collect();
    format!(" {shown}")
}

fn is_about_values(code: &str) -> bool {
    code.starts_with("22") || code.starts_with("P0")
}

/// What to do about it.
fn advice(code: &str) -> &'static str {
    match code {
        "28P01" => "; correct username and password",
        "28000" => "; see its pg_hba.conf, and sslmode",
        "3D000" => "; correct database",
        "42P01" => "; make que's table first, and see search_path",
        "42703" => "; this is not the table that que makes",
        "42501" => "; GRANT INSERT on que_jobs, and USAGE on its sequence",
        "25006" => "; it is read only: point host to the primary",
        "53300" => "; raise max_connections, or put a pooler before it",
        "53100" => "; its disk is full",
        "57014" => "; the statement was called off: is the table locked? See also timeout and statement_timeout",
        "57P01" | "57P02" | "57P03" => "; it is being started or stopped, wait",
        "22P05" | "22021" => "; the text holds a character that the database cannot store",
        code if is_about_values(code) => "; the table or a trigger of it objects: see its log",
        code if code.starts_with("54") => "; the message is too large for the table",
        _ => "",
    }
}
