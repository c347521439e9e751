//! How a session ends: the card is charged, or given its money back, or refused.

use jiff::Timestamp;

use super::intent::{Intent, IntentStatus, Refund};
use super::intents::tell;
use super::session::{Payment, SessionKind, SessionStatus};
use super::{Effect, Ledger};
use crate::simulator::dojo::machines::Script;
use crate::simulator::identifiers;

impl Ledger {
    pub(super) fn capture(&mut self, session_id: &str, now: Timestamp) -> Vec<Effect> {
        let Some(session) = self.sessions.get(session_id).map(|session| session.latest()) else {
            return Vec::new();
        };
        let (kind, script) = (session.kind.clone(), session.script);
        let outcome = match &kind {
            SessionKind::Sale { intent_id } => self.charge(intent_id, script, now),
            SessionKind::MatchedRefund { .. } | SessionKind::UnlinkedRefund { .. } if script.declines_refunds => None,
            SessionKind::MatchedRefund { intent_id, amount, .. } => {
                self.give_back(intent_id, session_id, *amount, script, now)
            }
            SessionKind::UnlinkedRefund { amount, currency, .. } => {
                Some((payment(script, *amount, currency, now), SessionStatus::Captured, Vec::new()))
            }
        };
        let Some((payment, status, mut effects)) = outcome else {
            return self.decline(session_id, now);
        };
        if let Some(session) = self.sessions.get_mut(session_id) {
            let session = session.change();
            if let SessionKind::UnlinkedRefund { amount, .. } = kind {
                session.unlinked_refund = amount;
            }
            session.payment = Some(payment);
            session.show("Approved", now);
        }
        effects.extend(self.enter(session_id, status, now));
        effects
    }

    /// The intent is paid, and its session does not hear of it.
    pub(super) fn capture_unseen(&mut self, session_id: &str, now: Timestamp) -> Vec<Effect> {
        let Some(session) = self.sessions.get(session_id).map(|session| session.latest()) else {
            return Vec::new();
        };
        let script = session.script;
        let SessionKind::Sale { intent_id } = session.kind.clone() else {
            return Vec::new();
        };
        self.charge(&intent_id, script, now).map(|(_, _, effects)| effects).unwrap_or_default()
    }

    /// Whether the sale of this session was paid.
    pub(super) fn is_paid(&self, session_id: &str) -> bool {
        self.intent_of_sale(session_id).is_some_and(|intent| intent.status == IntentStatus::Captured)
    }

    /// What its sale took is given back whole.
    pub(super) fn reverse(&mut self, session_id: &str, now: Timestamp) -> Vec<Effect> {
        let paid = self.intent_of_sale(session_id).filter(|intent| intent.status == IntentStatus::Captured);
        let Some(id) = paid.map(|intent| intent.id.clone()) else {
            return Vec::new();
        };
        self.set_status(&id, IntentStatus::Reversed, now).unwrap_or_default()
    }

    fn intent_of_sale(&self, session_id: &str) -> Option<&Intent> {
        let SessionKind::Sale { intent_id } = &self.sessions.get(session_id)?.latest().kind else {
            return None;
        };
        Some(self.intents.get(intent_id)?.latest())
    }

    pub(super) fn decline(&mut self, session_id: &str, now: Timestamp) -> Vec<Effect> {
        let Some(session) = self.sessions.get(session_id).map(|session| session.latest()) else {
            return Vec::new();
        };
        let (kind, script) = (session.kind.clone(), session.script);
        let mut declined = payment(script, 0, "", now);
        declined.approved = false;
        if let Some(intent) = kind.intent_id().and_then(|id| self.intent_mut(id).ok()) {
            declined.amount = intent.total();
            declined.currency.clone_from(&intent.request.currency);
            if matches!(kind, SessionKind::Sale { .. }) {
                intent.failed_attempts += 1;
            }
        }
        if let Some(session) = self.sessions.get_mut(session_id) {
            let session = session.change();
            session.payment = Some(declined);
            session.show("Declined", now);
        }
        self.enter(session_id, SessionStatus::Declined, now)
    }

    /// Only a `Created` intent can be paid, and only once: a cancelled one refuses the card.
    fn charge(&mut self, intent_id: &str, script: &Script, now: Timestamp) -> Option<Ended> {
        self.require(intent_id, now, &[IntentStatus::Created]).ok()?;
        let expiry = self.intents.get(intent_id)?.latest().request.auto_expiry;
        let after = expiry.map(|expiry| self.limit(expiry.milliseconds));
        let intent = self.intent_mut(intent_id).ok()?;
        key_in(intent, script);
        let payment = payment(script, intent.total(), &intent.request.currency, now);
        intent.pay(payment.clone(), now);
        let status = if after.is_some() { SessionStatus::Authorized } else { SessionStatus::Captured };
        let mut effects = vec![tell("payment_intent.status_updated", intent)];
        effects.extend(after.map(|after| Effect::AutoExpire { intent_id: intent_id.to_owned(), after }));
        Some((payment, status, effects))
    }

    fn give_back(
        &mut self,
        intent_id: &str,
        session_id: &str,
        amount: Option<i64>,
        script: &Script,
        now: Timestamp,
    ) -> Option<Ended> {
        let intent = self.intents.get(intent_id)?.latest();
        let amount = amount.unwrap_or(intent.refundable());
        if amount == 0 || amount > intent.refundable() {
            return None;
        }
        let intent = self.intent_mut(intent_id).ok()?;
        let refund = Refund {
            id: identifiers::dojo_id("rfnd"),
            key: None,
            session_id: Some(session_id.to_owned()),
            amount,
            reason: None,
            notes: None,
        };
        intent.give_back(refund, now);
        let payment = payment(script, amount, &intent.request.currency, now);
        let told = tell("payment_intent.status_updated", intent);
        Some((payment, SessionStatus::Captured, vec![told]))
    }
}

type Ended = (Payment, SessionStatus, Vec<Effect>);

/// A tip or cashback keyed on the machine.
fn key_in(intent: &mut Intent, script: &Script) {
    intent.tips += intent.request.amount * script.tip_percent / 100;
    intent.cashback += script.cashback;
    intent.shown_difference = script.shown_difference;
}

fn payment(script: &Script, amount: i64, currency: &str, now: Timestamp) -> Payment {
    Payment {
        transaction_id: identifiers::uuid(),
        auth_code: identifiers::digits(6),
        card: script.card,
        at: now,
        approved: true,
        amount,
        currency: currency.to_owned(),
    }
}
