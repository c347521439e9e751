//! What the journal holds, and its steps, over the same rules of `domain` as the SQLite one. `faithful.rs` proves that the
//! two answer alike.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Alarm, AlarmKind, Attempt, Event, Kind, Phase, Preparation};
use pos_bridge::domain::directory::Terminal;
use pos_bridge::domain::evidence::Order;
use pos_bridge::domain::identifiers::{AttemptReference, OperationId, TerminalName};
use pos_bridge::domain::money::Money;
use pos_bridge::domain::operation::{Operation, ProviderName, Status, paid_twice};
use pos_bridge::domain::refund::{NotRefundable, refund_amount};
use pos_bridge::domain::repeat::{Fingerprint, KnownBy, Repeat};
use pos_bridge::ports::{
    AlarmState, Begun, Callback, JournalError, LostPayment, NewAttempt, NewRefund, NewSale, RaisedAlarm, Recorded,
    Refunded,
};

type Result<T> = std::result::Result<T, JournalError>;

/// Everything that is on disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pages {
    pub(crate) entries: Vec<Entry>,
    pub(crate) alarms: Vec<Standing>,
    pub(crate) callbacks: BTreeSet<(ProviderName, String)>,
}

/// An operation with all its attempts. Its `attempt` is of no meaning here.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) head: Operation,
    pub(crate) generation: i64,
    pub(crate) runs: Vec<Run>,
}

#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) attempt: Attempt,
    pub(crate) terminal: Terminal,
    /// The device that it holds.
    pub(crate) lease: Option<String>,
    pub(crate) phase_since: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) subject: String,
    pub(crate) raised: RaisedAlarm,
    pub(crate) freezes: Option<String>,
    pub(crate) acknowledged: bool,
}

/// Where a new attempt is put.
enum Place {
    New(i64),
    Again(usize),
}

impl Entry {
    fn deciding(&self) -> &Run {
        let best =
            self.runs.iter().reduce(|best, run| if run.attempt.decides_over(&best.attempt) { run } else { best });
        best.expect("an operation has an attempt")
    }
}

pub(crate) fn whole_milliseconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap()
}

fn device(terminal: &Terminal) -> String {
    format!("{}/{}", terminal.provider.name(), terminal.terminal_id)
}

impl Pages {
    /// The operation as one of its attempts sees it.
    pub(crate) fn seen_by(&self, entry: &Entry, run: &Run) -> Operation {
        let refunds = self.entries.iter().filter(|refund| refund.head.original == Some(entry.head.id));
        let given_back = refunds.flat_map(|refund| &refund.runs).map(|run| match &run.attempt.phase {
            Phase::Approved { approval, .. } => approval.amount.minor(),
            _ => 0,
        });
        Operation {
            attempt: run.attempt.clone(),
            terminal: run.terminal.name.clone(),
            store: run.terminal.store.clone(),
            provider: run.terminal.provider,
            refunded: entry.head.refunded + given_back.sum::<i64>(),
            ..entry.head.clone()
        }
    }

    pub(crate) fn decided(&self, entry: &Entry) -> Operation {
        self.seen_by(entry, entry.deciding())
    }

    pub(crate) fn operation(&self, id: OperationId) -> Option<Operation> {
        self.entries.iter().find(|entry| entry.head.id == id).map(|entry| self.decided(entry))
    }

    pub(crate) fn position(&self, attempt: AttemptReference) -> Option<(usize, usize)> {
        self.entries.iter().enumerate().find_map(|(entry, known)| {
            let run = known.runs.iter().position(|run| run.attempt.order.reference == attempt)?;
            Some((entry, run))
        })
    }

