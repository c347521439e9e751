//! What the bridge asks of the provider, and what may go wrong on the way there and back.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Phase, Reason};
use pos_bridge::domain::directory::{Store, Terminal};
use pos_bridge::domain::evidence::{Approval, Finding, SessionRecord, SessionState, Sighting, judge};
use pos_bridge::domain::identifiers::{Handle, TransactionId};
use pos_bridge::domain::operation::ProviderName;
use pos_bridge::domain::prompt::AtTerminal;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::ports::{
    Answer, Capabilities, Enrolment, Listing, Look, Patience, Provider, ReadError, RefundOrder, Refundable, Refunded,
    SaleOrder, Seen, Trace,
};
use tokio::time::sleep;

use super::{Arrival, Books, Cloud, LATE_MAX, PROMPT_MAX, Session};
use crate::bug::Bug;

/// How long a sale may be started, in seconds.
const SESSION: i64 = 300;
/// The bridge gives a call up after this.
const TIME_OUT: Duration = Duration::from_secs(10);

impl Cloud {
    /// An order leaves the bridge: it must stand on disk, and leaves once.
    fn leaves(&self, books: &mut Books, attempt: &Attempt) {
        let reference = attempt.order.reference;
        let pages = self.disk.pages();
        let known = pages.position(reference).map(|at| pages.wanted(at).1);
        if !known.is_some_and(|known| matches!(known.phase, Phase::Sending)) {
            books.wrongs.push(format!("I4: {reference} leaves without standing on disk as being sent"));
        }
        let sends = books.sends.entry(reference).or_default();
        *sends += 1;
        if *sends > 1 {
            books.wrongs.push(format!("I18: {reference} leaves {sends} times"));
        }
    }

    /// Sends what moves money: once, where no bug is planted.
    async fn send(&self, attempt: &Attempt, arrival: Arrival) -> Answer<Handle> {
        match self.send_once(attempt, arrival.clone()).await {
            Answer::Unknown(_) if self.bug == Some(Bug::SentAgainAfterSilence) => {
                self.send_once(attempt, arrival).await
            }
            answer => answer,
        }
    }

    /// Sends it with what may go wrong on the way and back.
    async fn send_once(&self, attempt: &Attempt, arrival: Arrival) -> Answer<Handle> {
        let faults =
            ["not sent", "refused", "request lost", "reply lost", "reply lost", "arrives late", "server error"];
        let (fault, there, back) = {
            let mut books = self.books();
            let fault = books.fault(&faults, 35);
            if fault != "not sent" {
                self.leaves(&mut books, attempt);
            }
            let there =
                if fault == "arrives late" { books.dice.between(5_000, LATE_MAX) } else { books.dice.between(5, 900) };
            let arrives = match fault {
                "not sent" | "refused" | "request lost" => false,
                "server error" => books.dice.percent(50),
                _ => true,
            };
            if arrives {
                books.under_way.push((self.time.now() + there, arrival));
            }
            (fault, there, books.dice.milliseconds(5, 900))
        };
        if !["none", "refused", "not sent", "server error"].contains(&fault) {
            sleep(TIME_OUT).await;
            return Answer::Unknown(fault.to_owned());
        }
        sleep(Duration::from_millis(u64::try_from(there).unwrap()) + back).await;
        match fault {
            "not sent" => Answer::NotSent(Reason::new("not_sent", "connection refused")),
            "refused" => Answer::No(Reason::new("refused", "no")),
            "server error" => Answer::Unknown("500".to_owned()),
            _ => self.accepted(attempt),
        }
    }

    fn accepted(&self, attempt: &Attempt) -> Answer<Handle> {
        let books = self.books();
        let same = |known: &Attempt| known.order.reference == attempt.order.reference;
        let session = books.sessions.iter().find(|session| same(&session.attempt)).map(Session::handle);
        let refund = books.refunds.iter().find(|refund| same(&refund.attempt)).map(|refund| handle_of(&refund.attempt));
        session.or(refund).map_or_else(|| Answer::No(Reason::new("expired", "too late")), Answer::Yes)
    }

