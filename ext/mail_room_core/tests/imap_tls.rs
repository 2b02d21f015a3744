//! TLS towards an IMAP server: whom we trust, and what we say when we do not. Certificates are made for the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use mail_room_core::config::{Mailbox, Security, Tls, TlsVersion};
use mail_room_core::limits::shutdown::Stop;
use mail_room_core::source::imap::{Event, Gate, Imap};
use mail_room_core::{Error, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SigningKey,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use support::scripted::{Scripted, Talk};
use support::{connect, connect_impatient, mailbox, reconnect, refused};

/// A certificate with its key, as a server or an authority has it.
struct Identity {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
    der: CertificateDer<'static>,
}

impl Identity {
    fn new(params: CertificateParams, issuer: Option<&Identity>) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = match issuer {
            Some(issuer) => params.signed_by(&key, &Issuer::from_params(&issuer.params, &issuer.key)).unwrap(),
            None => params.self_signed(&key).unwrap(),
        };
        Self { pem: certificate.pem(), der: certificate.der().clone(), params, key }
    }

    fn authority() -> Self {
        let mut params = named(&[], "Test Authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::new(params, None)
    }

    fn server_config(&self) -> Arc<ServerConfig> {
        server_config(vec![self.der.clone()], PrivateKeyDer::try_from(self.key.serialize_der()).unwrap(), None)
    }
}

/// A self-signed certificate of X.509 v1, as RFC 1422 had it: neither version nor extensions. No library of today makes
/// one, so it is cut out of a new one and signed again.
fn x509_v1(common_name: &str) -> Identity {
    let mut identity = Identity::new(named(&[], common_name), None);
    let outer = elements(&elements(&identity.der)[0].1);
    let body: Vec<u8> = elements(&outer[0].1)
        .into_iter()
        .filter(|(tag, _)| !matches!(tag, 0xa0 | 0xa3))
        .flat_map(|(tag, content)| element(tag, &content))
        .collect();
    let body = element(0x30, &body);
    let mut signature = vec![0];
    signature.extend(identity.key.sign(&body).unwrap());
    let whole = [body, element(outer[1].0, &outer[1].1), element(0x03, &signature)].concat();
    identity.der = element(0x30, &whole).into();
    let base64 = base64::engine::general_purpose::STANDARD.encode(&identity.der);
    identity.pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
    identity
}

/// The elements of DER, as tags and contents.
fn elements(mut der: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    while !der.is_empty() {
        let long = usize::from(der[1].saturating_sub(0x80));
        let length =
            if long == 0 { der[1].into() } else { der[2..2 + long].iter().fold(0, |n, b| n << 8 | usize::from(*b)) };
        let (content, rest) = der[2 + long..].split_at(length);
        found.push((der[0], content.to_vec()));
        der = rest;
    }
    found
}

/// One element of DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut der = if content.len() < 0x80 { vec![tag, length[1]] } else { vec![tag, 0x82, length[0], length[1]] };
    if (0x80..0x100).contains(&content.len()) {
        der = vec![tag, 0x81, length[1]];
    }
    der.extend_from_slice(content);
    der
}

fn named(names: &[&str], common_name: &str) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clients: Option<&Identity>,
) -> Arc<ServerConfig> {
    server_config_of(chain, key, clients, &[&rustls::version::TLS12, &rustls::version::TLS13])
}

fn server_config_of(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clients: Option<&Identity>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions).unwrap();
    let builder = match clients {
        Some(authority) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(authority.der.clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
        None => builder.with_no_client_auth(),
    };
    // Not with_single_cert: it would want to parse the certificate of X.509 v1.
    let key = provider.key_provider.load_private_key(key).unwrap();
    Arc::new(builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key)))))
}

