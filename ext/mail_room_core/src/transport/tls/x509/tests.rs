//! Certificates as a library of today makes them, the same damaged at random, and what only older or hostile ones have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, DnValue, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384,
    PKCS_ED25519, SanType, date_time_ymd,
};
use rustls::pki_types::CertificateDer;

use super::*;
use crate::transport::tls::certificate::{end_point, facts};

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());
static KEY_OF_P384: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap());
static KEY_OF_ED25519: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_ED25519).unwrap());

fn signed(params: &CertificateParams) -> Vec<u8> {
    params.self_signed(&*KEY).unwrap().der().to_vec()
}

fn parsed(der: &[u8]) -> Certificate<'_> {
    Certificate::parse(der).unwrap()
}

/// What can be asked of a certificate, whatever it is made of.
fn ask(der: &[u8]) {
    facts(&CertificateDer::from(der)).map(|facts| facts.described());
    end_point(&CertificateDer::from(der));
}

prop_compose! {
    fn params()(
        dns in prop::collection::vec("[a-z*]{1,9}(\\.[a-z]{1,9}){0,3}", 0..4),
        addresses in prop::collection::vec(prop_oneof![
            any::<u32>().prop_map(|bits| IpAddr::from(Ipv4Addr::from(bits))),
            any::<u128>().prop_map(|bits| IpAddr::from(Ipv6Addr::from(bits))),
        ], 0..3),
        common_name in prop::option::of("\\PC{1,30}"),
        organization in prop::option::of("[ -~]{1,30}"),
        from in (1950..2500_i32, 1..=12_u8, 1..=28_u8, 0..86_400_u64),
        days in 0..200_000_u64,
        authority: bool,
        usages in prop::sample::subsequence(
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DecipherOnly],
            0..=4,
        ),
    ) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.subject_alt_names.extend(dns.iter().map(|name| SanType::DnsName(name.as_str().try_into().unwrap())));
        params.subject_alt_names.push(SanType::URI("https://example.com".try_into().unwrap()));
        params.subject_alt_names.extend(addresses.into_iter().map(SanType::IpAddress));
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in [(DnType::CommonName, common_name), (DnType::OrganizationName, organization)] {
            if let Some(value) = value {
                params.distinguished_name.push(kind, DnValue::Utf8String(value));
            }
        }
        let (year, month, day, second) = from;
        params.not_before = date_time_ymd(year, month, day) + Duration::from_secs(second);
        params.not_after = params.not_before + Duration::from_secs(days * 86_400);
        params.is_ca = if authority { IsCa::Ca(BasicConstraints::Constrained(3)) } else { IsCa::ExplicitNoCa };
        params.key_usages = usages;
        params
    }
}

proptest! {
    #[test]
    fn each_field_is_what_it_was_made_of(params in params()) {
        let der = signed(&params);
        let certificate = parsed(&der);
        let name = |kind| params.distinguished_name.get(&kind).map(|value| match value {
            DnValue::Utf8String(text) => Some(text.clone()),
            other => panic!("{other:?}"),
        });
        prop_assert!(certificate.is_v3 && certificate.subject == certificate.issuer);
        prop_assert_eq!(certificate.not_before, params.not_before.unix_timestamp());
        prop_assert_eq!(certificate.not_after, params.not_after.unix_timestamp());
        let owned = |text: Option<&str>| text.map(str::to_owned);
        prop_assert_eq!(certificate.subject.common_names().map(owned).next(), name(DnType::CommonName));
        prop_assert_eq!(certificate.issuer.organizations().map(owned).next(), name(DnType::OrganizationName));
        prop_assert_eq!(certificate.is_authority(), Ok(matches!(params.is_ca, IsCa::Ca(_))));
        let may_sign = params.key_usages.is_empty() || params.key_usages.contains(&KeyUsagePurpose::KeyCertSign);
        prop_assert_eq!(certificate.key_may_sign(), Ok(may_sign));

        let facts = facts(&CertificateDer::from(der.as_slice())).unwrap();
        let (mut dns, mut addresses) = (Vec::new(), Vec::new());
        for name in &params.subject_alt_names {
            match name {
                SanType::DnsName(name) => dns.push(name.to_string()),
                SanType::IpAddress(address) => addresses.push(*address),
                _ => {}
            }
        }
        prop_assert_eq!((facts.dns, facts.addresses), (dns, addresses));
        prop_assert!(webpki::RawPublicKeyEntity::try_from(&facts.key).is_ok());
    }

    #[test]
    fn damage_does_no_harm(
        params in params(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<Index>()),
        more in prop::collection::vec(any::<u8>(), 0..40),
        at: Index,
    ) {
        let mut der = signed(&params);
        for (at, octet) in damage {
            let at = at.index(der.len());
            der[at] = octet;
        }
        if let Some(cut) = cut {
            der.truncate(cut.index(der.len()));
        }
        let at = at.index(der.len() + 1);
        der.splice(at..at, more);
        ask(&der);
    }

    #[test]
    fn noise_does_no_harm(
        // Tags and lengths that are likely to be taken for some.
        noise in prop::collection::vec(prop_oneof![Just(tag::SEQUENCE), Just(tag::SET), 0..=8_u8, any::<u8>()], 0..300),
    ) {
        ask(&noise);
        for tag in [tag::UTC_TIME, tag::GENERALIZED_TIME] {
            time(Element { tag, content: &noise, whole: &noise });
        }
        alternative_names(&noise);
        is_authority(&noise);
        Name(&noise).common_names().for_each(drop);
    }
}

