//! A payment that the provider holds and that this journal had lost.

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Alarm, AlarmKind, Attempt, Event, Kind, Phase};
use pos_bridge::domain::evidence::{Approval, Finding, Order, PaymentState};
use pos_bridge::domain::operation::Operation;
use pos_bridge::domain::repeat::Kinship;
use pos_bridge::domain::runs::{stopped_for, taken_in};
use pos_bridge::ports::{Adopted, JournalError, Orphan, Recorded, Refunded, whole_milliseconds};

use super::{Entry, Pages, Run};

type Result<T> = std::result::Result<T, JournalError>;

impl Pages {
    pub(crate) fn adopt(&mut self, orphan: Orphan) -> Result<Option<Adopted>> {
        if self.position(orphan.trace.reference).is_some() {
            return Ok(None);
        }
        let lost = operation_of(&orphan);
        let known = self.newest_named(&lost).map(|at| {
            let known = self.decided(&self.entries[at]);
            (at, known.kinship(&lost, orphan.reuse_after), known)
        });
        Ok(Some(match known {
            Some((at, Kinship::SameSale, _)) => self.join_sale(at, &orphan, lost)?,
            known => {
                let known = known.as_ref().map(|(_, kinship, known)| (*kinship, known));
                self.begin_operation(&orphan, lost, known)?
            }
        }))
    }

    fn join_sale(&mut self, at: usize, orphan: &Orphan, lost: Operation) -> Result<Adopted> {
        let (before, now) = (self.decided(&self.entries[at]), lost.updated_at);
        let given_back = given_back(orphan);
        let head = &mut self.entries[at].head;
        head.refunded = head.refunded.max(given_back);
        let attempt =
            taken_in(&self.seen_by_each(&self.entries[at]), &lost.attempt).expect("an operation has an attempt");
        self.entries[at].runs.push(run_of(orphan, attempt.clone(), now));
        let stopped = stopped_for(&self.seen_by_each(&self.entries[at]), &attempt);
        stopped.iter().for_each(|stopped| self.put(at, stopped, now));
        self.settle(at, &before, now);
        let operation = self.decided(&self.entries[at]);
        let alarm = (!self.stands(&operation.id.to_string(), AlarmKind::Orphan)).then(|| alarm(orphan));
        if let Some(alarm) = &alarm {
            self.raise_on(&operation, alarm.clone(), now);
        }
        let payment = Recorded { operation, attempt, moved: true, decided: true, alarm, stopped };
        Ok(Adopted { payment, stopped: Vec::new() })
    }

    fn begin_operation(
        &mut self,
        orphan: &Orphan,
        lost: Operation,
        known: Option<(Kinship, &Operation)>,
    ) -> Result<Adopted> {
        let stopped = match known {
            Some((Kinship::Rival, _)) => self.stop_rivals(&lost)?,
            _ => Vec::new(),
        };
        let generations = || self.named(&lost).map(|(_, entry)| entry.generation);
        let taken = generations().min().zip(generations().max()).map(|(lowest, highest)| lowest..=highest);
        let generation = lost.lost_generation(known, taken);
        let operation = Operation { refunded: given_back(orphan), ..lost };
        let run = run_of(orphan, operation.attempt.clone(), operation.updated_at);
        self.entries.push(Entry { head: operation.clone(), generation, runs: vec![run] });
        self.raise_on(&operation, alarm(orphan), operation.updated_at);
        let (attempt, alarm) = (operation.attempt.clone(), Some(alarm(orphan)));
        let payment = Recorded { operation, attempt, moved: true, decided: true, alarm, stopped: Vec::new() };
        Ok(Adopted { payment, stopped })
    }

    fn stop_rivals(&mut self, lost: &Operation) -> Result<Vec<Recorded>> {
        let rivals = self.made_alike(lost).map(|(_, entry)| entry);
        let rivals = rivals.filter(|entry| !self.decided(entry).status().is_final());
        let live = rivals.flat_map(|entry| &entry.runs).filter(|run| run.attempt.phase.is_live());
        let live: Vec<_> = live.map(|run| run.attempt.order.reference).collect();
        let mut stopped = Vec::new();
        for attempt in live {
            let recorded = self.record(attempt, &Event::CancelWanted, lost.updated_at)?;
            stopped.extend(recorded.moved.then_some(recorded));
        }
        Ok(stopped)
    }

    fn newest_named(&self, operation: &Operation) -> Option<usize> {
        self.made_alike(operation).max_by_key(|(_, entry)| entry.generation).map(|(at, _)| at)
    }

    /// In the same environment.
    fn made_alike<'a>(&'a self, operation: &'a Operation) -> impl Iterator<Item = (usize, &'a Entry)> {
        self.named(operation).filter(|(_, entry)| entry.head.simulated == operation.simulated)
    }

    fn named<'a>(&'a self, operation: &'a Operation) -> impl Iterator<Item = (usize, &'a Entry)> {
        let name = (&operation.till, operation.kind, &operation.reference);
        let entries = self.entries.iter().enumerate();
        entries.filter(move |(_, entry)| (&entry.head.till, entry.head.kind, &entry.head.reference) == name)
    }
}

/// The payment as a sale that came late.
fn operation_of(orphan: &Orphan) -> Operation {
    let terminal = orphan.terminal.as_ref().expect("a simulated payment names its terminal");
    let (till, reference) = orphan.till_reference.clone().expect("and its till");
    let (payment, asked_at) = (&orphan.trace.payment, whole_milliseconds(orphan.asked_at));
    let order = Order {
        reference: orphan.trace.reference,
        money: orphan.money,
        terminal: terminal.terminal_id.clone(),
        may_grow: payment.added > 0,
    };
    let approval = Approval {
        transaction: Some(payment.transaction.clone()),
        amount: orphan.money.amount,
        captured: payment.state == PaymentState::Approved { captured: true },
        card: payment.card.clone(),
        receipt: payment.receipt.clone(),
        several: false,
    };
    let first = Attempt::first(orphan.operation, Kind::Sale, order, asked_at, whole_milliseconds(orphan.horizon));
    Operation {
        id: orphan.operation,
        kind: Kind::Sale,
        till,
        reference,
        money: orphan.money,
        terminal: terminal.name.clone(),
        store: orphan.store.clone(),
        provider: orphan.provider,
        original: None,
        attempt: Attempt { phase: Phase::Approved { approval, late: true, resolution: None }, ..first },
        refunded: 0,
        simulated: orphan.simulated,
        told_at: None,
        acknowledged_at: None,
        created_at: asked_at,
        updated_at: whole_milliseconds(orphan.now),
    }
}

fn run_of(orphan: &Orphan, attempt: Attempt, now: Timestamp) -> Run {
    let terminal = orphan.terminal.clone().expect("a simulated payment names its terminal");
    Run { attempt, terminal, lease: None, phase_since: now }
}

/// By whomever.
fn given_back(orphan: &Orphan) -> i64 {
    let ours = orphan.trace.refunds.iter().map(|(_, finding)| match finding {
        Finding::Approved(approval) => approval.amount.minor(),
        _ => 0,
    });
    let others = orphan.trace.refunded.elsewhere(0);
    match orphan.trace.refunded {
        Refunded::Elsewhere(_) => others + ours.sum::<i64>(),
        Refunded::InAll(_) | Refunded::InAllAndAtMachines { .. } => others,
    }
}

/// Its words are of no meaning here, but for the payment that it is about.
fn alarm(orphan: &Orphan) -> Alarm {
    let text = format!("{} was lost", orphan.trace.payment.transaction);
    Alarm { kind: AlarmKind::Orphan, text }
}
