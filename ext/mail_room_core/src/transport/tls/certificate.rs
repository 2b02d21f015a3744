//! The names and dates of a certificate, parsed leniently so that a certificate that webpki refuses can still be compared and
//! explained. Decides nothing about trust.

use std::net::IpAddr;

use chrono::DateTime;
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};

use super::x509::{AlternativeName, Certificate};

/// 1.2.840.113549.1.1, 1.2.840.10045.4 and 1.2.840.10045.4.3: the last number names the hash (RFC 4055 section 5, RFC 5758 section 3.2).
const SIGNED_BY_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01";
const SIGNED_BY_ECDSA: &[u8] = b"\x2a\x86\x48\xce\x3d\x04";
const SIGNED_BY_ECDSA_WITH_SHA2: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03";

/// Names and dates of one certificate.
#[derive(Debug)]
pub(super) struct Facts {
    /// DNS names of the subject alternative names.
    pub(super) dns: Vec<String>,
    /// Addresses of the subject alternative names.
    pub(super) addresses: Vec<IpAddr>,
    /// Whether there are subject alternative names of these kinds. The common name counts only if there are none (RFC 6125
    /// section 6.4.4).
    pub(super) has_alternatives: bool,
    /// The subject's last common name.
    pub(super) common_name: Option<String>,
    /// Seconds since 1970.
    pub(super) not_before: i64,
    /// Seconds since 1970.
    pub(super) not_after: i64,
    /// The issuer: its organisation, else its common name.
    pub(super) issuer: String,
    /// Whether subject and issuer are the same.
    pub(super) self_issued: bool,
    /// Whether it may sign other certificates (RFC 5280 sections 4.2.1.3 and 4.2.1.9): it is marked as an authority, or is
    /// self-signed and older than that mark.
    pub(super) may_sign: bool,
    /// The public key, as SubjectPublicKeyInfo in DER.
    pub(super) key: SubjectPublicKeyInfoDer<'static>,
}

/// Parses `certificate`; `None` if it is not X.509.
pub(super) fn facts(certificate: &CertificateDer<'_>) -> Option<Facts> {
    let parsed = Certificate::parse(certificate)?;
    let mut dns = Vec::new();
    let mut addresses = Vec::new();
    for name in parsed.alternative_names().unwrap_or_default() {
        match name {
            AlternativeName::Dns(name) => dns.push(name.to_owned()),
            AlternativeName::Address(octets) => addresses.extend(address(octets)),
        }
    }
    let common_name = parsed.subject.common_names().last().flatten().map(str::to_owned);
    Some(Facts {
        has_alternatives: !dns.is_empty() || !addresses.is_empty(),
        dns,
        addresses,
        common_name,
        not_before: parsed.not_before,
        not_after: parsed.not_after,
        issuer: issuer(&parsed),
        self_issued: parsed.subject == parsed.issuer,
        may_sign: may_sign(&parsed),
        key: SubjectPublicKeyInfoDer::from(parsed.key.to_vec()),
    })
}

/// Reads all that is ever read of a certificate. For fuzzing.
#[cfg(fuzzing)]
pub fn read(octets: &[u8]) {
    let certificate = CertificateDer::from(octets);
    end_point(&certificate);
    let Some(facts) = facts(&certificate) else { return };
    for host in ["imap.example.com", "127.0.0.1", "::1"] {
        ServerName::try_from(host).map(|host| facts.names(&host)).ok();
    }
    facts.out_of_date(UnixTime::now());
    facts.described();
}

fn may_sign(certificate: &Certificate<'_>) -> bool {
    if !certificate.is_v3 {
        return certificate.subject == certificate.issuer;
    }
    certificate.is_authority() == Ok(true) && certificate.key_may_sign() == Ok(true)
}

fn issuer(certificate: &Certificate<'_>) -> String {
    let name = certificate.issuer.organizations().chain(certificate.issuer.common_names()).flatten().next();
    printable(name.unwrap_or("nobody by name"))
}

