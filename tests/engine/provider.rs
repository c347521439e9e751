//! A provider of few words.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::Attempt;
use pos_bridge::domain::directory::{Store, Terminal};
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::identifiers::{Handle, TransactionId};
use pos_bridge::domain::operation::ProviderName;
use pos_bridge::domain::prompt::AtTerminal;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::ports::{
    Answer, Capabilities, Enrolment, Listing, Look, Patience, Provider, ReadError, RefundOrder, Refundable, SaleOrder,
    Seen,
};
use tokio::sync::watch;

/// Takes every sale, and knows of it what it was told.
pub(crate) struct Scripted {
    /// What a look finds.
    pub(crate) finding: Mutex<Finding>,
    /// What a look shows of the terminal.
    pub(crate) at_terminal: Mutex<AtTerminal>,
    /// What was said of a signature.
    pub(crate) signature: watch::Sender<Option<bool>>,
    /// What its list holds.
    pub(crate) listing: Mutex<Listing>,
    /// A start is answered while this is `true`.
    pub(crate) answers: watch::Sender<bool>,
    /// A look is answered only when a wish to cancel has come.
    pub(crate) looks_wait_for_cancel: bool,
    /// A wish to cancel has come.
    pub(crate) cancelled: watch::Sender<bool>,
    /// How often its list was read.
    pub(crate) listed: watch::Sender<usize>,
}

impl Scripted {
    pub(crate) fn new() -> Self {
        Self {
            finding: Mutex::new(Finding::Nothing),
            at_terminal: Mutex::default(),
            signature: watch::Sender::new(None),
            listing: Mutex::new(Listing::default()),
            answers: watch::Sender::new(true),
            looks_wait_for_cancel: false,
            cancelled: watch::Sender::new(false),
            listed: watch::Sender::new(0),
        }
    }

    pub(crate) fn finds(&self, finding: Finding) {
        *locked(&self.finding) = finding;
    }

    pub(crate) fn shows(&self, at_terminal: AtTerminal) {
        *locked(&self.at_terminal) = at_terminal;
    }

    pub(crate) fn lists(&self, listing: Listing) {
        *locked(&self.listing) = listing;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn until(told: &watch::Sender<bool>) {
    told.subscribe().wait_for(|told| *told).await.unwrap();
}

#[async_trait]
impl Provider for Scripted {
    fn name(&self) -> ProviderName {
        ProviderName::Dintero
    }
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    async fn learn_time(&self) -> Result<(), ReadError> {
        Ok(())
    }
    fn is_sandbox(&self) -> bool {
        true
    }
    fn patience(&self) -> Patience {
        let minutes = SignedDuration::from_mins;
        Patience { session: minutes(5), afterwards: minutes(5), refund: minutes(5) }
    }
    fn refund_route(&self) -> RefundRoute {
        RefundRoute::Plain
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
    async fn start_sale(&self, _: SaleOrder<'_>) -> Answer<Handle> {
        until(&self.answers).await;
        Answer::Yes(Handle::new("T1.session").unwrap())
    }
    async fn look_for_sale(&self, _: &Attempt, _: Look) -> Result<Seen, ReadError> {
        if self.looks_wait_for_cancel {
            until(&self.cancelled).await;
        }
        let finding = locked(&self.finding).clone();
        Ok(Seen { finding, at: self.now(), at_terminal: *locked(&self.at_terminal) })
    }
    async fn cancel(&self, _: &Attempt) -> Result<bool, ReadError> {
        self.cancelled.send_replace(true);
        Ok(true)
    }
    async fn answer_signature(&self, _: &Handle, accepted: bool) -> Result<(), ReadError> {
        self.signature.send_replace(Some(accepted));
        Ok(())
    }
    async fn refundable(&self, _: &TransactionId) -> Result<Refundable, ReadError> {
        Err(ReadError::Refused("this test refunds nothing".to_owned()))
    }
    async fn start_refund(&self, _: RefundOrder<'_>) -> Answer<Handle> {
        Answer::Unknown("this test refunds nothing".to_owned())
    }
    async fn look_for_refund(&self, _: &Attempt, _: Look) -> Result<Seen, ReadError> {
        Err(ReadError::Refused("this test refunds nothing".to_owned()))
    }
    async fn list(&self, _: &Store, _: Timestamp) -> Result<Listing, ReadError> {
        let listing = locked(&self.listing).clone();
        self.listed.send_modify(|listed| *listed += 1);
        Ok(listing)
    }
    async fn enrolment(&self, _: &Terminal) -> Result<Option<Enrolment>, ReadError> {
        Ok(None)
    }
    async fn check_access(&self) -> Result<SignedDuration, ReadError> {
        Ok(SignedDuration::ZERO)
    }
}
