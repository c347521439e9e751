//! What a till wishes of an attempt is passed on to the provider: to stop it, to take the customer's signature or not.
//! Whether that helped, only a reading tells.

use std::time::Duration;

use tokio::time::Instant;

use super::Engine;
use crate::domain::attempt::{Attempt, Event};
use crate::domain::directory::SignaturePolicy;
use crate::domain::identifiers::TillId;
use crate::domain::operation::Operation;
use crate::ports::Provider;

/// Between two times that the same wish is passed on.
const PAUSE: Duration = Duration::from_secs(10);

/// When wishes were last passed on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PassedOn {
    pub(super) cancel: Option<Instant>,
    signature: Option<Instant>,
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
        let awaits_end = attempt.phase.awaits_second_look() && passed_on.cancel.is_some();
        if attempt.cancel_wanted && !awaits_end && is_due(passed_on.cancel) && self.cancel_at(provider, attempt).await {
            passed_on.cancel = Some(Instant::now());
        }
        if let Some(accepted) = self.signature_to_pass_on(operation, attempt).await
            && is_due(passed_on.signature)
            && self.answer_signature_at(provider, attempt, accepted).await
        {
            passed_on.signature = Some(Instant::now());
        }
    }

    /// Whether the customer's signature is for the cashier to compare, and was not compared yet.
    pub(super) fn leaves_it_to_cashier(&self, operation: &Operation) -> bool {
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
