//! Verifies a server's certificate. webpki verifies chains. This file adds the certificates that internal servers have had for
//! twenty years: self-signed ones, X.509 v1, names in the common name.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, SignatureScheme};

use super::certificate::{self, Facts};
use super::explain::TrustError;
use super::files::Trust;

/// Verifies the certificates and signatures of servers.
#[derive(Debug)]
pub(super) struct Verifier {
    /// `None` with `verify_mode: none`: any certificate is accepted.
    certificates: Option<Certificates>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    /// Verifies chain and dates, and the name if `hostname` is set.
    pub(super) fn new(trust: Trust, hostname: bool, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { certificates: Some(Certificates { trust, hostname, algorithms }), algorithms }
    }

    /// Accepts any certificate. The server must still have its key, as with OpenSSL.
    pub(super) fn of_signatures_only(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { certificates: None, algorithms }
    }
}

/// Verifies certificates: chain, dates and, unless switched off, the name.
#[derive(Debug)]
struct Certificates {
    trust: Trust,
    hostname: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Certificates {
    /// Verifies a certificate that is itself in `ca_file`. It needs no chain: dates and name decide. Without this, webpki would
    /// refuse self-signed certificates as "CA used as end entity" or because they are X.509 v1.
    fn check_own(&self, certificate: &Facts, host: &ServerName<'_>, now: UnixTime) -> Result<(), TrustError> {
        if let Some(reason) = certificate.out_of_date(now) {
            return Err(TrustError::Date(reason));
        }
        if !self.hostname || certificate.names(host) { Ok(()) } else { Err(TrustError::Name(certificate.described())) }
    }

    fn check_chain(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        let roots = &self.trust.roots;
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, now, self.algorithms.all)?;
        if !self.hostname {
            return Ok(());
        }
        let named = verify_server_name(&parsed, host);
        // Public authorities have not verified common names since 2000. A private authority may.
        let own = !self.trust.own.is_empty();
        match named {
            Err(_) if own && certificate::facts(certificate).is_some_and(|facts| facts.common_name_is(host)) => Ok(()),
            named => named,
        }
    }

    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let facts = certificate::facts(end_entity);
        if let Some(facts) = facts.as_ref().filter(|_| self.trust.own.contains(end_entity)) {
            return match self.check_own(facts, server_name, now) {
                Ok(()) => Ok(ServerCertVerified::assertion()),
                Err(error) => Err(distrusted(error)),
            };
        }
        match self.check_chain(end_entity, intermediates, server_name, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(Error::InvalidCertificate(error)) => {
                Err(distrusted(TrustError::of(&error, facts.as_ref(), now, !self.trust.own.is_empty())))
            }
            Err(error) => Err(error),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.certificates {
            Some(certificates) => certificates.verify(end_entity, intermediates, server_name, now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature(verify_tls12_signature, message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        use SignatureScheme::{RSA_PKCS1_SHA1, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512};
        // RFC 8446 section 4.2.3 does not allow these to sign a handshake of TLS 1.3.
        if matches!(dss.scheme, RSA_PKCS1_SHA1 | RSA_PKCS1_SHA256 | RSA_PKCS1_SHA384 | RSA_PKCS1_SHA512) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        signature(verify_tls13_signature, message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn distrusted(error: TrustError) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

/// The signature of a handshake, verified by webpki.
type VerifySignature = fn(
    &[u8],
    &CertificateDer<'_>,
    &DigitallySignedStruct,
    &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error>;

fn signature(
    by_webpki: VerifySignature,
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let verify = if webpki::EndEntityCert::try_from(cert).is_ok() { by_webpki } else { signature_by_bare_key };
    verify(message, cert, dss, algorithms)
}

/// Verifies the signature with the public key alone, for a certificate that webpki cannot parse (X.509 v1).
fn signature_by_bare_key(
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let refused = || Error::InvalidCertificate(CertificateError::BadSignature);
    let facts = certificate::facts(cert).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let key = webpki::RawPublicKeyEntity::try_from(&facts.key).map_err(|_| refused())?;
    let (_, candidates) = algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == dss.scheme)
        .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    // A scheme of TLS 1.2 may stand for several curves. The one that fits the key decides.
    if candidates.iter().any(|algorithm| key.verify_signature(*algorithm, message, dss.signature()).is_ok()) {
        Ok(HandshakeSignatureValid::assertion())
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    use rustls::RootCertStore;

    use super::*;

    #[test]
    fn common_names_do_not_count_for_public_authorities() {
        let (key, server_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = authority.self_signed(&key).unwrap();
        let mut server = CertificateParams::default();
        server.distinguished_name.push(DnType::CommonName, "localhost");
        let server = server.signed_by(&server_key, &Issuer::from_params(&authority, &key)).unwrap();
        let host = ServerName::try_from("localhost").unwrap();
        let own = || vec![root.der().clone()];
        for (own, hostname, trusted) in [(vec![], true, false), (own(), true, true), (vec![], false, true)] {
            let mut roots = RootCertStore::empty();
            roots.add(root.der().clone()).unwrap();
            let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
            let verifier = Verifier::new(Trust { roots, own }, hostname, algorithms);
            let verified = verifier.verify_server_cert(server.der(), &[], &host, &[], UnixTime::now());
            assert_eq!(verified.is_ok(), trusted, "{verified:?}");
        }
    }
}
