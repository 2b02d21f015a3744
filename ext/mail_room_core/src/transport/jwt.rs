//! JSON Web Tokens (RFC 7519) that show an app's HTTP endpoint who is posting: a nonce, the time of issue and the issuer,
//! signed. Only issues tokens; whoever receives them verifies.

mod key;

use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Map, Value};

use crate::config::Jwt;
use crate::error::{Error, Result};
use crate::system::files;
use crate::system::random::hex_96;
use key::Key;
pub(crate) use key::{NoRsaKey, rsa_key};

/// Octets of a secret's file; there is no key that large.
const FILE_LIMIT: u64 = 64 << 10;

/// A new token. The file with the secret is read anew: it may be rotated while we run.
///
/// # Errors
/// [`Error::TargetDown`] if the secret cannot be read or used.
pub async fn token(jwt: &Jwt) -> Result<String> {
    let unusable = |why: &str| {
        Error::target_down(format!("no token can be made: jwt_secret_path {} {why}", jwt.secret_path.display()))
    };
    let secret = files::read(&jwt.secret_path, FILE_LIMIT).await.map_err(|unread| unusable(unread.why()))?;
    let key = Key::read(&secret, jwt.algorithm).map_err(unusable)?;
    let key_id = match jwt.key_thumbprint {
        true => Some(key.thumbprint().map_err(unusable)?),
        false => jwt.key_id.clone(),
    };
    let iat = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    issued(jwt, &key, key_id, hex_96(), iat).ok_or_else(|| {
        Error::target_down(format!(
            "no token can be made: the key in jwt_secret_path {} cannot sign with {:?}",
            jwt.secret_path.display(),
            jwt.algorithm
        ))
    })
}

/// The token of this time and this nonce; `None` if the key cannot sign. The header has no `typ`, as the original writes it.
fn issued(jwt: &Jwt, key: &Key, key_id: Option<String>, nonce: String, iat: u64) -> Option<String> {
    let header = [("alg", Some(format!("{:?}", jwt.algorithm).into())), ("kid", key_id.map(Value::from))];
    let claims = [
        ("nonce", Some(nonce.into())),
        ("iat", Some(iat.into())),
        ("exp", jwt.expires_in.map(|seconds| iat.saturating_add(seconds).into())),
        ("iss", Some(jwt.issuer.as_str().into())),
    ];
    let mut token = signing_input(&object(header), &object(claims));
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Some(token)
}

fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}

/// Header and claims as they are signed (RFC 7515 section 5.1).
pub(crate) fn signing_input(header: &Value, claims: &Value) -> String {
    let encoded = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", encoded(header), encoded(claims))
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::config::JwtAlgorithm;

    fn jwt(algorithm: JwtAlgorithm, expires_in: Option<u64>) -> Jwt {
        Jwt {
            header: "Api-Request".into(),
            secret_path: "secret".into(),
            issuer: "mail\"room é".into(),
            algorithm,
            key_id: None,
            key_thumbprint: false,
            expires_in,
        }
    }

    /// What the library made that signed the tokens of earlier versions.
    #[test]
    fn a_token_is_the_same_octet_for_octet_as_it_always_was() {
        let plain =
            "eyJub25jZSI6IjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2NyIsImlhdCI6MTcwMDAwMDAwMCwiaXNzIjoibWFpbFwicm9vbSDDqSJ9";
        let expiring = "eyJub25jZSI6IjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2NyIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwMDYwLCJpc3\
                        MiOiJtYWlsXCJyb29tIMOpIn0";
        for (algorithm, key_id, expires_in, expected) in [
            (
                JwtAlgorithm::HS256,
                None,
                None,
                format!("eyJhbGciOiJIUzI1NiJ9.{plain}.V3JIlzOA1ZHtqZrYOISGe3ftshnvs10Qx6kg-6zNCHM"),
            ),
            (
                JwtAlgorithm::HS256,
                Some("k\"1".to_owned()),
                Some(60),
                format!(
                    "eyJhbGciOiJIUzI1NiIsImtpZCI6ImtcIjEifQ.{expiring}.P0d_TO3sVwi8F0yCokPtL8sLorW4upqAfaQpQTorhO0"
                ),
            ),
            (
                JwtAlgorithm::HS384,
                None,
                None,
                format!(
                    "eyJhbGciOiJIUzM4NCJ9.{plain}.FwL0MPLQfv9Qeh1JWCQmeWGD8C-l6oblk44Z7jt_3GrMXyCYxpo0QsUu84yFIb7d"
                ),
            ),
            (
                JwtAlgorithm::HS512,
                None,
                None,
                format!(
                    "eyJhbGciOiJIUzUxMiJ9.{plain}.h2UHFGKnbLliCHOc5_pizskCDLS6f6HeJtm3CPZLw5TswwcEZAbSESSY8GgIWuTSTE_G2K8_g\
                     rzjqALtLn4R9g"
                ),
            ),
        ] {
            let key = Key::read(BASE64_STANDARD.encode("a secret").as_bytes(), algorithm)
                .unwrap_or_else(|why| panic!("{why}"));
            let jwt = jwt(algorithm, expires_in);
            let token = issued(&jwt, &key, key_id, "0123456789abcdef01234567".into(), 1_700_000_000);
            assert_eq!(token, Some(expected));
        }
    }
}
