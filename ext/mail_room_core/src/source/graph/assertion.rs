//! A JSON Web Token that authenticates the app at Entra instead of a secret (RFC 7523 section 2.2). It is signed with the key of
//! a certificate that is registered with the app. Sends nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::zeroize::Zeroizing;
use serde_json::{Value, json};

use crate::system::random::hex_128;

/// Octets of the file, far more than a certificate and a key have.
pub(super) const FILE_LIMIT: u64 = 256 << 10;
/// How long a token is valid. It is used at once, but clocks differ.
const GOOD_FOR: Duration = Duration::from_secs(600);
/// How much earlier than now it becomes valid, for the same reason.
const EARLIER: Duration = Duration::from_secs(60);

/// A new token of the app `client_id` for the token endpoint `audience`. `pem` is the content of the file.
///
/// # Errors
/// What is wrong with the file, without any of its content.
pub(super) fn assertion(pem: &[u8], client_id: &str, audience: &str) -> Result<Zeroizing<String>, String> {
    let certificate = CertificateDer::from_pem_slice(pem)
        .map_err(|_| "has no certificate: it must be a PEM file with the certificate and its private key".to_owned())?;
    let key = key(pem)?;

    let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, &certificate));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
    let claims = json!({
        "aud": audience, "iss": client_id, "sub": client_id, "jti": hex_128(), "iat": now.as_secs(),
        "nbf": now.saturating_sub(EARLIER).as_secs(), "exp": (now + GOOD_FOR).as_secs()
    });
    let encoded = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let mut token = Zeroizing::new(format!("{}.{}", encoded(&header), encoded(&claims)));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
        .map_err(|_| "has a key that cannot sign".to_owned())?;
    token.push('.');
    token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}

fn key(pem: &[u8]) -> Result<RsaKeyPair, String> {
    let key = match PrivateKeyDer::from_pem_slice(pem) {
        Ok(PrivateKeyDer::Pkcs8(key)) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        Ok(PrivateKeyDer::Pkcs1(key)) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err("has no private key of RSA, in PEM and without a passphrase".into()),
    };
    key.map_err(|_| "has a private key that cannot be used: Entra takes RSA keys of 2048 bits and more".into())
}
