//! What a request means after what was asked for before.

use super::{Begun, NewAttempt};
use crate::domain::money::Money;
use crate::domain::operation::Operation;
use crate::domain::repeat::{FIRST_GENERATION, Fingerprint, KnownBy, Repeat};

/// What a journal holds of a request before it begins.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// The latest operation that it may be, if any.
    pub operation: Option<Operation>,
    /// The highest generation under its reference, 0 where there is none.
    pub generation: i64,
    /// The till has asked for another one without a number on that terminal since.
    pub followed: bool,
}

/// What a request means.
#[derive(Debug)]
pub enum Repeated {
    /// It is answered from what is known.
    Answered(Box<Begun>),
    /// It begins here.
    Begins(Target),
}

/// Where a new attempt is put.
#[derive(Debug)]
pub enum Target {
    /// Into a new operation of this generation under its reference.
    New(i64),
    /// Into this operation.
    Again(Box<Operation>),
}

impl Target {
    /// The operation that it runs again.
    #[must_use]
    pub fn earlier(&self) -> Option<&Operation> {
        match self {
            Self::New(_) => None,
            Self::Again(operation) => Some(operation),
        }
    }

    /// How much is asked for: what runs again is for what it was first made for, whatever is left by now.
    #[must_use]
    pub fn money(&self, asked: Option<Money>) -> Option<Money> {
        self.earlier().map_or(asked, |operation| Some(operation.money))
    }
}

impl Earlier {
    /// What the request means after it.
    #[must_use]
    pub fn repeated(self, new: &NewAttempt, asked: &Fingerprint) -> Repeated {
        let Some(known) = self.operation else { return Repeated::Begins(Target::New(FIRST_GENERATION)) };
        let repeat = match new.known_by {
            _ if known.is_of_other_environment(new.simulated) => Repeat::NewOperation,
            KnownBy::Reference => known.repeat(asked, new.rules, known.now_by_the_provider(new.horizon, new.now)),
            KnownBy::Content => known.repeat_by_content(self.followed, new.rules.on_repeat, new.now),
            KnownBy::Nothing => Repeat::NewOperation,
        };
        // What is known by its content has no number: a new operation gets one of its own.
        let generation = if new.known_by == KnownBy::Content { FIRST_GENERATION } else { self.generation + 1 };
        answer(repeat, known, generation)
    }
}

/// `generation` is a new operation's.
fn answer(repeat: Repeat, known: Operation, generation: i64) -> Repeated {
    match repeat {
        Repeat::Conflict => Repeated::Answered(Box::new(Begun::Conflict(known))),
        Repeat::Join => Repeated::Answered(Box::new(Begun::Joined(known))),
        Repeat::Replay => Repeated::Answered(Box::new(Begun::Replayed(known))),
        Repeat::NewAttempt => Repeated::Begins(Target::Again(Box::new(known))),
        Repeat::NewOperation => Repeated::Begins(Target::New(generation)),
    }
}
