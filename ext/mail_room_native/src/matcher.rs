//! `MailRoom::Native::Matcher`: what a message is for. It is so quick that it keeps the GVL.

use magnus::{Error, RArray, RModule, Ruby, Value, function, method, prelude::*};
use mail_room_core::matching::explain::Outcome;
use mail_room_core::matching::matcher::{Match, Matcher as Core};

use crate::options;

#[magnus::wrap(class = "MailRoom::Native::Matcher", free_immediately, size)]
struct Matcher {
    core: Core,
}

pub(crate) fn define(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    let class = native.define_class("Matcher", ruby.class_object())?;
    class.define_singleton_method("new", function!(Matcher::new, 1))?;
    class.define_method("match", method!(Matcher::find, 1))?;
    class.define_method("explain", method!(Matcher::explain, 1))
}

impl Matcher {
    fn new(ruby: &Ruby, options: Value) -> Result<Self, Error> {
        Ok(Self { core: Core::new(&options::read(ruby, options)?) })
    }

    /// The members of a `MailRoom::Match`.
    fn find(ruby: &Ruby, rb_self: &Self, raw: Value) -> Result<RArray, Error> {
        members(ruby, options::with_octets(raw, |raw| rb_self.core.find(raw))?)
    }

    /// Header, address, outcome and key of everything that was compared.
    fn explain(ruby: &Ruby, rb_self: &Self, raw: Value) -> Result<RArray, Error> {
        let looked = options::with_octets(raw, |raw| rb_self.core.explain(raw))?;
        let array = ruby.ary_new_capa(looked.len());
        for one in looked {
            let members = ruby.ary_new_capa(4);
            members.push(one.header)?;
            members.push(one.address)?;
            members.push(ruby.to_symbol(one.outcome.name()))?;
            members.push(match one.outcome {
                Outcome::Key(key) => Some(key),
                _ => None,
            })?;
            array.push(members)?;
        }
        Ok(array)
    }
}

/// The members of a `MailRoom::Match`, in order.
pub(crate) fn members(ruby: &Ruby, found: Match) -> Result<RArray, Error> {
    let members = ruby.ary_new_capa(11);
    members.push(ruby.to_symbol(found.verdict.name()))?;
    members.push(found.key)?;
    members.push(found.source.map(|source| ruby.to_symbol(source.name())))?;
    members.push(found.address)?;
    members.push(found.feature.map(|feature| ruby.to_symbol(feature.name())))?;
    members.push(found.project_id)?;
    members.push(found.project_path)?;
    members.push(found.reply_key)?;
    members.push(found.reason)?;
    members.push(found.partition)?;
    members.push(found.namespace_id)?;
    Ok(members)
}
