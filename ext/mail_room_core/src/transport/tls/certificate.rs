//! The names and dates of a certificate, parsed leniently so that a certificate that webpki refuses can still be compared and
//! explained. Decides nothing about trust.

use std::net::IpAddr;

use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};
use x509_parser::time::ASN1Time;

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
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let mut dns = Vec::new();
    let mut addresses = Vec::new();
    if let Ok(Some(alternatives)) = parsed.subject_alternative_name() {
        for name in &alternatives.value.general_names {
            match name {
                GeneralName::DNSName(name) => dns.push((*name).to_owned()),
                GeneralName::IPAddress(octets) => addresses.extend(address(octets)),
                _ => {}
            }
        }
    }
    let common_name = parsed.subject().iter_common_name().last().and_then(|name| name.as_str().ok()).map(str::to_owned);
    Some(Facts {
        has_alternatives: !dns.is_empty() || !addresses.is_empty(),
        dns,
        addresses,
        common_name,
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        issuer: issuer(&parsed),
        self_issued: parsed.subject() == parsed.issuer(),
        may_sign: may_sign(&parsed),
        key: SubjectPublicKeyInfoDer::from(parsed.public_key().raw.to_vec()),
    })
}

fn may_sign(certificate: &X509Certificate<'_>) -> bool {
    if certificate.version() != X509Version::V3 {
        return certificate.subject() == certificate.issuer();
    }
    let authority = matches!(certificate.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca);
    let forbidden = match certificate.key_usage() {
        Ok(Some(usage)) => !usage.value.key_cert_sign(),
        Ok(None) => false,
        // Such as an extension that is present twice.
        Err(_) => true,
    };
    authority && !forbidden
}

fn issuer(certificate: &X509Certificate<'_>) -> String {
    let names = certificate.issuer();
    let name = names.iter_organization().chain(names.iter_common_name()).find_map(|name| name.as_str().ok());
    printable(name.unwrap_or("nobody by name"))
}

/// Makes a name from the network printable and short.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(200).collect()
}

/// The hash of `certificate` for channel binding; `None` if it is not defined (Ed25519) or unknown.
pub(super) fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let algorithm = match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
        // RSA with MD5, SHA-1 and SHA-256, ECDSA with SHA-1 and SHA-256: RFC 5929 replaces the weak ones by SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => &ring::digest::SHA256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => &ring::digest::SHA384,
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => &ring::digest::SHA512,
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
    match ASN1Time::from_timestamp(seconds) {
        Ok(time) => {
            let date = time.to_datetime();
            format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
        }
        Err(_) => "an unknown day".into(),
    }
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
