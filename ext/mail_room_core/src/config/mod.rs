//! What to watch, as the facade hands it over: already checked, coerced and complete. Defaults live in the facade.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

/// One mailbox and what becomes of its messages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// The folder on the server, in UTF-8 (sent in modified UTF-7).
    pub name: String,
    /// The user name; for IMAP also the login.
    pub email: String,
    /// The password of `email`; empty where `auth` says how else to log in.
    pub password: SecretString,
    /// How to log in without a password.
    #[serde(default)]
    pub auth: Option<OAuth>,
    /// Host name or address of the IMAP server.
    pub host: String,
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// Options of TLS, for [`Security::Tls`] and [`Security::StartTls`].
    #[serde(default)]
    pub tls: Tls,
    /// The IMAP search program that finds messages to deliver.
    pub search_command: String,
    /// Messages handled in one pass over the mailbox; 0 is no limit.
    pub limit_max_unread: u64,
    /// Seconds after which IDLE is renewed at the latest.
    pub idle_timeout: u64,
    /// Whether delivered messages are marked `\Deleted`, too.
    pub delete_after_delivery: bool,
    /// Whether deleted messages are expunged.
    pub expunge_deleted: bool,
    /// Octets; a larger message is set aside without being downloaded.
    pub max_message_size: u64,
    /// Failures that count against a message before it is set aside, at least 1.
    pub max_delivery_attempts: u32,
    /// The folder that messages set aside are moved to; if absent they stay, `\Flagged \Seen`.
    #[serde(default)]
    pub failed_mailbox: Option<String>,
    /// Where this mailbox's log lines go; nowhere if absent.
    #[serde(default)]
    pub log: Option<LogTarget>,
    /// Which messages are for the app; all of them if absent.
    #[serde(default)]
    pub matching: Option<Matching>,
    /// How senders are told that their message was rejected; needed where `unmatched` is [`Unmatched::Reject`].
    #[serde(default)]
    pub rejection: Option<Rejection>,
    /// What becomes of a message.
    pub delivery: Delivery,
    /// Who decides between several processes on one mailbox.
    pub arbitration: Arbitration,
    /// The mailbox is one of Microsoft Graph; what is said above of IMAP is not looked at then.
    #[serde(default)]
    pub graph: Option<Graph>,
}

/// A mailbox of Microsoft Graph. `tls` of the mailbox is for both endpoints.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// The tenant, by id or domain.
    pub tenant_id: String,
    /// The app's id.
    pub client_id: String,
    /// The app's secret; either this or `client_certificate`.
    #[serde(default)]
    pub client_secret: Option<SecretString>,
    /// PEM file with the app's certificate and its private key (RSA). Read for every token.
    #[serde(default)]
    pub client_certificate: Option<PathBuf>,
    /// Seconds between two looks, at least 1.
    pub poll_interval: u64,
    /// Where tokens come from, `https://host`.
    pub azure_ad_endpoint: String,
    /// Where the mailbox is, `https://host`.
    pub graph_endpoint: String,
    /// Whether it is looked for changes instead of unread messages.
    #[serde(default)]
    pub delta: bool,
}

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS (RFC 3501 section 6.2.1), mandatory.
    StartTls,
    /// No TLS at all.
    Plain,
}

/// Options of TLS. The default verifies against the system's certificate authorities.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Whether the server's certificate is verified.
    #[serde(default = "yes")]
    pub verify: bool,
    /// Whether the name in it is, too.
    #[serde(default = "yes")]
    pub verify_hostname: bool,
    /// PEM file with own certificate authorities (in place of the system's).
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Directory of PEM files with own certificate authorities.
    #[serde(default)]
    pub ca_path: Option<PathBuf>,
    /// PEM file with our client certificate (chain).
    #[serde(default)]
    pub cert: Option<PathBuf>,
    /// PEM file with the private key of `cert`.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// Lowest version accepted: `1.2` (default) or `1.3`.
    #[serde(default)]
    pub min_version: Option<TlsVersion>,
    /// Highest version offered: `1.2` or `1.3` (default).
    #[serde(default)]
    pub max_version: Option<TlsVersion>,
}

fn yes() -> bool {
    true
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            verify: true,
            verify_hostname: true,
            ca_file: None,
            ca_path: None,
            cert: None,
            key: None,
            min_version: None,
            max_version: None,
        }
    }
}

/// A version of TLS that rustls speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum TlsVersion {
    /// RFC 5246.
    #[serde(rename = "1.2")]
    V1_2,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    V1_3,
}

/// A login with a token of OAuth 2.0 (RFC 6749).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    /// How the token is shown to the mail server.
    pub mechanism: Mechanism,
    /// Where the token comes from.
    pub token: TokenSource,
}

/// A mechanism of SASL that takes a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// Google's and Microsoft's.
    Xoauth2,
    /// RFC 7628.
    Oauthbearer,
}

/// Where a token comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenSource {
    /// A program and its arguments; it writes the token to its standard output. Run for every login.
    Command(Vec<String>),
    /// A file that somebody else keeps up to date. Read for every login.
    File(PathBuf),
    /// An authorization server.
    Grant(Box<Grant>),
}