/// Connects to a TLS server that shows what `config` says, and tells whether it was spoken to.
async fn connecting(config: Arc<ServerConfig>, host: &str, tls: Tls) -> (Result<()>, bool) {
    let (told, heard) = tokio::sync::oneshot::channel();
    let server = Scripted::play(async move |talk: Talk| {
        let Ok(mut talk) = talk.encrypted(config).await else {
            told.send(false).unwrap();
            return;
        };
        talk.say("* OK [CAPABILITY IMAP4rev1] hi\r\n").await;
        let line = talk.hear().await;
        told.send(!line.is_empty()).unwrap();
        if !line.is_empty() {
            talk.say("A0001 OK [CAPABILITY IMAP4rev1] in\r\n").await;
            talk.serve("SELECT \"INBOX\"", "").await;
        }
    })
    .await;
    let result = connect(&encrypted(server.port, host, tls)).await.map(drop);
    server.played().await;
    (result, heard.await.unwrap())
}

fn encrypted(port: u16, host: &str, tls: Tls) -> Mailbox {
    let mut mailbox = mailbox(port);
    mailbox.security = Security::Tls;
    mailbox.host = host.into();
    mailbox.tls = tls;
    mailbox
}

async fn trusted(config: Arc<ServerConfig>, host: &str, tls: Tls) {
    let (result, spoken) = connecting(config, host, tls).await;
    result.unwrap();
    assert!(spoken);
}

/// The error's text, after making sure that nothing was said to the server.
async fn distrusted(config: Arc<ServerConfig>, host: &str, tls: Tls) -> String {
    let (result, spoken) = connecting(config, host, tls).await;
    assert!(!spoken, "said something to a server that is not trusted");
    let text = refused(result);
    assert!(text.starts_with(&format!("{host}:")), "{text}");
    text
}

fn write(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Options with `pem` as ca_file; the directory lives as long as the test needs it.
fn ca_file(directory: &tempfile::TempDir, pem: &str) -> Tls {
    Tls { ca_file: Some(write(directory.path(), "ca.pem", pem)), ..Tls::default() }
}

fn no_verification() -> Tls {
    Tls { verify: false, ..Tls::default() }
}

#[tokio::test]
async fn unknown_issuers_are_not_spoken_to() {
    let server = Identity::new(named(&["localhost"], "x"), Some(&Identity::authority()));
    let text = distrusted(server.server_config(), "localhost", Tls::default()).await;
    assert!(text.contains("issuer is unknown to this system") && text.contains("ca_file"), "{text}");
    assert!(text.contains("verify_mode: none"), "{text}");
    let directory = tempfile::tempdir().unwrap();
    let text = distrusted(server.server_config(), "localhost", ca_file(&directory, &Identity::authority().pem)).await;
    assert!(text.contains("issuer is unknown, not in ca_file"), "{text}");
    trusted(server.server_config(), "localhost", no_verification()).await;
}

#[tokio::test]
async fn own_authorities_are_trusted() {
    let authority = Identity::authority();
    let server = Identity::new(named(&["localhost", "127.0.0.1"], "x"), Some(&authority));
    let directory = tempfile::tempdir().unwrap();
    let tls = ca_file(&directory, &(Identity::authority().pem + &authority.pem));
    trusted(server.server_config(), "localhost", tls.clone()).await;
    trusted(server.server_config(), "127.0.0.1", tls).await;
    write(directory.path(), "readme.txt", "no certificate");
    let ca_path = Tls { ca_path: Some(directory.path().to_owned()), ..Tls::default() };
    trusted(server.server_config(), "localhost", ca_path).await;
}

#[tokio::test]
async fn self_signed_certificates_in_ca_file_are_trusted_for_their_host() {
    let directory = tempfile::tempdir().unwrap();
    let mut params = named(&["localhost"], "x");
    // What `openssl req -x509` makes: an authority, which webpki refuses to take for a server.
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let server = Identity::new(params, None);
    let tls = ca_file(&directory, &server.pem);
    trusted(server.server_config(), "localhost", tls.clone()).await;
    let text = distrusted(server.server_config(), "127.0.0.1", tls.clone()).await;
    assert!(text.contains("it is for localhost; set host"), "{text}");
    // The same name and another key is somebody else.
    let mut params = named(&["localhost"], "x");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let text = distrusted(Identity::new(params, None).server_config(), "localhost", tls).await;
    assert!(text.contains("ca_file"), "{text}");
    let text = distrusted(server.server_config(), "localhost", Tls::default()).await;
    assert!(text.contains("it is self-signed; name a file"), "{text}");
}

#[tokio::test]
async fn certificates_of_x509_v1_are_trusted_when_given() {
    let directory = tempfile::tempdir().unwrap();
    let server = x509_v1("localhost");
    let tls = ca_file(&directory, &server.pem);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let key = PrivateKeyDer::try_from(server.key.serialize_der()).unwrap();
        let config = server_config_of(vec![server.der.clone()], key, None, &[version]);
        trusted(Arc::clone(&config), "localhost", tls.clone()).await;
        trusted(Arc::clone(&config), "localhost", no_verification()).await;
        distrusted(Arc::clone(&config), "127.0.0.1", tls.clone()).await;
        distrusted(config, "localhost", Tls::default()).await;
    }
    // Shown by somebody who does not have its key.
    let other = PrivateKeyDer::try_from(KeyPair::generate().unwrap().serialize_der()).unwrap();
    let (result, spoken) = connecting(server_config(vec![server.der], other, None), "localhost", tls).await;
    assert!(!spoken);
    result.unwrap_err();
}

