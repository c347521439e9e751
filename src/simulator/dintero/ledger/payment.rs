//! How a sale goes on the terminal: the script's steps, and the cancel that may cross them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::session::Session;
use super::transaction::{Event, Status};
use super::{Effect, EventKind, Ledger, Mode, Occasion, Prompt, Refused, Transaction};
use crate::simulator::dintero::outcomes::{CancelRule, Happening, Reason, Wait};

impl Ledger {
    /// Puts a sale on the terminal; an automatic one starts to play.
    pub(super) fn prompt(
        &mut self,
        terminal_id: &str,
        session_id: &str,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refused> {
        let terminal = self.premises.get_mut(terminal_id)?;
        terminal.prompt = Some(Prompt::Sale { session_id: session_id.to_owned() });
        if terminal.mode == Mode::Manual {
            return Ok(Vec::new());
        }
        Ok(self.schedule(session_id, now).into_iter().collect())
    }

    fn schedule(&self, session_id: &str, now: Timestamp) -> Option<Effect> {
        let session = self.sessions.get(session_id)?;
        let step = session.script.steps.get(session.next_step)?;
        let terminal = self.premises.get(&session.request.terminal_id).ok()?;
        let after = match step.wait {
            Wait::Virtual(milliseconds) => terminal.real(milliseconds),
            Wait::PastExpiry(milliseconds) => {
                let left = session.request.expires_at.duration_since(now);
                Duration::try_from(left).unwrap_or_default() + terminal.real(milliseconds)
            }
        };
        let position = session.next_step;
        Some(Effect::Step { session_id: session_id.to_owned(), position, after })
    }

    /// Plays one step, if it is still the one to play.
    pub(crate) fn play(&mut self, session_id: &str, position: usize, now: Timestamp) -> Vec<Effect> {
        let Some(session) = self.sessions.get_mut(session_id) else {
            return Vec::new();
        };
        let Some(step) = session.script.steps.get(position) else {
            return Vec::new();
        };
        let prompt_is_over = session.transaction_id.is_none()
            && session.request.expires_at <= now
            && !matches!(step.wait, Wait::PastExpiry(_));
        if session.settled || session.next_step != position || prompt_is_over {
            return Vec::new();
        }
        session.next_step += 1;
        let mut effects = self.happen(session_id, step.happening, now);
        effects.extend(self.schedule(session_id, now));
        effects
    }

    /// Lets something happen to a sale on its terminal.
    pub(super) fn happen(&mut self, session_id: &str, happening: Happening, now: Timestamp) -> Vec<Effect> {
        let Some(session) = self.sessions.get_mut(session_id) else {
            return Vec::new();
        };
        if happening != Happening::Initiate {
            let prompt = Prompt::Sale { session_id: session_id.to_owned() };
            self.premises.release(&session.request.terminal_id, &prompt);
        }
        if happening == Happening::CustomerStops {
            session.settled = true;
            session.cancel("customer", now);
            return vec![error_notice(session, "cancelled")];
        }
        let more_follows = session.next_step < session.script.steps.len();
        session.settled = !more_follows && happening != Happening::Initiate;
        let Some(transaction) = present_card(&self.account_id, session, &mut self.transactions, now) else {
            return Vec::new();
        };
        match happening {
            Happening::Initiate | Happening::CustomerStops => Vec::new(),
            Happening::Authorize => authorize(session, transaction, more_follows, now),
            Happening::Capture => capture(session, transaction, now),
            Happening::Approve if session.request.auto_capture => {
                let mut effects = authorize(session, transaction, true, now);
                effects.extend(capture(session, transaction, now));
                effects
            }
            Happening::Approve => authorize(session, transaction, false, now),
            Happening::Decline(reason) => refuse_card(session, transaction, Status::Declined, reason, now),
            Happening::Fail(reason) => refuse_card(session, transaction, Status::Failed, reason, now),
            Happening::Hold => hold(session, transaction, now),
            Happening::LoseTrack => lose_track(session, transaction, now),
        }
    }

    /// A cancel by the merchant. The card may be faster, whatever the answer says.
    pub(crate) fn cancel(&mut self, session_id: &str, now: Timestamp) -> (Vec<Effect>, Result<(), Refused>) {
        let Some(session) = self.sessions.get(session_id) else {
            return (Vec::new(), Err(Refused::NotFound));
        };
        let rule = session.script.cancel;
        if session.waits(now) && rule == CancelRule::CapturesFirst {
            let effects = self.happen(session_id, Happening::Approve, now);
            self.settle(session_id);
            return (effects, Err(Refused::NotCancellable(Status::Captured.name())));
        }
        match self.void_open(session_id, now) {
            Err(refused) => (Vec::new(), Err(refused)),
            Ok(effects) => {
                self.mark_cancelled(session_id, rule, now);
                (effects, Ok(()))
            }
        }
    }

    fn settle(&mut self, session_id: &str) {
        if let Some(session) = self.sessions.get_mut(session_id) {
            session.settled = true;
        }
    }

    fn mark_cancelled(&mut self, session_id: &str, rule: CancelRule, now: Timestamp) {
        let Some(session) = self.sessions.get_mut(session_id) else {
            return;
        };
        if session.cancelled.is_none() {
            session.cancel("merchant", now);
        }
        if rule != CancelRule::CardWins {
            session.settled = true;
            let prompt = Prompt::Sale { session_id: session_id.to_owned() };
            self.premises.release(&session.request.terminal_id, &prompt);
        }
    }

    /// Dintero voids an initiated or authorised transaction with its session, and refuses any other.
    fn void_open(&mut self, session_id: &str, now: Timestamp) -> Result<Vec<Effect>, Refused> {
        let transaction_id = self.sessions.get(session_id).and_then(|session| session.transaction_id.clone());
        match transaction_id {
            None => Ok(Vec::new()),
            Some(id) => self.void(&id, now).map_err(|refused| match refused {
                Refused::WrongStatus(status) => Refused::NotCancellable(status),
                other => other,
            }),
        }
    }
}

/// The sale's transaction, opened by the first card that is shown.
fn present_card<'a>(
    account_id: &str,
    session: &mut Session,
    transactions: &'a mut super::Shelf<Transaction>,
    now: Timestamp,
) -> Option<&'a mut Transaction> {
    if session.transaction_id.is_none() {
        let mut opened = Transaction::open(account_id, session, now);
        opened.record(Event::new(EventKind::Initialize, Status::Initiated, opened.amount, now));
        session.transaction_id = Some(opened.id.clone());
        session.record("VISITED", None, now);
        transactions.insert(opened.id.clone(), opened);
    } else if let Some(transaction) = transactions.get_mut(session.transaction_id.as_ref()?) {
        transaction.begin_change();
    }
    transactions.get_mut(session.transaction_id.as_ref()?)
}

