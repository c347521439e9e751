//! A payment in the provider's list is compared with what the journal says of it.

use jiff::SignedDuration;

use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Kind, Phase};
use crate::domain::directory::Store;
use crate::domain::evidence::{Finding, PaymentRecord, PaymentState, Sighting, judge};
use crate::domain::identifiers::TransactionId;
use crate::domain::operation::Operation;
use crate::engine::attempt::ask;
use crate::engine::reconciliation::lost::may_be_decided;
use crate::engine::{Engine, Refusal};
use crate::ports::{Provider, Refunded, Trace};

/// How long an approval may stay uncaptured until somebody should look (Dintero tries for 48 hours).
const CAPTURE_PATIENCE: SignedDuration = SignedDuration::from_hours(24);

impl Engine {
    /// Whether a payment says what the journal says, came once, and nothing was given back of it.
    pub(super) async fn is_known(&self, trace: &Trace) -> bool {
        let was_given_back = trace.refunded.elsewhere(0) > 0 || !trace.at_machines.is_empty();
        if was_given_back || trace.several || !trace.refunds.is_empty() {
            return false;
        }
        matches!(self.attempt_of(trace).await, Ok(Some((_, attempt))) if attempt.agrees_with(&trace.payment))
    }

    /// Compares the payments of one attempt, and the refunds of them, with the journal. `false` when that is not done.
    pub(super) async fn compare(
        &self,
        provider: &dyn Provider,
        store: &Store,
        traces: &[Trace],
    ) -> Result<bool, Refusal> {
        let Some(first) = traces.first() else { return Ok(true) };
        let Some((operation, attempt)) = self.attempt_of(first).await? else {
            let mut complete = true;
            for trace in traces {
                complete &= self.adopt(provider, store, trace.clone()).await?;
            }
            return Ok(complete);
        };
        let payments = payments_of(traces);
        self.warn_of_unclear(provider, &operation, &attempt, &payments).await?;
        let is_paid = payments.iter().any(|payment| matches!(payment.state, PaymentState::Approved { .. }));
        let finding = judge(&attempt.as_sent(), &Sighting { session: None, payments });
        if let Finding::Contradiction { what, .. } = &finding
            && is_paid
            && !attempt.phase.is_approved()
        {
            let text = format!("sale of {}: the provider holds a payment of it, but {what}", operation.money);
            self.raise(operation.id, Alarm { kind: AlarmKind::Mismatch, text }).await?;
        }
        let is_open = was_sent_after_all(provider, &attempt, &finding, traces);
        let is_readers = attempt.may_take_back(&finding);
        let moved = if is_readers { None } else { self.record_news(&attempt, finding, provider.now()).await };
        if moved.is_some() || is_readers {
            self.readers.wake(attempt.order.reference);
        }
        // The one that the journal knows by now; another one was told by the judgement above, and its refunds are its own.
        let attempt = moved.unwrap_or(attempt);
        if let Some(trace) = traces.iter().find(|trace| is_payment_of(&attempt, trace)) {
            let decides = attempt.order.reference == operation.attempt.order.reference
                || attempt.decides_over(&operation.attempt);
            self.compare_refunds(provider, &operation, trace, decides).await?;
            self.watch_approval(provider, &operation, &attempt, trace).await?;
        }
        Ok(!is_open)
    }

    /// A payment of what was called unpaid may be taken after all, and its provider does not tell: that is for a person.
    async fn warn_of_unclear(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        attempt: &Attempt,
        payments: &[PaymentRecord],
    ) -> Result<(), Refusal> {
        let stays_unclear =
            |payment: &PaymentRecord| payment.state == PaymentState::Unclear && !may_be_decided(provider, payment);
        if attempt.phase.may_move_money() || !payments.iter().any(stays_unclear) {
            return Ok(());
        }
        let text = format!(
            "sale of {} ({}): its till was told that nothing was taken, and the provider's record says neither that nor the \
             contrary; see its back office",
            operation.money, attempt.order.reference
        );
        self.raise(operation.id, Alarm { kind: AlarmKind::Mismatch, text }).await
    }

    /// The attempt behind a payment. Where several attempts ran on one payment, it carries the first one's reference and
    /// belongs to the one whose run brought it.
    async fn attempt_of(&self, trace: &Trace) -> Result<Option<(Operation, Attempt)>, Refusal> {
        let found = self.health.journal(self.journal.find_attempt(trace.reference).await)?;
        let Some((operation, attempt)) = found else { return Ok(None) };
        let Some(prepared) = &attempt.preparation else { return Ok(Some((operation, attempt))) };
        if prepared.payment.as_str() != trace.payment.transaction.as_str() {
            // An old backup knows what an earlier attempt ran on: this payment was prepared and sent after it was made.
            return Ok(Some((operation, Attempt { preparation: None, ..attempt })));
        }
        let mut on_payment = self.health.journal(self.journal.find_prepared(&prepared.payment, Kind::Sale).await)?;
        let run = trace.payment.session.as_ref();
        let started = run.and_then(|run| on_payment.iter().rposition(|(_, attempt)| attempt.may_have_started(run)));
        Ok(match started {
            Some(position) => Some(on_payment.swap_remove(position)),
            None => on_payment.pop(),
        })
    }

