//! Which flags a search leaves out.

use super::Mark;

/// Flags that a listed message must not have. The search does not list a message that has one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AbsentFlags {
    /// `\Seen`.
    pub seen: bool,
    /// `\Deleted`.
    pub deleted: bool,
    /// `\Flagged`.
    pub flagged: bool,
}

impl AbsentFlags {
    /// The flags whose absence at least one of the two asks for.
    pub(crate) fn or(self, other: Self) -> Self {
        let Self { seen, deleted, flagged } = other;
        Self { seen: self.seen || seen, deleted: self.deleted || deleted, flagged: self.flagged || flagged }
    }

    /// The flags whose absence both ask for.
    pub(crate) fn and(self, other: Self) -> Self {
        let Self { seen, deleted, flagged } = other;
        Self { seen: self.seen && seen, deleted: self.deleted && deleted, flagged: self.flagged && flagged }
    }

    /// Whether the search leaves out messages marked `mark`. If it does not, a listed message may have been marked already.
    pub fn hide(self, mark: Mark) -> bool {
        self.seen
            || match mark {
                Mark::Seen => false,
                Mark::Deleted => self.deleted,
                Mark::SetAside => self.flagged,
            }
    }
}
