//! The keys that sign tokens (RFC 7518 section 3), from Base64 or PEM. Reads no files. Errors say what is wrong with a file, and nothing of
//! what is in it.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use memchr::{memmem, memrchr};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::zeroize::Zeroizing;

use crate::config::JwtAlgorithm;
use crate::transport::der::{Elements, tag};

/// rsaEncryption (RFC 8017 appendix A.1).
const RSA_ENCRYPTION: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
/// PKCS#8 (RFC 5208) around a key of the curve P-256 that is a plain ECPrivateKey (RFC 5915): everything but the lengths.
const EC_KEY: &[u8] =
    b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// What a block of PEM begins and ends with (RFC 7468 section 2).
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
const NO_EC_KEY: &str = "must name a PEM file with a private key of the curve P-256, its public key included";

/// A key, for the algorithms that it was read for.
pub(super) enum Key {
    Hmac(hmac::Key),
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl Key {
    /// Reads what a file holds: a secret in Base64 for HMAC, else PEM.
    pub(super) fn read(secret: &[u8], algorithm: JwtAlgorithm) -> Result<Self, &'static str> {
        match algorithm {
            JwtAlgorithm::HS256 => Self::of_hmac(secret, hmac::HMAC_SHA256),
            JwtAlgorithm::HS384 => Self::of_hmac(secret, hmac::HMAC_SHA384),
            JwtAlgorithm::HS512 => Self::of_hmac(secret, hmac::HMAC_SHA512),
            JwtAlgorithm::RS256 => match rsa_key(secret) {
                Ok(key) => Ok(Self::Rsa(Box::new(key))),
                Err(NoRsaKey::Absent) => Err("must name a PEM file with a private key of RSA"),
                Err(NoRsaKey::Unusable) => {
                    Err("must name a PEM file with a private key of RSA that has 2048 to 4096 bits")
                }
            },
            JwtAlgorithm::ES256 => p256_key(secret).map(|key| Self::P256(Box::new(key))).ok_or(NO_EC_KEY),
        }
    }

    fn of_hmac(secret: &[u8], algorithm: hmac::Algorithm) -> Result<Self, &'static str> {
        let secret = BASE64_STANDARD.decode(secret.trim_ascii_end());
        let secret = Zeroizing::new(secret.map_err(|_| "must name a file with the secret in Base64")?);
        if secret.is_empty() {
            return Err("names an empty file: the secret has to be in it, in Base64");
        }
        Ok(Self::Hmac(hmac::Key::new(algorithm, &secret)))
    }

    /// The signature of `message` (RFC 7518 sections 3.2 to 3.4); `None` if the key cannot sign.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Hmac(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            Self::P256(key) => Some(key.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec()),
        }
    }

    /// The thumbprint of the public key (RFC 7638): SHA-256 over its JWK, the members required and in their order, in base64url.
    pub(super) fn thumbprint(&self) -> Result<String, &'static str> {
        let encoded = |octets: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(octets);
        let jwk = match self {
            Self::P256(key) => {
                // An uncompressed point (SEC 1 section 2.3.3): 4, x and y.
                let point = key.public_key().as_ref().get(1..).and_then(|point| point.split_at_checked(32));
                let (x, y) = point.ok_or(NO_EC_KEY)?;
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encoded(x), encoded(y))
            }
            Self::Rsa(key) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(key.public());
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encoded(&e), encoded(&n))
            }
            Self::Hmac(_) => {
                return Err(
                    "holds a secret, which has no thumbprint that may be shown: set jwt_key_id to a name of its own",
                );
            }
        };
        Ok(encoded(ring::digest::digest(&ring::digest::SHA256, jwk.as_bytes()).as_ref()))
    }
}

/// Why a PEM file has no key of RSA that can sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRsaKey {
    /// It has no private key, one with a passphrase, or one that is only for elliptic curves.
    Absent,
    /// Its key is for something else, is too short or too long, or is broken.
    Unusable,
}

/// The first private key in a PEM file.
fn private_key(pem: &[u8]) -> Option<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(&strict(pem)).ok()
}

/// The blocks of a PEM file as RFC 7468 wants them written. Secrets pass through YAML and variables of the environment, where they get indented,
/// folded into one line, or put behind something else.
fn strict(pem: &[u8]) -> Zeroizing<Vec<u8>> {
    // As large as it can get: no smaller one is left in memory when it grows.
    let mut strict = Zeroizing::new(Vec::with_capacity(pem.len().saturating_mul(2)));
    let mut rest = pem;
    while let Some((_, begun)) = divided(rest, BEGIN) {
        rest = begun;
        let Some((label, content)) = divided(begun, DASHES) else { break };
        let end = [END, label, DASHES].concat();
        let Some((content, after)) = divided(content, &end) else { continue };
        rest = after;
        if let Some(base64) = without_headers(content) {
            strict.extend([BEGIN, label, DASHES, b"\n"].concat());
            strict.extend(base64.iter().filter(|octet| !octet.is_ascii_whitespace()));
            strict.extend([b"\n", &*end, b"\n"].concat());
        }
    }
    strict
}

