//! A provider like Dojo: a sale is prepared first, several attempts may run on one payment, the first of them names it, and of
//! refunds only the sum is told.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Kind, Preparation, Reason};
use pos_bridge::domain::directory::{Store, Terminal};
use pos_bridge::domain::evidence::{
    Contradiction, Finding, PaymentRecord, PaymentState, SessionRecord, SessionState, Sighting, judge,
};
use pos_bridge::domain::identifiers::{Handle, TransactionId};
use pos_bridge::domain::operation::ProviderName;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::ports::{
    Answer, Capabilities, Enrolment, Listing, Look, Pages, Prepared, Provider, ReadError, RefundOrder, Refundable,
    Refunded, SaleOrder, Seen, Timeouts, Trace,
};
use tokio::time::sleep;

use super::machines::RefundRun;
use super::{Arrival, Books, Cloud, Intent, PROMPT_MAX, Refund, Session, intent_name, refund_approval, time};
use crate::bug::Bug;

/// Between the searches for an intent whose reply was lost.
const SEARCH_PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(3)];

/// The same cloud, asked in this way.
pub(crate) struct Intents(pub(crate) Cloud);

impl Intent {
    fn payment(&self) -> Handle {
        Handle::new(intent_name(self.number)).unwrap()
    }

    fn is_let_go(&self, at: i64) -> bool {
        self.let_go_at.is_some_and(|let_go| let_go <= at)
    }

    /// What a session on it was asked to take carries the intent's reference.
    fn session(&self, run: &Session, at: i64) -> SessionRecord {
        let mut terms = run.terms();
        terms.reference = self.attempt.order.reference.to_string();
        SessionRecord { handle: run.handle(), terms, state: run.state(at) }
    }

    /// As a payment. Where it was or will be paid is only told of a session.
    fn record(&self, run: Option<&Session>, state: PaymentState) -> PaymentRecord {
        let mut terms = run.unwrap_or(&self.nobody()).terms();
        terms.reference = self.attempt.order.reference.to_string();
        terms.terminal = terms.terminal.filter(|_| run.is_some());
        PaymentRecord {
            transaction: TransactionId::new(intent_name(self.number)).unwrap(),
            session: run.map(Session::handle),
            terms,
            added: 0,
            state,
            card: None,
            receipt: None,
            created_at: Timestamp::from_millisecond(self.created_at).ok(),
        }
    }

    fn nobody(&self) -> Session {
        Session {
            attempt: self.attempt.clone(),
            number: 0,
            intent: Some(self.number),
            created_at: self.created_at,
            cancelled_at: None,
            customer: None,
        }
    }
}

impl Session {
    fn state(&self, at: i64) -> SessionState {
        match self.payment(at) {
            Some(PaymentState::Declined(reason)) => SessionState::Declined(reason),
            Some(_) => SessionState::Started,
            None if self.cancelled_at.is_some_and(|cancelled| cancelled <= at) => SessionState::Cancelled,
            None if at >= self.created_at + PROMPT_MAX => SessionState::Lapsed,
            None => SessionState::Waiting,
        }
    }

    fn is_over(&self, at: i64) -> bool {
        self.took_money(at) || !matches!(self.state(at), SessionState::Waiting | SessionState::Started)
    }
}

impl Books {
    fn preparation(&self, intent: &Intent, at: i64) -> Preparation {
        let refunds = self.refund_runs(intent.number, at).map(RefundRun::handle);
        Preparation {
            payment: intent.payment(),
            reference: intent.attempt.order.reference,
            earlier_runs: self.runs(intent.number, at).map(Session::handle).chain(refunds).collect(),
            refunded: self.given_back(intent, at),
            run: None,
        }
    }

    fn given_back(&self, intent: &Intent, at: i64) -> i64 {
        let of_intent = |transaction: &TransactionId| transaction.as_str() == intent_name(intent.number);
        let is_held = |refund: &&Refund| self.sum_holds_machines || !refund.attempt.card_present;
        let refunds = self.refunds.iter().filter(is_held);
        let refunds = refunds.filter(|refund| of_intent(&refund.transaction) && refund.made_at <= at);
        refunds.map(|refund| refund.attempt.order.money.amount.minor()).sum()
    }

    /// The attempt's own session: the one that is known, else the first that was not there before.
    fn own_run(&self, attempt: &Attempt, prepared: &Preparation, intent: &Intent, at: i64) -> Option<&Session> {
        let known = attempt.phase.handle().or(prepared.run.as_ref());
        let mut runs = self.runs(intent.number, at);
        match known {
            Some(known) => runs.find(|run| run.handle() == *known),
            None => runs.find(|run| !prepared.earlier_runs.contains(&run.handle())),
        }
    }

