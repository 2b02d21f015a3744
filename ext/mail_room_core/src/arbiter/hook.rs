//! Arbitrates through the app's own class. The class is asked once per message. Its permission lasts until the message is delivered
//! or set aside.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Claim;
use crate::error::{Error, Result};
use crate::message::MessageId;
use crate::ruby::calls::{Answer, Calls, Question};

/// The time until the app's class is asked again about a message that it refused.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// The arbiter of the app's own class.
#[derive(Debug)]
pub struct Hook {
    calls: Arc<Calls>,
    class_name: String,
    granted: Mutex<Granted>,
}

#[derive(Debug, Default)]
struct Granted {
    scope: String,
    ids: BTreeSet<MessageId>,
}

impl Hook {
    /// Asks through `calls`, a class of this name.
    pub(super) fn new(calls: Arc<Calls>, class_name: String) -> Self {
        Self { calls, class_name, granted: Mutex::default() }
    }

    /// The class's name.
    pub(super) fn class_name(&self) -> &str {
        &self.class_name
    }

    pub(super) async fn claim(&self, scope: &str, ids: &[MessageId]) -> Result<Vec<Claim>> {
        let mut claims = Vec::with_capacity(ids.len());
        for id in ids {
            let granted = self.granted(scope).ids.contains(id) || self.ask(id).await?;
            claims.push(if granted {
                self.granted(scope).ids.insert(id.clone());
                Claim::Won { attempts: 0 }
            } else {
                Claim::Held { lasts: ASK_AGAIN }
            });
        }
        Ok(claims)
    }

    async fn ask(&self, id: &MessageId) -> Result<bool> {
        let class = &self.class_name;
        match self.calls.ask(Question::Ask(id.clone())).await {
            Some(Answer::Yes) => Ok(true),
            Some(Answer::No) => Ok(false),
            Some(Answer::Raised(words)) => Err(Error::target_down(format!("{class}#deliver? raised {words}"))),
            None => Err(Error::target_down(format!("the thread in {class}#deliver? ended before it returned"))),
        }
    }

    /// These are settled; the class is asked again if they come back.
    pub(super) fn settled(&self, scope: &str, ids: &[MessageId]) {
        let mut granted = self.granted(scope);
        for id in ids {
            granted.ids.remove(id);
        }
    }

    fn granted(&self, scope: &str) -> MutexGuard<'_, Granted> {
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        if granted.scope != scope {
            *granted = Granted { scope: scope.to_owned(), ids: BTreeSet::new() };
        }
        granted
    }
}