/// The content of a block after its headers (RFC 1421); `None` if they say that it is encrypted.
fn without_headers(content: &[u8]) -> Option<&[u8]> {
    // Base64 has no colon.
    let Some(colon) = memrchr(b':', content) else { return Some(content) };
    let (headers, base64) = content.split_at_checked(colon)?;
    let encrypted = memmem::find(base64, b"ENCRYPTED").or_else(|| memmem::find(headers, b"ENCRYPTED")).is_some();
    divided(base64, b"\n").filter(|_| !encrypted).map(|(_, base64)| base64)
}

/// What is before and after the first `separator`.
fn divided<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (before, after) = text.split_at_checked(memmem::find(text, separator)?)?;
    Some((before, after.get(separator.len()..)?))
}

/// The first private key in a PEM file, in PKCS#1 or PKCS#8.
pub(crate) fn rsa_key(pem: &[u8]) -> Result<RsaKeyPair, NoRsaKey> {
    let key = private_key(pem).ok_or(NoRsaKey::Absent)?;
    let key = match &key {
        PrivateKeyDer::Pkcs1(key) => Some(key.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(key) => within_pkcs8(key.secret_pkcs8_der()),
        _ => return Err(NoRsaKey::Absent),
    };
    key.and_then(|key| RsaKeyPair::from_der(key).ok()).ok_or(NoRsaKey::Unusable)
}

/// The key of RSA in a PrivateKeyInfo (RFC 5958 section 2). ring would insist on parameters that are NULL, and on the first version.
fn within_pkcs8(key: &[u8]) -> Option<&[u8]> {
    let mut info = Elements::of(key).within(tag::SEQUENCE)?;
    info.content(tag::INTEGER)?;
    let algorithm = info.within(tag::SEQUENCE)?.content(tag::OID)?;
    info.content(tag::OCTET_STRING).filter(|_| algorithm == RSA_ENCRYPTION)
}

/// The first private key in a PEM file, in SEC 1 or PKCS#8.
fn p256_key(pem: &[u8]) -> Option<EcdsaKeyPair> {
    let of_pkcs8 = |key: &[u8]| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &SystemRandom::new());
    match private_key(pem)? {
        PrivateKeyDer::Pkcs8(key) => of_pkcs8(key.secret_pkcs8_der()).ok(),
        PrivateKeyDer::Sec1(key) => of_pkcs8(&pkcs8(key.secret_sec1_der())).ok(),
        _ => None,
    }
}

