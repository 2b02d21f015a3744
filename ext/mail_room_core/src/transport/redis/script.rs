//! Lua scripts, called by their hash.

use std::borrow::Cow;
use std::time::Duration;

use ring::digest;

use super::Command;
use super::reply::Reply;

/// A script and its hash.
#[derive(Debug)]
pub(crate) struct Script {
    code: String,
    hash: String,
}

impl Script {
    /// `code` is Lua.
    pub(crate) fn new(code: String) -> Self {
        // Redis names scripts by SHA-1. Nothing here relies on its strength.
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, code.as_bytes());
        Self { hash: hash.as_ref().iter().map(|octet| format!("{octet:02x}")).collect(), code }
    }

    pub(super) fn load(&self) -> Command<'_> {
        Command::new("SCRIPT").arg("LOAD").arg(&self.code)
    }
}

/// One call of a script: its KEYS and its ARGV.
#[derive(Debug, Default)]
pub(crate) struct Invocation<'a> {
    keys: Vec<String>,
    arguments: Vec<Cow<'a, [u8]>>,
}

impl<'a> Invocation<'a> {
    /// Adds to KEYS.
    pub(crate) fn key(&mut self, key: String) -> &mut Self {
        self.keys.push(key);
        self
    }

    /// Adds to ARGV.
    pub(crate) fn arg(&mut self, argument: &'a (impl AsRef<[u8]> + ?Sized)) -> &mut Self {
        self.arguments.push(Cow::Borrowed(argument.as_ref()));
        self
    }

    /// Adds a time in milliseconds to ARGV.
    pub(crate) fn millis(&mut self, time: Duration) -> &mut Self {
        self.arguments.push(Cow::Owned(time.as_millis().to_string().into_bytes()));
        self
    }

    /// Adds a number to ARGV.
    pub(crate) fn number(&mut self, number: impl std::fmt::Display) -> &mut Self {
        self.arguments.push(Cow::Owned(number.to_string().into_bytes()));
        self
    }

    pub(super) fn command<'b>(&'b self, script: &'b Script) -> Command<'b> {
        let mut command = Command::new("EVALSHA").arg(&script.hash).owned(self.keys.len().to_string());
        for key in &self.keys {
            command = command.arg(key);
        }
        for argument in &self.arguments {
            command = command.arg(argument);
        }
        command
    }
}

/// The integers of a reply that is a flat array of them.
pub(crate) fn integers(reply: &Reply) -> Option<Vec<i64>> {
    let Reply::Array(items) = reply else { return None };
    items.iter().map(|item| if let Reply::Integer(integer) = item { Some(*integer) } else { None }).collect()
}
