//! Refunds at a machine, as Dojo has them: the payment's history shows each, and its sum perhaps.

use pos_bridge::domain::attempt::{Attempt, Reason};
use pos_bridge::domain::evidence::{Finding, PaymentState};
use pos_bridge::domain::identifiers::{Handle, TransactionId};
use pos_bridge::domain::refund_books::RunAtMachine;

use super::{Books, PROMPT_MAX, Refund, SESSION, Session, refund_approval};

/// A refund that waits for the customer's card, or did.
#[derive(Debug, Clone)]
pub(super) struct RefundRun {
    pub(super) session: Session,
    transaction: TransactionId,
    /// It stands among the refunds that were made.
    is_booked: bool,
}

impl RefundRun {
    pub(super) fn handle(&self) -> Handle {
        Handle::new(format!("T1.refund-{}", self.session.number)).unwrap()
    }

    fn finding(&self, at: i64) -> Finding {
        let handle = self.handle();
        match self.session.payment(at) {
            Some(PaymentState::Approved { .. }) => Finding::Approved(refund_approval(&self.session.attempt)),
            Some(PaymentState::Declined(_)) => Finding::Declined(Reason::new("declined", "the bank said no")),
            Some(_) => Finding::Undecided { handle: Some(handle), started: true },
            None if self.session.cancelled_at.is_some_and(|cancelled| cancelled <= at) => Finding::Cancelled,
            None if at >= self.session.created_at + PROMPT_MAX => Finding::Lapsed { handle },
            None => Finding::Undecided { handle: Some(handle), started: true },
        }
    }

    fn told(&self, at: i64) -> Option<RunAtMachine> {
        let is_settled = match self.finding(at) {
            Finding::Approved(_) => self.session.took_money(at - SESSION * 1_000),
            Finding::Undecided { .. } => false,
            _ => return None,
        };
        Some(RunAtMachine { run: self.handle(), minor: self.session.attempt.order.money.amount.minor(), is_settled })
    }
}

impl Books {
    /// A machine asks for the card.
    pub(super) fn start_refund(&mut self, at: i64, attempt: Attempt, transaction: TransactionId) {
        self.hit("refund at a machine");
        self.stands_alone(at, &attempt);
        let payment = Handle::new(transaction.as_str()).unwrap();
        let (number, intent) = (self.refund_runs.len(), self.intent_of(&payment).map(|intent| intent.number));
        let customer = self.customer(at);
        let session = Session { attempt, number, intent, created_at: at, cancelled_at: None, customer };
        self.refund_runs.push(RefundRun { session, transaction, is_booked: false });
    }

    /// What machines have given back by now is made.
    pub(super) fn book_refund_runs(&mut self, now: i64) {
        for run in self.refund_runs.iter_mut().filter(|run| !run.is_booked && run.session.took_money(now)) {
            run.is_booked = true;
            let made_at = run.session.customer.map_or(now, |customer| customer.decided_at);
            let (attempt, transaction) = (run.session.attempt.clone(), run.transaction.clone());
            self.refunds.push(Refund { attempt, transaction, made_at });
        }
    }

    /// What was asked to be given back of a payment and came there, made or not.
    pub(crate) fn refunds_of(&self, payment: &TransactionId) -> impl Iterator<Item = &Attempt> {
        let runs = self.refund_runs.iter().filter(move |run| run.transaction == *payment);
        let made = self.refunds.iter().filter(move |refund| refund.transaction == *payment);
        made.map(|refund| &refund.attempt).chain(runs.map(|run| &run.session.attempt))
    }

    /// The refunds of an intent that its history shows by then.
    pub(super) fn refund_runs(&self, intent: usize, at: i64) -> impl Iterator<Item = &RefundRun> {
        let shows = move |run: &&RefundRun| run.session.intent == Some(intent) && run.session.created_at <= at;
        self.refund_runs.iter().filter(shows)
    }

    pub(super) fn told_at_machines(&self, intent: usize, at: i64) -> Vec<RunAtMachine> {
        self.refund_runs(intent, at).filter_map(|run| run.told(at)).collect()
    }

    /// What the record tells of a refund at a machine: of one whose name is not known yet, only that there is a new one.
    pub(super) fn look_at_machines(&self, attempt: &Attempt, intent: usize, at: i64) -> Finding {
        let Some(prepared) = &attempt.preparation else { return Finding::Nothing };
        let mut runs = self.refund_runs(intent, at);
        if let Some(known) = attempt.phase.handle().or(prepared.run.as_ref()) {
            return runs.find(|run| run.handle() == *known).map_or(Finding::Nothing, |run| run.finding(at));
        }
        let mut new = runs.filter(|run| !prepared.earlier_runs.contains(&run.handle()));
        match (new.next(), new.next()) {
            (Some(run), None) => Finding::Undecided { handle: Some(run.handle()), started: true },
            _ => Finding::Nothing,
        }
    }

    /// Which one a wish to cancel is of; the machine that it stands on must still wait for the card.
    pub(super) fn refund_run_to_cancel(&self, attempt: &Attempt, at: i64) -> Option<usize> {
        let known = attempt.phase.handle()?;
        let run = self.refund_runs.iter().find(|run| run.handle() == *known)?;
        run.session.is_payable(at).then_some(run.session.number)
    }
}