/// `openssl ecparam -genkey` writes an ECPrivateKey; signing wants it inside PKCS#8.
fn pkcs8(key: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = Zeroizing::new(der(tag::OCTET_STRING, key));
    let inner = Zeroizing::new([EC_KEY, &key].concat());
    Zeroizing::new(der(tag::SEQUENCE, &inner))
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
    };

    use super::*;

    fn read(secret: &[u8], algorithm: JwtAlgorithm) -> Key {
        Key::read(secret, algorithm).unwrap_or_else(|why| panic!("{why}"))
    }

    fn refusal(secret: &[u8], algorithm: JwtAlgorithm) -> &'static str {
        Key::read(secret, algorithm).err().unwrap()
    }

    fn verified(key: &Key) -> bool {
        let (public, algorithm): (&[u8], &dyn VerificationAlgorithm) = match key {
            Key::Hmac(_) => panic!("it has no public key"),
            Key::Rsa(key) => (key.public_key().as_ref(), &RSA_PKCS1_2048_8192_SHA256),
            Key::P256(key) => (key.public_key().as_ref(), &ECDSA_P256_SHA256_FIXED),
        };
        UnparsedPublicKey::new(algorithm, public).verify(b"message", &key.sign(b"message").unwrap()).is_ok()
    }

    fn openssl(arguments: &[&str]) -> Vec<u8> {
        let made = Command::new("openssl").args(arguments).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        made.stdout
    }

    fn pem(label: &str, der: &[u8]) -> Vec<u8> {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der)).into_bytes()
    }

    /// RFC 7515 appendix A.1.
    #[test]
    fn hmac_signs_as_the_rfc_shows() {
        let secret = BASE64_URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let key = read(BASE64_STANDARD.encode(secret).as_bytes(), JwtAlgorithm::HS256);
        let message = b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(message).unwrap());
        assert_eq!(signature, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert!(key.thumbprint().unwrap_err().contains("set jwt_key_id"));
    }

    #[test]
    fn a_secret_is_base64_and_not_empty() {
        assert_eq!(refusal(b"not base64!", JwtAlgorithm::HS256), "must name a file with the secret in Base64");
        assert!(refusal(b" \n", JwtAlgorithm::HS512).starts_with("names an empty file"));
    }

    #[test]
    fn a_key_of_rsa_has_one_form_of_several() {
        let traditional = openssl(&["genrsa", "-traditional", "2048"]);
        let PrivateKeyDer::Pkcs1(inner) = PrivateKeyDer::from_pem_slice(&traditional).unwrap() else {
            panic!("not PKCS#1")
        };
        let oid = der(tag::OID, RSA_ENCRYPTION);
        let wrapped = |version: &[u8], parameters: &[u8], attributes: &[u8]| {
            let algorithm = der(tag::SEQUENCE, &[&oid, parameters].concat());
            let inner = der(tag::OCTET_STRING, inner.secret_pkcs1_der());
            pem("PRIVATE KEY", &der(tag::SEQUENCE, &[version, &algorithm, &inner, attributes].concat()))
        };
        let after_another = [pem("CERTIFICATE", b"\x30\x00"), wrapped(b"\x02\x01\x00", b"\x05\x00", b"")].concat();
        let text = String::from_utf8(traditional.clone()).unwrap();
        let indented = text.replace('\n', "\r\n  ");
        let one_line = text.replace('\n', "");
        let begun = "-----BEGIN RSA PRIVATE KEY-----";
        let with_header = text.replacen('\n', "\nX-Comment: Proc\n\n", 1);
        for pem in [
            traditional,
            format!("\u{feff}  {indented}").into_bytes(),
            format!("key: \"{one_line}\"\n").into_bytes(),
            text.replace('\n', " ").into_bytes(),
            format!("-----BEGIN nothing\n-----BEGIN X-----\n{text}").into_bytes(),
            with_header.into_bytes(),
            format!("{begun}\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n{text}").into_bytes(),
            wrapped(b"\x02\x01\x00", b"\x05\x00", b""),
            wrapped(b"\x02\x01\x00", b"", b"\xa0\x00"),
            wrapped(b"\x02\x01\x01", b"\x05\x00", b"\x81\x01\x00"),
            after_another,
        ] {
            assert!(verified(&read(&pem, JwtAlgorithm::RS256)), "{}", String::from_utf8_lossy(&pem));
        }
    }

    #[test]
    fn a_key_of_p_256_has_one_form_of_several() {
        let with_parameters = openssl(&["ecparam", "-name", "prime256v1", "-genkey"]);
        for pem in [with_parameters, rcgen::KeyPair::generate().unwrap().serialize_pem().into_bytes()] {
            assert!(verified(&read(&pem, JwtAlgorithm::ES256)), "{}", String::from_utf8_lossy(&pem));
        }
    }

    #[test]
    fn a_key_for_something_else_is_refused_and_not_shown() {
        let short = openssl(&["genrsa", "1024"]);
        let ed25519 = openssl(&["genpkey", "-algorithm", "ed25519"]);
        let p256 = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        let p384 = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]);
        let sec1_of_p384 = openssl(&["ecparam", "-name", "secp384r1", "-genkey", "-noout"]);
        let no_rsa = "must name a PEM file with a private key of RSA";
        let unusable = "must name a PEM file with a private key of RSA that has 2048 to 4096 bits";
        for (pem, why) in [
            (&short, unusable),
            (&ed25519, unusable),
            (&p256, unusable),
            (&pem("PRIVATE KEY", b"\x30\x03\x02\x01"), unusable),
            (&sec1_of_p384, no_rsa),
            (&pem("ENCRYPTED PRIVATE KEY", b"\x30\x00"), no_rsa),
            (&b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nhidden".to_vec(), no_rsa),
            (&b"-----BEGIN RSA PRIVATE KEY-----\nhidden".to_vec(), no_rsa),
            (&b"hidden".to_vec(), no_rsa),
        ] {
            assert_eq!(refusal(pem, JwtAlgorithm::RS256), why);
        }
        for pem in [&short, &ed25519, &p384, &sec1_of_p384, &b"hidden".to_vec()] {
            assert_eq!(refusal(pem, JwtAlgorithm::ES256), NO_EC_KEY);
        }
    }
}