    /// What the intent tells this attempt of a payment.
    fn payments(&self, intent: &Intent, own: Option<&Session>, at: i64) -> Vec<PaymentRecord> {
        let takers: Vec<_> = self.runs(intent.number, at).filter(|run| run.took_money(at)).collect();
        if takers.is_empty() {
            let goes_on = own.is_some_and(|run| !run.is_over(at));
            let state = if goes_on { PaymentState::Undecided } else { PaymentState::Voided };
            return intent.is_let_go(at).then(|| intent.record(own, state)).into_iter().collect();
        }
        let is_ours = own.is_some_and(|own| takers.iter().any(|taker| taker.number == own.number));
        let approved = || intent.record(own, PaymentState::Approved { captured: true });
        if is_ours { takers.iter().map(|_| approved()).collect() } else { Vec::new() }
    }
}

impl Intents {
    /// What came of the payment of an earlier attempt; `None` where nothing can be taken on it any more.
    async fn again(&self, attempt: &Attempt, earlier: &Preparation) -> Result<Option<Prepared>, ReadError> {
        let at = self.0.read().await?;
        let number = {
            let mut books = self.0.books();
            let intent = books.intent_of(&earlier.payment).filter(|intent| intent.created_at <= at).cloned();
            let intent = intent.ok_or_else(|| unusable("the payment of an earlier attempt was not found"))?;
            if books.payer(intent.number, at).is_some() {
                books.hit("paid before");
                return Ok(Some(Prepared::Decided));
            }
            if intent.is_let_go(at) {
                return Ok(None);
            }
            if !books.runs(intent.number, at).all(|run| run.is_over(at)) {
                return Err(unusable("an earlier attempt is still on a terminal"));
            }
            if intent.attempt.horizon >= attempt.expires_at && intent.attempt.order.money == attempt.order.money {
                books.hit("prepared again");
                let found = books.preparation(&intent, at);
                return Ok(Some(Prepared::Ready(found.with_runs_of(earlier))));
            }
            intent.number
        };
        self.0.wish(Arrival::LetGo(number)).await?;
        let at = self.0.read().await?;
        let let_go = self.0.books().intents[number].is_let_go(at);
        if let_go { Ok(None) } else { Err(unusable("the payment of an earlier attempt is still open")) }
    }

    /// The intent that was made for this attempt, as a reading finds it.
    async fn search(&self, attempt: &Attempt) -> Option<Preparation> {
        let at = self.0.read().await.ok()?;
        let books = self.0.books();
        let of_attempt = |intent: &&Intent| intent.attempt.order.reference == attempt.order.reference;
        let found = books.intents.iter().filter(|intent| intent.created_at <= at).find(of_attempt)?;
        Some(books.preparation(found, at))
    }
}

fn unusable(cause: &str) -> ReadError {
    ReadError::Unreachable { cause: cause.to_owned(), retry_after: None }
}

