//! What each event makes of an attempt: one function per event, and no other place that moves one.

use jiff::{SignedDuration, Timestamp};

use super::{Alarm, AlarmKind, Attempt, Event, Kind, OperatorVerdict, Phase, Preparation, Reason, Resolution};
use crate::domain::evidence::{Approval, Contradiction, Finding};
use crate::domain::identifiers::Handle;
use crate::domain::money::Money;

/// A move of an attempt: what it is now, and what a person must see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The attempt after the event.
    pub attempt: Attempt,
    /// What to raise in the same commit.
    pub alarm: Option<Alarm>,
}

/// Why an operator's decision is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotResolvable {
    /// It has a proven result already.
    #[error("the outcome is decided already; nothing is left to decide")]
    AlreadyFinal,
    /// The terminal may still take the payment.
    #[error("the payment may still complete until {until}; decide after that")]
    TooEarly {
        /// From when on it can be decided.
        until: Timestamp,
    },
}

/// How far apart the two empty readings must be that let an attempt be given up.
pub const EMPTY_LOOK_GAP: SignedDuration = SignedDuration::from_secs(30);
/// Further apart than the clocks of a provider's machines.
const CLOCK_GAP: SignedDuration = SignedDuration::from_mins(5);

impl Attempt {
    /// What the event makes of the attempt; `None` when it changes nothing.
    ///
    /// # Errors
    /// [`NotResolvable`] for an operator's decision that may not be taken; no other event is ever an error.
    pub fn step(&self, event: &Event) -> Result<Option<Transition>, NotResolvable> {
        Ok(match event {
            Event::Dispatched { preparation } => self.dispatched(preparation.as_ref()),
            Event::Rerouted { .. } => self.rerouted(),
            Event::PaidBefore => self.paid_before(),
            Event::PaidByEarlier => self.paid_by_earlier(),
            Event::Accepted { handle } => self.accepted(handle),
            Event::Refused { reason } | Event::NotSent { reason } => self.refused(reason),
            Event::Silent { .. } => self.silent(),
            Event::Interrupted => self.interrupted(),
            Event::Seen { finding, at } => self.seen(finding, *at),
            Event::CancelWanted => self.cancel_wanted(),
            Event::SignatureCompared { accepted } => self.signature_compared(*accepted),
            Event::Resolved { resolution, at } => Some(self.resolved(resolution, *at)?),
        })
    }

    /// Whether a reading brings news; one that does not need not be written.
    #[must_use]
    pub fn would_move(&self, finding: &Finding, at: Timestamp) -> bool {
        self.seen(finding, at).is_some()
    }

    fn dispatched(&self, preparation: Option<&Preparation>) -> Option<Transition> {
        matches!(self.phase, Phase::Reserved)
            .then(|| Self { preparation: preparation.cloned(), ..self.to(Phase::Sending).attempt }.unalarmed())
    }

    /// Only once, and only from the route without the card, which took nothing: what is to be stopped goes no other way.
    fn rerouted(&self) -> Option<Transition> {
        if !matches!(self.phase, Phase::Sending) || self.kind != Kind::Refund || self.card_present {
            return None;
        }
        if self.cancel_wanted {
            return Some(self.to(Phase::Cancelled { resolution: None }));
        }
        Some(Self { card_present: true, ..self.to(Phase::Reserved).attempt }.unalarmed())
    }

    fn paid_before(&self) -> Option<Transition> {
        matches!(self.phase, Phase::Reserved).then(|| self.to(Phase::Unknown { handle: None, empty_since: None }))
    }

    fn paid_by_earlier(&self) -> Option<Transition> {
        let reason = || Reason::new("paid_before", "an earlier attempt was paid after all; ask where the sale stands");
        let was_never_sent = matches!(self.phase, Phase::Reserved | Phase::Unknown { handle: None, .. });
        was_never_sent.then(|| self.to(Phase::Failed { reason: reason() }))
    }

    fn accepted(&self, handle: &Handle) -> Option<Transition> {
        match &self.phase {
            Phase::Sending | Phase::Unknown { handle: None, .. } => {
                Some(self.to(Phase::Open { handle: handle.clone() }))
            }
            Phase::Abandoned { handle: None } => Some(self.to(Phase::Abandoned { handle: Some(handle.clone()) })),
            _ => None,
        }
    }

