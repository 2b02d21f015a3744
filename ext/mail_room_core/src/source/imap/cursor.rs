//! Reads a response piece by piece: words, numbers, strings. An error tells the position and what was expected there,
//! never what stands there: that may be somebody's mail.

use std::collections::VecDeque;

use super::response::Literal;
use crate::error::{Error, Result};

/// A string that may be absent (RFC 3501 section 4.3, `nstring`).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Text {
    Nil,
    Kept(Vec<u8>),
    /// A literal that was not kept.
    Skipped,
}

/// A position in a response.
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    literals: &'a mut VecDeque<Literal>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8], literals: &'a mut VecDeque<Literal>) -> Self {
        Self { text, at: 0, literals }
    }

    /// The error that something else stands here.
    pub(super) fn expected(&self, what: &str) -> Error {
        Error::Unparseable(format!("the server's answer cannot be read: {what} expected at octet {}", self.at))
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// What is left of the line.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over `byte` if it stands here.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Passes over `byte`, which must stand here.
    pub(super) fn must(&mut self, byte: u8, what: &str) -> Result<()> {
        if self.eat(byte) { Ok(()) } else { Err(self.expected(what)) }
    }

    pub(super) fn spaces(&mut self) {
        while self.eat(b' ') {}
    }

    /// Everything up to a byte that `ends` says ends it; may be empty.
    pub(super) fn until(&mut self, ends: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// A word: everything up to a space or a parenthesis; may be empty.
    pub(super) fn word(&mut self) -> &'a [u8] {
        self.until(|byte| matches!(byte, b' ' | b'(' | b')'))
    }

    /// A number of up to 64 bits, if a digit stands here.
    pub(super) fn number(&mut self) -> Option<u64> {
        let digits = self.until(|byte| !byte.is_ascii_digit());
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// A number from 1 to 4294967295 (RFC 3501 section 9, `nz-number`).
    pub(super) fn nonzero(&mut self, what: &str) -> Result<u32> {
        let at = self.at;
        let number = self.number().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
        number.ok_or_else(|| {
            self.at = at;
            self.expected(what)
        })
    }

    /// A literal, a quoted string or NIL.
    pub(super) fn nstring(&mut self) -> Result<Text> {
        match self.peek() {
            Some(b'"') => self.quoted().map(Text::Kept),
            Some(b'{' | b'~') => match self.literal()? {
                Literal::Kept(bytes) => Ok(Text::Kept(bytes)),
                Literal::Skipped => Ok(Text::Skipped),
            },
            _ if self.word().eq_ignore_ascii_case(b"NIL") => Ok(Text::Nil),
            _ => Err(self.expected("a string")),
        }
    }

    fn quoted(&mut self) -> Result<Vec<u8>> {
        self.must(b'"', "a quoted string")?;
        let mut bytes = Vec::new();
        loop {
            bytes.extend_from_slice(self.until(|byte| matches!(byte, b'"' | b'\\')));
            if self.eat(b'"') {
                return Ok(bytes);
            }
            self.must(b'\\', "the end of a quoted string")?;
            bytes.push(self.peek().ok_or_else(|| self.expected("an escaped character"))?);
            self.at += 1;
        }
    }

    fn literal(&mut self) -> Result<Literal> {
        self.eat(b'~');
        self.must(b'{', "a literal")?;
        self.number().ok_or_else(|| self.expected("the size of a literal"))?;
        self.eat(b'+');
        self.must(b'}', "the end of a literal's size")?;
        self.literals.pop_front().ok_or_else(|| self.expected("no literal"))
    }

    /// Passes over one value of any kind. Parentheses are counted, not recursed into: a server may nest them deeply.
    pub(super) fn skip_value(&mut self) -> Result<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'(') => {
                    self.at += 1;
                    depth += 1;
                }
                Some(b')') if depth > 0 => {
                    self.at += 1;
                    depth -= 1;
                }
                Some(b' ') if depth > 0 => self.at += 1,
                Some(b'"') => drop(self.quoted()?),
                Some(b'{' | b'~') => drop(self.literal()?),
                _ if self.word().is_empty() => return Err(self.expected("a value")),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}