/// Makes a name from the network printable and short.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(200).collect()
}

/// The hash of `certificate` for channel binding; `None` if it is not defined (Ed25519) or unknown.
pub(super) fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let algorithm = match Certificate::parse(certificate)?.signed_with.split_last()? {
        // RSA with MD5, SHA-1 and SHA-256, ECDSA with SHA-1 and SHA-256: RFC 5929 replaces the weak ones by SHA-256.
        (4 | 5 | 11, SIGNED_BY_RSA) | (1, SIGNED_BY_ECDSA) | (2, SIGNED_BY_ECDSA_WITH_SHA2) => &ring::digest::SHA256,
        (12, SIGNED_BY_RSA) | (3, SIGNED_BY_ECDSA_WITH_SHA2) => &ring::digest::SHA384,
        (13, SIGNED_BY_RSA) | (4, SIGNED_BY_ECDSA_WITH_SHA2) => &ring::digest::SHA512,
        _ => return None,
    };
    Some(ring::digest::digest(algorithm, certificate).as_ref().to_vec())
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

impl Facts {
    /// Whether a subject alternative name matches `host`, or, if there are none, whether the common name does.
    pub(super) fn names(&self, host: &ServerName<'_>) -> bool {
        match host {
            _ if !self.has_alternatives => self.common_name_is(host),
            ServerName::DnsName(host) => self.dns.iter().any(|name| matches(name, host.as_ref())),
            ServerName::IpAddress(address) => self.addresses.contains(&IpAddr::from(*address)),
            _ => false,
        }
    }

    /// Whether there is no subject alternative name and the common name is `host`.
    pub(super) fn common_name_is(&self, host: &ServerName<'_>) -> bool {
        let Some(name) = self.common_name.as_ref().filter(|_| !self.has_alternatives) else { return false };
        match host {
            ServerName::DnsName(host) => matches(name, host.as_ref()),
            ServerName::IpAddress(address) => name.parse() == Ok(IpAddr::from(*address)),
            _ => false,
        }
    }

    /// Why the certificate is not valid at `now`, if it is not.
    pub(super) fn out_of_date(&self, now: UnixTime) -> Option<String> {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now > self.not_after {
            Some(format!("it expired on {}", day(self.not_after)))
        } else if now < self.not_before {
            Some(format!("it is not valid before {} (is this machine's clock right?)", day(self.not_before)))
        } else {
            None
        }
    }

    /// The names of the certificate, for people.
    pub(super) fn described(&self) -> String {
        let addresses = self.addresses.iter().map(IpAddr::to_string);
        let mut names: Vec<String> = self.dns.iter().cloned().chain(addresses).collect();
        if names.is_empty() {
            names.extend(self.common_name.clone());
        }
        let all = if names.is_empty() { "nobody by name".to_owned() } else { names.join(", ") };
        printable(&all)
    }
}

/// RFC 6125 section 6.4: case does not matter; `*` stands for exactly one whole leftmost label.
fn matches(pattern: &str, host: &str) -> bool {
    let pattern = pattern.trim_end_matches('.');
    let host = host.trim_end_matches('.');
    match (pattern.strip_prefix("*."), host.split_once('.')) {
        (Some(rest), Some((label, parent))) => {
            !label.is_empty() && rest.contains('.') && rest.eq_ignore_ascii_case(parent)
        }
        (Some(_), None) => false,
        (None, _) => pattern.eq_ignore_ascii_case(host),
    }
}

fn day(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| "an unknown day".into(), |time| time.format("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_one_whole_label() {
        for (pattern, host, expected) in [
            ("imap.example.com", "IMAP.example.com", true),
            ("imap.example.com.", "imap.example.com", true),
            ("*.example.com", "imap.example.com", true),
            ("*.example.com", "a.imap.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.com", "example.com", false),
            ("i*.example.com", "imap.example.com", false),
            ("*", "imap", false),
        ] {
            assert_eq!(matches(pattern, host), expected, "{pattern} against {host}");
        }
    }
}