    /// Refunds of ours are read once more where the list says something new; those of others lower what is left, and so
    /// do those of ours that the journal lost. What was given back of a payment that came twice is not the sale's.
    async fn compare_refunds(
        &self,
        provider: &dyn Provider,
        sale: &Operation,
        trace: &Trace,
        decides: bool,
    ) -> Result<(), Refusal> {
        let mut refunded = trace.refunded;
        for (reference, finding) in &trace.refunds {
            match self.health.journal(self.journal.find_attempt(*reference).await)? {
                Some((_, refund)) if refund.would_move(finding, provider.now()) => {
                    // A reading of its own compares the amounts too.
                    self.look_again(refund.order.reference);
                }
                Some(_) => {}
                None => {
                    if let (Finding::Approved(approval), Refunded::Elsewhere(minor)) = (finding, refunded) {
                        refunded = Refunded::Elsewhere(minor.saturating_add(approval.amount.minor()));
                    }
                    self.raise_lost_refund(sale.id, *reference).await;
                }
            }
        }
        self.tell_of_lost_at_machines(sale.id, trace).await?;
        if refunded.elsewhere(0) > 0 && decides {
            self.note_refunded(sale.id, refunded).await?;
        }
        Ok(())
    }

    /// An approval that was never captured, or voided by somebody else, or taken back, is no money. Whether the provider
    /// corrected itself, only a reading of its own tells.
    async fn watch_approval(
        &self,
        provider: &dyn Provider,
        operation: &Operation,
        attempt: &Attempt,
        trace: &Trace,
    ) -> Result<(), Refusal> {
        // The attempt that was paid may be a later one than the operation began with.
        let began = trace.payment.created_at.unwrap_or(operation.created_at);
        let age = self.clock.now().duration_since(began);
        let (kind, text) = match &trace.payment.state {
            PaymentState::Approved { captured: false } if age >= CAPTURE_PATIENCE => {
                (AlarmKind::NotCaptured, "approved more than a day ago and still not captured")
            }
            // Given back whole by a refund of ours.
            PaymentState::Voided if operation.refunded >= payment_of(attempt) => return Ok(()),
            PaymentState::Voided if self.is_being_given_back(&trace.payment.transaction).await? => return Ok(()),
            PaymentState::Voided => (AlarmKind::Corrected, "approved, and voided at the provider since"),
            PaymentState::Unclear if may_be_decided(provider, &trace.payment) => return Ok(()),
            // A list that says something new of it is no record of its own.
            PaymentState::Unclear if reads_as_approved(provider, attempt, age).await => return Ok(()),
            PaymentState::Unclear => {
                (AlarmKind::Corrected, "approved, and at the provider perhaps not taken after all")
            }
            PaymentState::Declined(_) => {
                self.look_again(attempt.order.reference);
                (AlarmKind::Corrected, "approved, and declined at the provider since")
            }
            _ => return Ok(()),
        };
        let text = format!("sale of {}: {text}; see the provider's back office", operation.money);
        self.raise(operation.id, Alarm { kind, text }).await
    }

    /// A refund of ours is under way, and may be what voided it. A sale that was taken in was never prepared; its refunds are.
    async fn is_being_given_back(&self, payment: &TransactionId) -> Result<bool, Refusal> {
        Ok(self.refunds_of(payment).await?.iter().any(|(_, refund)| refund.phase.is_live()))
    }
}

/// Whether its own record says that it is paid, or cannot be read now: for so long the next sweep asks again.
async fn reads_as_approved(provider: &dyn Provider, attempt: &Attempt, age: SignedDuration) -> bool {
    let seen = ask(provider, attempt).await;
    seen.map_or(age < CAPTURE_PATIENCE, |seen| matches!(seen.finding, Finding::Approved(_)))
}

/// One whose money was taken several times is told as often as makes it several.
fn payments_of(traces: &[Trace]) -> Vec<PaymentRecord> {
    let again = traces.iter().filter(|trace| trace.several);
    traces.iter().chain(again).map(|trace| trace.payment.clone()).collect()
}

/// An old backup may hold a sale as one that was never sent, and that stands on its terminal: its till must not begin it anew
/// before that is decided.
fn was_sent_after_all(provider: &dyn Provider, attempt: &Attempt, finding: &Finding, traces: &[Trace]) -> bool {
    let may_be_paid = |trace: &Trace| trace.payment.session.is_some() && may_be_decided(provider, &trace.payment);
    matches!(finding, Finding::Undecided { .. }) && attempt.is_disproved_by(finding) && traces.iter().any(may_be_paid)
}

/// Minor units that the attempt was approved with.
fn payment_of(attempt: &Attempt) -> i64 {
    match &attempt.phase {
        Phase::Approved { approval, .. } => approval.amount.minor(),
        _ => attempt.order.money.amount.minor(),
    }
}

/// Whether it is the payment that the attempt was approved with.
fn is_payment_of(attempt: &Attempt, trace: &Trace) -> bool {
    match &attempt.phase {
        Phase::Approved { approval, .. } => approval.transaction.as_ref() == Some(&trace.payment.transaction),
        _ => false,
    }
}
