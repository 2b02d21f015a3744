//! What the server sends in answer to a command, as far as anybody acts upon it.

use async_imap::imap_proto::{AttributeValue, Response};

use super::status::Status;
use super::stream::{Notes, Wanted};
use crate::error::{Error, Result};

/// One response.
#[derive(Debug)]
pub(super) enum Reply {
    /// `+`: go on.
    Go,
    /// The answer to the command with this tag.
    Tagged(String, Status),
    /// Data, asked for or not.
    Untagged(Data),
}

/// Untagged data.
#[derive(Debug)]
pub(super) enum Data {
    /// OK, NO, BAD, PREAUTH or BYE.
    Status(Status),
    /// Data of a message.
    Fetch(Fetch),
    /// Something we have no use for here.
    Other,
}

/// What one FETCH response says about a message.
#[derive(Debug, Default)]
pub(super) struct Fetch {
    pub(super) uid: Option<u32>,
    /// RFC822.SIZE, in octets.
    pub(super) size: Option<u64>,
    /// BODY[].
    pub(super) body: Option<Text>,
}

/// A string that may be absent (RFC 3501 section 4.3, `nstring`).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Text {
    Nil,
    Kept(Vec<u8>),
    /// A body that nobody asked for.
    Skipped,
}

/// What a command does with what the server sends before the tagged answer. By default nothing.
pub(super) trait Intake: Send {
    /// What the stream below must know before the answer comes.
    fn wanted(&self) -> Wanted {
        Wanted::default()
    }

    /// Takes untagged data.
    fn take(&mut self, _data: Data) -> Result<()> {
        Ok(())
    }
}

/// The intake of a command that expects nothing.
pub(super) struct Nothing;
impl Intake for Nothing {}

/// What `response` means together with what was noted of it on its way.
pub(super) fn reply(response: &Response<'_>, notes: &mut Notes) -> Result<Reply> {
    Ok(match response {
        Response::Continue(_) => Reply::Go,
        Response::Done { tag, .. } => {
            let index = notes.answers.iter().position(|(answered, _)| *answered == tag.0);
            match index.map(|index| notes.answers.swap_remove(index)) {
                Some((tag, status)) => Reply::Tagged(tag, status),
                None => return Err(Error::Reconnect("the server answered something we have not asked".into())),
            }
        }
        Response::Data { .. } => Reply::Untagged(notes.said.pop_front().map_or(Data::Other, Data::Status)),
        Response::Fetch(_, items) => Reply::Untagged(Data::Fetch(fetch(items, notes.body.take())?)),
        _ => Reply::Untagged(Data::Other),
    })
}

fn fetch(items: &[AttributeValue<'_>], mut body: Option<Vec<u8>>) -> Result<Fetch> {
    let mut fetch = Fetch::default();
    for item in items {
        match item {
            AttributeValue::Uid(0) => return Err(Error::Unparseable("the server sent a message without a UID".into())),
            AttributeValue::Uid(uid) => fetch.uid = Some(*uid),
            AttributeValue::Rfc822Size(size) => fetch.size = Some(u64::from(*size)),
            AttributeValue::BodySection { section: None, index: None, data } => {
                fetch.body = Some(match (data, body.take()) {
                    (None, _) => Text::Nil,
                    (Some(_), Some(body)) => Text::Kept(body),
                    (Some(_), None) => Text::Skipped,
                });
            }
            _ => {}
        }
    }
    Ok(fetch)
}
