//! JSON Web Tokens (RFC 7519) that show an app's HTTP endpoint who is posting: a nonce, the time of issue and the issuer,
//! signed. Only issues tokens; whoever receives them verifies.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::zeroize::Zeroizing;
use serde::Serialize;

use crate::config::{Jwt, JwtAlgorithm};
use crate::error::{Error, Result};
use crate::system::files;
use crate::system::random::hex_96;

/// Octets of a secret's file; there is no key that large.
const FILE_LIMIT: u64 = 64 << 10;
/// PKCS#8 (RFC 5208) around a key of the curve P-256 that is a plain ECPrivateKey (RFC 5915): everything but the lengths.
const EC_KEY: &[u8] =
    b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

#[derive(Serialize)]
struct Claims<'a> {
    nonce: String,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    iss: &'a str,
}

/// A new token. The file with the secret is read anew: it may be rotated while we run.
///
/// # Errors
/// [`Error::TargetDown`] if the secret cannot be read or used.
pub async fn token(jwt: &Jwt) -> Result<String> {
    let unusable = |why: &str| {
        Error::target_down(format!("no token can be made: jwt_secret_path {} {why}", jwt.secret_path.display()))
    };
    let secret = files::read(&jwt.secret_path, FILE_LIMIT).await.map_err(|unread| unusable(unread.why()))?;
    let key = key(&secret, jwt.algorithm).map_err(unusable)?;
    let mut header = Header::new(match jwt.algorithm {
        JwtAlgorithm::HS256 => Algorithm::HS256,
        JwtAlgorithm::HS384 => Algorithm::HS384,
        JwtAlgorithm::HS512 => Algorithm::HS512,
        JwtAlgorithm::RS256 => Algorithm::RS256,
        JwtAlgorithm::ES256 => Algorithm::ES256,
    });
    // As the original writes it.
    header.typ = None;
    header.kid = match jwt.key_thumbprint {
        true => Some(thumbprint(&secret, jwt.algorithm).map_err(unusable)?),
        false => jwt.key_id.clone(),
    };
    let iat = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let exp = jwt.expires_in.map(|seconds| iat.saturating_add(seconds));
    let claims = Claims { nonce: hex_96(), iat, exp, iss: &jwt.issuer };
    encode(&header, &claims, &key).map_err(|_| {
        Error::target_down(format!(
            "no token can be made: the key in jwt_secret_path {} cannot sign with {:?}",
            jwt.secret_path.display(),
            jwt.algorithm
        ))
    })
}

/// The key in the file that holds `secret`. The error says what is wrong with the file, and nothing of what is in it.
fn key(secret: &[u8], algorithm: JwtAlgorithm) -> std::result::Result<EncodingKey, &'static str> {
    match algorithm {
        JwtAlgorithm::HS256 | JwtAlgorithm::HS384 | JwtAlgorithm::HS512 => {
            let secret = BASE64_STANDARD.decode(secret.trim_ascii_end());
            let secret = Zeroizing::new(secret.map_err(|_| "must name a file with the secret in Base64")?);
            if secret.is_empty() {
                return Err("names an empty file: the secret has to be in it, in Base64");
            }
            Ok(EncodingKey::from_secret(&secret))
        }
        JwtAlgorithm::RS256 => {
            EncodingKey::from_rsa_pem(secret).map_err(|_| "must name a PEM file with a private key of RSA")
        }
        JwtAlgorithm::ES256 => match PrivateKeyDer::from_pem_slice(secret) {
            Ok(PrivateKeyDer::Pkcs8(key)) => Ok(EncodingKey::from_ec_der(key.secret_pkcs8_der())),
            Ok(PrivateKeyDer::Sec1(key)) => Ok(EncodingKey::from_ec_der(&pkcs8(key.secret_sec1_der()))),
            _ => Err("must name a PEM file with a private key of the curve P-256"),
        },
    }
}

/// The thumbprint of the public key (RFC 7638): SHA-256 over its JWK, the members required and in their order, in base64url.
fn thumbprint(secret: &[u8], algorithm: JwtAlgorithm) -> std::result::Result<String, &'static str> {
    let encoded = |octets: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(octets);
    let jwk = match (algorithm, PrivateKeyDer::from_pem_slice(secret)) {
        (JwtAlgorithm::ES256, Ok(key)) => {
            let point = match &key {
                PrivateKeyDer::Pkcs8(key) => p256_point(key.secret_pkcs8_der()),
                PrivateKeyDer::Sec1(key) => p256_point(&pkcs8(key.secret_sec1_der())),
                _ => None,
            };
            let point =
                point.ok_or("must name a PEM file with a private key of the curve P-256, its public key included")?;
            // An uncompressed point (SEC 1 section 2.3.3): 4, x and y.
            let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encoded(x), encoded(y))
        }
        (JwtAlgorithm::RS256, Ok(key)) => {
            let pair = match &key {
                PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
                PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
                _ => return Err("must name a PEM file with a private key of RSA"),
            };
            let pair = pair.map_err(|_| "must name a PEM file with a private key of RSA")?;
            let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
            format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encoded(&e), encoded(&n))
        }
        (JwtAlgorithm::HS256 | JwtAlgorithm::HS384 | JwtAlgorithm::HS512, _) => {
            return Err(
                "holds a secret, which has no thumbprint that may be shown: set jwt_key_id to a name of its own",
            );
        }
        (_, Err(_)) => return Err("must name a PEM file with a private key"),
    };
    Ok(encoded(ring::digest::digest(&ring::digest::SHA256, jwk.as_bytes()).as_ref()))
}

fn p256_point(pkcs8: &[u8]) -> Option<Vec<u8>> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new()).ok()?;
    Some(pair.public_key().as_ref().to_vec())
}

/// `openssl ecparam -genkey` writes an ECPrivateKey; signing wants it inside PKCS#8.
fn pkcs8(key: &[u8]) -> Zeroizing<Vec<u8>> {
    let inner = Zeroizing::new([EC_KEY, &der(0x04, key)].concat());
    Zeroizing::new(der(0x30, &inner))
}

/// A tag, a length and a value (X.690 section 8.1). Keys are shorter than 64 KiB.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes();
    let length: &[u8] = match (high, low) {
        (0, ..=0x7f) => &[low],
        (0, _) => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, value].concat()
}
