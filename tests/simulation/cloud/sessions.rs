//! A provider like Dintero: a sale is one call, and payments and refunds carry our references.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::Attempt;
use pos_bridge::domain::directory::{Store, Terminal};
use pos_bridge::domain::evidence::{Finding, SessionRecord, SessionState, Sighting, judge};
use pos_bridge::domain::identifiers::{Handle, TransactionId};
use pos_bridge::domain::operation::ProviderName;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::ports::{
    Answer, Capabilities, Enrolment, Listing, Look, Pages, Provider, ReadError, RefundOrder, Refundable, Refunded,
    SaleOrder, Seen, Timeouts, Trace,
};

use super::{Arrival, Cloud, LATE_MAX, PROMPT_MAX, SESSION, Session, refund_approval, time};
use crate::bug::Bug;

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
    fn timeouts(&self) -> Timeouts {
        let afterwards = SignedDuration::from_millis(PROMPT_MAX + LATE_MAX);
        Timeouts { session: SignedDuration::from_secs(SESSION), afterwards, refund: SignedDuration::from_secs(SESSION) }
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
        self.books().names.insert(order.attempt.order.reference, order.till_reference.to_owned());
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
        Ok(Seen::at(time(at), finding))
    }
    async fn cancel(&self, attempt: &Attempt) -> Result<bool, ReadError> {
        let number = {
            let books = self.books();
            let known = books.sessions.iter().find(|session| Some(&session.handle()) == attempt.phase.handle());
            let Some(number) = known.map(|session| session.number) else { return Ok(false) };
            number
        };
        self.wish(Arrival::Cancel(number)).await
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
            refunds: refunds()
                .map(|refund| (refund.attempt.order.reference, Finding::Approved(refund_approval(&refund.attempt))))
                .collect(),
            preparation: None,
            at_machines: Vec::new(),
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
        Ok(Seen::at(time(at), finding))
    }
    async fn list(&self, _: &Store, _: Timestamp, pages: &mut dyn Pages) -> Result<(), ReadError> {
        let at = self.read().await?;
        if self.bug == Some(Bug::NothingIsCompared) {
            return Ok(());
        }
        let traces: Vec<Trace> = {
            let books = self.books();
            let paid = books.sessions.iter().filter_map(|session| Some((session, session.payment(at)?)));
            let traces = paid.map(|(session, state)| {
                let refunds = books.refunds.iter().filter(|refund| refund.transaction == session.transaction());
                Trace {
                    reference: session.attempt.order.reference,
                    till_reference: books.names.get(&session.attempt.order.reference).cloned(),
                    payment: session.record(state),
                    several: false,
                    terminal: session.terms().terminal,
                    refunds: refunds
                        .filter(|refund| refund.made_at <= at)
                        .map(|refund| {
                            (refund.attempt.order.reference, Finding::Approved(refund_approval(&refund.attempt)))
                        })
                        .collect(),
                    refunded: Refunded::Elsewhere(0),
                    at_machines: Vec::new(),
                }
            });
            traces.collect()
        };
        pages.take(Listing { traces, unreadable: Vec::new() }).await;
        Ok(())
    }
    async fn enrolment(&self, _: &Terminal) -> Result<Option<Enrolment>, ReadError> {
        Ok(None)
    }
    async fn check_access(&self) -> Result<SignedDuration, ReadError> {
        Ok(SignedDuration::ZERO)
    }
}
