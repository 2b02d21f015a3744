//! Reads DER (X.690) element by element: tags and lengths. It takes lengths that are longer than they need to be. What an element means is
//! up to the caller, who goes as deep as the structure it expects; nothing here calls itself.

/// Tags (X.690 section 8.1.2) of the elements that certificates and keys are made of.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    /// The element numbered `number` of a structure, which holds one other element, or several. Below 31.
    pub(crate) const fn context(number: u8) -> u8 {
        0xa0 | number
    }
}

/// Set in the first octet of a tag that goes on.
const LONG_TAG: u8 = 0x1f;
/// Set in the first octet of a length that goes on; the other bits count its octets.
const LONG_LENGTH: u8 = 0x80;

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// Its identifier octet.
    pub(crate) tag: u8,
    /// Its content, without tag and length.
    pub(crate) content: &'a [u8],
    /// All of it.
    pub(crate) whole: &'a [u8],
}

/// Elements one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// Those that `content` consists of.
    pub(crate) fn of(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// Whether all of them have been taken.
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Takes the next one; `None` at the end, and if it is malformed: it has a tag of several octets, no definite length, one of more than four
    /// octets, or it is cut off.
    pub(crate) fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first().filter(|(tag, _)| **tag & LONG_TAG != LONG_TAG)?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            ..LONG_LENGTH => (usize::from(first), rest),
            _ => {
                let (octets, rest) = rest.split_at_checked(usize::from(first & !LONG_LENGTH))?;
                let length =
                    octets.iter().try_fold(0_u32, |length, octet| Some(length.checked_mul(0x100)? | u32::from(*octet)));
                (usize::try_from(length.filter(|_| !octets.is_empty())?).ok()?, rest)
            }
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len().checked_sub(rest.len())?)?;
        self.0 = rest;
        Some(Element { tag, content, whole })
    }

    /// Takes the next one if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() == Some(&tag) { self.next() } else { None }
    }

    /// Takes the next one, which must have this tag, and returns its content.
    pub(crate) fn content(&mut self, tag: u8) -> Option<&'a [u8]> {
        Some(self.optional(tag)?.content)
    }

    /// Takes the next one, which must have this tag, and returns the elements that it consists of.
    pub(crate) fn within(&mut self, tag: u8) -> Option<Self> {
        self.content(tag).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(octets: &[u8]) -> Option<(u8, &[u8])> {
        Elements::of(octets).next().map(|element| (element.tag, element.content))
    }

    #[test]
    fn a_length_has_one_form_of_several() {
        for octets in [b"\x04\x02ab~".as_slice(), b"\x04\x81\x02ab~", b"\x04\x84\x00\x00\x00\x02ab~"] {
            assert_eq!(first(octets), Some((4, b"ab".as_slice())), "{octets:x?}");
        }
        assert_eq!(first(b"\x04\x00"), Some((4, b"".as_slice())));
        for malformed in [
            b"".as_slice(),
            b"\x04",
            b"\x04\x03ab",
            b"\x04\x80ab\x00\x00",
            b"\x04\x81",
            b"\x04\x84\xff\xff\xff\xffab",
            b"\x04\x85\x01\x00\x00\x00\x02ab",
            b"\x04\xff\x02ab",
            b"\x1f\x81\x01\x02ab",
        ] {
            assert_eq!(first(malformed), None, "{malformed:x?}");
        }
    }

    #[test]
    fn elements_are_taken_one_after_the_other() {
        let mut elements = Elements::of(b"\x30\x06\x02\x01\x05\x04\x01a\x01\x01\xff");
        let mut inner = elements.within(tag::SEQUENCE).unwrap();
        assert_eq!(inner.optional(tag::BOOLEAN), None);
        assert_eq!(inner.content(tag::INTEGER), Some(b"\x05".as_slice()));
        assert_eq!(inner.next().map(|element| element.whole), Some(b"\x04\x01a".as_slice()));
        assert!(inner.is_empty() && !elements.is_empty());
        assert_eq!(elements.content(tag::BOOLEAN), Some(b"\xff".as_slice()));
        assert_eq!((elements.next(), elements.is_empty()), (None, true));
    }

    proptest! {
        #[test]
        fn every_octet_belongs_to_one_element_or_to_what_is_malformed(octets: Vec<u8>) {
            let mut elements = Elements::of(&octets);
            let mut taken = Vec::new();
            while let Some(element) = elements.next() {
                prop_assert!(element.whole.ends_with(element.content) && element.whole.len() >= element.content.len() + 2);
                taken.extend_from_slice(element.whole);
            }
            prop_assert!(octets.starts_with(&taken));
            prop_assert_eq!(elements.is_empty(), taken.len() == octets.len());
        }
    }
}
