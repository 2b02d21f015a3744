//! Errors of PostgreSQL in plain words: which server, what happened, what to do, and whether the values or the database are
//! the cause. Never a password, and none of the server's texts that may repeat values.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use tokio_postgres::error::DbError;

use crate::config::Postgres;
use crate::error::Error;

/// Characters of the server's error text that are passed on.
const TEXT_LIMIT: usize = 200;

/// Why a statement failed.
#[derive(Debug)]
pub(crate) enum StatementError {
    /// The values cannot be stored, now or later.
    Refused(Error),
    /// The values hold U+0000, which cannot be stored.
    RefusedNul(Error),
    /// A constraint or a trigger of the table refuses these values, or all.
    Failed(Error),
    /// The database is down or not set up. The values are not the cause.
    Down(Error),
}

impl StatementError {
    /// Classifies `error` by its code (PostgreSQL's manual, appendix A).
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

/// Whether the connection can be reused: only the values were wrong.
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

/// The error if `what` did not happen `within` this time.
pub(super) fn late(config: &Postgres, what: &str, within: Duration) -> StatementError {
    StatementError::Down(Error::target_down(format!(
        "{}: {what} within {} s; check whether it is overloaded, or the table locked",
        shown(config),
        within.as_secs()
    )))
}

/// The error if there is no connection.
pub(super) fn unreachable(config: &Postgres, error: &io::Error) -> StatementError {
    let server = shown(config);
    StatementError::Down(Error::target_down(format!(
        "{server}: {error}; check that it runs and that host and port are right"
    )))
}

/// The error for TLS. `error` names the options of mailboxes.
pub(super) fn about_tls(config: &Postgres, error: &Error) -> StatementError {
    StatementError::Down(Error::target_down(format!("{}: {}", shown(config), in_our_options(error))))
}

/// The error of the TLS handshake, if that was the cause.
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

/// The server's text, shortened and printable. Empty if it is about a value or has a context, which a user's function may
/// have written: both may repeat the row, as may the details.
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
        "42P01" => "; create the table of que first, and check search_path",
        "42703" => "; this is not the table that que creates",
        "42501" => "; GRANT INSERT on que_jobs, and USAGE on its sequence",
        "25006" => "; it is read only: point host to the primary",
        "53300" => "; raise max_connections or use a pooler",
        "53100" => "; its disk is full",
        "57014" => "; the statement was cancelled: check for locks on the table, timeout and statement_timeout",
        "57P01" | "57P02" | "57P03" => "; it is being started or stopped, wait",
        "22P05" | "22021" => "; the text holds a character that the database cannot store",
        code if is_about_values(code) => "; the table or one of its triggers refuses the values: see its log",
        code if code.starts_with("54") => "; the message is too large for the table",
        _ => "",
    }
}
