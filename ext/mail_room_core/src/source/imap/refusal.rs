//! Refusals that mean something else than their words say.

use super::status::Status;

/// What to look at where Exchange goes on answering so.
const NOT_CONNECTED: &str = "Exchange answers so when it cannot open the mailbox after a login that went well; mostly this \
                             passes. If it stays, check the scope of the token (IMAP.AccessAsUser.All or IMAP.AccessAsApp, \
                             and the application's permission for this mailbox), the licence, and whether IMAP is switched \
                             on for the mailbox";

/// Advice about `status` where its words alone help nobody.
pub(super) fn advice(status: &Status) -> Option<&'static str> {
    is_not_connected(status).then_some(NOT_CONNECTED)
}

/// Exchange logged us in and did not find its way to the mailbox: `BAD User is authenticated but not connected.`
pub(super) fn is_not_connected(status: &Status) -> bool {
    status.text.to_ascii_lowercase().contains("authenticated but not connected")
}
