//! The provider of the simulation: no idempotency, a bad network in front of it, customers who do as they like. What it
//! holds is the truth about money.

mod intents;
mod machines;
mod sessions;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Attempt, Reason};
use pos_bridge::domain::evidence::{Approval, PaymentRecord, PaymentState, Terms};
use pos_bridge::domain::identifiers::{AttemptReference, Handle, TransactionId};
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::ports::Provider;

use crate::bug::Bug;
use crate::dice::Dice;
use crate::journal::Disk;
use crate::time::Time;
use intents::Intents;
use machines::RefundRun;

/// The longest from a session to the decision on its payment, in milliseconds.
const PROMPT_MAX: i64 = 160_000;
/// What is under way arrives within this, or never, in milliseconds.
const LATE_MAX: i64 = 90_000;
/// A reading may be as old as this, in milliseconds.
const LAG: i64 = 3_000;
/// How long a sale may be started, in seconds.
const SESSION: i64 = 300;

/// What became of a customer at a terminal, and when; in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Customer {
    taps_at: i64,
    decided_at: i64,
    pays: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) attempt: Attempt,
    number: usize,
    /// The intent that it runs on, where there are such.
    intent: Option<usize>,
    created_at: i64,
    cancelled_at: Option<i64>,
    customer: Option<Customer>,
}

/// A request for money that sessions run on, like Dojo's.
#[derive(Debug, Clone)]
struct Intent {
    /// That it was made for; later ones may run on it.
    attempt: Attempt,
    number: usize,
    created_at: i64,
    /// Nothing can be taken on it any more.
    let_go_at: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) attempt: Attempt,
    pub(crate) transaction: TransactionId,
    made_at: i64,
}

#[derive(Debug, Clone)]
enum Arrival {
    Sale(Attempt),
    Intent(Attempt),
    Refund(Attempt, TransactionId),
    Cancel(usize),
    CancelRefund(usize),
    LetGo(usize),
}

#[derive(Debug)]
pub(crate) struct Books {
    dice: Dice,
    pub(crate) sessions: Vec<Session>,
    intents: Vec<Intent>,
    pub(crate) refunds: Vec<Refund>,
    refund_runs: Vec<RefundRun>,
    /// What was given back of a payment in all holds what machines gave back.
    sum_holds_machines: bool,
    under_way: Vec<(i64, Arrival)>,
    /// How often an order left the bridge: without the card, and for the terminal.
    pub(crate) sends: BTreeMap<(AttemptReference, bool), u32>,
    /// The till and the till's number that an order names.
    names: BTreeMap<AttemptReference, String>,
    /// Orders that had left when the journal lost them, and when it did.
    pub(crate) lost: BTreeMap<AttemptReference, i64>,
    /// What was seen to be wrong the moment it happened.
    pub(crate) wrongs: Vec<String>,
    /// How often each kind of thing happened.
    pub(crate) hits: BTreeMap<&'static str, u64>,
    /// Nothing goes wrong any more.
    pub(crate) calm: bool,
}

#[derive(Clone)]
pub(crate) struct Cloud {
    books: Arc<Mutex<Books>>,
    time: Time,
    disk: Disk,
    bug: Option<Bug>,
    prepares: bool,
    refund_route: RefundRoute,
}

impl Session {
    fn paid_by(&self) -> Option<Customer> {
        self.customer.filter(|customer| self.cancelled_at.is_none_or(|cancelled| customer.taps_at < cancelled))
    }

    /// What became of its payment by then.
    fn payment(&self, at: i64) -> Option<PaymentState> {
        let customer = self.paid_by().filter(|customer| customer.taps_at <= at)?;
        Some(if customer.decided_at > at {
            PaymentState::Undecided
        } else if customer.pays {
            PaymentState::Approved { captured: true }
        } else {
            PaymentState::Declined(Reason::new("declined", "not enough money"))
        })
    }

    pub(crate) fn took_money(&self, at: i64) -> bool {
        matches!(self.payment(at), Some(PaymentState::Approved { .. }))
    }

    pub(crate) fn transaction(&self) -> TransactionId {
        let name = self.intent.map_or_else(|| format!("T1.payment-{}", self.number), intent_name);
        TransactionId::new(name).unwrap()
    }

    fn handle(&self) -> Handle {
        Handle::new(format!("T1.session-{}", self.number)).unwrap()
    }

    /// Unless a card was presented by then.
    fn cancel(&mut self, at: i64) {
        if self.payment(at).is_none() {
            self.cancelled_at.get_or_insert(at);
        }
    }

    fn is_payable(&self, at: i64) -> bool {
        self.cancelled_at.is_none() && self.payment(at).is_none() && at < self.created_at + PROMPT_MAX
    }

    fn terms(&self) -> Terms {
        let order = &self.attempt.order;
        Terms {
            reference: order.reference.to_string(),
            amount: order.money.amount.minor(),
            currency: order.money.currency.code().to_owned(),
            terminal: Some(order.terminal.as_str().to_owned()),
        }
    }