    /// Whether a reading comes through, after how long, and as of when it is.
    async fn read(&self) -> Result<i64, ReadError> {
        let (fault, pause) = {
            let mut books = self.books();
            (books.fault(&["read fails", "read lags", "read is slow"], 20), books.dice.milliseconds(5, 600))
        };
        sleep(pause).await;
        let asked_at = self.time.now();
        match fault {
            "read fails" => Err(ReadError::Unreachable { cause: "reset".to_owned(), retry_after: None }),
            "read lags" => Ok(asked_at - 3_000),
            "read is slow" => {
                sleep(Duration::from_secs(4)).await;
                Ok(asked_at)
            }
            _ => Ok(asked_at),
        }
    }
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

#[async_trait]
impl Provider for Cloud {
    fn name(&self) -> ProviderName {
        ProviderName::Dintero
    }
    fn now(&self) -> Timestamp {
        time(self.time.now())
    }
    fn has_told_time(&self) -> bool {
        true
    }
    async fn learn_time(&self) -> Result<(), ReadError> {
        self.read().await.map(drop)
    }
    fn is_sandbox(&self) -> bool {
        true
    }
    fn patience(&self) -> Patience {
        let afterwards = SignedDuration::from_millis(PROMPT_MAX + LATE_MAX);
        Patience { session: SignedDuration::from_secs(SESSION), afterwards, refund: SignedDuration::from_secs(SESSION) }
    }
    fn capabilities(&self, _: &Terminal) -> Capabilities {
        Capabilities {
            signature: false,
            prompts: false,
            receipts: false,
            unlinked_refund: false,
            currencies: Vec::new(),
        }
    }
    fn refund_route(&self) -> RefundRoute {
        RefundRoute::Plain
    }
    async fn start_sale(&self, order: SaleOrder<'_>) -> Answer<Handle> {
        self.send(order.attempt, Arrival::Sale(order.attempt.clone())).await
    }
    async fn start_refund(&self, order: RefundOrder<'_>) -> Answer<Handle> {
        self.send(
            order.attempt,
            Arrival::Refund(order.attempt.clone(), order.transaction.expect("a refund of a sale").clone()),
        )
        .await
    }
    async fn look_for_sale(&self, attempt: &Attempt, _: Look) -> Result<Seen, ReadError> {
        let at = self.read().await?;
        let books = self.books();
        let of_attempt = |session: &&Session| session.attempt.order.reference == attempt.order.reference;
        let sessions: Vec<_> =
            books.sessions.iter().filter(of_attempt).filter(|session| session.created_at <= at).collect();
        let known = sessions.iter().find(|session| Some(&session.handle()) == attempt.phase.handle());
        let session = known.map(|session| SessionRecord {
            handle: session.handle(),
            terms: session.terms(),
            state: match session.cancelled_at.is_some_and(|cancelled| cancelled <= at) {
                true => SessionState::Cancelled,
                false => SessionState::Waiting,
            },
        });
        let payments = sessions.iter().filter_map(|session| Some(session.record(session.payment(at)?))).collect();
        let finding = judge(&attempt.as_sent(), &Sighting { session, payments });
        Ok(Seen { finding, at: time(at), at_terminal: AtTerminal::default() })
    }
    async fn cancel(&self, attempt: &Attempt) -> Result<bool, ReadError> {
        let pause = {
            let mut books = self.books();
            let known = books.sessions.iter().find(|session| Some(&session.handle()) == attempt.phase.handle());
            let Some(number) = known.map(|session| session.number) else { return Ok(false) };
            let fault = books.fault(&["cancel lost", "cancel late"], 20);
            let delay = if fault == "cancel late" { 8_000 } else { 100 };
            if fault != "cancel lost" {
                let due = self.time.now() + delay;
                books.under_way.push((due, Arrival::Cancel(number)));
            }
            if fault == "cancel lost" { TIME_OUT } else { Duration::from_millis(200) }
        };
        sleep(pause).await;
        if pause == TIME_OUT {
            return Err(ReadError::Unreachable { cause: "nothing came".to_owned(), retry_after: None });
        }
        Ok(true)
    }
    async fn refundable(&self, transaction: &TransactionId) -> Result<Refundable, ReadError> {
        let at = self.read().await?;
        let books = self.books();
        let sale = books.sessions.iter().find(|session| session.transaction() == *transaction);
        let captured =
            sale.filter(|sale| sale.took_money(at)).map_or(0, |sale| sale.attempt.order.money.amount.minor());
        let refunds =
            || books.refunds.iter().filter(|refund| refund.transaction == *transaction && refund.made_at <= at);
        Ok(Refundable {
            captured,
            refunded: refunds().map(|refund| refund.attempt.order.money.amount.minor()).sum(),
            references: refunds().map(|refund| refund.attempt.order.reference).collect(),
            preparation: None,
        })
    }
    async fn look_for_refund(&self, attempt: &Attempt, _: Look) -> Result<Seen, ReadError> {
        let at = self.read().await?;
        let books = self.books();
        let found = books
            .refunds
            .iter()
            .find(|refund| refund.attempt.order.reference == attempt.order.reference && refund.made_at <= at);
        let finding = found.map_or(Finding::Nothing, |refund| Finding::Approved(refund_approval(&refund.attempt)));
        Ok(Seen { finding, at: time(at), at_terminal: AtTerminal::default() })
    }
    async fn list(&self, _: &Store, _: Timestamp) -> Result<Listing, ReadError> {
        let at = self.read().await?;
        let books = self.books();
        let paid = books.sessions.iter().filter_map(|session| Some((session, session.payment(at)?)));
        let traces = paid.map(|(session, state)| {
            let refunds = books.refunds.iter().filter(|refund| refund.transaction == session.transaction());
            Trace {
                reference: session.attempt.order.reference,
                till_reference: None,
                payment: session.record(state),
                refunds: refunds
                    .filter(|refund| refund.made_at <= at)
                    .map(|refund| (refund.attempt.order.reference, Finding::Approved(refund_approval(&refund.attempt))))
                    .collect(),
                refunded: Refunded::Elsewhere(0),
            }
        });
        Ok(Listing { traces: traces.collect(), unreadable: Vec::new() })
    }
    async fn enrolment(&self, _: &Terminal) -> Result<Option<Enrolment>, ReadError> {
        Ok(None)
    }
    async fn check_access(&self) -> Result<SignedDuration, ReadError> {
        Ok(SignedDuration::ZERO)
    }
}
