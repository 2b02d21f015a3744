//! Parses `redis_url` and the options beside it: the server, the login and the database. Opens no connection.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};

use crate::config;
use crate::error::{Error, Result};

const DEFAULT_HOST: &str = "localhost";
const DEFAULT_PORT: u16 = 6379;

/// The server, the login and the database.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) server: Server,
    /// TLS towards Redis; `None` is plain text.
    pub(crate) tls: Option<config::Tls>,
    pub(crate) login: Option<Login>,
    pub(crate) db: i64,
}

/// How to find the server.
#[derive(Debug, Clone)]
pub(crate) enum Server {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
    Sentinel { master: String, sentinels: Vec<config::Sentinel>, login: Option<Login> },
}

/// The arguments of AUTH.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) user: Option<String>,
    pub(crate) password: SecretString,
}

impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        self.user == other.user && self.password.expose_secret() == other.password.expose_secret()
    }
}

impl Address {
    /// Parses `config`.
    ///
    /// # Errors
    /// [`Error::Configuration`], which never repeats the URL: it may hold a password.
    pub(crate) fn new(config: &config::Redis) -> Result<Self> {
        let url = config.url.expose_secret().trim();
        let (scheme, rest) = url.split_once(':').ok_or_else(|| meaningless("it has no scheme"))?;
        let scheme = scheme.to_ascii_lowercase();
        let mut address = match scheme.as_str() {
            "unix" => unix(rest)?,
            "redis" | "rediss" => tcp(rest)?,
            _ => return Err(meaningless("it does not start with redis://, rediss:// or unix:")),
        };
        if let Some(db) = config.db {
            address.db = db;
        }
        if address.db < 0 {
            return Err(meaningless("its database is negative"));
        }
        if scheme == "rediss" {
            address.tls = Some(config.tls.clone().unwrap_or_default());
        }
        if !config.sentinels.is_empty() {
            let Server::Tcp { host, .. } = address.server else {
                return Err(meaningless("with sentinels it has to be redis://:password@master-name/"));
            };
            let login = config
                .sentinel_password
                .clone()
                .map(|password| Login { user: config.sentinel_username.clone(), password });
            address.server = Server::Sentinel { master: host, sentinels: config.sentinels.clone(), login };
        }
        Ok(address)
    }

    /// Whether one connection serves both: the same server by the same way, login and database included.
    pub(crate) fn shares_connection(&self, other: &Self) -> bool {
        let same_way = match (&self.server, &other.server) {
            (Server::Sentinel { login: a, .. }, Server::Sentinel { login: b, .. }) => a == b,
            _ => true,
        };
        same_way && self.same_server(other) && self.login == other.login && self.tls == other.tls
    }

    /// Whether both mean the same keys: the same server (or the same master of the same Sentinels), user and database.
    pub(crate) fn same_server(&self, other: &Self) -> bool {
        let same_place = match (&self.server, &other.server) {
            (Server::Tcp { host: a, port: p }, Server::Tcp { host: b, port: q }) => a.eq_ignore_ascii_case(b) && p == q,
            (Server::Unix(a), Server::Unix(b)) => a == b,
            (
                Server::Sentinel { master: a, sentinels: of_a, .. },
                Server::Sentinel { master: b, sentinels: of_b, .. },
            ) => a == b && of_a.iter().any(|a| of_b.iter().any(|b| same_sentinel(a, b))),
            _ => false,
        };
        same_place && self.user() == other.user() && self.db == other.db
    }

    fn user(&self) -> &str {
        self.login.as_ref().and_then(|login| login.user.as_deref()).unwrap_or("default")
    }
}

/// For people: never the user, never the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.server {
            Server::Tcp { host, port } => write!(f, "Redis {}/{}", HostPort(host, *port), self.db),
            Server::Unix(path) => write!(f, "Redis {} database {}", path.display(), self.db),
            Server::Sentinel { master, .. } => write!(f, "Redis {master}/{} (by Sentinel)", self.db),
        }
    }
}

/// `host:port`, an IPv6 address in brackets.
pub(crate) struct HostPort<'a>(pub(super) &'a str, pub(super) u16);

impl fmt::Display for HostPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(host, port) = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

fn same_sentinel(a: &config::Sentinel, b: &config::Sentinel) -> bool {
    a.host.eq_ignore_ascii_case(&b.host) && a.port == b.port
}

/// What follows `redis:` or `rediss:`.
fn tcp(rest: &str) -> Result<Address> {
    let rest = rest.strip_prefix("//").ok_or_else(|| meaningless("// is missing after the scheme"))?;
    let (rest, _query) = split_at_any(rest, &['?', '#']);
    let (authority, path) = split_at_any(rest, &['/']);
    let (userinfo, place) = authority.rsplit_once('@').map_or((None, authority), |(info, place)| (Some(info), place));
    let (host, port) = host_and_port(place)?;
    Ok(Address {
        server: Server::Tcp { host, port },
        tls: None,
        login: login(userinfo)?,
        db: database(path.trim_matches('/'))?,
    })
}

