//! Whether a server's certificate is trusted. Chains are webpki's business; what is added here are the certificates
//! that servers on one's own premises have had for twenty years: self-signed ones, X.509 v1, names in the common name.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, SignatureScheme};

use super::certificate::{self, Facts};
use super::explain::Distrust;
use super::files::Trust;

/// Verifies chain, dates and, unless told otherwise, the name.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    hostname: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(trust: Trust, hostname: bool, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { trust, hostname, algorithms }
    }

    /// A certificate that stands in `ca_file` itself needs no chain: its dates and its name decide. This is what makes
    /// self-signed certificates work, which webpki refuses as "CA used as end entity" or for being X.509 v1.
    fn check_own(&self, certificate: &Facts, host: &ServerName<'_>, now: UnixTime) -> Result<(), Distrust> {
        if let Some(reason) = certificate.out_of_date(now) {
            return Err(Distrust::Date(reason));
        }
        if !self.hostname || certificate.names(host) { Ok(()) } else { Err(Distrust::Name(certificate.described())) }
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
        // Public authorities have not vouched for common names since 2000; one's own may.
        let own = !self.trust.own.is_empty();
        match named {
            Err(_) if own && certificate::facts(certificate).is_some_and(|facts| facts.common_name_is(host)) => Ok(()),
            named => named,
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
        let facts = certificate::facts(end_entity);
        if let Some(facts) = facts.as_ref().filter(|_| self.trust.own.contains(end_entity)) {
            return match self.check_own(facts, server_name, now) {
                Ok(()) => Ok(ServerCertVerified::assertion()),
                Err(distrust) => Err(distrusted(distrust)),
            };
        }
        match self.check_chain(end_entity, intermediates, server_name, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(Error::InvalidCertificate(error)) => {
                Err(distrusted(Distrust::of(&error, facts.as_ref(), now, !self.trust.own.is_empty())))
            }
            Err(error) => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature12(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature13(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// `verify_mode: none`: any certificate is accepted. The server must still own its key, as with OpenSSL.
#[derive(Debug)]
pub(super) struct Unverified {
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature12(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature13(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn distrusted(distrust: Distrust) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(distrust))))
}

fn signature12(
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    if webpki::EndEntityCert::try_from(cert).is_ok() {
        verify_tls12_signature(message, cert, dss, algorithms)
    } else {
        signature_by_bare_key(message, cert, dss, algorithms)
    }
}

fn signature13(
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    if webpki::EndEntityCert::try_from(cert).is_ok() {
        verify_tls13_signature(message, cert, dss, algorithms)
    } else if matches!(
        dss.scheme,
        // RFC 8446 section 4.2.3: not for signing a handshake of TLS 1.3.
        SignatureScheme::RSA_PKCS1_SHA1
            | SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512
    ) {
        Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
    } else {
        signature_by_bare_key(message, cert, dss, algorithms)
    }
}

/// The same check for a certificate that webpki does not parse (X.509 v1), with nothing but its public key.
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
    // One scheme of TLS 1.2 may stand for several curves: the one that fits the key decides.
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
