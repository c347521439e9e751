//! The state machine of one attempt: one run of a sale or a refund at the provider.
//!
//! ```text
//! sale      Sending ──► Open ──► Approved | Declined | Cancelled | Failed
//!              │          │
//! refund       └────┬─────┘  (no definite answer)
//! Reserved ─► …     ▼
//!                Unknown ──► a final phase, or Abandoned (a person decides; still watched)
//! ```
//!
//! [`Attempt::step`] is the only place that moves an attempt. Replies, polls, callbacks, cancels, restarts, sweeps and
//! operators all become an [`Event`] and go through it, inside the journal transaction that stores the result.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::card::without_card_numbers;
use super::evidence::{Approval, Contradiction, Finding, Order};
use super::identifiers::{Handle, OperationId, TransactionId};

/// How far apart the two empty readings must be that let an attempt be given up.
pub const EMPTY_LOOK_GAP: SignedDuration = SignedDuration::from_secs(30);

/// What kind of money movement a till asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The customer pays.
    Sale,
    /// The customer gets money of a sale back.
    Refund,
}

impl Kind {
    /// The word that the till's reply and the journal use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
        }
    }
}

/// Why something was refused, in the provider's code and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The provider's code, or ours where it gave none (`not_sent`).
    pub code: String,
    /// What it means, for the journal and the log.
    pub text: String,
}

impl Reason {
    /// A reason; card numbers that a provider let slip into its texts are masked.
    #[must_use]
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        let clean = |text: String| without_card_numbers(&text).chars().take(500).collect();
        Self { code: clean(code.into()), text: clean(text.into()) }
    }
}

/// One run of an operation at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The operation that it belongs to.
    pub operation: OperationId,
    /// 1 for the first, one more for each later one.
    pub number: u32,
    /// Sale or refund.
    pub kind: Kind,
    /// What was asked of the provider.
    pub order: Order,
    /// The sale's payment, for a refund.
    pub refunds: Option<TransactionId>,
    /// When the provider stops accepting it, on the provider's clock; sent along where the provider takes it.
    pub expires_at: Timestamp,
    /// From when on an empty record counts, on the provider's clock: expiry, and what may still be under way then.
    pub horizon: Timestamp,
    /// The till wants it stopped.
    pub cancel_wanted: bool,
    /// The provider's record contradicted the order once; that is told only once.
    pub contradicted: bool,
    /// Where it stands.
    pub phase: Phase,
}

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// A refund whose amount is set aside and of which nothing was sent.
    Reserved,
    /// On disk; from here on bytes may be under way.
    Sending,
    /// The provider has it.
    Open {
        /// What the provider calls it.
        handle: Handle,
    },
    /// Sent, without a definite answer: only readings from here on.
    Unknown {
        /// What the provider calls it, where that is known.
        handle: Option<Handle>,
        /// When the first reading after the horizon found nothing.
        empty_since: Option<Timestamp>,
    },
    /// Not found or not decided after the horizon: a person decides, and the sweeps keep watching.
    Abandoned {
        /// What the provider calls it, where that is known.
        handle: Option<Handle>,
    },
    /// Money moved.
    Approved {
        /// The proof.
        approval: Approval,
        /// The till had been told otherwise before.
        late: bool,
        /// The operator who decided, where the provider's record did not.
        resolution: Option<Resolution>,
    },
    /// Proven: nothing moved, the answer was no.
    Declined {
        /// Why.
        reason: Reason,
    },
    /// Proven: nothing moved, it was stopped.
    Cancelled {
        /// The operator who decided, where the provider's record did not.
        resolution: Option<Resolution>,
    },
    /// Proven: nothing moved, it never started.
    Failed {
        /// Why.
        reason: Reason,
    },
}

/// An operator's decision on what the provider's record does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// What the operator found out.
    pub verdict: OperatorVerdict,
    /// Who decided.
    pub by: String,
    /// What the decision rests on (the terminal's receipt, a call to the provider).
    pub reason: String,
}

/// What an operator can find out at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorVerdict {
    /// The money moved.
    Approved,
    /// It did not, and will not.
    NotTaken,
}

