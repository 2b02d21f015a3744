//! The byte stream to a server: TCP, and TLS if it is wanted, both by one deadline. Knows no protocol above TLS.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use rustls::ClientConfig;

use crate::transport::tcp::{self, ConnectError, Stream};
use crate::transport::tls;

/// Why a stream could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// There is no TCP connection.
    Tcp(ConnectError),
    /// The TLS handshake failed. [`tls::reason`] words it.
    Tls(io::Error),
}

/// Opens a stream to `host`, encrypted if there is a configuration for `tls`. TCP and the handshake together end at `until`.
/// The caller brings the deadline for the lookup of the name.
pub(crate) async fn open(
    host: &str,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    until: Instant,
) -> Result<Box<dyn Stream>, OpenError> {
    let stream = tcp::tcp(host, port, until).await.map_err(OpenError::Tcp)?;
    match tls {
        Some(tls) => encrypt(tls, host, stream, until).await.map_err(OpenError::Tls),
        None => Ok(Box::new(stream)),
    }
}

/// Encrypts an open stream to `host`, by `until`.
pub(crate) async fn encrypt(
    tls: Arc<ClientConfig>,
    host: &str,
    stream: impl Stream + 'static,
    until: Instant,
) -> io::Result<Box<dyn Stream>> {
    Ok(Box::new(tls::handshake(tls, host, stream, until).await?))
}
