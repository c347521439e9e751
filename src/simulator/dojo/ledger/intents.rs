//! Making, cancelling, capturing and reversing intents.

use jiff::Timestamp;

use super::intent::{Intent, IntentStatus, NewIntent};
use super::{Effect, Ledger, News, Refused, Versioned};
use crate::simulator::dojo::options::ApiRefunds;
use crate::simulator::identifiers;

impl Ledger {
    /// Two equal requests make two intents: nothing makes this call idempotent.
    pub(crate) fn create_intent(&mut self, request: NewIntent, now: Timestamp) -> (String, Vec<Effect>) {
        let intent = Intent::new(request, now);
        let id = intent.id.clone();
        let told = tell("payment_intent.created", &intent);
        if let Some(oldest) = self.intents.insert(id.clone(), Versioned::new(intent)) {
            self.seen.forget(&oldest.latest().request.reference);
        }
        (id, vec![told])
    }

    /// Only from `Created`.
    pub(crate) fn cancel_intent(&mut self, id: &str, now: Timestamp) -> Result<Vec<Effect>, Refused> {
        self.require(id, now, &[IntentStatus::Created])?;
        self.set_status(id, IntentStatus::Canceled, now)
    }

    /// Of an authorised payment, in one part or several.
    pub(crate) fn capture_intent(
        &mut self,
        id: &str,
        amount: i64,
        tips: i64,
        now: Timestamp,
    ) -> Result<(String, Vec<Effect>), Refused> {
        let intent = self.require(id, now, &[IntentStatus::Authorized, IntentStatus::Captured])?;
        if !intent.is_manual() {
            return Err(Refused::WrongStatus(intent.status.name()));
        }
        if intent.captured + amount > intent.total() {
            return Err(Refused::ExceedsRest);
        }
        let intent = self.intent_mut(id)?;
        let capture_id = intent.capture(amount, tips, now);
        let told = tell("payment_intent.status_updated", intent);
        Ok((capture_id, vec![told]))
    }

    /// All of it, before anything was given back.
    pub(crate) fn reverse_intent(&mut self, id: &str, now: Timestamp) -> Result<(String, Vec<Effect>), Refused> {
        let reverses = self.policy.reversals && self.policy.api_refunds != ApiRefunds::Refused;
        let intent = self.require(id, now, &[IntentStatus::Authorized, IntentStatus::Captured])?;
        if intent.refunded > 0 {
            return Err(Refused::WrongStatus("partly refunded"));
        }
        if !reverses {
            return Err(Refused::ReversalFailed);
        }
        let told = self.set_status(id, IntentStatus::Reversed, now)?;
        Ok((identifiers::dojo_id("rvs"), told))
    }

    /// The time for capturing by hand is over.
    pub(crate) fn auto_expire(&mut self, id: &str, now: Timestamp) -> Vec<Effect> {
        let Ok(intent) = self.require(id, now, &[IntentStatus::Authorized]) else {
            return Vec::new();
        };
        if !intent.request.auto_expiry.is_some_and(|expiry| expiry.captures) {
            return self.set_status(id, IntentStatus::Reversed, now).unwrap_or_default();
        }
        let total = intent.total();
        self.capture_intent(id, total, 0, now).map(|(_, told)| told).unwrap_or_default()
    }

    pub(super) fn set_status(
        &mut self,
        id: &str,
        status: IntentStatus,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refused> {
        let intent = self.intent_mut(id)?;
        if status == IntentStatus::Reversed {
            intent.refunded = intent.captured;
        }
        intent.status = status;
        intent.updated_at = now;
        Ok(vec![tell("payment_intent.status_updated", intent)])
    }

    /// How an intent stands, once more.
    pub(crate) fn news(&self, id: &str) -> Option<News> {
        Some(news("payment_intent.status_updated", self.intents.get(id)?.latest()))
    }

    /// The intent, if it has one of these statuses. One that nobody paid in time is cancelled by then.
    pub(super) fn require(&mut self, id: &str, now: Timestamp, among: &[IntentStatus]) -> Result<&Intent, Refused> {
        self.void_if_due(id, now);
        let intent = self.intents.get(id).ok_or(Refused::NoIntent)?.latest();
        if among.contains(&intent.status) { Ok(intent) } else { Err(Refused::WrongStatus(intent.status.name())) }
    }

    pub(super) fn void_all_due(&mut self, now: Timestamp) {
        let all = self.intents.newest_first(None).map(Versioned::latest);
        let due: Vec<String> = all.filter(|intent| intent.is_due(now)).map(|intent| intent.id.clone()).collect();
        for id in due {
            self.void_if_due(&id, now);
        }
    }

    pub(super) fn void_if_due(&mut self, id: &str, now: Timestamp) {
        let is_due = self.intents.get(id).is_some_and(|intent| intent.latest().is_due(now));
        if is_due && let Ok(intent) = self.intent_mut(id) {
            intent.status = IntentStatus::Canceled;
        }
    }

    pub(super) fn intent_mut(&mut self, id: &str) -> Result<&mut Intent, Refused> {
        self.intents.get_mut(id).map(Versioned::change).ok_or(Refused::NoIntent)
    }
}

/// The webhooks are told of an intent as it is now.
pub(super) fn tell(event: &'static str, intent: &Intent) -> Effect {
    Effect::Tell { news: news(event, intent) }
}

fn news(event: &'static str, intent: &Intent) -> News {
    News { event, intent_id: intent.id.clone(), status: intent.status, manual: intent.is_manual() }
}