/// Everything that can happen to an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A reserved refund is about to be sent.
    Dispatched,
    /// The provider took it: a definite yes.
    Accepted {
        /// What the provider calls it.
        handle: Handle,
    },
    /// The provider did not take it: a definite no.
    Refused {
        /// The provider's reason.
        reason: Reason,
    },
    /// Provably no byte of it left: a definite no.
    NotSent {
        /// What stood in the way.
        reason: Reason,
    },
    /// No definite answer.
    Silent {
        /// What happened instead.
        cause: String,
    },
    /// The program was stopped in the middle of it.
    Interrupted,
    /// The provider's record was read.
    Seen {
        /// What it means for this attempt.
        finding: Finding,
        /// When, on the provider's clock.
        at: Timestamp,
    },
    /// The till wants it stopped.
    CancelWanted,
    /// An operator decided.
    Resolved {
        /// The decision.
        resolution: Resolution,
        /// When, on the provider's clock.
        at: Timestamp,
    },
}

impl Event {
    /// The word that the event log uses.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Dispatched => "dispatched",
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::NotSent { .. } => "not_sent",
            Self::Silent { .. } => "silent",
            Self::Interrupted => "interrupted",
            Self::Seen { .. } => "seen",
            Self::CancelWanted => "cancel_wanted",
            Self::Resolved { .. } => "resolved",
        }
    }
}

/// Something that a person must see; it stands until somebody acknowledges it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// What happened.
    pub kind: AlarmKind,
    /// In words, with what to do.
    pub text: String,
}

/// The kinds of [`Alarm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// A payment completed after the till had been told otherwise.
    LateApproval,
    /// The provider's record contradicts what was asked.
    Mismatch,
    /// More than one payment was found for one attempt; its terminal is frozen until somebody has looked.
    SeveralPayments,
    /// A person must find out what became of an attempt.
    Abandoned,
    /// The provider holds a payment of ours that the journal does not know.
    Orphan,
    /// An approved payment was not captured within a day.
    NotCaptured,
    /// The provider took an approval back.
    Corrected,
    /// The provider's record cannot be read, long after the attempt should have been decided.
    Unreadable,
}

impl AlarmKind {
    /// The word that the journal and the metrics use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LateApproval => "late_approval",
            Self::Mismatch => "mismatch",
            Self::SeveralPayments => "several_payments",
            Self::Abandoned => "abandoned",
            Self::Orphan => "orphan",
            Self::NotCaptured => "not_captured",
            Self::Corrected => "corrected",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether the terminal takes nothing new until somebody has acknowledged the alarm.
    #[must_use]
    pub const fn freezes_terminal(self) -> bool {
        matches!(self, Self::SeveralPayments)
    }
}

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
    #[error("the outcome is proven already; nothing is left to decide")]
    AlreadyFinal,
    /// The terminal may still take the payment.
    #[error("the payment may still complete until {until}; decide after that")]
    TooEarly {
        /// From when on it can be decided.
        until: Timestamp,
    },
}

impl Phase {
    /// The word that the journal uses.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Sending => "sending",
            Self::Open { .. } => "open",
            Self::Unknown { .. } => "unknown",
            Self::Abandoned { .. } => "abandoned",
            Self::Approved { .. } => "approved",
            Self::Declined { .. } => "declined",
            Self::Cancelled { .. } => "cancelled",
            Self::Failed { .. } => "failed",
        }
    }

    /// The provider's record or an operator has decided.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Approved { .. } | Self::Declined { .. } | Self::Cancelled { .. } | Self::Failed { .. })
    }

    /// It is read until it is decided, and holds its terminal meanwhile.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Reserved | Self::Sending | Self::Open { .. } | Self::Unknown { .. })
    }

    /// Its money has moved or may still move: a refund in such a phase counts against its sale.
    #[must_use]
    pub const fn may_move_money(&self) -> bool {
        !matches!(self, Self::Declined { .. } | Self::Cancelled { .. } | Self::Failed { .. })
    }

    /// What the provider calls the attempt, where that is known.
    #[must_use]
    pub const fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Open { handle } => Some(handle),
            Self::Unknown { handle, .. } | Self::Abandoned { handle } => handle.as_ref(),
            _ => None,
        }
    }
}

impl Attempt {
    /// What the event makes of the attempt; `None` when it changes nothing.
    ///
    /// # Errors
    /// [`NotResolvable`] for an operator's decision that may not be taken; no other event is ever an error.
    pub fn step(&self, event: &Event) -> Result<Option<Transition>, NotResolvable> {
        Ok(match event {
            Event::Dispatched => self.dispatched(),
            Event::Accepted { handle } => self.accepted(handle),
            Event::Refused { reason } | Event::NotSent { reason } => self.refused(reason),
            Event::Silent { .. } => self.silent(),
            Event::Interrupted => self.interrupted(),
            Event::Seen { finding, at } => self.seen(finding, *at),
            Event::CancelWanted => self.cancel_wanted(),
            Event::Resolved { resolution, at } => Some(self.resolved(resolution, *at)?),
        })
    }

