//! Words the errors of TLS, with the option that helps. Decides nothing about trust.

use std::fmt;
use std::io;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError};

use super::certificate::Facts;
use crate::error::Error;

const UNVERIFIED: &str = "or switch verification off with ssl: verify_mode: none";

/// Why a certificate is not trusted.
#[derive(Debug, Clone)]
pub(super) enum TrustError {
    /// It is expired or not valid yet.
    Date(String),
    /// It is for another name.
    Name(String),
    /// No trusted authority has signed it.
    Issuer {
        /// It is self-signed.
        alone: bool,
        /// `ca_file` or `ca_path` were given.
        own: bool,
    },
    /// Any other finding of webpki.
    Other(String),
}

impl TrustError {
    /// Puts webpki's finding into words.
    pub(super) fn of(error: &CertificateError, facts: Option<&Facts>, now: UnixTime, own: bool) -> Self {
        match (error, facts) {
            // An authority of the chain may have expired. The server's own dates do not explain that.
            (
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
                facts,
            ) => Self::Date(
                facts
                    .and_then(|facts| facts.out_of_date(now))
                    .unwrap_or_else(|| "an authority of its chain is out of date".into()),
            ),
            (CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }, Some(facts)) => {
                Self::Name(facts.described())
            }
            // A bad signature means an authority of the same name with another key.
            (CertificateError::UnknownIssuer | CertificateError::BadSignature, facts) => {
                Self::Issuer { alone: facts.is_some_and(|facts| facts.self_issued), own }
            }
            // webpki refuses old self-signed certificates before it looks for their issuer.
            (_, Some(facts)) if facts.self_issued => Self::Issuer { alone: true, own },
            (error, _) => Self::Other(error.to_string()),
        }
    }
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(reason) => write!(f, "{reason}; renew it on the server, {UNVERIFIED}"),
            Self::Name(names) => {
                write!(f, "it is for {names}; set host to a name it is for, {UNVERIFIED}")
            }
            Self::Issuer { alone, own } => {
                let who = match (alone, own) {
                    (true, true) => "it is self-signed and not in ca_file or ca_path",
                    (true, false) => "it is self-signed",
                    (false, true) => "its issuer is unknown, not in ca_file or ca_path",
                    (false, false) => "its issuer is unknown to this system",
                };
                write!(f, "{who}; name a file with the right authority in ssl: ca_file, {UNVERIFIED}")
            }
            Self::Other(reason) => write!(f, "{reason}; name its authority in ssl: ca_file, {UNVERIFIED}"),
        }
    }
}

impl std::error::Error for TrustError {}

/// A handshake that could not be begun, or did not end.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum HandshakeError {
    #[error("the TLS handshake did not end in time; check that the server speaks TLS on this port")]
    Late,
    #[error("host is neither a host name nor an address")]
    NoHost,
}

/// The handshake did not end by its deadline.
pub(super) fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, HandshakeError::Late)
}

/// The host's name is none.
pub(super) fn no_host() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, HandshakeError::NoHost)
}

/// The error for a mail server's failed handshake. An untrusted certificate takes a person. Anything else may pass.
pub(super) fn handshake(error: &io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<HandshakeError>()) {
        Some(late @ HandshakeError::Late) => return Error::Reconnect(late.to_string()),
        Some(no_host @ HandshakeError::NoHost) => return Error::Configuration(no_host.to_string()),
        None => {}
    }
    match rustls_error(error) {
        Some(rustls::Error::InvalidMessage(_)) => Error::Refused(
            "the server does not speak TLS on this port: check port, or set ssl: false, or start_tls: true".into(),
        ),
        Some(rustls::Error::AlertReceived(alert)) => alerted(*alert),
        Some(error @ (rustls::Error::InvalidCertificate(_) | rustls::Error::PeerIncompatible(_))) => {
            Error::Refused(in_words(error))
        }
        Some(other) => Error::Reconnect(format!("TLS handshake failed: {other}")),
        None => Error::Reconnect(format!("TLS handshake failed: {error}")),
    }
}

/// Why a handshake or a later read or write failed, for servers of any protocol.
pub(super) fn reason(error: &io::Error) -> String {
    rustls_error(error).map_or_else(|| error.to_string(), in_words)
}

fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// What `error` means, for servers of any protocol.
pub(super) fn in_words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            format!("the server's certificate is not trusted: {}", certificate(reason))
        }
        rustls::Error::PeerIncompatible(_) => {
            "the server shares no TLS version or cipher with mail_room, which speaks 1.2 and 1.3".into()
        }
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS on this port".into(),
        rustls::Error::AlertReceived(alert) => alerted(*alert).to_string(),
        other => format!("TLS failed: {other}"),
    }
}

/// The meaning of `error` if it is an alert.
pub(super) fn alert(error: &io::Error) -> Option<Error> {
    match rustls_error(error) {
        Some(rustls::Error::AlertReceived(alert)) => Some(alerted(*alert)),
        _ => None,
    }
}

fn certificate(reason: &CertificateError) -> String {
    match reason {
        CertificateError::Other(other) => other.0.to_string(),
        other => TrustError::of(other, None, UnixTime::now(), false).to_string(),
    }
}

/// The error for an alert of the server.
fn alerted(alert: AlertDescription) -> Error {
    match alert {
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::UnknownCA
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateExpired
        | AlertDescription::AccessDenied => Error::Refused(format!(
            "the server refuses our certificate ({alert:?}): check ssl: cert and key, which it may require"
        )),
        AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion => Error::Refused(format!(
            "the server refuses the TLS handshake ({alert:?}): no version or cipher in common, or it wants a \
             certificate (ssl: cert and key)"
        )),
        other => Error::Reconnect(format!("the server ended TLS with the alert {other:?}")),
    }
}
