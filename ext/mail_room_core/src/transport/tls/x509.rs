//! The fields of an X.509 certificate (RFC 5280 section 4.1), read leniently: whatever a server may have shown for twenty years. Verifies
//! nothing.

use chrono::DateTime;

use crate::transport::der::{Element, Elements, tag};

/// commonName and organizationName (RFC 4519 sections 2.3 and 2.19).
const COMMON_NAME: &[u8] = b"\x55\x04\x03";
const ORGANIZATION: &[u8] = b"\x55\x04\x0a";
/// subjectAltName, basicConstraints and keyUsage (RFC 5280 section 4.2.1).
const ALTERNATIVE_NAMES: &[u8] = b"\x55\x1d\x11";
const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
/// The number of version 3. Those before it have no extensions.
const V3: &[u8] = b"\x02";
/// Clears the class and the bit for constructed elements of a tag.
const NUMBER: u8 = 0x1f;
/// The class of a tag, and the class of those that only their structure gives a meaning (X.690 section 8.1.2.2).
const CLASS: u8 = 0xc0;
const CONTEXT_SPECIFIC: u8 = 0x80;

/// Parts of one certificate.
#[derive(Debug)]
pub(super) struct Certificate<'a> {
    pub(super) is_v3: bool,
    pub(super) issuer: Name<'a>,
    /// Seconds since 1970.
    pub(super) not_before: i64,
    /// Seconds since 1970.
    pub(super) not_after: i64,
    pub(super) subject: Name<'a>,
    /// The whole SubjectPublicKeyInfo.
    pub(super) key: &'a [u8],
    /// Object identifiers and values of the extensions.
    extensions: Vec<(&'a [u8], &'a [u8])>,
    /// The object identifier of the algorithm that it is signed with.
    pub(super) signed_with: &'a [u8],
}

/// An extension that is there twice, or whose value is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// A subject alternative name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AlternativeName<'a> {
    Dns(&'a str),
    /// The octets of an address.
    Address(&'a [u8]),
}

impl<'a> Certificate<'a> {
    /// Parses `der`; `None` if it is not X.509. What follows the certificate is ignored.
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut certificate = Elements::of(der).within(tag::SEQUENCE)?;
        let mut signed = certificate.within(tag::SEQUENCE)?;
        let signed_with = certificate.within(tag::SEQUENCE)?.content(tag::OID)?;
        certificate.content(tag::BIT_STRING)?;

        let is_v3 = match signed.optional(tag::context(0)) {
            Some(version) => Elements::of(version.content).content(tag::INTEGER)? == V3,
            None => false,
        };
        // The serial number and, once more, the algorithm of the signature.
        signed.content(tag::INTEGER)?;
        signed.content(tag::SEQUENCE)?;
        let issuer = Name(signed.content(tag::SEQUENCE)?);
        let mut validity = signed.within(tag::SEQUENCE)?;
        let (not_before, not_after) = (time(validity.next()?)?, time(validity.next()?)?);
        let subject = Name(signed.content(tag::SEQUENCE)?);
        let key = signed.optional(tag::SEQUENCE)?.whole;
        let extensions = match rest(signed)? {
            Some(extensions) => self::extensions(extensions)?,
            None => Vec::new(),
        };
        Some(Self { is_v3, issuer, not_before, not_after, subject, key, extensions, signed_with })
    }

    /// The value of the extension; `None` if it is not there.
    fn extension(&self, oid: &[u8]) -> Result<Option<&'a [u8]>, Malformed> {
        let mut values = self.extensions.iter().filter(|(name, _)| *name == oid).map(|(_, value)| *value);
        let first = values.next();
        if values.next().is_some() { Err(Malformed) } else { Ok(first) }
    }

    /// The subject alternative names that are host names in UTF-8 or addresses (RFC 5280 section 4.2.1.6).
    pub(super) fn alternative_names(&self) -> Result<Vec<AlternativeName<'a>>, Malformed> {
        let Some(value) = self.extension(ALTERNATIVE_NAMES)? else { return Ok(Vec::new()) };
        alternative_names(value).ok_or(Malformed)
    }

    /// Whether it is marked as an authority (RFC 5280 section 4.2.1.9).
    pub(super) fn is_authority(&self) -> Result<bool, Malformed> {
        let Some(value) = self.extension(BASIC_CONSTRAINTS)? else { return Ok(false) };
        is_authority(value).ok_or(Malformed)
    }

    /// Whether the key may sign certificates (RFC 5280 section 4.2.1.3).
    pub(super) fn key_may_sign(&self) -> Result<bool, Malformed> {
        let Some(value) = self.extension(KEY_USAGE)? else { return Ok(true) };
        key_may_sign(value).ok_or(Malformed)
    }
}

