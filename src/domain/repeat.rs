//! What a request means that was made before, or may have been.

use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};

use super::identifiers::OperationId;
use super::money::Money;
use super::operation::Operation;

/// How long a request without a number is taken for the one before it, whatever became of that one.
pub const SAME_CONTENT: SignedDuration = SignedDuration::from_secs(90);

/// Operations begin here. Above are those that a till made under a number which started over; payments found at the provider
/// are put above or below.
pub const FIRST_GENERATION: i64 = 1;

/// By what a request is known when it comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownBy {
    /// By the till's own number.
    Reference,
    /// By till, kind, terminal and amount: the till has no number for it.
    Content,
    /// By nothing: the till has no number and says that it is a new one.
    Nothing,
}

/// What a till's profile wants when a reference comes again after a result that took no money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRepeat {
    /// The customer tries again under the same receipt number.
    #[default]
    NewAttempt,
    /// The stored result, for ever.
    Replay,
}

/// What a till's profile says of repeated requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RepeatRules {
    /// What the same number means after a result that took no money.
    pub on_repeat: OnRepeat,
    /// How long a final operation must have rested until its number may mean something new; never when absent.
    pub reuse_after: Option<SignedDuration>,
    /// A new sale waits until the till was warned of an older one that it superseded and that was paid all the same.
    pub heeds_superseded: bool,
}

/// What makes a repeated request the same request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// How much; a refund may leave it out and then means all that is left.
    pub money: Option<Money>,
    /// The sale that a refund gives back.
    pub original: Option<OperationId>,
}

/// What to do with a request that is known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It asks for something else: refuse it.
    Conflict,
    /// It is under way: wait with the first caller.
    Join,
    /// It is over: give the stored result.
    Replay,
    /// It is over, nothing was taken and the till knows that: run it again.
    NewAttempt,
    /// It is another one that only looks like it.
    NewOperation,
}

/// What a payment that the journal had lost is to the operation that its till made under the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinship {
    /// The same sale, asked for once more: a run of it, and the one that was paid.
    SameSale,
    /// Another sale under a number that means one only.
    Rival,
    /// Another sale: the number started over between the two.
    Stranger,
}

impl Operation {
    /// What `lost` is to this operation; by the provider's clock, since a jump of the shop's lets no number start over.
    #[must_use]
    pub fn kinship(&self, lost: &Self, reuse_after: Option<SignedDuration>) -> Kinship {
        let between = self.attempt.horizon.duration_since(lost.attempt.horizon).abs();
        if reuse_after.is_some_and(|rest| between >= rest) {
            return Kinship::Stranger;
        }
        if self.money == lost.money && !self.attempt.phase.is_approved() { Kinship::SameSale } else { Kinship::Rival }
    }

    /// The generation of this lost payment under its number. `known` is what the number means so far, where the payment was
    /// made, and what the payment is to that; `taken` are the generations that the number has, wherever they were made.
    ///
    /// Above what the number means so far; below it when that is no older, and took money too or came after the number had
    /// started over: a number that starts over means the newest payment. By the provider's clock.
    #[must_use]
    pub fn lost_generation(&self, known: Option<(Kinship, &Self)>, taken: Option<RangeInclusive<i64>>) -> i64 {
        let keeps_its_meaning = known.is_some_and(|(kinship, known)| {
            let is_older = known.attempt.horizon < self.attempt.horizon;
            !is_older && (kinship == Kinship::Stranger || known.status() == self.status())
        });
        match taken {
            Some(taken) if keeps_its_meaning => taken.start() - 1,
            Some(taken) => taken.end() + 1,
            None => FIRST_GENERATION,
        }
    }

    /// It is over, and was made in the other environment (sandbox or production) than the request, so that it is no answer to
    /// that request.
    #[must_use]
    pub fn is_of_other_environment(&self, simulated: bool) -> bool {
        self.simulated != simulated && self.status().is_final()
    }

    /// What to do when the till asks again with this operation's number.
    #[must_use]
    pub fn repeat(&self, asked: &Fingerprint, rules: RepeatRules, now: Timestamp) -> Repeat {
        if self.has_rested(rules, now) {
            return Repeat::NewOperation;
        }
        if asked.original != self.original || asked.money.is_some_and(|money| money != self.money) {
            return Repeat::Conflict;
        }
        match (&self.attempt.phase, rules.on_repeat) {
            (phase, _) if phase.is_live() => Repeat::Join,
            (phase, OnRepeat::NewAttempt) if !phase.may_move_money() && self.told_at.is_some() => Repeat::NewAttempt,
            _ => Repeat::Replay,
        }
    }

    /// What to do when the till asks again for the same amount on the same terminal and has no number for it. `followed`
    /// tells that the till has begun something else without a number on that terminal since.
    ///
    /// A till that never books its results must not be held to one amount for ever, so an approved one counts as booked
    /// also when the till was given it and then went on to something else: it is done with that customer. What took no
    /// money holds nobody: once the till knows, the next try is a new attempt, or a new operation for a till that
    /// wants no second attempt under one number.
    #[must_use]
    pub fn repeat_by_content(&self, followed: bool, on_repeat: OnRepeat, now: Timestamp) -> Repeat {
        let young = now.duration_since(self.created_at) < SAME_CONTENT;
        let told = self.told_at.is_some();
        let booked = self.acknowledged_at.is_some() || (told && followed);
        match &self.attempt.phase {
            phase if phase.is_live() => Repeat::Join,
            phase if phase.is_approved() && booked && !young => Repeat::NewOperation,
            phase if !phase.may_move_money() && told => match on_repeat {
                // What was followed is over: a new attempt of it would count as followed from its beginning.
                OnRepeat::NewAttempt if young && !followed => Repeat::NewAttempt,
                _ => Repeat::NewOperation,
            },
            _ => Repeat::Replay,
        }
    }

    /// Now, as far as time has passed since this operation on the provider's clock too: a jump of the shop's lets no number
    /// start over. `horizon` is that of an attempt that is made now.
    #[must_use]
    pub fn now_by_the_provider(&self, horizon: Timestamp, now: Timestamp) -> Timestamp {
        let passed = horizon.duration_since(self.attempt.horizon);
        now.min(self.updated_at.saturating_add(passed).unwrap_or(Timestamp::MAX))
    }

    /// Only a final operation rests, and from its last change on: a till that repeats the sale of a moment ago under an
    /// old number must never be charged twice.
    fn has_rested(&self, rules: RepeatRules, now: Timestamp) -> bool {
        self.status().is_final() && rules.reuse_after.is_some_and(|rest| now.duration_since(self.updated_at) >= rest)
    }
}