/// A grant of OAuth 2.0: refresh_token (RFC 6749 section 6) if there is one, else client_credentials (section 4.4).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The authorization server's token endpoint, `https`.
    pub token_url: SecretString,
    /// Who we are there.
    pub client_id: String,
    /// The proof of it.
    #[serde(default)]
    pub client_secret: Option<SecretString>,
    /// What a person has once allowed us.
    #[serde(default)]
    pub refresh_token: Option<SecretString>,
    /// What the token is for.
    #[serde(default)]
    pub scope: Option<String>,
    /// Options of TLS towards the authorization server.
    #[serde(default)]
    pub tls: Tls,
}

/// Where log lines go.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogTarget {
    /// The process's standard output.
    Stdout,
    /// The process's standard error.
    Stderr,
    /// A file, appended to; opened anew after SIGHUP.
    Path(PathBuf),
    /// A logger of the app's own, by the number under which the app fetches its lines.
    Ruby(usize),
}

/// Which messages are for the app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// The mailbox's address, with `%{key}` for what the app puts there; without it only references are looked at.
    pub address: String,
    /// The host in the ids of the app's own mails, `<reply-KEY@host>`; without it references are not looked at.
    #[serde(default)]
    pub gitlab_host: Option<String>,
    /// More addresses of ours; `*` is any run of octets.
    #[serde(default)]
    pub also_accept: Vec<String>,
    /// What becomes of what a program sent of itself.
    pub auto_replies: AutoReplies,
    /// What becomes of what is to nobody we know.
    pub unmatched: Unmatched,
    /// Whether decisions are only logged.
    #[serde(default)]
    pub dry_run: bool,
}

/// What becomes of an automatic reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoReplies {
    /// Marked like a delivered message, and nothing else.
    Ignore,
    /// Looked at like any other message.
    Deliver,
}

/// What becomes of a message to nobody we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// It is handed over like any other message.
    Deliver,
    /// Marked like a delivered message, and nothing else.
    Ignore,
    /// Its sender is told, then it is marked like a delivered message.
    Reject,
}

/// How senders are told, and how many.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// By whom.
    pub by: RejectBy,
    /// Notices to one sender within an hour, at most.
    pub per_sender: usize,
    /// Notices to all together within an hour, at most.
    pub in_all: usize,
}

/// Who tells senders.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum RejectBy {
    /// We do, by mail.
    Smtp(Box<Smtp>),
    /// The app's own class.
    Hook {
        /// The class's name, for the log.
        class_name: String,
    },
}

/// The SMTP server that takes our mails (RFC 5321), and what stands in them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Host name or address.
    pub host: String,
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// How the connection is secured.
    pub security: SmtpSecurity,
    /// Options of TLS.
    #[serde(default)]
    pub tls: Tls,
    /// What we call ourselves in EHLO.
    pub domain: String,
    /// The login, together with `password`.
    #[serde(default)]
    pub username: Option<String>,
    /// The password of `username`.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// The sender, as in a header: `Desk <desk@example.com>`.
    pub from: String,
    /// The text, with `%{subject}`, `%{reason}` and `%{mailbox}`.
    pub text: String,
    /// Seconds until a mail has to be taken, at least 1.
    pub timeout: u64,
}

/// How a connection to an SMTP server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS (RFC 3207), mandatory.
    StartTls,
    /// STARTTLS if the server offers it.
    Auto,
    /// No TLS at all.
    Plain,
}

/// What becomes of a message.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Delivery {
    /// Nothing: every message counts as delivered.
    Noop,
    /// A line (or more) of a Ruby Logger's format.
    Logger {
        /// The file; standard output if absent.
        #[serde(default)]
        log_path: Option<PathBuf>,
    },
    /// A job in a Sidekiq queue.
    Sidekiq(Sidekiq),
    /// A POST to an HTTP endpoint.
    Postback(Box<Postback>),
    /// A row in que's table.
    Que(Que),
    /// A program's standard input.
    Command(Command),
    /// A call of the app's own class.
    Hook {
        /// The class's name, for the log.
        class_name: String,
    },
}

/// The HTTP endpoint that messages are posted to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postback {
    /// `http` or `https`; may hold user, password and query. Needed as soon as there is something to post.
    #[serde(default)]
    pub url: Option<SecretString>,
    /// Sent as `Authorization: Token …`.
    #[serde(default)]
    pub token: Option<SecretString>,
    /// Sent with `password` (RFC 7617) if there is no token.
    #[serde(default)]
    pub username: Option<String>,
    /// The password of `username`.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// Sent beside token or user name.
    #[serde(default)]
    pub jwt: Option<Jwt>,
    /// The media type of the messages, as the endpoint wants it.
    pub content_type: String,
    /// More headers.
    #[serde(default)]
    pub headers: BTreeMap<String, SecretString>,
    /// Options of TLS, for `https`.
    #[serde(default)]
    pub tls: Tls,
    /// Seconds until a connection has to stand, at least 1.
    pub connect_timeout: u64,
    /// Seconds until the answer has to be there, at least 1.
    pub timeout: u64,
    /// Posts that may be on their way at the same time, at least 1.
    pub concurrency: usize,
    /// What answers there.
    #[serde(default)]
    pub endpoint: Endpoint,
}

