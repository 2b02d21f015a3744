//! Asks Graph, and returns the answer or the reason why there is none. The caller decides what an answer means for a message.

use serde::de::DeserializeOwned;

use super::answer;
use super::client::{Answer, Client};
use super::request::Request;
use super::send::NoAnswer;
use crate::error::{Error, Result};

impl Client {
    /// Sends `request` until there is an answer for the caller: any that is neither about the token nor about throttling.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Throttled`], [`Error::Reconnect`].
    pub(super) async fn ask(&self, request: &Request) -> Result<Answer> {
        self.send(request).await.map_err(|no_answer| match no_answer {
            NoAnswer::Unanswered(why) => self.reconnect(&why),
            NoAnswer::Error(error) => error,
        })
    }

    /// As [`ask`](Self::ask), for an answer in JSON.
    ///
    /// # Errors
    /// As [`ask`](Self::ask). Also `Ok(Err(_))` for a status that is not a success, and for an answer that did not come or
    /// broke off.
    pub(super) async fn ask_json<T: DeserializeOwned>(
        &self,
        request: &Request,
        limit: usize,
    ) -> Result<std::result::Result<T, Unsuccessful>> {
        let mut answer = match self.send(request).await {
            Ok(answer) => answer,
            Err(NoAnswer::Unanswered(words)) => return Ok(Err(Unsuccessful { status: None, words })),
            Err(NoAnswer::Error(error)) => return Err(error),
        };
        let status = answer.status();
        if !(200..=299).contains(&status) {
            let words = answer::failure(&mut answer.response).await;
            return Ok(Err(Unsuccessful { status: Some(status), words }));
        }
        match answer::read(&mut answer.response, limit).await {
            Ok(body) => answer::json(status, &body).map(Ok).map_err(|why| self.reconnect(&why)),
            Err(words) => Ok(Err(Unsuccessful { status: None, words })),
        }
    }
}

/// An answer that is not a success, or none at all.
#[derive(Debug)]
pub(super) struct Unsuccessful {
    /// `None` if there was no answer, or not the whole of it.
    pub(super) status: Option<u16>,
    /// Status, code and message, fit for a log.
    pub(super) words: String,
}

impl Unsuccessful {
    /// The error, if a whole folder or mailbox was asked for.
    pub(super) fn error(&self, client: &Client) -> Error {
        match self.status {
            Some(401 | 403) => client.refused(&self.words),
            Some(400..=499) => {
                Error::Refused(format!("{}: {}; check email and name", client.address.host(), self.words))
            }
            _ => client.reconnect(&self.words),
        }
    }
}