    /// Whether a reading brings news; one that does not need not be written.
    #[must_use]
    pub fn would_move(&self, finding: &Finding, at: Timestamp) -> bool {
        self.seen(finding, at).is_some()
    }

    fn dispatched(&self) -> Option<Transition> {
        matches!(self.phase, Phase::Reserved).then(|| self.to(Phase::Sending))
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
            Phase::Reserved => Some(self.to(Phase::Failed {
                reason: Reason::new("not_sent", "the bridge was restarted before anything was sent"),
            })),
            _ => self.silent(),
        }
    }

    /// Nothing was sent of a reserved refund, so the wish alone stops it. Everything else needs the provider's word.
    fn cancel_wanted(&self) -> Option<Transition> {
        match self.phase {
            Phase::Reserved => Some(self.to(Phase::Cancelled { resolution: None })),
            _ if self.phase.is_final() || self.cancel_wanted => None,
            _ => Some(Self { cancel_wanted: true, ..self.clone() }.unalarmed()),
        }
    }

    fn seen(&self, finding: &Finding, at: Timestamp) -> Option<Transition> {
        match finding {
            Finding::Approved(approval) => self.seen_approved(approval),
            Finding::Corrected(reason) => self.seen_corrected(reason),
            // The record decides over an operator, too.
            Finding::Declined(reason) if self.rests_on_an_operator() => self.seen_corrected(reason),
            // A reading that says less than is already known is stale: it never moves a result back.
            _ if self.phase.is_final() || matches!(self.phase, Phase::Reserved) => None,
            Finding::Declined(reason) => Some(self.to(Phase::Declined { reason: reason.clone() })),
            Finding::Cancelled => Some(self.to(Phase::Cancelled { resolution: None })),
            Finding::Contradiction { what, handle } => self.seen_contradiction(what, handle.as_ref(), at),
            Finding::Undecided { handle, started: false } if self.ran_out(at) => self.seen_unpaid(handle.as_ref(), at),
            Finding::Undecided { handle, .. } => self.seen_undecided(handle.as_ref(), at),
            Finding::Nothing => self.seen_undecided(None, at),
        }
    }

    /// An approval always wins, and is loud when the till had been told otherwise.
    fn seen_approved(&self, seen: &Approval) -> Option<Transition> {
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
            (false, false) => None,
        };
        Some(Transition { alarm, ..self.to(Phase::Approved { approval: seen.clone(), late, resolution: None }) })
    }

    /// What a later reading adds to a known approval: that it was captured, the payment behind an operator's word, or a
    /// second payment, which nobody asked for.
    fn seen_again(&self, known: &Approval, seen: &Approval) -> Option<(Approval, Option<Alarm>)> {
        let other_payment = known.transaction.is_some() && seen.transaction != known.transaction;
        if other_payment || (seen.several && !known.several) {
            let approval = Approval { several: true, ..known.clone() };
            return (!known.several).then(|| (approval, Some(self.paid_twice())));
        }
        let captured = known.captured || seen.captured;
        let news = captured != known.captured || seen.transaction != known.transaction;
        news.then(|| {
            let approval = Approval {
                captured,
                transaction: seen.transaction.clone(),
                card: known.card.clone().or_else(|| seen.card.clone()),
                receipt: known.receipt.clone().or_else(|| seen.receipt.clone()),
                ..known.clone()
            };
            (approval, None)
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
        if matches!(self.phase, Phase::Declined { .. } | Phase::Cancelled { .. } | Phase::Failed { .. }) {
            return None;
        }
        let attempt = self.to(Phase::Declined { reason: reason.clone() }).attempt;
        let alarm = matches!(self.phase, Phase::Approved { .. }).then(|| {
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
    fn seen_unpaid(&self, handle: Option<&Handle>, at: Timestamp) -> Option<Transition> {
        let attempt = self.seen_undecided(handle, at).map_or_else(|| self.clone(), |moved| moved.attempt);
        Some(Self { cancel_wanted: true, ..attempt }.unalarmed())
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
        Self { phase, ..self.clone() }.unalarmed()
    }

    fn unalarmed(self) -> Transition {
        Transition { attempt: self, alarm: None }
    }

    fn alarm(&self, kind: AlarmKind, text: &str) -> Alarm {
        Alarm { kind, text: format!("{} of {}: {text}", self.kind.name(), self.order.money) }
    }
}