    fn record(&self, state: PaymentState) -> PaymentRecord {
        PaymentRecord {
            transaction: self.transaction(),
            session: Some(self.handle()),
            terms: self.terms(),
            added: 0,
            state,
            card: None,
            receipt: None,
            created_at: Timestamp::from_millisecond(self.created_at).ok(),
        }
    }
}

impl Books {
    /// How often the customer of a sale attempt paid by then.
    pub(crate) fn times_paid(&self, attempt: AttemptReference, at: i64) -> usize {
        let of_attempt = self.sessions.iter().filter(|session| session.attempt.order.reference == attempt);
        of_attempt.filter(|session| session.took_money(at)).count()
    }

    pub(crate) fn took_money(&self, attempt: AttemptReference, at: i64) -> bool {
        self.times_paid(attempt, at) > 0
    }

    /// Whether a sale attempt was paid, or a refund made, by then.
    pub(crate) fn moved_money(&self, attempt: AttemptReference, at: i64) -> bool {
        let is_made = |refund: &Refund| refund.attempt.order.reference == attempt && refund.made_at <= at;
        self.took_money(attempt, at) || self.refunds.iter().any(is_made)
    }

    /// The payment of a sale that the journal lost before the provider's list told of it, or whose request was on its way so
    /// long: nobody could know of it when its till asked again.
    pub(crate) fn was_unseen(&self, session: &Session) -> bool {
        let listed_at = match session.intent {
            Some(number) => Some(self.intents[number].created_at.max(session.created_at)),
            None => session.customer.map(|customer| customer.taps_at),
        };
        let lost_at = self.lost.get(&session.attempt.order.reference);
        lost_at.is_some_and(|lost_at| listed_at.is_none_or(|listed_at| listed_at + LAG > *lost_at))
    }

    /// A refund that the journal lost before it was made.
    pub(crate) fn was_under_way(&self, refund: &Refund) -> bool {
        let lost_at = self.lost.get(&refund.attempt.order.reference);
        lost_at.is_some_and(|lost_at| refund.made_at + LAG > *lost_at)
    }

    fn hit(&mut self, what: &'static str) {
        *self.hits.entry(what).or_default() += 1;
    }

    /// What goes wrong with this call; nothing once it is calm.
    fn fault(&mut self, faults: &[&'static str], chance: usize) -> &'static str {
        let struck = !self.calm && self.dice.percent(chance);
        let fault = if struck { self.dice.pick(faults).copied().unwrap_or("none") } else { "none" };
        self.hit(fault);
        fault
    }

    /// Everything that arrived by now, in its order.
    fn advance(&mut self, now: i64) {
        self.under_way.sort_by_key(|(due, _)| *due);
        let due = self.under_way.iter().take_while(|(due, _)| *due <= now).count();
        for (at, arrival) in self.under_way.drain(..due).collect::<Vec<_>>() {
            self.arrive(at, arrival);
        }
        self.book_refund_runs(now);
    }

    fn arrive(&mut self, at: i64, arrival: Arrival) {
        match arrival {
            Arrival::Sale(attempt) => self.start(at, attempt),
            Arrival::Intent(attempt) => {
                let number = self.intents.len();
                self.intents.push(Intent { attempt, number, created_at: at, let_go_at: None });
            }
            Arrival::LetGo(number) => self.let_go(at, number),
            Arrival::Refund(attempt, transaction) if attempt.card_present => {
                self.start_refund(at, attempt, transaction)
            }
            Arrival::Refund(attempt, transaction) => self.refunds.push(Refund { attempt, transaction, made_at: at }),
            Arrival::Cancel(number) => self.sessions[number].cancel(at),
            Arrival::CancelRefund(number) => self.refund_runs[number].session.cancel(at),
        }
    }

    /// A session begins, where it is not too late for that, and what it runs on was neither let go nor paid.
    fn start(&mut self, at: i64, attempt: Attempt) {
        let intent = attempt.preparation.as_ref().and_then(|prepared| self.intent_of(&prepared.payment));
        let expires_at = intent.map_or(attempt.expires_at, |intent| intent.attempt.horizon);
        if at >= expires_at.as_millisecond() {
            return self.hit("arrived too late");
        }
        let intent = intent.map(|intent| (intent.number, intent.let_go_at.is_some()));
        if let Some((number, is_let_go)) = intent
            && (is_let_go || self.payer(number, at).is_some())
        {
            return self.hit("arrived at a payment that is over");
        }
        let customer = self.customer(at);
        self.stands_alone(at, &attempt);
        let (number, intent) = (self.sessions.len(), intent.map(|(number, _)| number));
        self.sessions.push(Session { attempt, number, intent, created_at: at, cancelled_at: None, customer });
    }

    /// Notes when another prompt stands on the terminal. Of what it lost, the journal cannot know that it stands there.
    fn stands_alone(&mut self, at: i64, attempt: &Attempt) {
        let (new, terminal) = (attempt.order.reference, &attempt.order.terminal);
        let prompts = |session: &&Session| session.attempt.order.terminal == *terminal && session.is_payable(at);
        let is_known = |reference: &AttemptReference| !self.lost.contains_key(reference);
        let refunds = self.refund_runs.iter().map(|run| &run.session);
        let mut others =
            self.sessions.iter().chain(refunds).filter(prompts).map(|session| session.attempt.order.reference);
        if let Some(other) = others.find(is_known).filter(|_| is_known(&new)) {
            self.wrongs.push(format!("I11: {new} and {other} stand on {terminal} at once"));
        }
    }

    /// What was not paid, and nobody holds a card to, can be let go; whatever waits on it ends.
    fn let_go(&mut self, at: i64, number: usize) {
        let is_busy = |session: &Session| {
            matches!(session.payment(at), Some(PaymentState::Undecided | PaymentState::Approved { .. }))
        };
        if self.runs(number, at).any(is_busy) {
            return self.hit("let go in vain");
        }
        self.hit("let go");
        self.intents[number].let_go_at.get_or_insert(at);
        for session in self.sessions.iter_mut().filter(|session| session.intent == Some(number)) {
            session.cancel(at);
        }
    }

    fn intent_of(&self, payment: &Handle) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent_name(intent.number) == payment.as_str())
    }

