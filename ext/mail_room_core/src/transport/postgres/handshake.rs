//! Gives `transport::tls` the interface of tokio-postgres, so that authorities and error texts are the same everywhere.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::client;

use crate::error::{Error, Result};
use crate::transport::tcp::Stream;
use crate::transport::tls;

/// Encrypts a stream to `host`.
pub(super) struct Handshake {
    /// Absent if the stream is not to be encrypted.
    pub(super) options: Option<Arc<ClientConfig>>,
    pub(super) host: String,
    /// When the handshake has to be done.
    pub(super) until: Instant,
}

impl TlsConnect<Plain> for Handshake {
    type Stream = Encrypted;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Encrypted>> + Send>>;

    fn connect(self, stream: Plain) -> Self::Future {
        Box::pin(async move {
            let options = self.options.ok_or_else(|| Error::target_down("TLS was not asked for"))?;
            Ok(Encrypted(tls::connect_until(options, &self.host, stream, self.until).await?))
        })
    }
}

/// An encrypted stream.
pub(super) struct Encrypted(client::TlsStream<Plain>);

impl TlsStream for Encrypted {
    /// Ties the login to this certificate (RFC 5929 section 4.1), so that nobody in between can reuse it.
    fn channel_binding(&self) -> ChannelBinding {
        let certificate = self.0.get_ref().1.peer_certificates().and_then(<[_]>::first);
        certificate.and_then(tls::end_point).map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// A stream that is not encrypted. A type of its own, as a `dyn` among the types would keep futures from being `Send`.
pub(super) struct Plain(pub(super) Box<dyn Stream>);

/// Reads and writes the stream inside.
macro_rules! delegate_io {
    ($stream:ty) => {
        impl AsyncRead for $stream {
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_read(cx, buf)
            }
        }

        impl AsyncWrite for $stream {
            fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.0).poll_write(cx, buf)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_flush(cx)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_shutdown(cx)
            }
        }
    };
}

delegate_io!(Plain);
delegate_io!(Encrypted);
