//! What a new operation does about a terminal that another one holds.

use super::attempt::Kind;
use super::directory::Till;
use super::operation::Operation;

/// What a new operation does about a terminal that another one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is refused at once.
    Refused,
    /// It waits as long as its till's profile says.
    Queued,
    /// It has the holder cancelled and waits, as long as the till does, for the proof of what became of that one.
    Supersedes,
}

impl Turn {
    /// What an operation of this kind of this till does about this holder. Another till's is waited for and never
    /// stopped. A till's own is not waited for: it would wait for its own cashier.
    #[must_use]
    pub fn of(till: &Till, kind: Kind, holder: &Operation) -> Self {
        if holder.till != till.id {
            return if till.profile.queue_seconds > 0 { Self::Queued } else { Self::Refused };
        }
        let sales = kind == Kind::Sale && holder.kind == Kind::Sale;
        if sales && till.profile.supersede { Self::Supersedes } else { Self::Refused }
    }
}
