//! What a till wishes of an attempt is passed on to the provider: to stop it, to take the customer's signature or not.
//! Whether that helped, only a reading tells.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::domain::attempt::{Attempt, EMPTY_LOOK_GAP, Event};
use crate::domain::directory::SignaturePolicy;
use crate::domain::evidence::Finding;
use crate::domain::identifiers::TillId;
use crate::domain::operation::Operation;
use crate::engine::Engine;
use crate::ports::Provider;

/// Between two times that the same wish is passed on.
const PAUSE: Duration = Duration::from_secs(10);

/// When wishes were last passed on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PassedOn {
    /// When the provider last answered a cancel.
    pub(super) cancel: Option<Instant>,
    /// When one last went out, whether it arrived or not; on the provider's clock.
    cancel_tried: Option<Timestamp>,
    /// One went out since nothing was found at the horizon.
    cancel_tried_at_end: bool,
    signature: Option<Instant>,
}

impl PassedOn {
    /// A cancel crossed with the authorization, and may let the money go yet. Before the end is near, the rules wait by
    /// themselves.
    pub(super) fn may_void(&self, attempt: &Attempt, finding: &Finding, now: Timestamp) -> bool {
        let was_tried = || self.cancel_tried.is_some_and(|at| now.duration_since(at).abs() < EMPTY_LOOK_GAP);
        attempt.phase.awaits_second_look() && finding.is_uncaptured() && was_tried()
    }
}

impl Engine {
    /// Passes on what is wished and due.
    pub(super) async fn pass_on_wishes(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        attempt: &Attempt,
        passed_on: &mut PassedOn,
    ) {
        // Whether the last one had helped is waited for then: one more might void what is just being believed.
        let is_at_end = attempt.phase.awaits_second_look();
        let was_last = is_at_end && (passed_on.cancel.is_some() || passed_on.cancel_tried_at_end);
        if attempt.cancel_wanted && !was_last && is_due(passed_on.cancel) {
            passed_on.cancel_tried = Some(provider.now());
            passed_on.cancel_tried_at_end |= is_at_end;
            if self.cancel_at(provider, attempt).await {
                passed_on.cancel = Some(Instant::now());
            }
        }
        if let Some(accepted) = self.signature_to_pass_on(operation, attempt).await
            && is_due(passed_on.signature)
            && self.answer_signature_at(provider, attempt, accepted).await
        {
            passed_on.signature = Some(Instant::now());
        }
    }

    /// Whether the customer's signature is for the cashier to compare, and was not compared yet.
    pub(in crate::engine) fn leaves_it_to_cashier(&self, operation: &Operation) -> bool {
        operation.attempt.signature_accepted.is_none() && self.signature_policy(&operation.till) == SignaturePolicy::Ask
    }

    /// What is said of the customer's signature, while the terminal waits for it: the cashier's word, else the profile's,
    /// which is written down first.
    async fn signature_to_pass_on(&self, operation: &Operation, attempt: &Attempt) -> Option<bool> {
        self.readers.at_terminal(attempt.order.reference).signature_until?;
        if attempt.signature_accepted.is_some() {
            return attempt.signature_accepted;
        }
        let accepted = match self.signature_policy(&operation.till) {
            SignaturePolicy::Ask => return None,
            SignaturePolicy::Accept => true,
            SignaturePolicy::Reject => false,
        };
        let recorded = self.record(attempt.order.reference, Event::SignatureCompared { accepted }).await;
        self.health.journal(recorded).ok().and_then(|attempt| attempt.signature_accepted)
    }

    fn signature_policy(&self, till: &TillId) -> SignaturePolicy {
        self.directory.till(till).map_or_else(SignaturePolicy::default, |till| till.profile.signature)
    }

    /// `true` when the provider was asked and has answered.
    async fn cancel_at(&self, provider: &dyn Provider, attempt: &Attempt) -> bool {
        match provider.cancel(attempt).await {
            Ok(asked) => asked,
            Err(error) => {
                tracing::warn!(attempt = %attempt.order.reference, %error, "the wish to cancel did not arrive");
                false
            }
        }
    }

    async fn answer_signature_at(&self, provider: &dyn Provider, attempt: &Attempt, accepted: bool) -> bool {
        let Some(handle) = attempt.phase.handle() else { return false };
        match provider.answer_signature(handle, accepted).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(attempt = %attempt.order.reference, %error, "the word on the signature did not arrive");
                false
            }
        }
    }
}

fn is_due(passed_on: Option<Instant>) -> bool {
    passed_on.is_none_or(|at| at.elapsed() >= PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::{Kind, Phase};
    use crate::domain::evidence::{Approval, Order};
    use crate::domain::identifiers::{AttemptReference, OperationId, ProviderTerminalId};
    use crate::domain::money::{Amount, Currency, Money};

    fn attempt(phase: Phase) -> Attempt {
        let money = Money { amount: Amount::new(100).unwrap(), currency: Currency::from_code("NOK").unwrap() };
        let terminal = ProviderTerminalId::new("T0292").unwrap();
        let order =
            Order { reference: AttemptReference::first_at(Timestamp::UNIX_EPOCH), money, terminal, may_grow: false };
        let id = OperationId(ulid::Ulid::from_parts(1, 1));
        Attempt { phase, ..Attempt::first(id, Kind::Sale, order, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH) }
    }

    fn approved(captured: bool) -> Finding {
        Finding::Approved(Approval {
            transaction: None,
            amount: Amount::new(100).unwrap(),
            captured,
            card: None,
            receipt: None,
            several: false,
        })
    }

    /// Before the end the rules do not believe it by themselves; after it they do, once no cancel can cross it any more.
    #[test]
    fn an_authorization_is_news_at_the_end_only_when_no_cancel_is_on_its_way() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let ends = || Phase::Unknown { handle: None, empty_since: Some(at(0)) };
        let before = || Phase::Unknown { handle: None, empty_since: None };
        for (phase, finding, tried, expected) in [
            (ends(), approved(false), Some(0), true),
            (ends(), approved(false), Some(70), false),
            (ends(), approved(false), Some(71), true),
            (ends(), approved(false), None, false),
            (ends(), approved(true), Some(99), false),
            (ends(), Finding::Nothing, Some(99), false),
            (before(), approved(false), Some(99), false),
        ] {
            let now = at(if tried == Some(0) { 29 } else { 100 });
            let passed_on = PassedOn { cancel_tried: tried.map(at), ..PassedOn::default() };
            let found = passed_on.may_void(&attempt(phase.clone()), &finding, now);
            assert_eq!(found, expected, "{phase:?} {finding:?} {tried:?}");
        }
    }
}