/// What stands in ca_file, and whether a certificate that it has signed is trusted.
async fn vouches(signer: &Identity) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let server = Identity::new(named(&["localhost"], "x"), Some(signer));
    let key = PrivateKeyDer::try_from(server.key.serialize_der()).unwrap();
    let config = server_config(vec![server.der.clone(), signer.der.clone()], key, None);
    let tls = ca_file(&directory, &signer.pem);
    let ca_path = Tls { ca_path: Some(directory.path().to_owned()), ..Tls::default() };
    let (result, spoken) = connecting(Arc::clone(&config), "localhost", tls).await;
    let (same, spoken_too) = connecting(config, "localhost", ca_path).await;
    assert_eq!((result.is_ok(), same.is_ok()), (spoken, spoken_too));
    assert_eq!(spoken, spoken_too);
    spoken
}

#[tokio::test]
async fn only_authorities_vouch_for_others() {
    let authority = Identity::authority();
    assert!(vouches(&authority).await);
    assert!(vouches(&x509_v1("Old Authority")).await);
    // Servers' own certificates: self-signed, signed by an authority, of X.509 v3 without and with a word about it.
    assert!(!vouches(&Identity::new(named(&["localhost"], "localhost"), None)).await);
    assert!(!vouches(&Identity::new(named(&["localhost"], "localhost"), Some(&authority))).await);
    let mut leaf = named(&["mail.example.com"], "x");
    leaf.is_ca = IsCa::ExplicitNoCa;
    assert!(!vouches(&Identity::new(leaf, Some(&authority))).await);
    // An authority whose key is not for signing certificates.
    let mut no_signer = named(&[], "Test Authority");
    no_signer.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    no_signer.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    assert!(!vouches(&Identity::new(no_signer, None)).await);
}

#[tokio::test]
async fn a_servers_certificate_in_ca_file_is_trusted_itself_for_its_name_only() {
    let authority = Identity::authority();
    let server = Identity::new(named(&["localhost"], "x"), Some(&authority));
    let directory = tempfile::tempdir().unwrap();
    let tls = ca_file(&directory, &server.pem);
    trusted(server.server_config(), "localhost", tls.clone()).await;
    let text = distrusted(server.server_config(), "127.0.0.1", tls.clone()).await;
    assert!(text.contains("it is for localhost"), "{text}");
    // Another one of the same authority, which nobody has named.
    let other = Identity::new(named(&["localhost"], "x"), Some(&authority));
    distrusted(other.server_config(), "localhost", tls).await;
}

