//! A provider of few words.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Reason};
use pos_bridge::domain::directory::{Store, Terminal};
use pos_bridge::domain::evidence::{Approval, Finding};
use pos_bridge::domain::identifiers::{Handle, TransactionId};
use pos_bridge::domain::operation::ProviderName;
use pos_bridge::domain::prompt::AtTerminal;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::ports::{
    Answer, Capabilities, Enrolment, Listing, Look, Pages, Prepared, Provider, ReadError, RefundOrder, Refundable,
    SaleOrder, Seen, Timeouts,
};
use tokio::sync::watch;

/// How often sales were looked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Looks {
    now: usize,
    pub(crate) most_at_once: usize,
    pub(crate) in_all: usize,
}

impl Looks {
    fn begin(&mut self) {
        self.now += 1;
        self.in_all += 1;
        self.most_at_once = self.most_at_once.max(self.now);
    }
}

/// Takes every sale, and knows of it what it was told.
pub(crate) struct Scripted {
    /// No real money moves.
    pub(crate) is_sandbox: bool,
    /// What a look finds.
    pub(crate) finding: Mutex<Finding>,
    /// What a look finds of an attempt of this number instead, and whether another one was paid.
    pub(crate) found_of: Mutex<HashMap<u32, (Finding, bool)>>,
    /// What a look shows of the terminal.
    pub(crate) at_terminal: Mutex<AtTerminal>,
    /// What was said of a signature.
    pub(crate) signature: watch::Sender<Option<bool>>,
    /// The terminals that it says are not available.
    pub(crate) away: Mutex<Vec<String>>,
    /// The terminals that sales were started on, by the provider's ids.
    pub(crate) started_on: Mutex<Vec<String>>,
    /// What can be given back of a sale, where of refunds only the sum is told; `None` where no sale is refunded.
    pub(crate) refundable: Mutex<Option<Refundable>>,
    /// What is told once instead of that.
    pub(crate) refundable_at_first: Mutex<Option<Refundable>>,
    /// Refunds go without the card.
    pub(crate) refunds_by_api: bool,
    /// How long a refund may be under way, where its reply is lost.
    pub(crate) loses_refunds_for: Option<SignedDuration>,
    /// What refunds were started, in minor units.
    pub(crate) given_back: Mutex<Vec<i64>>,
    /// Refunds cannot be looked for.
    pub(crate) is_unreadable: AtomicBool,
    /// What a terminal can do.
    pub(crate) capabilities: Capabilities,
    /// What its list holds.
    pub(crate) listing: Mutex<Listing>,
    /// A start is answered while this is `true`.
    pub(crate) answers: watch::Sender<bool>,
    /// A look is answered only when a wish to cancel has come.
    pub(crate) looks_wait_for_cancel: bool,
    /// What comes of preparing a sale, one after the other; empty where sales are not prepared.
    pub(crate) preparations: Mutex<VecDeque<Prepared>>,
    /// So many starts are refused before one is taken.
    pub(crate) refusals: Mutex<usize>,
    /// How long a look takes.
    pub(crate) look_takes: Duration,
    /// How often sales were looked for.
    pub(crate) looks: Mutex<Looks>,
    /// A wish to cancel has come.
    pub(crate) cancelled: watch::Sender<bool>,
    /// How often its list was read.
    pub(crate) listed: watch::Sender<usize>,
    /// From when on it was read last.
    pub(crate) listed_since: Mutex<Option<Timestamp>>,
}

impl Scripted {
    pub(crate) fn new() -> Self {
        Self {
            is_sandbox: true,
            finding: Mutex::new(Finding::Nothing),
            found_of: Mutex::default(),
            at_terminal: Mutex::default(),
            away: Mutex::default(),
            started_on: Mutex::default(),
            refundable: Mutex::default(),
            refundable_at_first: Mutex::default(),
            refunds_by_api: false,
            loses_refunds_for: None,
            given_back: Mutex::default(),
            is_unreadable: AtomicBool::new(false),
            capabilities: Capabilities {
                signature: false,
                prompts: false,
                receipts: false,
                unlinked_refund: false,
                currencies: Vec::new(),
            },
            signature: watch::Sender::new(None),
            listing: Mutex::new(Listing::default()),
            answers: watch::Sender::new(true),
            looks_wait_for_cancel: false,
            preparations: Mutex::default(),
            refusals: Mutex::default(),
            look_takes: Duration::ZERO,
            looks: Mutex::default(),
            cancelled: watch::Sender::new(false),
            listed: watch::Sender::new(0),
            listed_since: Mutex::default(),
        }
    }

    pub(crate) fn finds(&self, finding: Finding) {
        *locked(&self.finding) = finding;
    }

    pub(crate) fn shows(&self, at_terminal: AtTerminal) {
        *locked(&self.at_terminal) = at_terminal;
    }

    pub(crate) fn is_away(&self, terminal: &str) {
        locked(&self.away).push(terminal.to_owned());
    }

    pub(crate) fn looks(&self) -> Looks {
        *locked(&self.looks)
    }

    /// The terminals that sales were started on so far.
    pub(crate) fn started_on(&self) -> Vec<String> {
        locked(&self.started_on).clone()
    }