/// The extensions, as the last part of what is signed; `Some(None)` if there are none.
fn rest(mut signed: Elements<'_>) -> Option<Option<Elements<'_>>> {
    // Unique identifiers of issuer and subject, which nobody has.
    while !signed.is_empty() {
        let part = signed.next()?;
        match part.tag & NUMBER {
            1 | 2 if part.tag & CLASS == CONTEXT_SPECIFIC => {}
            _ if part.tag == tag::context(3) => {
                return Some(Some(Elements::of(part.content).within(tag::SEQUENCE)?));
            }
            _ => return None,
        }
    }
    Some(None)
}

fn extensions(mut list: Elements<'_>) -> Option<Vec<(&[u8], &[u8])>> {
    let mut extensions = Vec::new();
    while !list.is_empty() {
        let mut extension = list.within(tag::SEQUENCE)?;
        let oid = extension.content(tag::OID)?;
        // Whether it is critical.
        extension.optional(tag::BOOLEAN);
        extensions.push((oid, extension.content(tag::OCTET_STRING)?));
    }
    Some(extensions)
}

fn alternative_names(value: &[u8]) -> Option<Vec<AlternativeName<'_>>> {
    let mut list = Elements::of(value).within(tag::SEQUENCE)?;
    let mut names = Vec::new();
    while !list.is_empty() {
        let name = list.next().filter(|name| name.tag & CLASS == CONTEXT_SPECIFIC)?;
        match name.tag & NUMBER {
            2 => names.extend(std::str::from_utf8(name.content).ok().map(AlternativeName::Dns)),
            7 => names.push(AlternativeName::Address(name.content)),
            _ => {}
        }
    }
    Some(names)
}

fn is_authority(value: &[u8]) -> Option<bool> {
    let mut constraints = Elements::of(value).within(tag::SEQUENCE)?;
    let authority = match constraints.optional(tag::BOOLEAN).map(|marked| marked.content) {
        None | Some([0]) => false,
        // DER has 255 for true; whoever writes BER has others.
        Some([_]) => true,
        Some(_) => return None,
    };
    // How many authorities may follow it.
    let follow = constraints.optional(tag::INTEGER).map(|follow| follow.content);
    let sound = constraints.is_empty() && matches!(follow, None | Some([..=0x7f, ..]));
    sound.then_some(authority)
}

fn key_may_sign(value: &[u8]) -> Option<bool> {
    // The first octet counts the bits that the last octet lacks. They have to be zero.
    let [unused @ 0..=7, usage, more @ ..] = Elements::of(value).content(tag::BIT_STRING)? else { return None };
    let zeros = more.last().unwrap_or(usage).trailing_zeros();
    // keyCertSign is the sixth bit.
    (zeros >= u32::from(*unused)).then_some(usage & 0x04 != 0)
}

/// A distinguished name (RFC 5280 section 4.1.2.4). Two are the same if they are so octet for octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    /// The common names in their order; `None` stands for one that is in no encoding that is common.
    pub(super) fn common_names(self) -> impl Iterator<Item = Option<&'a str>> {
        self.attributes(COMMON_NAME)
    }

    /// The names of organisations in their order, likewise.
    pub(super) fn organizations(self) -> impl Iterator<Item = Option<&'a str>> {
        self.attributes(ORGANIZATION)
    }

    fn attributes(self, oid: &[u8]) -> impl Iterator<Item = Option<&'a str>> {
        let mut sets = Elements::of(self.0);
        let sets = std::iter::from_fn(move || sets.within(tag::SET));
        let attributes = sets.flat_map(|mut set| std::iter::from_fn(move || set.within(tag::SEQUENCE)));
        attributes.filter_map(move |mut attribute| {
            let named = attribute.content(tag::OID)? == oid;
            let value = attribute.next().filter(|_| named)?;
            Some(text(value))
        })
    }
}

fn text(value: Element<'_>) -> Option<&str> {
    match value.tag {
        tag::UTF8_STRING | tag::PRINTABLE_STRING | tag::IA5_STRING | tag::NUMERIC_STRING => {
            std::str::from_utf8(value.content).ok()
        }
        _ => None,
    }
}

/// UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5), in seconds since 1970. As older certificates have it, the seconds may be missing
/// and the zone may be an offset.
fn time(element: Element<'_>) -> Option<i64> {
    let text = std::str::from_utf8(element.content).ok()?;
    let (digits, rest) = text.split_at_checked(text.bytes().take_while(u8::is_ascii_digit).count())?;
    let (century, zone) = match element.tag {
        // Two digits of the year: it is between 1950 and 2049.
        tag::UTC_TIME if digits < "50" => ("20", rest),
        tag::UTC_TIME => ("19", rest),
        tag::GENERALIZED_TIME => ("", rest.trim_start_matches(|c: char| matches!(c, '.' | ',' | '0'..='9'))),
        _ => return None,
    };
    let format = match century.len().checked_add(digits.len())? {
        12 => "%Y%m%d%H%M%z",
        14 => "%Y%m%d%H%M%S%z",
        _ => return None,
    };
    let zone = match zone {
        "" if element.tag == tag::GENERALIZED_TIME => "+0000",
        "Z" => "+0000",
        offset => offset,
    };
    Some(DateTime::parse_from_str(&format!("{century}{digits}{zone}"), format).ok()?.timestamp())
}

#[cfg(test)]
mod tests;