#[tokio::test]
async fn files_that_hang_are_named_and_hold_up_no_other_connection() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = |name: &str| {
        let path = directory.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    };
    let authority = Identity::authority();
    let server = Identity::new(named(&["localhost"], "x"), Some(&authority));
    let good = write(directory.path(), "good.pem", &server.pem);
    let hanging = [
        ("ca_file", pipe("ca"), Tls::default()),
        ("cert", pipe("cert"), Tls { ca_file: Some(good.clone()), ..Tls::default() }),
        ("key", pipe("key"), Tls { cert: Some(good.clone()), verify: false, ..Tls::default() }),
    ];
    let mut waiting = Vec::new();
    for (option, path, mut tls) in hanging {
        match option {
            "ca_file" => tls.ca_file = Some(path.clone()),
            "cert" => tls.cert = Some(path.clone()),
            _ => tls.key = Some(path.clone()),
        }
        // More than there are threads of any kind.
        for _ in 0..10 {
            let (tls, path) = (tls.clone(), path.clone());
            waiting.push(tokio::spawn(async move {
                let text = reconnect(connect(&encrypted(config_port().await, "localhost", tls)).await);
                assert!(text.contains(&format!("ssl: {option} {} cannot be read within", path.display())), "{text}");
            }));
        }
    }
    let begun = std::time::Instant::now();
    trusted(server.server_config(), "localhost", ca_file(&directory, &authority.pem)).await;
    assert!(begun.elapsed().as_secs() < 3, "held up by the files of others");
    for told in waiting {
        told.await.unwrap();
    }
}

#[tokio::test]
async fn common_names_count_only_for_own_authorities() {
    let authority = Identity::authority();
    let directory = tempfile::tempdir().unwrap();
    let tls = ca_file(&directory, &authority.pem);
    let server = Identity::new(named(&[], "localhost"), Some(&authority));
    trusted(server.server_config(), "localhost", tls.clone()).await;
    distrusted(server.server_config(), "127.0.0.1", tls.clone()).await;
    // With alternative names the common name means nothing.
    let server = Identity::new(named(&["imap.example.com", "10.0.0.1"], "localhost"), Some(&authority));
    let text = distrusted(server.server_config(), "localhost", tls).await;
    assert!(text.contains("it is for imap.example.com, 10.0.0.1"), "{text}");
}

#[tokio::test]
async fn dates_are_looked_at() {
    let authority = Identity::authority();
    let directory = tempfile::tempdir().unwrap();
    let tls = ca_file(&directory, &authority.pem);
    let mut params = named(&["localhost"], "x");
    params.not_after = rcgen::date_time_ymd(2020, 2, 29);
    let server = Identity::new(params, Some(&authority));
    let text = distrusted(server.server_config(), "localhost", tls.clone()).await;
    assert!(text.contains("it expired on 2020-02-29"), "{text}");
    trusted(server.server_config(), "localhost", no_verification()).await;
    let mut params = named(&["localhost"], "x");
    params.not_before = rcgen::date_time_ymd(2090, 1, 1);
    let text = distrusted(Identity::new(params, Some(&authority)).server_config(), "localhost", tls).await;
    assert!(text.contains("not valid before 2090-01-01"), "{text}");
    // One of our own is no better when it is old.
    let mut params = named(&["localhost"], "x");
    params.not_after = rcgen::date_time_ymd(2020, 2, 29);
    let server = Identity::new(params, None);
    let text = distrusted(server.server_config(), "localhost", ca_file(&directory, &server.pem)).await;
    assert!(text.contains("it expired on 2020-02-29"), "{text}");
}

