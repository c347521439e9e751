//! Putting a session on a terminal, and how it goes there.

use jiff::Timestamp;

use super::intent::IntentStatus;
use super::machine::TerminalStatus;
use super::session::{Session, SessionKind, SessionStatus};
use super::{Effect, Ledger, Refused, Versioned};
use crate::simulator::dojo::machines::{Happening, Reach, Script};
use crate::simulator::hands::Mode;

impl Ledger {
    /// Two equal requests make two sessions, if the terminal is free: nothing makes this call idempotent.
    pub(crate) fn create_session(
        &mut self,
        terminal_id: &str,
        kind: SessionKind,
        now: Timestamp,
    ) -> Result<(String, Vec<Effect>), Refused> {
        let terminal = self.machines.get(terminal_id)?;
        let (script, status) = (terminal.script(), terminal.status());
        let script = script.for_amount(self.amount_of(&kind, now)?);
        match (status, script.reach) {
            (TerminalStatus::Offline, _) | (_, Reach::Offline) => return Err(Refused::Offline),
            (TerminalStatus::InUse, _) | (_, Reach::InUse) => return Err(Refused::Busy),
            (TerminalStatus::Available, Reach::Available) => {}
        }
        self.put_on_terminal(Session::new(terminal_id.to_owned(), kind, script, now), now)
    }

    fn put_on_terminal(&mut self, session: Session, now: Timestamp) -> Result<(String, Vec<Effect>), Refused> {
        let id = session.id.clone();
        let terminal = self.machines.get_mut(&session.terminal_id)?;
        terminal.hold(Some(id.clone()));
        let plays = terminal.mode == Mode::Automatic;
        if let Some(intent_id) = session.kind.intent_id().map(str::to_owned) {
            self.intent_mut(&intent_id)?.sessions.push(id.clone());
        }
        self.sessions.insert(id.clone(), Versioned::new(session));
        let mut effects = self.enter(&id, SessionStatus::InitiateRequested, now);
        if plays {
            effects.extend(self.schedule(&id));
        } else {
            effects.extend([Happening::Initiate, Happening::Show("PresentCard")].map(|it| self.then(&id, it, 0)));
        }
        Ok((id, effects))
    }

    /// What the machine is to ask for or give back, if the intent allows it.
    fn amount_of(&mut self, kind: &SessionKind, now: Timestamp) -> Result<i64, Refused> {
        match kind {
            SessionKind::Sale { intent_id } => {
                Ok(self.require(intent_id, now, &[IntentStatus::Created])?.request.amount)
            }
            SessionKind::MatchedRefund { intent_id, amount, currency } => {
                let intent = self.require(intent_id, now, &[IntentStatus::Captured])?;
                if currency.as_ref().is_some_and(|currency| *currency != intent.request.currency) {
                    return Err(Refused::WrongCurrency);
                }
                let amount = amount.unwrap_or(intent.refundable());
                if amount > intent.refundable() { Err(Refused::ExceedsRest) } else { Ok(amount) }
            }
            SessionKind::UnlinkedRefund { .. } if !self.policy.unlinked_refunds => Err(Refused::UnlinkedRefundsOff),
            SessionKind::UnlinkedRefund { amount, .. } => Ok(*amount),
        }
    }

    pub(super) fn schedule(&self, session_id: &str) -> Option<Effect> {
        let session = self.sessions.get(session_id)?.latest();
        let step = session.script.steps.get(session.next_step)?;
        let after = self.machines.get(&session.terminal_id).ok()?.real(step.after);
        Some(Effect::Step { session_id: session_id.to_owned(), position: session.next_step, after })
    }

    /// Plays one step, if it is still the one to play.
    pub(crate) fn play(&mut self, session_id: &str, position: usize, now: Timestamp) -> Vec<Effect> {
        let Some(session) = self.sessions.get_mut(session_id) else {
            return Vec::new();
        };
        let Some(step) = session.latest().script.steps.get(position) else {
            return Vec::new();
        };
        if session.latest().settled || session.latest().next_step != position {
            return Vec::new();
        }
        session.advance(|session| session.next_step += 1);
        let mut effects = self.happen(session_id, step.happening, now);
        effects.extend(self.schedule(session_id));
        effects
    }

    /// Lets something happen to a session. One that is over hears no more; only money may still move behind its back.
    pub(crate) fn happen(&mut self, session_id: &str, happening: Happening, now: Timestamp) -> Vec<Effect> {
        let Some(session) = self.sessions.get_mut(session_id) else {
            return Vec::new();
        };
        if session.latest().status().is_final() && happening != Happening::CaptureUnseen {
            return Vec::new();
        }
        match happening {
            Happening::Initiate => self.enter(session_id, SessionStatus::Initiated, now),
            Happening::Show(what) => {
                session.change().show(what, now);
                Vec::new()
            }
            Happening::Present => {
                let session = session.change();
                session.attempted = true;
                session.show("PleaseWait", now);
                Vec::new()
            }
            Happening::AskSignature => {
                session.change().show("SignatureVerification", now);
                self.ask_signature(session_id, now)
            }
            Happening::Capture => self.capture(session_id, now),
            Happening::CaptureUnseen => self.capture_unseen(session_id, now),
            Happening::Reverse => self.reverse(session_id, now),
            Happening::Decline => self.decline(session_id, now),
            Happening::Cancel => self.enter(session_id, SessionStatus::Canceled, now),
            Happening::Expire => self.enter(session_id, SessionStatus::Expired, now),
        }
    }

    /// Gives a session its next status, and the time that this may last.
    pub(super) fn enter(&mut self, session_id: &str, status: SessionStatus, now: Timestamp) -> Vec<Effect> {
        let limit = status.lasts().map(|milliseconds| self.limit(milliseconds));
        let Some(session) = self.sessions.get_mut(session_id) else {
            return Vec::new();
        };
        let session = session.change();
        session.statuses.push((status, now));
        session.updated_at = now;
        if let Some(lasts) = limit {
            session.expire_at =
                now.checked_add(jiff::SignedDuration::try_from(lasts).unwrap_or_default()).unwrap_or(now);
        }
        let statuses = session.statuses.len();
        if status.is_final() {
            self.leave_terminal(session_id);
        }
        let limit = limit.map(|after| Effect::Limit { session_id: session_id.to_owned(), statuses, after });
        limit.into_iter().collect()
    }

    /// The terminal is free for the next one.
    pub(super) fn leave_terminal(&mut self, session_id: &str) {
        if let Some(session) = self.sessions.get(session_id) {
            self.machines.release(&session.latest().terminal_id, session_id);
        }
    }

    pub(super) fn script_of_session(&self, session_id: &str) -> Option<&'static Script> {
        Some(self.sessions.get(session_id)?.latest().script)
    }
}
