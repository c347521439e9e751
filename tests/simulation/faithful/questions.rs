//! What both journals are asked: a shop's questions in no order that makes sense, at terminals of both providers.

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{
    Alarm, AlarmKind, Attempt, Event, Kind, OperatorVerdict, Preparation, Reason, Resolution,
};
use pos_bridge::domain::directory::{RefundLimits, Terminal};
use pos_bridge::domain::evidence::{Approval, Contradiction, Finding, PaymentRecord, PaymentState, Terms};
use pos_bridge::domain::identifiers::{
    AttemptReference, Handle, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId, TransactionId,
};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::domain::refund::{Allowance, RefundRoute};
use pos_bridge::domain::repeat::{KnownBy, OnRepeat, RepeatRules};
use pos_bridge::domain::request::Details;
use pos_bridge::ports::{Callback, LostPayment, NewAttempt, NewRefund, NewSale, Orphan, Refunded, Subject, Trace};
use ulid::Ulid;

use crate::dice::Dice;

#[derive(Debug, Clone)]
pub(super) enum Question {
    Sale(NewSale),
    Refund(NewRefund),
    Record(AttemptReference, Vec<Event>, Timestamp),
    Told(OperationId, u32, Timestamp),
    Acknowledge(OperationId, Timestamp),
    NoteRefunded(OperationId, Refunded, Timestamp),
    Adopt(Box<Orphan>),
    Find(TillId, Reference, bool),
    Prepared(Handle),
    Unpaid(OperationId),
    List(TillId),
    Open,
    Raise(OperationId, Alarm, Timestamp),
    RaiseLost(LostPayment),
    AcknowledgeAlarm(i64, Timestamp),
    CallBack(Callback),
    Swept(ProviderName, StoreId, Timestamp),
    HasUsed(ProviderName, String),
}

pub(super) struct Questioner {
    dice: Dice,
    now: i64,
    attempts: Vec<AttemptReference>,
    /// Those that stand in the journals.
    operations: Vec<OperationId>,
    /// What is asked next, the last first.
    planned: Vec<Question>,
}

