//! What a till says to a running session: cancel it, or the signature is right or wrong.

use std::time::Duration;

use jiff::Timestamp;

use super::session::SessionStatus;
use super::{Effect, Ledger, Refused};
use crate::simulator::dojo::machines::{CancelRule, Happening, RejectRule};

/// How long a terminal takes to obey, in virtual milliseconds.
const OBEYS_AFTER: u64 = 300;
/// How long after a rejected signature a payment was seen to be captured all the same.
const REJECTED_BUT_CAPTURED_AFTER: u64 = 90_000;

impl Ledger {
    /// Before any card was presented; else too late. The moment itself may bring a card.
    pub(crate) fn cancel_session(&mut self, session_id: &str, now: Timestamp) -> Result<Vec<Effect>, Refused> {
        let session = self.sessions.get(session_id).ok_or(Refused::NoSession)?.latest();
        let rule = session.script.cancel;
        match session.status() {
            SessionStatus::CancelRequested => return Ok(Vec::new()),
            SessionStatus::InitiateRequested | SessionStatus::Initiated if !session.attempted => {}
            _ => return Err(Refused::TooLateToCancel),
        }
        match rule {
            CancelRule::CapturesFirst => Ok(self.happen(session_id, Happening::Capture, now)),
            CancelRule::CardWins => Ok(self.enter(session_id, SessionStatus::CancelRequested, now)),
            CancelRule::Obeys => {
                let mut effects = self.enter(session_id, SessionStatus::CancelRequested, now);
                self.settle(session_id);
                effects.push(self.then(session_id, Happening::Cancel, OBEYS_AFTER));
                Ok(effects)
            }
        }
    }

    /// Whether a cancel was overtaken by the card.
    pub(crate) fn is_captured(&self, session_id: &str) -> bool {
        self.sessions.get(session_id).is_some_and(|session| session.latest().status() == SessionStatus::Captured)
    }

    /// Only while the signature is asked for.
    pub(crate) fn answer_signature(
        &mut self,
        session_id: &str,
        accepted: bool,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refused> {
        let session = self.sessions.get(session_id).ok_or(Refused::NoSession)?.latest();
        if session.status() != SessionStatus::SignatureVerificationRequired {
            return Err(Refused::NoSignatureAsked);
        }
        Ok(self.verified(session_id, accepted, now))
    }

    /// Where the policy has it so, the payment is captured by then.
    pub(super) fn ask_signature(&mut self, session_id: &str, now: Timestamp) -> Vec<Effect> {
        let captures = self.policy.captures_before_signature;
        let mut effects = if captures { self.capture_unseen(session_id, now) } else { Vec::new() };
        effects.extend(self.enter(session_id, SessionStatus::SignatureVerificationRequired, now));
        effects
    }

    pub(super) fn verified(&mut self, session_id: &str, accepted: bool, now: Timestamp) -> Vec<Effect> {
        let status = match accepted {
            true => SessionStatus::SignatureVerificationAccepted,
            false => SessionStatus::SignatureVerificationRejected,
        };
        let mut effects = self.enter(session_id, status, now);
        self.settle(session_id);
        if self.is_paid(session_id) {
            self.leave_terminal(session_id);
            effects.extend((!accepted).then(|| self.then(session_id, Happening::Reverse, OBEYS_AFTER)));
            return effects;
        }
        let ending = if accepted { Happening::Capture } else { Happening::Decline };
        effects.push(self.then(session_id, ending, OBEYS_AFTER));
        let captures_later = self.script_of_session(session_id).map(|script| script.rejected);
        if !accepted && captures_later == Some(RejectRule::CapturesLater) {
            let after = self.limit(REJECTED_BUT_CAPTURED_AFTER);
            effects.push(Effect::Then {
                session_id: session_id.to_owned(),
                happening: Happening::CaptureUnseen,
                after,
            });
        }
        effects
    }

    /// The steps of the script that are left do not follow.
    pub(super) fn settle(&mut self, session_id: &str) {
        if let Some(session) = self.sessions.get_mut(session_id) {
            session.advance(|session| session.settled = true);
        }
    }

    /// A happening that is not in the script.
    pub(super) fn then(&self, session_id: &str, happening: Happening, milliseconds: u64) -> Effect {
        let terminal = self.sessions.get(session_id).and_then(|it| self.machines.get(&it.latest().terminal_id).ok());
        let after = terminal.map_or(Duration::ZERO, |terminal| terminal.real(milliseconds));
        Effect::Then { session_id: session_id.to_owned(), happening, after }
    }
}