#[test]
fn the_algorithm_of_the_signature_names_the_hash_of_the_channel_binding() {
    for (key, octets) in [(&*KEY, Some(32)), (&*KEY_OF_P384, Some(48)), (&*KEY_OF_ED25519, None)] {
        let certificate = CertificateParams::default().self_signed(key).unwrap();
        assert_eq!(end_point(certificate.der()).map(|hash| hash.len()), octets);
    }
}

#[test]
fn a_time_is_in_one_of_the_forms_of_fifty_years() {
    let of = |tag, text: &str| time(Element { tag, content: text.as_bytes(), whole: &[] });
    for (text, seconds) in [
        ("491231235959Z", 2_524_607_999),
        ("500101000000Z", -631_152_000),
        ("700101000000Z", 0),
        ("231114221320Z", 1_700_000_000),
        ("2311142213Z", 1_699_999_980),
        ("231115001320+0200", 1_700_000_000),
        ("231114133320-0840", 1_700_000_000),
    ] {
        assert_eq!(of(tag::UTC_TIME, text), Some(seconds), "{text}");
    }
    for (text, seconds) in [
        ("20231114221320Z", 1_700_000_000),
        ("20231114221320", 1_700_000_000),
        ("20231114221320.123Z", 1_700_000_000),
        ("20231115001320,5+0200", 1_700_000_000),
        ("20500101000000Z", 2_524_608_000),
        ("19491231235959Z", -631_152_001),
        ("00010101000000Z", -62_135_596_800),
        ("99991231235959Z", 253_402_300_799),
    ] {
        assert_eq!(of(tag::GENERALIZED_TIME, text), Some(seconds), "{text}");
    }
    for text in [
        "",
        "Z",
        "231114221320",
        "230230221320Z",
        "231114241320Z",
        "231314221320Z",
        "23111422132Z",
        "+31114221320Z",
        "231114221320+9999",
        "231114221320Z0",
        "２３1114221320Z",
    ] {
        assert_eq!(of(tag::UTC_TIME, text), None, "{text}");
    }
    assert_eq!(of(tag::OCTET_STRING, "20231114221320Z"), None);
}

