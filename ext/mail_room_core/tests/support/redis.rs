//! Real Redis servers and Sentinels, private to a test, on free ports, stopped on drop. And a proxy that loses replies.
#![allow(dead_code, unreachable_pub)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mail_room_core::config;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use redis::FromRedisValue;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long anything here may take to get ready.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// A redis-server, or a Sentinel.
pub struct Server {
    child: Child,
    dir: TempDir,
    pub port: u16,
    arguments: Vec<String>,
    password: Option<String>,
}

impl Server {
    /// A plain server with these further arguments.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_on(free_port(), arguments)
    }

    /// The same on a given port.
    pub fn start_on(port: u16, arguments: &[&str]) -> Self {
        Self::start_in(TempDir::new().unwrap(), port, &["--port", &port.to_string()], arguments)
    }

    /// A server that speaks TLS on its port.
    pub fn start_tls(certificates: &Certificates, arguments: &[&str]) -> Self {
        let port = free_port();
        let tls = certificates.arguments(port);
        let tls: Vec<_> = tls.iter().map(String::as_str).collect();
        Self::start_in(TempDir::new().unwrap(), port, &tls, arguments)
    }

    /// A Sentinel that watches `master` by the name of `mymaster`; more lines for its configuration.
    pub fn start_sentinel(port: u16, master: u16, lines: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("sentinel.conf");
        let watch = format!(
            "sentinel monitor mymaster 127.0.0.1 {master} 1\nsentinel down-after-milliseconds mymaster 300\n\
             sentinel failover-timeout mymaster 2000\n{lines}\n"
        );
        let own_port = if lines.contains("tls-port") { "port 0\n".into() } else { format!("port {port}\n") };
        fs::write(&file, own_port + &watch).unwrap();
        Self::start_in(dir, port, &[file.to_str().unwrap(), "--sentinel"], &[])
    }

    fn start_in(dir: TempDir, port: u16, first: &[&str], further: &[&str]) -> Self {
        let socket = dir.path().join("redis.sock");
        let mut arguments: Vec<String> = first.iter().map(|&argument| argument.into()).collect();
        arguments.extend(["--unixsocket".into(), socket.to_str().unwrap().into()]);
        arguments.extend(["--save", "", "--appendonly", "no"].map(String::from));
        arguments.extend(["--dir".into(), dir.path().to_str().unwrap().into()]);
        arguments.extend(further.iter().map(|&argument| argument.into()));
        let password = further.iter().position(|&argument| argument == "--requirepass");
        let password = password.map(|at| further[at + 1].to_owned());
        let child = spawn(&arguments);
        let server = Self { child, dir, port, arguments, password };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&self) {
        // The socket's file is there a moment before anybody listens on it.
        let answers = || {
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
                && std::os::unix::net::UnixStream::connect(self.socket()).is_ok()
        };
        until("redis-server is ready", answers);
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("redis.sock")
    }

    pub fn url(&self) -> String {
        let login = self.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default();
        format!("redis://{login}127.0.0.1:{}", self.port)
    }

    /// How to reach it.
    pub fn config(&self) -> config::Redis {
        redis_at(&self.url())
    }

    /// Says one command to it, by the way of the unix socket.
    pub fn ask<T: FromRedisValue>(&self, command: &str) -> T {
        self.try_ask(command).unwrap()
    }

    /// Words in quotes are one argument.
    pub fn try_ask<T: FromRedisValue>(&self, command: &str) -> redis::RedisResult<T> {
        let mut connection = self.connection()?;
        let mut parts = command
            .split('"')
            .enumerate()
            .flat_map(|(n, part)| if n % 2 == 1 { vec![part] } else { part.split_whitespace().collect::<Vec<_>>() });
        let mut said = redis::cmd(parts.next().unwrap());
        parts.for_each(|part| _ = said.arg(part));
        said.query(&mut connection)
    }

    fn connection(&self) -> redis::RedisResult<redis::Connection> {
        let login = self.password.as_ref().map(|password| format!("?pass={password}")).unwrap_or_default();
        let client = redis::Client::open(format!("redis+unix://{}{login}", self.socket().display()))?;
        let connection = client.get_connection_with_timeout(READY_WITHIN)?;
        connection.set_read_timeout(Some(READY_WITHIN))?;
        Ok(connection)
    }

    /// The jobs of a queue, oldest first.
    pub fn jobs(&self, queue_key: &str) -> Vec<String> {
        let mut jobs: Vec<String> = self.ask(&format!("LRANGE {queue_key} 0 -1"));
        jobs.reverse();
        jobs
    }

    /// All keys, sorted.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.ask("KEYS *");
        keys.sort();
        keys
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        let _ = fs::remove_file(self.socket());
        self.child = spawn(&self.arguments);
        self.wait_until_ready();
    }

    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(arguments: &[String]) -> Child {
    Command::new("redis-server").args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Looks again and again, until a deadline.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + READY_WITHIN;
    while !done() {
        assert!(Instant::now() < deadline, "not within {READY_WITHIN:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn redis_at(url: &str) -> config::Redis {
    config::Redis {
        url: url.to_owned().into(),
        db: None,
        sentinels: Vec::new(),
        sentinel_username: None,
        sentinel_password: None,
        tls: None,
    }
}

/// A certificate authority of our own, and a certificate of it for 127.0.0.1 and localhost.
pub struct Certificates {
    dir: TempDir,
}

impl Certificates {
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(rcgen::DnType::CommonName, "Test authority");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        fs::write(dir.path().join("ca.pem"), authority.pem()).unwrap();
        fs::write(dir.path().join("cert.pem"), certificate.pem()).unwrap();
        fs::write(dir.path().join("key.pem"), key.serialize_pem()).unwrap();
        Self { dir }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// TLS that trusts this authority.
    pub fn trusted(&self) -> config::Tls {
        config::Tls { ca_file: Some(self.file("ca.pem")), ..config::Tls::default() }
    }

    fn arguments(&self, port: u16) -> Vec<String> {
        let file = |name: &str| self.file(name).to_str().unwrap().to_owned();
        let pairs = [
            ("--port", "0".to_owned()),
            ("--tls-port", port.to_string()),
            ("--tls-cert-file", file("cert.pem")),
            ("--tls-key-file", file("key.pem")),
            ("--tls-ca-cert-file", file("ca.pem")),
            ("--tls-auth-clients", "optional".to_owned()),
        ];
        pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }

    /// The same for a Sentinel's configuration file.
    pub fn lines(&self, port: u16) -> String {
        self.arguments(port)
            .chunks(2)
            .map(|pair| format!("{} {}\n", pair[0].trim_start_matches('-'), pair[1]))
            .collect()
    }
}

/// Stands between us and a server. Forwards everything, but breaks the connection in place of the answer to a request in
/// which `needle` stands, as often as told.
pub struct Proxy {
    pub port: u16,
    cuts: Arc<AtomicUsize>,
    pub accepted: Arc<AtomicUsize>,
}

impl Proxy {
    pub async fn start(server: u16, needle: &'static str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cuts, accepted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let proxy = Self { port, cuts: cuts.clone(), accepted: accepted.clone() };
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                accepted.fetch_add(1, Ordering::SeqCst);
                let server = tokio::net::TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(forward(client, server, needle.as_bytes(), cuts.clone()));
            }
        });
        proxy
    }

    pub fn cut(&self, times: usize) {
        self.cuts.store(times, Ordering::SeqCst);
    }

    pub fn cuts_left(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

async fn forward(
    mut client: tokio::net::TcpStream,
    mut server: tokio::net::TcpStream,
    needle: &[u8],
    cuts: Arc<AtomicUsize>,
) {
    let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
    let mut cut = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(read @ 1..) = read else { return };
                server.write_all(&asked[..read]).await.unwrap();
                if asked[..read].windows(needle.len()).any(|window| window == needle) {
                    let spend = |left: usize| left.checked_sub(1);
                    cut = cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend).is_ok();
                }
            }
            read = server.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                if cut || client.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}