    fn refused(&self, reason: &Reason) -> Option<Transition> {
        matches!(self.phase, Phase::Reserved | Phase::Sending)
            .then(|| self.to(Phase::Failed { reason: reason.clone() }))
    }

    fn silent(&self) -> Option<Transition> {
        matches!(self.phase, Phase::Sending).then(|| self.to(Phase::Unknown { handle: None, empty_since: None }))
    }

    /// What was reserved was provably not sent; what was being sent may have arrived.
    fn interrupted(&self) -> Option<Transition> {
        match self.phase {
            Phase::Reserved => {
                let reason = Reason::not_sent("the bridge was restarted before anything was sent");
                Some(self.to(Phase::Failed { reason }))
            }
            _ => self.silent(),
        }
    }

    /// What the wish to stop it makes of it, if anything.
    #[must_use]
    pub fn wanted_stopped(&self) -> Self {
        self.cancel_wanted().map_or_else(|| self.clone(), |transition| transition.attempt)
    }

    /// Nothing was sent of what is reserved, so the wish alone stops it. Everything else needs the provider's word.
    fn cancel_wanted(&self) -> Option<Transition> {
        match self.phase {
            Phase::Reserved => Some(self.to(Phase::Cancelled { resolution: None })),
            _ if self.phase.is_final() || self.cancel_wanted => None,
            _ => Some(Self { cancel_wanted: true, ..self.clone() }.unalarmed()),
        }
    }

    /// The first answer counts: the provider takes no second one.
    fn signature_compared(&self, accepted: bool) -> Option<Transition> {
        (self.phase.is_live() && self.signature_accepted.is_none())
            .then(|| Self { signature_accepted: Some(accepted), ..self.clone() }.unalarmed())
    }

    fn seen(&self, finding: &Finding, at: Timestamp) -> Option<Transition> {
        match finding {
            Finding::Approved(approval) if self.may_be_voided(approval, at) => self.seen_undecided(None, at),
            Finding::Approved(approval) => self.seen_approved(approval, at),
            Finding::Corrected(reason) => self.seen_corrected(reason),
            // The record decides over an operator, too.
            Finding::Declined(reason) if self.rests_on_an_operator() => self.seen_corrected(reason),
            Finding::Cancelled if self.rests_on_an_operator() => {
                self.seen_corrected(&Reason::new("cancelled", "the provider's record shows that it was stopped"))
            }
            // A reading that says less than is already known is stale: it never moves a result back.
            _ if self.phase.is_final() || matches!(self.phase, Phase::Reserved) => None,
            Finding::Declined(reason) => Some(self.to(Phase::Declined { reason: reason.clone() })),
            Finding::Cancelled => Some(self.to(Phase::Cancelled { resolution: None })),
            Finding::Contradiction { what, handle } => self.seen_contradiction(what, handle.as_ref(), at),
            // At the horizon no customer holds a card to it any more.
            Finding::Undecided { handle, started } if self.ran_out(at) && (!started || at >= self.horizon) => {
                Some(self.stop_unpaid(self.seen_undecided(handle.as_ref(), at)))
            }
            Finding::Undecided { handle, .. } => self.seen_undecided(handle.as_ref(), at),
            Finding::Lapsed { handle } if self.ran_out(at) => Some(self.stop_unpaid(self.seen_lapsed(handle, at))),
            Finding::Lapsed { handle } => self.seen_lapsed(handle, at),
            Finding::Nothing => self.seen_undecided(None, at),
        }
    }

    /// A cancel that crossed with the authorization may void it yet (Dintero), so that it is no money before it is captured,
    /// or has stayed so for a while after the horizon.
    fn may_be_voided(&self, approval: &Approval, at: Timestamp) -> bool {
        let has_stayed = match self.phase {
            Phase::Unknown { empty_since: Some(since), .. } => at.duration_since(since) >= EMPTY_LOOK_GAP,
            _ => false,
        };
        self.cancel_wanted && !approval.captured && self.phase.is_live() && !has_stayed
    }

