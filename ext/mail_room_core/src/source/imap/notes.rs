//! What a session has to tell beside its answers: messages and deletions that the server refused, and what a person has to
//! know of the mailbox. Each is told once.

/// What is to be told.
#[derive(Default)]
pub(super) struct Notes {
    /// Messages that the server did not mark, and why.
    pub(super) unmarked: Vec<(u32, String)>,
    /// Why the server did not expunge.
    pub(super) unexpunged: Option<String>,
    /// What a person has to know of the mailbox, each by a name.
    pub(super) remarks: Vec<(&'static str, String)>,
}