impl Questioner {
    pub(super) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed, 4), now: 0, attempts: Vec::new(), operations: Vec::new(), planned: Vec::new() }
    }

    /// An attempt stands in the journals. Most sales at Dojo's go on as in a shop: prepared, declined, told, and asked for once
    /// more on the same payment. Left to chance that hardly happens.
    pub(super) fn begun(&mut self, operation: &Operation, attempt: &Attempt) {
        self.operations.push(operation.id);
        if operation.provider != ProviderName::Dojo || attempt.kind != Kind::Sale || self.dice.percent(20) {
            return;
        }
        let (reference, now) = (attempt.order.reference, self.time());
        let prepared = Event::Dispatched { preparation: Some(self.preparation(reference)) };
        let declined = Event::Seen { finding: Finding::Declined(Reason::new("05", "no")), at: now };
        let again = NewAttempt {
            terminal: terminal("back"),
            till_reference: operation.reference.clone(),
            ..self.attempt(operation.till.clone())
        };
        self.planned = vec![
            Question::Sale(NewSale { attempt: again, money: operation.money, is_prepared: true }),
            Question::Told(operation.id, attempt.number, now),
            Question::Record(reference, vec![prepared, declined], now),
        ];
    }

    pub(super) fn next(&mut self, number: u64) -> Question {
        if let Some(planned) = self.planned.pop() {
            return planned;
        }
        self.now += self.dice.between(0, 90_000);
        let now = self.time();
        let till = TillId::new(format!("till-{}", self.dice.below(2))).unwrap();
        match self.dice.below(34) {
            0..5 => {
                let attempt = self.attempt(till);
                let money = nok(if self.dice.percent(90) { 1_000 } else { 2_000 });
                let is_prepared = attempt.terminal.provider == ProviderName::Dojo;
                Question::Sale(NewSale { attempt, money, is_prepared })
            }
            5..7 if !self.operations.is_empty() => {
                let original = *self.dice.pick(&self.operations).unwrap();
                let allowance = Allowance {
                    limits: RefundLimits::default(),
                    currency: nok(1).currency,
                    day_began: Timestamp::UNIX_EPOCH,
                };
                let asked = self.dice.percent(70).then(|| nok(400));
                let route = *self.dice.pick(&[RefundRoute::Terminal, RefundRoute::Plain]).unwrap();
                let attempt = self.attempt(till);
                Question::Refund(NewRefund {
                    attempt,
                    original: Some(original),
                    asked,
                    allowance,
                    route,
                    one_at_a_time: self.dice.percent(30),
                })
            }
            7..16 if !self.attempts.is_empty() => {
                let attempt = *self.dice.pick(&self.attempts[self.attempts.len().saturating_sub(4)..]).unwrap();
                let count = self.dice.between(1, 2);
                Question::Record(attempt, (0..count).map(|_| self.event(attempt)).collect(), now)
            }
            16..19 if !self.operations.is_empty() => Question::Told(
                *self.dice.pick(&self.operations).unwrap(),
                u32::try_from(self.dice.below(2) + 1).unwrap(),
                now,
            ),
            19 if !self.operations.is_empty() => Question::Acknowledge(*self.dice.pick(&self.operations).unwrap(), now),
            20 if !self.operations.is_empty() => {
                let minor = self.dice.between(0, 800);
                let in_all_and_at_machines = Refunded::InAllAndAtMachines { sum: minor, at_machines: 100 };
                let refunded = [Refunded::Elsewhere(minor), Refunded::InAll(minor), in_all_and_at_machines];
                let refunded = *self.dice.pick(&refunded).unwrap();
                Question::NoteRefunded(*self.dice.pick(&self.operations).unwrap(), refunded, now)
            }
            21 => Question::Adopt(Box::new(self.orphan(number, till))),
            22 => Question::Find(till, self.reference(), self.simulated()),
            23 => Question::List(till),
            24 | 31 => Question::AcknowledgeAlarm(self.dice.between(1, 15), now),
            25 => Question::Prepared(self.payment()),
            26 if !self.operations.is_empty() => Question::Unpaid(*self.dice.pick(&self.operations).unwrap()),
            27 if !self.operations.is_empty() => {
                Question::Raise(*self.dice.pick(&self.operations).unwrap(), self.alarm(), now)
            }
            28 if !self.attempts.is_empty() => Question::RaiseLost(self.lost_payment()),
            29 => Question::CallBack(self.callback()),
            30 => {
                let provider = *self.dice.pick(&[ProviderName::Dintero, ProviderName::Dojo]).unwrap();
                let store = StoreId::new(*self.dice.pick(&["oslo", "bergen"]).unwrap()).unwrap();
                if self.dice.percent(70) {
                    Question::Swept(provider, store, now)
                } else {
                    Question::HasUsed(provider, (*self.dice.pick(&["T-front", "T-back", "T-gone"]).unwrap()).to_owned())
                }
            }
            _ => Question::Open,
        }
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(1_795_168_800_000 + self.now).unwrap()
    }

    fn reference(&mut self) -> Reference {
        Reference::new(format!("R-{}", self.dice.below(3))).unwrap()
    }

    /// Somebody trains now and then.
    fn simulated(&mut self) -> bool {
        self.dice.percent(20)
    }

    fn attempt(&mut self, till: TillId) -> NewAttempt {
        let name = *self.dice.pick(&["front", "back"]).unwrap();
        let number = u64::try_from(self.attempts.len()).unwrap();
        let (operation, reference) =
            (OperationId(Ulid::from_parts(number + 1, 1)), AttemptReference::new(Ulid::from_parts(number + 1, 2)));
        // Not every one of them will stand in the journal: an unknown name is a question too.
        self.attempts.push(reference);
        let now = self.time();
        NewAttempt {
            operation,
            reference,
            terminal: terminal(name),
            expires_at: now + SignedDuration::from_secs(300),
            horizon: now + SignedDuration::from_secs(420),
            may_grow: false,
            simulated: self.simulated(),
            details: Details::default(),
            till,
            till_reference: self.reference(),
            asked_terminal: TerminalName::new(name).unwrap(),
            known_by: KnownBy::Reference,
            rules: RepeatRules {
                on_repeat: if self.dice.percent(80) { OnRepeat::NewAttempt } else { OnRepeat::Replay },
                heeds_superseded: false,
                reuse_after: self.dice.percent(30).then(|| SignedDuration::from_secs(600)),
            },
            now,
        }
    }

    fn orphan(&mut self, number: u64, till: TillId) -> Orphan {
        let NewAttempt { operation, mut reference, terminal, till_reference, simulated, rules, .. } =
            self.attempt(till.clone());
        if self.dice.percent(20) {
            reference = *self.dice.pick(&self.attempts).unwrap();
        }
        let asked_at = self.time() - SignedDuration::from_secs(self.dice.between(0, 1_200));
        let money = nok(if self.dice.percent(70) { 1_000 } else { 2_000 });
        let minor = if self.dice.percent(50) { 0 } else { self.dice.between(1, 900) };
        Orphan {
            operation,
            provider: terminal.provider,
            store: terminal.store.clone(),
            asked_terminal: None,
            till_reference: Some((till, till_reference)),
            money,
            simulated,
            asked_at,
            horizon: asked_at + SignedDuration::from_secs(420),
            reuse_after: rules.reuse_after,
            now: self.time(),
            trace: Trace {
                reference,
                till_reference: None,
                payment: PaymentRecord {
                    transaction: TransactionId::new(format!("T1.lost-{number}")).unwrap(),
                    session: None,
                    terms: Terms {
                        reference: reference.to_string(),
                        amount: money.amount.minor(),
                        currency: money.currency.code().to_owned(),
                        terminal: Some(terminal.terminal_id.as_str().to_owned()),
                    },
                    added: if self.dice.percent(20) { 50 } else { 0 },
                    state: PaymentState::Approved { captured: self.dice.percent(50) },
                    card: None,
                    receipt: None,
                    created_at: Some(asked_at),
                },
                several: false,
                terminal: Some(terminal.terminal_id.as_str().to_owned()),
                refunds: Vec::new(),
                at_machines: Vec::new(),
                refunded: if self.dice.percent(50) { Refunded::InAll(minor) } else { Refunded::Elsewhere(minor) },
            },
            terminal: Some(terminal),
        }
    }

    fn payment(&mut self) -> Handle {
        Handle::new(format!("pi_{}", self.dice.below(4))).unwrap()
    }

    fn preparation(&mut self, attempt: AttemptReference) -> Preparation {
        let runs = self.dice.below(3);
        Preparation {
            payment: self.payment(),
            reference: attempt,
            earlier_runs: (0..runs).map(|run| Handle::new(format!("ts_{run}")).unwrap()).collect(),
            refunded: if self.dice.percent(50) { 0 } else { self.dice.between(1, 900) },
            run: None,
        }
    }

    fn alarm(&mut self) -> Alarm {
        let kinds = [AlarmKind::SeveralPayments, AlarmKind::NotCaptured, AlarmKind::Unreadable];
        let text = *self.dice.pick(&["one thing", "another"]).unwrap();
        Alarm { kind: *self.dice.pick(&kinds).unwrap(), text: text.to_owned() }
    }

    fn lost_payment(&mut self) -> LostPayment {
        let name = *self.dice.pick(&["front", "back"]).unwrap();
        LostPayment {
            reference: *self.dice.pick(&self.attempts).unwrap(),
            terminal: self.dice.percent(30).then(|| terminal(name)),
            alarm: self.alarm(),
            now: self.time(),
        }
    }

    fn callback(&mut self) -> Callback {
        let provider = *self.dice.pick(&[ProviderName::Dintero, ProviderName::Dojo]).unwrap();
        let about = match (provider, self.dice.pick(&self.attempts)) {
            (ProviderName::Dojo, _) => Some(Subject::Payment(self.payment())),
            (ProviderName::Dintero, attempt) => attempt.map(|attempt| Subject::Attempt(*attempt)),
        };
        let delivery = format!("delivery-{}", self.dice.below(4));
        Callback { provider, delivery, about, query: "/callbacks".to_owned(), received_at: self.time() }
    }

    fn event(&mut self, attempt: AttemptReference) -> Event {
        let reason = || Reason::new("05", "no");
        let handle = || Handle::new(format!("T1.{attempt}")).unwrap();
        let at = self.time() + SignedDuration::from_secs(self.dice.between(0, 900));
        let approval = Approval {
            transaction: Some(TransactionId::new(format!("T1.paid-{}", self.dice.below(2))).unwrap()),
            amount: Amount::new(1_000).unwrap(),
            captured: self.dice.percent(50),
            card: None,
            receipt: None,
            several: self.dice.percent(10),
        };
        let seen = |finding| Event::Seen { finding, at };
        let resolution = |verdict| Resolution { verdict, by: "Kari".to_owned(), reason: "receipt".to_owned() };
        match self.dice.below(22) {
            0 => Event::Dispatched { preparation: None },
            14..17 => Event::Dispatched { preparation: Some(self.preparation(attempt)) },
            17 => Event::PaidBefore,
            18 => Event::PaidByEarlier,
            19 => Event::NotSent { reason: reason() },
            20 => seen(Finding::Lapsed { handle: handle() }),
            21 => seen(Finding::Corrected(reason())),
            1 => Event::Accepted { handle: handle() },
            2 => Event::Refused { reason: reason() },
            3 => Event::Silent { cause: "nothing came".to_owned() },
            4 => Event::Interrupted,
            5 => Event::CancelWanted,
            6 => seen(Finding::Nothing),
            7 => seen(Finding::Undecided { handle: Some(handle()), started: self.dice.percent(50) }),
            8 => seen(Finding::Declined(reason())),
            9 => seen(Finding::Cancelled),
            10 => seen(Finding::Contradiction { what: Contradiction::Amount { asked: 1, found: 2 }, handle: None }),
            11 => Event::Resolved { resolution: resolution(OperatorVerdict::NotTaken), at },
            12 => Event::Resolved { resolution: resolution(OperatorVerdict::Approved), at },
            _ => seen(Finding::Approved(approval)),
        }
    }
}

/// The one in front is Dintero's, the one in the back Dojo's.
fn terminal(name: &str) -> Terminal {
    Terminal {
        name: TerminalName::new(name).unwrap(),
        provider: if name == "front" { ProviderName::Dintero } else { ProviderName::Dojo },
        store: StoreId::new("oslo").unwrap(),
        terminal_id: ProviderTerminalId::new(format!("T-{name}")).unwrap(),
        tips: false,
        unlinked_refund: false,
    }
}

fn nok(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::from_code("NOK").unwrap() }
}
