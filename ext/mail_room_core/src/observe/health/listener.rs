//! Where health is asked for: a TCP port, a Unix socket.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::TcpListener as StdTcp;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdUnix;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

use crate::error::{Error, Result};

/// Who may connect to the Unix socket: its owner and its group.
const SOCKET_MODE: u32 = 0o660;

/// Where the server listens, and what it shows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// An IP address or a host name, and a TCP port; 0 lets the system choose.
    #[serde(default)]
    pub tcp: Option<(String, u16)>,
    /// The path of a Unix socket.
    #[serde(default)]
    pub socket: Option<PathBuf>,
    /// Whether there is /metrics. If absent: on loopback addresses and on a Unix socket.
    #[serde(default)]
    pub metrics: Option<bool>,
    /// Whether there are /status and /status.json. If absent: on loopback addresses and on a Unix socket.
    #[serde(default)]
    pub status: Option<bool>,
}

crate::config::from_options!(Settings);

/// A connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open port or socket.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix { listener: UnixListener, _file: SocketFile },
}

/// A socket's file. It is removed on drop, unless another one has taken its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if inode(&self.path).is_ok_and(|inode| inode == self.inode) {
            _ = fs::remove_file(&self.path);
        }
    }
}

impl Listener {
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(listener) => Box::new(listener.accept().await?.0),
            Self::Unix { listener, .. } => Box::new(listener.accept().await?.0),
        })
    }

    pub(super) fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().map(|address| address.port()),
            Self::Unix { .. } => None,
        }
    }

    /// Whether only processes of this machine can connect.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(listener) => listener.local_addr().is_ok_and(|address| address.ip().is_loopback()),
            Self::Unix { .. } => true,
        }
    }
}

/// Opens what `settings` name. It must be called within a runtime.
///
/// # Errors
/// [`Error::Configuration`] saying what cannot be listened on, and why.
pub(super) fn open(settings: &Settings) -> Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    if let Some((address, port)) = &settings.tcp {
        listeners.push(tcp(address, *port).map_err(|error| {
            Error::Configuration(format!(
                "the health check cannot listen on address {address}, port {port}: {error}; set address and port of \
                 health_check to what is free on this machine"
            ))
        })?);
    }
    if let Some(path) = &settings.socket {
        listeners.push(unix(path).map_err(|error| {
            Error::Configuration(format!(
                "the health check cannot listen on the socket {}: {error}; set socket of health_check to a path of at \
                 most 107 octets in a folder that this user can write to",
                path.display()
            ))
        })?);
    }
    Ok(listeners)
}

fn tcp(address: &str, port: u16) -> io::Result<Listener> {
    let listener = StdTcp::bind((address.trim_matches(['[', ']']), port))?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Listener::Tcp)
}

fn unix(path: &Path) -> io::Result<Listener> {
    let listener = match StdUnix::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_stale(path) => {
            fs::remove_file(path)?;
            StdUnix::bind(path)?
        }
        bound => bound?,
    };
    let file = SocketFile { path: path.to_owned(), inode: inode(path)? };
    fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE))?;
    listener.set_nonblocking(true)?;
    Ok(Listener::Unix { listener: UnixListener::from_std(listener)?, _file: file })
}

/// Whether it is the socket of a process that has ended.
fn is_stale(path: &Path) -> bool {
    let connected = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // Without it, a process that does not accept would hold us up.
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)
    };
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
        && connected().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

fn inode(path: &Path) -> io::Result<u64> {
    fs::symlink_metadata(path).map(|file| file.ino())
}