    /// An approval always wins, and is loud when the till had been told otherwise, or when another refund may be meant.
    fn seen_approved(&self, seen: &Approval, at: Timestamp) -> Option<Transition> {
        if let Phase::Approved { approval: known, late, resolution } = &self.phase {
            let (approval, alarm) = self.seen_again(known, seen)?;
            let phase = Phase::Approved { approval, late: *late, resolution: resolution.clone() };
            return Some(Transition { alarm, ..self.to(phase) });
        }
        let late = self.phase.is_final() || matches!(self.phase, Phase::Abandoned { .. });
        let alarm = match (seen.several, late) {
            (true, _) => Some(self.paid_twice()),
            (false, true) => Some(self.alarm(
                AlarmKind::LateApproval,
                "this payment completed after the till had been told otherwise; give the goods or refund it",
            )),
            (false, false) if self.is_told_by_the_sum() && at >= self.horizon => Some(self.alarm(
                AlarmKind::LateApproval,
                "its reply never came, and the sum that was given back of the sale showed it only after its time; where a \
                 backup was put in place of the journal, a later refund may be meant; compare with the provider's back \
                 office, then acknowledge this: refunds of the sale wait for it",
            )),
            (false, false) => None,
        };
        Some(Transition { alarm, ..self.to(Phase::Approved { approval: seen.clone(), late, resolution: None }) })
    }

    /// Nothing but the growth of the sum tells of it. Refunds of one payment are made one at a time, so that within its time
    /// the growth is its own; after that another may have been made, by a journal that was lost since.
    fn is_told_by_the_sum(&self) -> bool {
        self.kind == Kind::Refund && !self.card_present && self.preparation.is_some() && self.phase.handle().is_none()
    }

    /// What a later reading adds to a known approval: that it was captured, the payment behind an operator's word and how
    /// much it took, or a second payment, which nobody asked for.
    fn seen_again(&self, known: &Approval, seen: &Approval) -> Option<(Approval, Option<Alarm>)> {
        let other_payment = known.transaction.is_some() && seen.transaction != known.transaction;
        if other_payment || (seen.several && !known.several) {
            let approval = Approval { several: true, ..known.clone() };
            return (!known.several).then(|| (approval, Some(self.paid_twice())));
        }
        let captured = known.captured || seen.captured;
        let news = captured != known.captured || seen.transaction != known.transaction;
        let alarm = (seen.amount != known.amount).then(|| {
            let text = format!(
                "an operator approved it, and the provider's record shows another amount, {}; correct the books",
                Money { amount: seen.amount, ..self.order.money }
            );
            self.alarm(AlarmKind::Mismatch, &text)
        });
        news.then(|| {
            let approval = Approval {
                captured,
                card: known.card.clone().or_else(|| seen.card.clone()),
                receipt: known.receipt.clone().or_else(|| seen.receipt.clone()),
                several: known.several,
                ..seen.clone()
            };
            (approval, alarm)
        })
    }

    fn paid_twice(&self) -> Alarm {
        self.alarm(
            AlarmKind::SeveralPayments,
            "the provider holds more than one payment for this attempt; compare its records with the terminal's receipts \
             and refund what was taken twice",
        )
    }

    /// It was approved by an operator's word, and the provider has not shown the payment.
    fn rests_on_an_operator(&self) -> bool {
        matches!(&self.phase, Phase::Approved { approval, resolution: Some(_), .. } if approval.transaction.is_none())
    }

    fn seen_corrected(&self, reason: &Reason) -> Option<Transition> {
        if !self.phase.may_move_money() {
            return None;
        }
        let attempt = self.to(Phase::Declined { reason: reason.clone() }).attempt;
        let alarm = self.phase.is_approved().then(|| {
            self.alarm(
                AlarmKind::Corrected,
                "the provider took back what it had approved; see its records and try again",
            )
        });
        Some(Transition { attempt, alarm })
    }

    fn seen_contradiction(
        &self,
        contradiction: &Contradiction,
        seen_handle: Option<&Handle>,
        at: Timestamp,
    ) -> Option<Transition> {
        let handle = self.phase.handle().or(seen_handle).cloned();
        let moved = match (&self.phase, self.contradicted) {
            (Phase::Abandoned { .. } | Phase::Unknown { .. }, true) => self.seen_undecided(None, at),
            (Phase::Abandoned { .. }, false) => Some(self.clone().unalarmed()),
            _ => Some(self.to(Phase::Unknown { handle, empty_since: None })),
        }?;
        let first = !self.contradicted;
        Some(Transition {
            // The wrong prompt must not stay on the terminal.
            attempt: Attempt { contradicted: true, cancel_wanted: true, ..moved.attempt },
            alarm: if first { Some(self.alarm(AlarmKind::Mismatch, &contradiction.to_string())) } else { moved.alarm },
        })
    }