#[async_trait]
impl Provider for Intents {
    fn name(&self) -> ProviderName {
        ProviderName::Dojo
    }
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn has_told_time(&self) -> bool {
        true
    }
    async fn learn_time(&self) -> Result<(), ReadError> {
        self.0.learn_time().await
    }
    fn is_sandbox(&self) -> bool {
        true
    }
    fn timeouts(&self) -> Timeouts {
        self.0.timeouts()
    }
    fn capabilities(&self, terminal: &Terminal) -> Capabilities {
        self.0.capabilities(terminal)
    }
    fn prepares_sales(&self) -> bool {
        true
    }
    async fn prepare_sale(&self, order: SaleOrder<'_>) -> Prepared {
        let attempt = order.attempt;
        self.0.books().names.insert(attempt.order.reference, order.till_reference.to_owned());
        if let Some(earlier) = &attempt.preparation {
            match self.again(attempt, earlier).await {
                Ok(Some(prepared)) => return prepared,
                Ok(None) => {}
                Err(error) => return Prepared::Unreached(Reason::new("provider_unreachable", error.to_string())),
            }
        }
        match self.0.deliver(Arrival::Intent(attempt.clone()), |books| books.hit("prepared")).await {
            Answer::No(reason) => return Prepared::Refused(reason),
            Answer::NotSent(reason) => return Prepared::Unreached(reason),
            Answer::Yes(()) | Answer::Undelivered(()) | Answer::Unknown(_) => {}
        }
        for pause in SEARCH_PAUSES {
            sleep(pause).await;
            if let Some(found) = self.search(attempt).await {
                return Prepared::Ready(found);
            }
        }
        Prepared::Refused(Reason::not_sent("the payment could not be prepared"))
    }
    fn refund_route(&self) -> RefundRoute {
        self.0.refund_route
    }
    fn refunds_one_at_a_time(&self) -> bool {
        true
    }
    async fn start_sale(&self, order: SaleOrder<'_>) -> Answer<Handle> {
        self.0.start_sale(order).await
    }
    async fn start_refund(&self, order: RefundOrder<'_>) -> Answer<Handle> {
        self.0.start_refund(order).await
    }
    async fn look_for_sale(&self, attempt: &Attempt, _: Look) -> Result<Seen, ReadError> {
        let nothing = |at| Seen::at(time(at), Finding::Nothing);
        let Some(prepared) = &attempt.preparation else { return Ok(nothing(self.0.time.now())) };
        let at = self.0.read().await?;
        let books = self.0.books();
        let found = books.intent_of(&prepared.payment).filter(|intent| intent.created_at <= at);
        let Some(intent) = found else { return Ok(nothing(at)) };
        let own = books.own_run(attempt, prepared, intent, at);
        let session = own.map(|run| intent.session(run, at));
        let sighting = Sighting { session, payments: books.payments(intent, own, at) };
        let paid_by_another = sighting.payments.is_empty() && books.payer(intent.number, at).is_some();
        Ok(Seen { finding: judge(&attempt.as_sent(), &sighting), paid_by_another, ..nothing(at) })
    }
    async fn cancel(&self, attempt: &Attempt) -> Result<bool, ReadError> {
        if attempt.kind == Kind::Refund {
            let run = self.0.books().refund_run_to_cancel(attempt, self.0.time.now());
            return if let Some(run) = run { self.0.wish(Arrival::CancelRefund(run)).await } else { Ok(false) };
        }
        let Some(prepared) = &attempt.preparation else { return Ok(false) };
        let wish = {
            let (books, now) = (self.0.books(), self.0.time.now());
            let Some(intent) = books.intent_of(&prepared.payment) else { return Ok(false) };
            match books.own_run(attempt, prepared, intent, now) {
                Some(run) if run.state(now) == SessionState::Waiting => Arrival::Cancel(run.number),
                // A card is there, or was: it is too late.
                Some(run) if run.took_money(now) || !run.is_over(now) => return Ok(true),
                _ => Arrival::LetGo(intent.number),
            }
        };
        self.0.wish(wish).await
    }
    async fn refundable(&self, transaction: &TransactionId) -> Result<Refundable, ReadError> {
        let at = self.0.read().await?;
        let books = self.0.books();
        let payment = Handle::new(transaction.as_str()).unwrap();
        let intent = books.intent_of(&payment).ok_or_else(|| unusable("the payment was not found"))?;
        let payer = books.payer(intent.number, at);
        Ok(Refundable {
            captured: payer.map_or(0, |payer| payer.attempt.order.money.amount.minor()),
            refunded: books.given_back(intent, at),
            refunds: Vec::new(),
            preparation: Some(books.preparation(intent, at)),
            at_machines: books.told_at_machines(intent.number, at),
        })
    }
    async fn look_for_refund(&self, attempt: &Attempt, _: Look) -> Result<Seen, ReadError> {
        let at = self.0.read().await?;
        let books = self.0.books();
        let payment = attempt.refund_of.as_ref().and_then(|payment| Handle::new(payment.as_str()).ok());
        let intent = payment.and_then(|payment| books.intent_of(&payment));
        if let Some(intent) = intent.filter(|_| attempt.card_present) {
            return Ok(Seen::at(time(at), books.look_at_machines(attempt, intent.number, at)));
        }
        let grown = intent.zip(attempt.preparation.as_ref());
        let grown = grown.map(|(intent, before)| books.given_back(intent, at) - before.refunded);
        let asked = attempt.order.money.amount.minor();
        let handle = attempt.phase.handle().cloned();
        let finding = match (grown, handle) {
            (Some(grown), _) if grown == asked => {
                let approval = refund_approval(attempt);
                Finding::Approved(approval)
            }
            (Some(found), handle) if found > asked => {
                Finding::Contradiction { what: Contradiction::Amount { asked, found }, handle }
            }
            (Some(_), Some(handle)) => Finding::Undecided { handle: Some(handle), started: true },
            _ => Finding::Nothing,
        };
        Ok(Seen::at(time(at), finding))
    }
    async fn list(&self, _: &Store, _: Timestamp, pages: &mut dyn Pages) -> Result<(), ReadError> {
        let at = self.0.read().await?;
        if self.0.bug == Some(Bug::NothingIsCompared) {
            return Ok(());
        }
        let traces: Vec<Trace> = {
            let books = self.0.books();
            let made = books.intents.iter().filter(|intent| intent.created_at <= at);
            let traces = made.map(|intent| {
                let payer = books.payer(intent.number, at);
                let run = payer.or_else(|| books.runs(intent.number, at).last());
                let state = match payer {
                    Some(_) => PaymentState::Approved { captured: true },
                    None if intent.is_let_go(at) => PaymentState::Voided,
                    None => PaymentState::Undecided,
                };
                Trace {
                    reference: intent.attempt.order.reference,
                    till_reference: books.names.get(&intent.attempt.order.reference).cloned(),
                    payment: PaymentRecord { session: run.map(Session::handle), ..intent.record(payer, state) },
                    several: false,
                    terminal: run.and_then(|run| run.terms().terminal),
                    refunds: Vec::new(),
                    refunded: Refunded::InAll(books.given_back(intent, at)),
                    at_machines: books.told_at_machines(intent.number, at),
                }
            });
            traces.collect()
        };
        pages.take(Listing { traces, unreadable: Vec::new() }).await;
        Ok(())
    }
    async fn enrolment(&self, terminal: &Terminal) -> Result<Option<Enrolment>, ReadError> {
        self.0.enrolment(terminal).await
    }
    async fn check_access(&self) -> Result<SignedDuration, ReadError> {
        self.0.check_access().await
    }
}