#[tokio::test]
async fn client_certificates_are_shown() {
    let authority = Identity::authority();
    let server = Identity::new(named(&["localhost"], "x"), Some(&authority));
    let mut params = named(&[], "me");
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    let client = Identity::new(params, Some(&authority));
    let directory = tempfile::tempdir().unwrap();
    let mut tls = ca_file(&directory, &authority.pem);
    let server_key = || PrivateKeyDer::try_from(server.key.serialize_der()).unwrap();
    let config = server_config(vec![server.der.clone()], server_key(), Some(&authority));
    let (result, _) = connecting(Arc::clone(&config), "localhost", tls.clone()).await;
    let text = refused(result);
    assert!(text.contains("cert and key"), "{text}");
    tls.cert = Some(write(directory.path(), "client.pem", &client.pem));
    tls.key = Some(write(directory.path(), "client.key", &client.key.serialize_pem()));
    trusted(Arc::clone(&config), "localhost", tls.clone()).await;
    // Both in one file.
    tls.cert = Some(write(directory.path(), "both.pem", &(client.pem.clone() + &client.key.serialize_pem())));
    tls.key = None;
    trusted(config, "localhost", tls).await;
}

#[tokio::test]
async fn versions_are_obeyed() {
    let authority = Identity::authority();
    let server = Identity::new(named(&["localhost"], "x"), Some(&authority));
    let directory = tempfile::tempdir().unwrap();
    let mut tls = ca_file(&directory, &authority.pem);
    let key = PrivateKeyDer::try_from(server.key.serialize_der()).unwrap();
    let config = server_config_of(vec![server.der.clone()], key, None, &[&rustls::version::TLS12]);
    tls.max_version = Some(TlsVersion::V1_2);
    trusted(Arc::clone(&config), "localhost", tls.clone()).await;
    tls.max_version = None;
    tls.min_version = Some(TlsVersion::V1_3);
    let (result, spoken) = connecting(Arc::clone(&config), "localhost", tls.clone()).await;
    assert!(!spoken && refused(result).contains("version"));
    tls.max_version = Some(TlsVersion::V1_2);
    let result = connect(&encrypted(config_port().await, "localhost", tls)).await;
    assert!(matches!(result, Err(Error::Configuration(text)) if text.contains("min_version")));
}

/// The port of a server that never says anything.
async fn config_port() -> u16 {
    Scripted::play(async |mut talk: Talk| talk.gone().await).await.port
}

#[tokio::test]
async fn unusable_files_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let empty = write(directory.path(), "empty.pem", "PRIVATE");
    let missing = directory.path().join("missing.pem");
    for (tls, expected) in [
        (Tls { ca_file: Some(missing.clone()), ..Tls::default() }, "ca_file"),
        (Tls { ca_file: Some(empty.clone()), ..Tls::default() }, "ca_file"),
        (Tls { ca_path: Some(missing.clone()), ..Tls::default() }, "ca_path"),
        (Tls { ca_path: Some(directory.path().to_owned()), ..Tls::default() }, "ca_path"),
        (Tls { cert: Some(missing.clone()), ..Tls::default() }, "cert"),
        (Tls { cert: Some(empty.clone()), key: Some(empty), ..Tls::default() }, "cert"),
    ] {
        let text = refused(connect(&encrypted(config_port().await, "localhost", tls)).await);
        assert!(text.contains(&format!("ssl: {expected} {}", directory.path().display())), "{text}");
    }
}

#[tokio::test]
async fn servers_without_tls_are_told_apart() {
    let server = Scripted::play(async |mut talk: Talk| {
        talk.say("* OK [CAPABILITY IMAP4rev1] hi\r\n").await;
    })
    .await;
    let text = refused(connect(&encrypted(server.port, "localhost", Tls::default())).await);
    assert!(text.contains("does not speak TLS on this port"), "{text}");
    let server = Scripted::play(async |mut talk: Talk| {
        talk.hear_bytes(&[22]).await;
        std::future::pending::<()>().await;
    })
    .await;
    let text = reconnect(connect_impatient(&encrypted(server.port, "localhost", Tls::default())).await);
    assert!(text.contains("handshake did not end in time"), "{text}");
}