fn authorize(
    session: &mut Session,
    transaction: &mut Transaction,
    capture_follows: bool,
    now: Timestamp,
) -> Vec<Effect> {
    let amount = transaction.shown_amount;
    let event = Event::new(EventKind::Authorize, Status::Authorized, amount, now);
    let event_id = transaction.record(event);
    session.record("AUTHORIZED", None, now);
    // With auto-capture the callback waits for the capture (Payments specification, 2026-04).
    if capture_follows { Vec::new() } else { vec![completed(session, event_id)] }
}

fn capture(session: &mut Session, transaction: &mut Transaction, now: Timestamp) -> Vec<Effect> {
    let event = Event::new(EventKind::Capture, Status::Captured, transaction.shown_amount, now);
    let event_id = transaction.record(event);
    transaction.captured = transaction.amount;
    session.record("COMPLETED", None, now);
    vec![completed(session, event_id.clone()), event_notice(&session.id, "CAPTURE", event_id)]
}

fn refuse_card(
    session: &mut Session,
    transaction: &mut Transaction,
    status: Status,
    reason: &'static Reason,
    now: Timestamp,
) -> Vec<Effect> {
    let mut event = Event::new(EventKind::Authorize, status, transaction.amount, now);
    event.error = Some(reason);
    transaction.record(event);
    session.settled = true;
    session.record("PAY_FAILED", Some(json!({ "error": reason.message })), now);
    session.record(status.name(), None, now);
    let error = if status == Status::Declined { "authorization" } else { "failed" };
    vec![error_notice(session, error)]
}

fn hold(session: &mut Session, transaction: &mut Transaction, now: Timestamp) -> Vec<Effect> {
    let event = Event::new(EventKind::Authorize, Status::OnHold, transaction.amount, now);
    let event_id = transaction.record(event);
    session.record("ON_HOLD_CALLBACK_SENT", None, now);
    vec![completed(session, event_id)]
}

fn lose_track(session: &mut Session, transaction: &mut Transaction, now: Timestamp) -> Vec<Effect> {
    transaction.record(Event::new(EventKind::Authorize, Status::Unknown, transaction.amount, now));
    session.record("UNKNOWN", None, now);
    Vec::new()
}

fn completed(session: &Session, event_id: String) -> Effect {
    Effect::Notify { session_id: session.id.clone(), occasion: Occasion::Completed { event_id } }
}

fn error_notice(session: &Session, error: &'static str) -> Effect {
    Effect::Notify { session_id: session.id.clone(), occasion: Occasion::Error(error) }
}

pub(super) fn event_notice(session_id: &str, name: &'static str, event_id: String) -> Effect {
    Effect::Notify { session_id: session_id.to_owned(), occasion: Occasion::Event { name, event_id } }
}