/// Nobody who is to be asked about extensions may take the first of two.
#[test]
fn an_extension_that_is_there_twice_says_nothing() {
    let mut params = CertificateParams::new(["imap.example.com".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let der = signed(&params);
    let mut certificate = parsed(&der);
    assert_eq!(certificate.alternative_names(), Ok(vec![AlternativeName::Dns("imap.example.com")]));
    assert_eq!((certificate.is_authority(), certificate.key_may_sign()), (Ok(true), Ok(true)));
    certificate.extensions.extend_from_within(..);
    assert_eq!(certificate.alternative_names(), Err(Malformed));
    assert_eq!((certificate.is_authority(), certificate.key_may_sign()), (Err(Malformed), Err(Malformed)));
}

#[test]
fn values_that_are_malformed_say_nothing() {
    let with = |oid, value| Certificate {
        is_v3: true,
        issuer: Name(&[]),
        not_before: 0,
        not_after: 0,
        subject: Name(&[]),
        key: &[],
        extensions: vec![(oid, value)],
        signed_with: &[],
    };
    for (value, authority) in [
        (b"\x30\x00".as_slice(), Ok(false)),
        (b"\x30\x03\x01\x01\xff", Ok(true)),
        (b"\x30\x03\x01\x01\x00", Ok(false)),
        (b"\x30\x06\x01\x01\xff\x02\x01\x00", Ok(true)),
        (b"\x30\x03\x02\x01\x00", Ok(false)),
        (b"\x30\x03\x01\x01\x01", Ok(true)),
        (b"\x30\x04\x01\x02\xff\xff", Err(Malformed)),
        (b"\x30\x05\x01\x01\xff\x04\x00", Err(Malformed)),
        (b"\x30\x06\x01\x01\xff\x02\x01\xff", Err(Malformed)),
        (b"\x30\x05\x01\x01\xff\x02\x00", Err(Malformed)),
        (b"", Err(Malformed)),
    ] {
        assert_eq!(with(BASIC_CONSTRAINTS, value).is_authority(), authority, "{value:x?}");
    }
    for (value, may_sign) in [
        (b"\x03\x02\x02\x04".as_slice(), Ok(true)),
        (b"\x03\x02\x01\x06", Ok(true)),
        (b"\x03\x03\x07\x04\x80", Ok(true)),
        (b"\x03\x02\x07\x80", Ok(false)),
        (b"\x03\x02\x03\x04", Err(Malformed)),
        (b"\x03\x02\x01\x07", Err(Malformed)),
        (b"\x03\x03\x07\x06\x04", Err(Malformed)),
        (b"\x03\x02\x08\x04", Err(Malformed)),
        (b"\x03\x01\x00", Err(Malformed)),
        (b"\x04\x02\x02\x04", Err(Malformed)),
    ] {
        assert_eq!(with(KEY_USAGE, value).key_may_sign(), may_sign, "{value:x?}");
    }
    for (value, names) in [
        (b"\x30\x00".as_slice(), Ok(vec![])),
        (b"\x30\x06\x82\x01\xff\x82\x01a", Ok(vec![AlternativeName::Dns("a")])),
        (b"\x30\x06\x82\x01a\x04\x01b", Err(Malformed)),
        (b"\x30\x05\x82\x01a\x82\x02", Err(Malformed)),
    ] {
        assert_eq!(with(ALTERNATIVE_NAMES, value).alternative_names(), names, "{value:x?}");
    }
}

#[test]
fn a_name_counts_in_its_common_encodings_and_up_to_where_it_breaks_off() {
    let attribute = |oid: &[u8], tag: u8, value: &[u8]| {
        let element = |tag: u8, content: &[&[u8]]| {
            let content = content.concat();
            [&[tag, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
        };
        let (oid, value) = (element(tag::OID, &[oid]), element(tag, &[value]));
        element(tag::SET, &[&element(tag::SEQUENCE, &[&oid, &value])])
    };
    let name = [
        attribute(COMMON_NAME, tag::PRINTABLE_STRING, b"a*"),
        attribute(ORGANIZATION, tag::NUMERIC_STRING, b"1"),
        attribute(COMMON_NAME, tag::UTF8_STRING, "\u{e9}".as_bytes()),
        attribute(COMMON_NAME, tag::UTF8_STRING, b"\xe9"),
        // TeletexString and BMPString.
        attribute(COMMON_NAME, 0x14, b"old"),
        attribute(COMMON_NAME, 0x1e, b"\0a"),
        attribute(COMMON_NAME, tag::IA5_STRING, b"last"),
        b"\x31\x05\x30".to_vec(),
        attribute(COMMON_NAME, tag::IA5_STRING, b"beyond"),
    ]
    .concat();
    let names: Vec<_> = Name(&name).common_names().collect();
    assert_eq!(names, [Some("a*"), Some("\u{e9}"), None, None, None, Some("last")]);
    assert_eq!(Name(&name).organizations().collect::<Vec<_>>(), [Some("1")]);
}

/// A parser that calls itself for each level would overflow its stack.
#[test]
fn depth_does_no_harm() {
    let mut nested = Vec::new();
    for _ in 0..200_000 {
        let length = u32::try_from(nested.len()).unwrap().to_be_bytes();
        // Written from the inside to the outside, and turned around in the end.
        nested.extend(length.iter().rev());
        nested.extend([0x84, 0x30]);
    }
    nested.reverse();
    assert!(Elements::of(&nested).within(tag::SEQUENCE).is_some());
    ask(&nested);
}