// --- STARTTLS ---

/// Connects with start_tls to a server that plays `script` in clear.
async fn starting<F>(script: impl FnOnce(Talk) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send,
{
    let server = Scripted::play(script).await;
    let mut mailbox = encrypted(server.port, "localhost", no_verification());
    mailbox.security = Security::StartTls;
    let text = refused(connect(&mailbox).await);
    server.played().await;
    text
}

#[tokio::test]
async fn starttls_then_login() {
    let authority = Identity::authority();
    let config = Identity::new(named(&["localhost"], "x"), Some(&authority)).server_config();
    let server = Scripted::play(async |mut talk: Talk| {
        talk.say("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n").await;
        talk.serve("STARTTLS", "").await;
        let mut talk = talk.encrypted(config).await.unwrap();
        // What was said in clear does not count any more.
        talk.serve("CAPABILITY", "* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN\r\n").await;
        talk.expect("AUTHENTICATE PLAIN").await;
        talk.say("+ \r\n").await;
        assert_eq!(talk.hear().await, "AG1lQGV4YW1wbGUuY29tAHMzY3JldC1wYXNz");
        talk.answer("OK [CAPABILITY IMAP4rev1] in").await;
        talk.serve("SELECT \"INBOX\"", "").await;
        talk.gone().await;
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let mut mailbox = encrypted(server.port, "localhost", ca_file(&directory, &authority.pem));
    mailbox.security = Security::StartTls;
    let mut events = Vec::new();
    let imap =
        Imap::connect(&mailbox, &Stop::new(), &Gate::new(), &mut |event: Event| events.push(event)).await.unwrap();
    events.retain(|event| event.action().is_some());
    assert_eq!(events, [Event::StartingTls, Event::LoggingIn, Event::SettingMailbox]);
    drop(imap);
    server.played().await;
}

#[tokio::test]
async fn initial_responses_where_the_server_takes_them() {
    let config = Identity::new(named(&["localhost"], "x"), None).server_config();
    let server = Scripted::play(async |talk: Talk| {
        let mut talk = talk.encrypted(config).await.unwrap();
        talk.say("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN SASL-IR] hi\r\n").await;
        talk.serve("AUTHENTICATE PLAIN AG1lQGV4YW1wbGUuY29tAHMzY3JldC1wYXNz", "").await;
        talk.serve("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n").await;
        talk.serve("SELECT \"INBOX\"", "").await;
        talk.gone().await;
    })
    .await;
    drop(connect(&encrypted(server.port, "localhost", no_verification())).await.unwrap());
    server.played().await;
}

#[tokio::test]
async fn without_starttls_nothing_is_said_in_clear() {
    let text = starting(async |mut talk: Talk| {
        talk.say("* OK [CAPABILITY IMAP4rev1] hi\r\n").await;
        talk.gone().await;
    })
    .await;
    assert!(text.contains("start_tls is set, but the server does not offer STARTTLS"), "{text}");
    let text = starting(async |mut talk: Talk| {
        talk.say("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n").await;
        talk.expect("STARTTLS").await;
        talk.answer("NO not today").await;
        talk.gone().await;
    })
    .await;
    assert!(text.contains("not today"), "{text}");
    let text = starting(async |mut talk: Talk| {
        talk.say("* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n").await;
        talk.gone().await;
    })
    .await;
    assert!(text.contains("PREAUTH"), "{text}");
}

#[tokio::test]
async fn bytes_slipped_in_before_the_handshake_are_an_attack() {
    let text = starting(async |mut talk: Talk| {
        talk.say("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n").await;
        talk.expect("STARTTLS").await;
        talk.say("A0001 OK begin\r\n* CAPABILITY IMAP4rev1\r\nA0002 OK injected\r\n").await;
        talk.gone().await;
    })
    .await;
    assert!(text.contains("somebody may be in between"), "{text}");
}
