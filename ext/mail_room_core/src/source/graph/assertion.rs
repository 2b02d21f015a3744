//! A JSON Web Token that authenticates the app at Entra instead of a secret (RFC 7523 section 2.2). It is signed with the key of
//! a certificate that is registered with the app. Sends nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use ring::rand::SystemRandom;
use ring::signature::RSA_PSS_SHA256;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::zeroize::Zeroizing;
use serde_json::json;

use crate::system::random::hex_128;
use crate::transport::jwt::{NoRsaKey, rsa_key, signing_input};

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
    let key = rsa_key(pem).map_err(|reason| match reason {
        NoRsaKey::Absent => "has no private key of RSA, in PEM and without a passphrase".to_owned(),
        NoRsaKey::Unusable => {
            "has a private key that cannot be used: Entra takes RSA keys of 2048 bits and more".to_owned()
        }
    })?;

    let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, &certificate));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
    let claims = json!({
        "aud": audience, "iss": client_id, "sub": client_id, "jti": hex_128(), "iat": now.as_secs(),
        "nbf": now.saturating_sub(EARLIER).as_secs(), "exp": (now + GOOD_FOR).as_secs()
    });
    let mut token = Zeroizing::new(signing_input(&header, &claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
        .map_err(|_| "has a key that cannot sign".to_owned())?;
    token.push('.');
    token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}
