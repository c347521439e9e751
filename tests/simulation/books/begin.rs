//! Beginning: what a number means, what stands in the way, what is left to give back.

use pos_bridge::domain::attempt::{Kind, Phase};
use pos_bridge::domain::directory::Terminal;
use pos_bridge::domain::identifiers::OperationId;
use pos_bridge::domain::money::Money;
use pos_bridge::domain::operation::Operation;
use pos_bridge::domain::refund::{NotRefundable, refund_amount};
use pos_bridge::domain::repeat::{Fingerprint, KnownBy};
use pos_bridge::ports::{Begun, Earlier, JournalError, NewAttempt, NewRefund, NewSale, Repeated, Target};

use super::{Entry, Pages, Run};

type Result<T> = std::result::Result<T, JournalError>;

impl Pages {
    pub(crate) fn begin_sale(&mut self, sale: NewSale) -> Result<Begun> {
        let new = &sale.attempt;
        let target = match self.repeated(new, Kind::Sale, &Fingerprint { money: Some(sale.money), original: None }) {
            Repeated::Answered(answer) => return Ok(*answer),
            Repeated::Begins(target) => target,
        };
        if let Some(obstacle) = self.in_the_way(&new.terminal) {
            return Ok(obstacle);
        }
        Ok(self.write(sale.operation(target.earlier()), new, &target, true))
    }

    pub(crate) fn begin_refund(&mut self, refund: NewRefund) -> Result<Begun> {
        let NewRefund { attempt: new, original, asked, allowance, route, one_at_a_time } = &refund;
        let original = original.expect("the simulation refunds sales alone");
        let target = match self.repeated(new, Kind::Refund, &Fingerprint { money: *asked, original: Some(original) }) {
            Repeated::Answered(answer) => return Ok(*answer),
            Repeated::Begins(target) => target,
        };
        let sale = self.operation(original).filter(|sale| sale.kind == Kind::Sale).ok_or(JournalError::NotFound)?;
        let asked = target.money(*asked);
        let amount = match refund_amount(&sale, self.set_aside(original), asked) {
            Ok(amount) => amount,
            Err(reason) => return Ok(Begun::NotRefundable(reason)),
        };
        let money = Money { amount, currency: sale.money.currency };
        if let Err(reason) = allowance.allows(money, 0) {
            return Ok(Begun::NotRefundable(reason));
        }
        if *one_at_a_time && let Some(is_abandoned) = self.has_undecided_refund(original) {
            return Ok(Begun::NotRefundable(NotRefundable::AnotherUnderWay { is_abandoned }));
        }
        if route.needs_terminal()
            && let Some(obstacle) = self.in_the_way(&new.terminal)
        {
            return Ok(obstacle);
        }
        let payment = sale.approval().and_then(|approval| approval.transaction.clone());
        let operation = refund.operation(money, payment, target.earlier());
        Ok(self.write(operation, new, &target, route.needs_terminal()))
    }

    /// Whether all of them wait for a person; `None` where there is none.
    fn has_undecided_refund(&self, sale: OperationId) -> Option<bool> {
        let refunds = self.entries.iter().filter(|refund| refund.head.original == Some(sale));
        let is_abandoned = |run: &Run| matches!(run.attempt.phase, Phase::Abandoned { .. });
        let undecided = refunds.flat_map(|refund| &refund.runs);
        let undecided = undecided.filter(|run| run.attempt.phase.is_live() || is_abandoned(run));
        undecided.map(is_abandoned).reduce(|all, one| all && one)
    }

    /// What may stand in the provider's books: what is only reserved was never sent.
    pub(crate) fn sent_back(&self, sale: OperationId) -> i64 {
        let refunds =
            self.entries.iter().filter(|entry| entry.head.original == Some(sale)).flat_map(|entry| &entry.runs);
        refunds.filter(|run| run.attempt.phase != Phase::Reserved).map(|run| run.attempt.set_aside()).sum()
    }

    pub(crate) fn set_aside(&self, sale: OperationId) -> i64 {
        let elsewhere = self.entries.iter().find(|entry| entry.head.id == sale).map_or(0, |entry| entry.head.refunded);
        let refunds =
            self.entries.iter().filter(|entry| entry.head.original == Some(sale)).flat_map(|entry| &entry.runs);
        elsewhere + refunds.map(|run| run.attempt.set_aside()).sum::<i64>()
    }

    fn repeated(&self, new: &NewAttempt, kind: Kind, asked: &Fingerprint) -> Repeated {
        assert_eq!(new.known_by, KnownBy::Reference, "this journal knows tills that number");
        assert!(!new.rules.heeds_superseded, "and that supersede nothing");
        let named = self.entries.iter().filter(|entry| {
            (&entry.head.till, entry.head.kind, &entry.head.reference) == (&new.till, kind, &new.till_reference)
        });
        let named: Vec<_> = named.collect();
        let generation = named.iter().map(|entry| entry.generation).max().unwrap_or_default();
        let means = |entry: &Entry| !self.decided(entry).is_of_other_environment(new.simulated);
        let meant = named.into_iter().max_by_key(|entry| (means(entry), entry.generation));
        let operation = meant.map(|entry| self.decided(entry));
        Earlier { operation, generation, followed: false }.repeated(new, asked)
    }

    fn in_the_way(&self, terminal: &Terminal) -> Option<Begun> {
        let device = terminal.device();
        if let Some((entry, _, run)) = self.runs().find(|(_, _, run)| run.lease.as_ref() == Some(&device)) {
            return Some(Begun::Busy(self.seen_by(&self.entries[entry], run)));
        }
        let frozen = self.alarms.iter().find(|alarm| !alarm.acknowledged && alarm.freezes.as_ref() == Some(&device));
        frozen.map(|alarm| Begun::Frozen(alarm.raised.alarm.text.clone()))
    }

    fn write(&mut self, operation: Operation, new: &NewAttempt, target: &Target, on_terminal: bool) -> Begun {
        let run = Run {
            attempt: operation.attempt.clone(),
            terminal: new.terminal.clone(),
            lease: on_terminal.then(|| new.terminal.device()),
            phase_since: operation.updated_at,
        };
        match target {
            Target::New(generation) => {
                self.entries.push(Entry { head: operation.clone(), generation: *generation, runs: vec![run] });
            }
            Target::Again(earlier) => {
                let entry = self.entries.iter_mut().find(|entry| entry.head.id == earlier.id);
                let entry = entry.expect("it was found just now");
                let elsewhere = entry.head.refunded;
                entry.head = Operation { refunded: elsewhere, ..operation.clone() };
                entry.runs.push(run);
            }
        }
        Begun::New(operation)
    }
}
