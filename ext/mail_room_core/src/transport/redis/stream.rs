//! TCP streams to Redis and to Sentinels, with TLS if it is configured.

use std::time::Instant;

use super::address::HostPort;
use super::trouble::Trouble;
use crate::config;
use crate::error::Error;
use crate::transport::stream::{self, OpenError};
use crate::transport::tcp::Stream;
use crate::transport::tls;

/// Opens a stream to `host`, encrypted if there are options for `tls`.
pub(super) async fn tcp(
    host: &str,
    port: u16,
    tls: Option<&config::Tls>,
    until: Instant,
) -> Result<Box<dyn Stream>, Trouble> {
    let told = |why: String| Trouble::Told(Error::target_down(format!("{}: {why}", HostPort(host, port))));
    let Some(options) = tls else { return Ok(stream::open(host, port, None, until).await?) };
    let config = tls::client_config(options).await.map_err(|error| told(error.to_string()))?;
    // A server without TLS takes the handshake for a command and waits for its rest. Ending before the caller's deadline leaves
    // time to say so.
    let share = until.saturating_duration_since(Instant::now()).mul_f64(0.8);
    stream::open(host, port, Some(config), Instant::now() + share).await.map_err(|error| match error {
        OpenError::Tcp(unreached) => unreached.into(),
        OpenError::Tls(error) => told(tls::reason(&error)),
    })
}