    /// What was given back so far.
    pub(crate) fn given_back(&self) -> Vec<i64> {
        locked(&self.given_back).clone()
    }

    pub(crate) fn listed_since(&self) -> Option<Timestamp> {
        *locked(&self.listed_since)
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
    fn has_told_time(&self) -> bool {
        true
    }
    async fn learn_time(&self) -> Result<(), ReadError> {
        Ok(())
    }
    fn is_sandbox(&self) -> bool {
        self.is_sandbox
    }
    fn timeouts(&self) -> Timeouts {
        let minutes = SignedDuration::from_mins;
        let refund = self.loses_refunds_for.unwrap_or(minutes(5));
        Timeouts { session: minutes(5), afterwards: minutes(5), refund }
    }
    fn prepares_sales(&self) -> bool {
        !locked(&self.preparations).is_empty()
    }
    async fn prepare_sale(&self, _: SaleOrder<'_>) -> Prepared {
        locked(&self.preparations).pop_front().unwrap()
    }
    fn refund_route(&self) -> RefundRoute {
        let at_machines = locked(&self.refundable).is_some() && !self.refunds_by_api;
        if at_machines { RefundRoute::Terminal } else { RefundRoute::Plain }
    }
    fn capabilities(&self, _: &Terminal) -> Capabilities {
        self.capabilities.clone()
    }
    async fn start_sale(&self, order: SaleOrder<'_>) -> Answer<Handle> {
        locked(&self.started_on).push(order.attempt.order.terminal.to_string());
        until(&self.answers).await;
        let mut refusals = locked(&self.refusals);
        if let Some(left) = refusals.checked_sub(1) {
            *refusals = left;
            return Answer::No(Reason::new("refused", "no"));
        }
        Answer::Yes(Handle::new("T1.session").unwrap())
    }
    async fn look_for_sale(&self, attempt: &Attempt, _: Look) -> Result<Seen, ReadError> {
        if self.looks_wait_for_cancel {
            until(&self.cancelled).await;
        }
        locked(&self.looks).begin();
        tokio::time::sleep(self.look_takes).await;
        locked(&self.looks).now -= 1;
        let at_terminal = *locked(&self.at_terminal);
        let own = locked(&self.found_of).get(&attempt.number).cloned();
        Ok(match own {
            Some((finding, paid_by_another)) => Seen { at_terminal, paid_by_another, ..Seen::at(self.now(), finding) },
            None => Seen { at_terminal, ..Seen::at(self.now(), locked(&self.finding).clone()) },
        })
    }
    async fn cancel(&self, _: &Attempt) -> Result<bool, ReadError> {
        self.cancelled.send_replace(true);
        Ok(true)
    }
    async fn answer_signature(&self, _: &Handle, accepted: bool) -> Result<(), ReadError> {
        self.signature.send_replace(Some(accepted));
        Ok(())
    }
    fn refunds_one_at_a_time(&self) -> bool {
        locked(&self.refundable).is_some()
    }
    async fn refundable(&self, _: &TransactionId) -> Result<Refundable, ReadError> {
        let first = locked(&self.refundable_at_first).take();
        let found = first.or_else(|| locked(&self.refundable).clone());
        found.ok_or_else(|| ReadError::Refused("this test refunds nothing".to_owned()))
    }
    async fn start_refund(&self, order: RefundOrder<'_>) -> Answer<Handle> {
        assert!(order.transaction.is_none() || locked(&self.refundable).is_some(), "this test refunds no sale");
        assert!(order.attempt.card_present || self.refunds_by_api);
        locked(&self.given_back).push(order.attempt.order.money.amount.minor());
        match self.loses_refunds_for {
            Some(_) => Answer::Unknown("reset".to_owned()),
            None => Answer::Yes(Handle::new("T1.refund").unwrap()),
        }
    }
    /// What was made of another amount is another refund.
    async fn look_for_refund(&self, attempt: &Attempt, _: Look) -> Result<Seen, ReadError> {
        if self.is_unreadable.load(Ordering::Relaxed) {
            return Err(ReadError::Refused("no".to_owned()));
        }
        let is_other = |approval: &Approval| approval.amount != attempt.order.money.amount;
        let finding = match locked(&self.finding).clone() {
            Finding::Approved(approval) if is_other(&approval) => Finding::Nothing,
            finding => finding,
        };
        Ok(Seen::at(self.now(), finding))
    }
    async fn list(&self, _: &Store, since: Timestamp, pages: &mut dyn Pages) -> Result<(), ReadError> {
        *locked(&self.listed_since) = Some(since);
        let listing = locked(&self.listing).clone();
        pages.take(listing).await;
        self.listed.send_modify(|listed| *listed += 1);
        Ok(())
    }
    async fn enrolment(&self, terminal: &Terminal) -> Result<Option<Enrolment>, ReadError> {
        let is_away = locked(&self.away).iter().any(|id| id == terminal.terminal_id.as_str());
        let status = if is_away { "ASmallNewWord" } else { "Available" };
        Ok(Some(Enrolment { status: status.to_owned(), reason: None, available: Some(!is_away) }))
    }
    async fn check_access(&self) -> Result<SignedDuration, ReadError> {
        Ok(SignedDuration::ZERO)
    }
}