/// Parses what follows `unix:`: `/path`, `///path`, `//:password@/path`, each perhaps with `?db=1`.
fn unix(rest: &str) -> Result<Address> {
    let (rest, query) = split_at_any(rest, &['?']);
    let (userinfo, path) = match rest.strip_prefix("//") {
        None => (None, rest),
        Some(rest) => match split_at_any(rest, &['/']) {
            ("", path) => (None, path),
            (authority, path) => match authority.strip_suffix('@') {
                Some(info) => (Some(info), path),
                None => return Err(meaningless("the path of a unix socket has to be absolute: unix:///path")),
            },
        },
    };
    if !path.starts_with('/') {
        return Err(meaningless("the path of a unix socket has to be absolute: unix:/path"));
    }
    let option = |name: &str| {
        query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)
    };
    Ok(Address {
        server: Server::Unix(PathBuf::from(decoded(path)?)),
        tls: None,
        login: login(userinfo)?,
        db: database(option("db").map_or("", |(_, db)| db))?,
    })
}

fn login(userinfo: Option<&str>) -> Result<Option<Login>> {
    // As in redis-client, a single word is the password, and so is the word after the colon.
    let (user, password) = userinfo.map_or(("", ""), |info| info.split_once(':').unwrap_or(("", info)));
    if password.is_empty() {
        return Ok(None);
    }
    let user = if user.is_empty() { None } else { Some(decoded(user)?) };
    // May also be encoded as in a form: GitLab writes a space as a plus sign.
    let password = decoded(&password.replace('+', " "))?;
    Ok(Some(Login { user, password: password.into() }))
}

fn host_and_port(place: &str) -> Result<(String, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or_else(|| meaningless("a bracket of its host is not closed"))?,
        None => split_at_any(place, &[':']),
    };
    let port = match port.trim_start_matches(':') {
        "" => DEFAULT_PORT,
        port => port.parse().map_err(|_| meaningless("its port is not a number from 1 to 65535"))?,
    };
    let host = if host.is_empty() { DEFAULT_HOST.to_owned() } else { decoded(host)? };
    Ok((host, port))
}

fn database(db: &str) -> Result<i64> {
    if db.is_empty() { Ok(0) } else { db.parse().map_err(|_| meaningless("its database is not a number")) }
}

fn decoded(part: &str) -> Result<String> {
    let decoded = percent_decode_str(part).decode_utf8();
    decoded.map(Into::into).map_err(|_| meaningless("its percent-encoding is not UTF-8"))
}

fn split_at_any<'a>(text: &'a str, marks: &[char]) -> (&'a str, &'a str) {
    text.find(marks).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

fn meaningless(why: &str) -> Error {
    Error::Configuration(format!(
        "redis_url has no meaning: {why}; expected is redis://[[user:]password@]host[:port][/database], the same with \
         rediss://, or unix:///path[?db=database]"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_we_are_is_read_as_by_redis_client() {
        let table = [
            ("redis://host", None),
            ("redis://@host", None),
            ("redis://:@host", None),
            ("redis://secret@host", Some((None, "secret"))),
            ("rediss://secret@host:1/2", Some((None, "secret"))),
            ("redis://:secret@host", Some((None, "secret"))),
            ("redis://user:secret@host", Some((Some("user"), "secret"))),
            ("redis://us%3Aer:se%40cr%25et@host", Some((Some("us:er"), "se@cr%et"))),
            ("redis://se%3Acr%2Fet@host", Some((None, "se:cr/et"))),
            ("redis://se:cr:et@host", Some((Some("se"), "cr:et"))),
            ("redis://a+b%2Bc@host", Some((None, "a b+c"))),
            ("unix://secret@/run/redis.sock", Some((None, "secret"))),
            ("unix:/run/redis.sock", None),
        ];
        for (url, expected) in table {
            let config = config::Redis {
                url: url.to_owned().into(),
                db: None,
                sentinels: Vec::new(),
                sentinel_username: None,
                sentinel_password: None,
                tls: None,
            };
            let sentinel = config::Sentinel { host: "s".into(), port: 26_379, tls: None };
            let with_sentinel = config::Redis { sentinels: vec![sentinel], ..config.clone() };
            let addresses = [Address::new(&config), Address::new(&with_sentinel)];
            for address in addresses.into_iter().take(if url.starts_with("unix") { 1 } else { 2 }) {
                let login = address.unwrap().login;
                let seen = login.as_ref().map(|login| (login.user.as_deref(), login.password.expose_secret()));
                assert_eq!(seen, expected, "{url}");
            }
        }
    }
}