    /// The sessions that an intent had by then, oldest first.
    fn runs(&self, intent: usize, at: i64) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(move |session| session.intent == Some(intent) && session.created_at <= at)
    }

    /// The session that took an intent's money.
    fn payer(&self, intent: usize, at: i64) -> Option<&Session> {
        self.runs(intent, at).find(|session| session.took_money(at))
    }

    fn customer(&mut self, at: i64) -> Option<Customer> {
        let what = *self.dice.pick(&["pays", "pays", "pays", "is declined", "walks away"]).unwrap();
        self.hit(what);
        let slow = self.dice.percent(25);
        let taps_at = at + self.dice.between(500, if slow { 130_000 } else { 8_000 });
        let decided_at = taps_at + self.dice.between(500, 15_000);
        (what != "walks away").then_some(Customer { taps_at, decided_at, pays: what == "pays" })
    }
}

impl Cloud {
    pub(crate) fn new(seed: u64, time: Time, disk: Disk, bug: Option<Bug>) -> Self {
        let books = Books {
            dice: Dice::new(seed, 2),
            sessions: Vec::new(),
            intents: Vec::new(),
            refunds: Vec::new(),
            refund_runs: Vec::new(),
            sum_holds_machines: Dice::new(seed, 7).percent(50),
            under_way: Vec::new(),
            sends: BTreeMap::new(),
            names: BTreeMap::new(),
            lost: BTreeMap::new(),
            wrongs: Vec::new(),
            hits: BTreeMap::new(),
            calm: false,
        };
        let routes = [RefundRoute::Plain, RefundRoute::Terminal, RefundRoute::Terminal, RefundRoute::PlainThenTerminal];
        let refund_route = *Dice::new(seed, 8).pick(&routes).unwrap();
        let prepares = Dice::new(seed, 5).percent(50);
        Self { books: Arc::new(Mutex::new(books)), time, disk, bug, prepares, refund_route }
    }

    /// The cloud as this seed's bridge asks it.
    pub(crate) fn provider(&self) -> Arc<dyn Provider> {
        if self.prepares { Arc::new(Intents(self.clone())) } else { Arc::new(self.clone()) }
    }

    /// The journal was lost, and a copy put in its place: what that does not know to have left is lost.
    pub(crate) fn lose_what_is_not_on_disk(&self) {
        let mut books = self.books();
        let pages = self.disk.pages();
        let (now, orders) = (self.time.now(), books.sends.keys().map(|(order, _)| *order).collect::<Vec<_>>());
        for reference in orders.into_iter().filter(|reference| !pages.has_sent(*reference)) {
            books.lost.entry(reference).or_insert(now);
        }
    }

    /// The books as they are now.
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        let mut books = self.books.lock().unwrap();
        books.advance(self.time.now());
        books
    }
}

fn intent_name(number: usize) -> String {
    format!("pi_{number}")
}

fn handle_of(refund: &Attempt) -> Handle {
    Handle::new(format!("T1.{}", refund.order.reference)).unwrap()
}

fn refund_approval(refund: &Attempt) -> Approval {
    Approval {
        transaction: Some(TransactionId::new(format!("T1.{}", refund.order.reference)).unwrap()),
        amount: refund.order.money.amount,
        captured: true,
        card: None,
        receipt: None,
        several: false,
    }
}

fn time(at: i64) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap()
}