    /// Nobody can pay it any more, and nobody has asked for it to be stopped.
    fn ran_out(&self, at: Timestamp) -> bool {
        at >= self.expires_at && !self.cancel_wanted && self.kind == Kind::Sale && self.phase.is_live()
    }

    /// A session that ran out without a payment is cancelled at the provider: its record then proves "not paid",
    /// which an expired session alone does not.
    fn stop_unpaid(&self, moved: Option<Transition>) -> Transition {
        let Transition { attempt, alarm } = moved.unwrap_or_else(|| self.clone().unalarmed());
        Transition { attempt: Self { cancel_wanted: true, ..attempt }, alarm }
    }

    /// Nothing comes of it by itself any more, and nothing is proven: the till hears that at once.
    fn seen_lapsed(&self, handle: &Handle, at: Timestamp) -> Option<Transition> {
        if at >= self.horizon {
            return self.seen_undecided(Some(handle), at);
        }
        matches!(self.phase, Phase::Sending | Phase::Open { .. } | Phase::Unknown { handle: None, .. })
            .then(|| self.to(Phase::Unknown { handle: Some(handle.clone()), empty_since: None }))
    }

    /// Before the horizon an undecided record only tells the handle. After it, two of them with a gap end the waiting.
    fn seen_undecided(&self, seen_handle: Option<&Handle>, at: Timestamp) -> Option<Transition> {
        let handle = self.phase.handle().or(seen_handle).cloned();
        if at < self.horizon {
            return match (&self.phase, &handle) {
                (Phase::Sending | Phase::Unknown { .. }, Some(handle)) if !self.contradicted => {
                    Some(self.to(Phase::Open { handle: handle.clone() }))
                }
                _ => None,
            };
        }
        match self.phase {
            // The date of the first empty reading was wrong, and the provider's clock was put right since.
            Phase::Unknown { empty_since: Some(since), .. } if since.duration_since(at) > CLOCK_GAP => {
                Some(self.to(Phase::Unknown { handle, empty_since: Some(at) }))
            }
            Phase::Unknown { empty_since: Some(since), .. } if at.duration_since(since) >= EMPTY_LOOK_GAP => {
                Some(Transition {
                    attempt: self.to(Phase::Abandoned { handle }).attempt,
                    alarm: Some(self.alarm(
                        AlarmKind::Abandoned,
                        "the provider's record does not tell what became of this; look at the terminal's receipt and \
                         decide with `pos-bridge resolve`",
                    )),
                })
            }
            Phase::Unknown { empty_since: None, .. } | Phase::Open { .. } => {
                Some(self.to(Phase::Unknown { handle, empty_since: Some(at) }))
            }
            // The next reading asks by its name.
            Phase::Abandoned { handle: None } if handle.is_some() => Some(self.to(Phase::Abandoned { handle })),
            _ => None,
        }
    }

    /// A person decides only when nothing can come any more: the receipt in the hand may be another one's.
    fn resolved(&self, resolution: &Resolution, at: Timestamp) -> Result<Transition, NotResolvable> {
        if self.phase.is_final() {
            return Err(NotResolvable::AlreadyFinal);
        }
        if at < self.horizon && !matches!(self.phase, Phase::Abandoned { .. }) {
            return Err(NotResolvable::TooEarly { until: self.horizon });
        }
        let verdict = resolution.verdict;
        let resolution = Some(resolution.clone());
        Ok(match verdict {
            OperatorVerdict::NotTaken => self.to(Phase::Cancelled { resolution }),
            OperatorVerdict::Approved => {
                let approval = Approval {
                    transaction: None,
                    amount: self.order.money.amount,
                    captured: false,
                    card: None,
                    receipt: None,
                    several: false,
                };
                self.to(Phase::Approved { approval, late: false, resolution })
            }
        })
    }

    fn to(&self, phase: Phase) -> Transition {
        let mut attempt = Self { phase, ..self.clone() };
        if let (Some(prepared), Some(run)) = (&mut attempt.preparation, attempt.phase.handle()) {
            prepared.run = Some(run.clone());
        }
        attempt.unalarmed()
    }

    fn unalarmed(self) -> Transition {
        Transition { attempt: self, alarm: None }
    }

    fn alarm(&self, kind: AlarmKind, text: &str) -> Alarm {
        Alarm { kind, text: format!("{} of {}: {text}", self.kind.name(), self.order.money) }
    }
}
