//! What a request means after what was asked for before.

use super::{Begun, NewAttempt};
use crate::domain::money::Money;
use crate::domain::operation::Operation;
use crate::domain::repeat::{FIRST_GENERATION, Fingerprint, KnownBy, Repeat};

/// The latest operation that a request may be, and what is known of it there.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// None where nothing was asked for yet that it may be.
    pub operation: Option<Operation>,
    /// The highest generation under its reference, 0 where there is none.
    pub generation: i64,
    /// The till has asked for another one without a number on that terminal since.
    pub followed: bool,
}

/// What is known of a request.
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
    /// What it runs again.
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
        let above = self.generation + 1;
        let Some(known) = self.operation else { return Repeated::Begins(Target::New(FIRST_GENERATION)) };
        match new.known_by {
            KnownBy::Content if known.is_of_other_environment(new.simulated) => {
                Repeated::Begins(Target::New(FIRST_GENERATION))
            }
            _ if known.is_of_other_environment(new.simulated) => Repeated::Begins(Target::New(above)),
            KnownBy::Reference => {
                let now = known.now_by_the_provider(new.horizon, new.now);
                answer(known.repeat(asked, new.rules, now), known, above)
            }
            KnownBy::Content => {
                let repeat = known.repeat_by_content(self.followed, new.rules.on_repeat, new.now);
                // It gets a number of its own.
                answer(repeat, known, FIRST_GENERATION)
            }
            KnownBy::Nothing => Repeated::Begins(Target::New(above)),
        }
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