    pub(crate) fn wanted(&self, (entry, run): (usize, usize)) -> (Operation, Attempt) {
        (self.decided(&self.entries[entry]), self.entries[entry].runs[run].attempt.clone())
    }

    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, usize, &Run)> {
        let entries = self.entries.iter().enumerate();
        entries.flat_map(|(entry, known)| known.runs.iter().enumerate().map(move |(run, known)| (entry, run, known)))
    }

    pub(crate) fn begin_sale(&mut self, sale: NewSale) -> Result<Begun> {
        let NewSale { attempt: new, money, is_prepared } = sale;
        let place = match self.repeated(&new, Kind::Sale, &Fingerprint { money: Some(money), original: None }) {
            Ok(place) => place,
            Err(answer) => return Ok(*answer),
        };
        if let Some(obstacle) = self.in_the_way(&new.terminal) {
            return Ok(obstacle);
        }
        let phase = if is_prepared { Phase::Reserved } else { Phase::Sending };
        let mut operation = self.new_operation(&new, Kind::Sale, money, phase, &place);
        operation.original = None;
        Ok(self.write(operation, &new, &place, true))
    }

    pub(crate) fn begin_refund(&mut self, refund: NewRefund) -> Result<Begun> {
        let NewRefund { attempt: new, original, asked, allowance, route, is_alone } = refund;
        let original = original.expect("the simulation refunds sales alone");
        let place = match self.repeated(&new, Kind::Refund, &Fingerprint { money: asked, original: Some(original) }) {
            Ok(place) => place,
            Err(answer) => return Ok(*answer),
        };
        let sale = self.operation(original).filter(|sale| sale.kind == Kind::Sale).ok_or(JournalError::NotFound)?;
        let asked = match place {
            Place::New(_) => asked,
            Place::Again(entry) => Some(self.entries[entry].head.money),
        };
        let amount = match refund_amount(&sale, self.set_aside(original), asked) {
            Ok(amount) => amount,
            Err(reason) => return Ok(Begun::NotRefundable(reason)),
        };
        let money = Money { amount, currency: sale.money.currency };
        if let Err(reason) = allowance.allows(money, 0) {
            return Ok(Begun::NotRefundable(reason));
        }
        if is_alone && self.has_undecided_refund(original) {
            return Ok(Begun::NotRefundable(NotRefundable::AnotherUnderWay));
        }
        if route.needs_terminal()
            && let Some(obstacle) = self.in_the_way(&new.terminal)
        {
            return Ok(obstacle);
        }
        let mut operation = self.new_operation(&new, Kind::Refund, money, Phase::Reserved, &place);
        operation.original = Some(original);
        operation.attempt.refunds = sale.approval().and_then(|approval| approval.transaction.clone());
        operation.attempt.card_present = route.begins_at_terminal();
        Ok(self.write(operation, &new, &place, route.needs_terminal()))
    }

    fn has_undecided_refund(&self, sale: OperationId) -> bool {
        self.entries
            .iter()
            .filter(|refund| refund.head.original == Some(sale))
            .flat_map(|refund| &refund.runs)
            .any(|run| run.attempt.phase.is_live() || matches!(run.attempt.phase, Phase::Abandoned { .. }))
    }

    pub(crate) fn set_aside(&self, sale: OperationId) -> i64 {
        let elsewhere = self.entries.iter().find(|entry| entry.head.id == sale).map_or(0, |entry| entry.head.refunded);
        let refunds =
            self.entries.iter().filter(|entry| entry.head.original == Some(sale)).flat_map(|entry| &entry.runs);
        let moving = refunds.filter(|run| run.attempt.phase.may_move_money());
        elsewhere + moving.map(|run| run.attempt.order.money.amount.minor()).sum::<i64>()
    }

    /// A reading that says less than is known is stale.
    pub(crate) fn note_refunded(&mut self, sale: OperationId, refunded: Refunded, now: Timestamp) -> Result<bool> {
        self.operation(sale).ok_or(JournalError::NotFound)?;
        let set_aside = self.set_aside(sale);
        let head = self.head(sale);
        let elsewhere = match refunded {
            Refunded::Elsewhere(minor) => minor,
            Refunded::InAll(minor) => minor - (set_aside - head.refunded),
        };
        let is_news = elsewhere > head.refunded;
        if is_news {
            (head.refunded, head.updated_at) = (elsewhere, whole_milliseconds(now));
        }
        Ok(is_news)
    }

    fn repeated(&self, new: &NewAttempt, kind: Kind, asked: &Fingerprint) -> std::result::Result<Place, Box<Begun>> {
        assert_eq!(new.known_by, KnownBy::Reference, "this journal knows tills that number");
        assert!(!new.rules.heeds_superseded, "and that supersede nothing");
        let named = self.entries.iter().enumerate().filter(|(_, entry)| {
            (&entry.head.till, entry.head.kind, &entry.head.reference) == (&new.till, kind, &new.till_reference)
        });
        let Some((position, entry)) = named.max_by_key(|(_, entry)| entry.generation) else { return Ok(Place::New(1)) };
        let known = self.decided(entry);
        // The number's age is told by the provider's clock.
        let passed = new.horizon.duration_since(known.attempt.horizon);
        let now = known.updated_at.saturating_add(passed).unwrap_or(Timestamp::MAX);
        match known.repeat(asked, new.rules, new.now.min(now)) {
            Repeat::Conflict => Err(Box::new(Begun::Conflict(known))),
            Repeat::Join => Err(Box::new(Begun::Joined(known))),
            Repeat::Replay => Err(Box::new(Begun::Replayed(known))),
            Repeat::NewAttempt => Ok(Place::Again(position)),
            Repeat::NewOperation => Ok(Place::New(entry.generation + 1)),
        }
    }

    fn in_the_way(&self, terminal: &Terminal) -> Option<Begun> {
        let device = device(terminal);
        if let Some((entry, _, run)) = self.runs().find(|(_, _, run)| run.lease.as_ref() == Some(&device)) {
            return Some(Begun::Busy(self.seen_by(&self.entries[entry], run)));
        }
        let frozen = self.alarms.iter().find(|alarm| !alarm.acknowledged && alarm.freezes.as_ref() == Some(&device));
        frozen.map(|alarm| Begun::Frozen(alarm.raised.alarm.text.clone()))
    }

    fn new_operation(&self, new: &NewAttempt, kind: Kind, money: Money, phase: Phase, place: &Place) -> Operation {
        let now = whole_milliseconds(new.now);
        let earlier = match place {
            Place::New(_) => None,
            Place::Again(entry) => Some(self.decided(&self.entries[*entry])),
        };
        let id = earlier.as_ref().map_or(new.operation, |earlier| earlier.id);
        let same_provider = earlier.as_ref().filter(|earlier| earlier.provider == new.terminal.provider);
        let order = Order {
            reference: new.reference,
            money,
            terminal: new.terminal.terminal_id.clone(),
            may_grow: new.may_grow,
        };
        Operation {
            id,
            kind,
            till: new.till.clone(),
            reference: new.till_reference.clone(),
            money,
            terminal: new.terminal.name.clone(),
            store: new.terminal.store.clone(),
            provider: new.terminal.provider,
            original: None,
            attempt: Attempt {
                number: earlier.as_ref().map_or(1, |earlier| earlier.attempt.number + 1),
                preparation: same_provider
                    .and_then(|earlier| earlier.attempt.preparation.as_ref().map(Preparation::for_the_next)),
                phase,
                ..Attempt::first(id, kind, order, whole_milliseconds(new.expires_at), whole_milliseconds(new.horizon))
            },
            refunded: earlier.as_ref().map_or(0, |earlier| earlier.refunded),
            simulated: new.simulated,
            told_at: None,
            acknowledged_at: None,
            created_at: earlier.as_ref().map_or(now, |earlier| earlier.created_at),
            updated_at: now,
        }
    }

    fn write(&mut self, operation: Operation, new: &NewAttempt, place: &Place, on_terminal: bool) -> Begun {
        let run = Run {
            attempt: operation.attempt.clone(),
            terminal: new.terminal.clone(),
            lease: on_terminal.then(|| device(&new.terminal)),
            phase_since: operation.updated_at,
        };
        match place {
            Place::New(generation) => {
                self.entries.push(Entry { head: operation.clone(), generation: *generation, runs: vec![run] });
            }
            Place::Again(entry) => {
                let entry = &mut self.entries[*entry];
                let elsewhere = entry.head.refunded;
                entry.head = Operation { refunded: elsewhere, ..operation.clone() };
                entry.runs.push(run);
            }
        }
        Begun::New(operation)
    }

    pub(crate) fn record(&mut self, attempt: AttemptReference, event: &Event, now: Timestamp) -> Result<Recorded> {
        let now = whole_milliseconds(now);
        let (entry, run) = self.position(attempt).ok_or(JournalError::NotFound)?;
        let before = self.decided(&self.entries[entry]);
        let known = self.entries[entry].runs[run].attempt.clone();
        let Some(transition) = known.step(event)? else {
            return Ok(Recorded { operation: before, attempt: known, moved: false, alarm: None, stopped: Vec::new() });
        };
        let is_approved = |attempt: &Attempt| matches!(attempt.phase, Phase::Approved { .. });
        let newly_approved = is_approved(&transition.attempt) && !is_approved(&known);
        let mut alarm = transition.alarm;
        put(&mut self.entries[entry].runs[run], transition.attempt, now);
        let mut stopped = Vec::new();
        if newly_approved {
            let seen = self.seen_by(&self.entries[entry], &self.entries[entry].runs[run]);
            let others = self.entries[entry].runs.iter().enumerate().filter(|(other, _)| *other != run);
            let paid = others
                .map(|(_, known)| &known.attempt)
                .filter(|attempt| matches!(attempt.phase, Phase::Approved { .. }));
            alarm = paid_twice(&seen, paid).or(alarm);
            for (other, twin) in self.entries[entry].runs.iter_mut().enumerate() {
                if other != run && twin.attempt.phase.is_live() {
                    stop(twin, now)?;
                    stopped.push(twin.attempt.clone());
                }
            }
        }
        self.settle(entry, &before, now);
        let seen = self.seen_by(&self.entries[entry], &self.entries[entry].runs[run]);
        if let Some(raised) = &alarm {
            if self.stands(&seen.id.to_string(), raised.kind) {
                alarm = None;
            } else {
                self.raise_on(&seen, raised.clone(), now);
            }
        }
        let operation = Operation { refunded: before.refunded, ..self.decided(&self.entries[entry]) };
        Ok(Recorded { operation, attempt: seen.attempt, moved: true, alarm, stopped })
    }

    /// A result that is new to the till was neither told nor booked.
    fn settle(&mut self, entry: usize, before: &Operation, now: Timestamp) {
        let after = self.decided(&self.entries[entry]);
        let same = after.attempt.number == before.attempt.number && after.status() == before.status();
        let head = &mut self.entries[entry].head;
        head.told_at = before.told_at.filter(|_| same);
        head.acknowledged_at = before.acknowledged_at.filter(|_| same);
        head.updated_at = now;
    }

    fn stands(&self, subject: &str, kind: AlarmKind) -> bool {
        self.alarms
            .iter()
            .any(|alarm| !alarm.acknowledged && alarm.subject == subject && alarm.raised.alarm.kind == kind)
    }

    fn raise_on(&mut self, operation: &Operation, alarm: Alarm, now: Timestamp) {
        let device = format!("{}/{}", operation.provider.name(), operation.attempt.order.terminal);
        let freezes = alarm.kind.freezes_terminal().then_some(device);
        let terminal = Some(operation.terminal.clone());
        self.push_alarm(operation.id.to_string(), alarm, (Some(operation.id), terminal, freezes), now);
    }

    fn push_alarm(
        &mut self,
        subject: String,
        alarm: Alarm,
        (operation, terminal, freezes): (Option<OperationId>, Option<TerminalName>, Option<String>),
        now: Timestamp,
    ) {
        let id = i64::try_from(self.alarms.len()).unwrap() + 1;
        let known = operation.and_then(|id| self.operation(id));
        let known_as = known.map(|operation| (operation.till.clone(), operation.reference.clone()));
        let raised = RaisedAlarm { id, alarm, operation, known_as, terminal, raised_at: whole_milliseconds(now) };
        self.alarms.push(Standing { subject, raised, freezes, acknowledged: false });
    }

    pub(crate) fn raise(&mut self, operation: OperationId, alarm: Alarm, now: Timestamp) -> Result<bool> {
        let operation = self.operation(operation).ok_or(JournalError::NotFound)?;
        let subject = operation.id.to_string();
        let known = self.alarms.iter().any(|known| known.subject == subject && known.raised.alarm == alarm);
        if known || self.stands(&subject, alarm.kind) {
            return Ok(false);
        }
        self.raise_on(&operation, alarm, now);
        Ok(true)
    }

    pub(crate) fn raise_lost(&mut self, payment: LostPayment) -> AlarmState {
        let subject = payment.reference.to_string();
        let same = |alarm: &&Standing| alarm.subject == subject && alarm.raised.alarm.kind == payment.alarm.kind;
        if let Some(known) = self.alarms.iter().find(same) {
            return if known.acknowledged { AlarmState::Acknowledged } else { AlarmState::Standing };
        }
        let terminal = payment.terminal.as_ref();
        let place = (None, terminal.map(|terminal| terminal.name.clone()), terminal.map(device));
        self.push_alarm(subject, payment.alarm, place, payment.now);
        AlarmState::Raised
    }

    pub(crate) fn told(&mut self, operation: OperationId, attempt: u32, status: Status, now: Timestamp) {
        let Some(known) = self.operation(operation) else { return };
        let is_new = known.told_at.is_none() && status.is_final();
        if is_new && known.attempt.number == attempt && known.status() == status {
            self.head(operation).told_at = Some(whole_milliseconds(now));
        }
    }

    pub(crate) fn acknowledge(&mut self, operation: OperationId, now: Timestamp) -> Result<Operation> {
        let known = self.operation(operation).ok_or(JournalError::NotFound)?;
        if known.acknowledged_at.is_some() || !known.status().is_final() {
            return Ok(known);
        }
        let now = whole_milliseconds(now);
        let head = self.head(operation);
        (head.acknowledged_at, head.updated_at) = (Some(now), now);
        Ok(Operation { acknowledged_at: Some(now), updated_at: now, ..known })
    }

    pub(crate) fn keep_callback(&mut self, callback: Callback) -> bool {
        self.callbacks.insert((callback.provider, callback.delivery))
    }

    pub(crate) fn head(&mut self, operation: OperationId) -> &mut Operation {
        let entry = self.entries.iter_mut().find(|entry| entry.head.id == operation);
        &mut entry.expect("it was found just now").head
    }
}

/// The lease ends with the last live phase.
fn put(run: &mut Run, attempt: Attempt, now: Timestamp) {
    if attempt.phase.name() != run.attempt.phase.name() {
        run.phase_since = now;
    }
    if !attempt.phase.is_live() {
        run.lease = None;
    }
    run.attempt = attempt;
}

fn stop(run: &mut Run, now: Timestamp) -> Result<()> {
    if let Some(transition) = run.attempt.step(&Event::CancelWanted)? {
        put(run, transition.attempt, now);
    }
    Ok(())
}