/// What answers to posts, as far as that changes what its answers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// An endpoint of the app's own.
    #[default]
    Generic,
    /// The relay ingress of Rails' Action Mailbox.
    ActionMailbox,
}

/// A program that reads each message from its standard input.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments. No shell looks at them.
    pub command: Vec<String>,
    /// Seconds that the program may take for one message, at least 1.
    pub timeout: u64,
    /// Programs that may run at the same time, at least 1.
    pub concurrency: usize,
}

/// A JSON Web Token (RFC 7519) that is made anew for every request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// The header that carries it.
    pub header: String,
    /// The file with the secret: in Base64 for HMAC, a PEM file with the private key for the others. Read for every token.
    pub secret_path: PathBuf,
    /// The claim `iss`.
    pub issuer: String,
    /// How it is signed.
    pub algorithm: JwtAlgorithm,
    /// The header parameter `kid` (RFC 7515 section 4.1.4).
    #[serde(default)]
    pub key_id: Option<String>,
    /// Whether `kid` is the key's thumbprint (RFC 7638), in place of `key_id`. Not for HMAC: a secret is no public key.
    #[serde(default)]
    pub key_thumbprint: bool,
    /// Seconds after which the token expires (the claim `exp`). It does not if absent.
    #[serde(default)]
    pub expires_in: Option<u64>,
}

/// How a token is signed (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "named as in the RFC")]
pub enum JwtAlgorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    ES256,
}

/// The Sidekiq queue that takes the jobs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidekiq {
    /// Where the queue lives.
    pub redis: Redis,
    /// Prefix of all keys, without the colon.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Name of the queue.
    pub queue: String,
    /// The worker's class name.
    pub worker: String,
    /// Octets that a job may have, text and all. A message whose job would be larger is refused. No limit if absent.
    #[serde(default)]
    pub max_job_size: Option<u64>,
}

/// The table of que's that takes the jobs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Que {
    /// Where the table is.
    pub database: Postgres,
    /// The column `priority`; the smaller, the sooner.
    pub priority: i16,
    /// The job's class name.
    pub job_class: String,
    /// Name of the queue; may be empty.
    pub queue: String,
}

/// A database of PostgreSQL.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// Host name or address, or the absolute path of the folder that the Unix socket lies in.
    pub host: String,
    /// TCP port, 1 to 65535; also in the socket's name.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The role.
    pub username: String,
    /// The password of `username`, if one is asked for.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// Whether the connection is encrypted.
    pub sslmode: SslMode,
    /// Options of TLS. What is verified has to fit `sslmode`.
    #[serde(default)]
    pub tls: Tls,
    /// Seconds until a connection has to stand, at least 1.
    pub connect_timeout: u64,
    /// Seconds until a statement has to be answered, at least 1.
    pub timeout: u64,
}

/// Whether a connection to PostgreSQL is encrypted, in libpq's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Never.
    Disable,
    /// If the server insists.
    Allow,
    /// If the server can.
    Prefer,
    /// Always, with whomever.
    Require,
    /// Always, with a server that an authority vouches for.
    VerifyCa,
    /// Always, with the very host.
    VerifyFull,
}

/// Who decides between several processes on one mailbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "one a mailbox: not worth a Box")]
pub enum Arbitration {
    /// Nobody: this process is the only one.
    Noop,
    /// Claims in Redis.
    Redis(Claims),
    /// A call of the app's own class.
    Hook {
        /// The class's name, for the log.
        class_name: String,
    },
}

/// Claims in Redis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Where the claims live.
    pub redis: Redis,
    /// Prefix of all keys, without the colon.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Seconds a claim lives unless renewed, at least 1.
    pub claim_ttl: u64,
}

impl Claims {
    /// How long a claim lives unless renewed.
    pub fn ttl(&self) -> Duration {
        Duration::from_secs(self.claim_ttl.max(1))
    }
}

/// Address of a Redis server, or of the Sentinels that know it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://`, `rediss://`, `unix:`; with Sentinels `redis://:password@master-name/`.
    pub url: SecretString,
    /// Database; the URL's path if absent.
    #[serde(default)]
    pub db: Option<i64>,
    /// Sentinels; none means a plain server.
    #[serde(default)]
    pub sentinels: Vec<Sentinel>,
    /// User name at the Sentinels.
    #[serde(default)]
    pub sentinel_username: Option<String>,
    /// Password at the Sentinels.
    #[serde(default)]
    pub sentinel_password: Option<SecretString>,
    /// Options of TLS towards Redis (`redis_ssl_params`).
    #[serde(default)]
    pub tls: Option<Tls>,
}

/// One Sentinel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentinel {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Present if this Sentinel speaks TLS.
    #[serde(default)]
    pub tls: Option<Tls>,
}
