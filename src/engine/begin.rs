//! A till asks for a sale or a refund: the reference, the amount and the terminal's lease are taken in one commit.

use jiff::{SignedDuration, Timestamp};

use super::opening::Request;
use super::turn::{Asker, Patience};
use super::waiters::Waiting;
use super::{Engine, Progress, Refusal, business_day};
use crate::domain::attempt::Kind;
use crate::domain::directory::{Terminal, Till};
use crate::domain::identifiers::{AttemptReference, OperationId, Reference, TerminalName};
use crate::domain::money::{Currency, Money};
use crate::domain::operation::Operation;
use crate::domain::refund::{Allowance, NotRefundable, RefundRoute};
use crate::domain::repeat::{Fingerprint, RepeatRules};
use crate::domain::request::{
    Details, Naming, Original, RefundRequest, RefundWish, SaleRequest, UnlinkedRefundRequest,
};
use crate::ports::{Begun, Journal, JournalError, NewAttempt, NewRefund, NewSale};

impl Engine {
    /// Starts, rejoins or replays a sale. Returns as soon as its state is on disk; the payment itself goes on in a task
    /// of its own, whatever becomes of the caller. Wait for its result with [`Engine::settled`]. A terminal that is held
    /// is waited for where the till's profile says so, within its patience.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was sent then.
    pub async fn pay(&self, till: &Till, request: SaleRequest, patience: Patience) -> Result<Progress, Refusal> {
        let SaleRequest { naming, money, terminal: asked, details } = request;
        let fingerprint = Fingerprint { money: Some(money), original: None };
        let request = Request { till, kind: Kind::Sale, naming: &naming, asked: fingerprint };
        if let Err(closed) = self.ready_for_money(&patience).await {
            return self.known_or(&request, closed).await;
        }
        let usual = self.terminals_for(till, asked.as_ref());
        let terminals = match usual.and_then(|terminals| self.that_take(money.currency, terminals)) {
            Ok(terminals) => terminals,
            Err(refusal) => return self.known_or(&request, refusal).await,
        };
        let asker = Asker { till, kind: Kind::Sale, known_by: naming.known_by(), patience: &patience };
        let intent = |terminal: &Terminal| {
            let provider = self.provider(terminal.provider)?;
            let expires_at = later(provider.now(), provider.timeouts().session);
            let horizon = later(expires_at, provider.timeouts().afterwards);
            let run = Run { terminal, asked: asked.as_ref(), expires_at, horizon };
            let attempt = self.new_attempt(till, run, &naming, &details)?;
            Ok(Intent::Sale(NewSale { attempt, money, is_prepared: provider.prepares_sales() }))
        };
        self.begin_in_turn(asker, &terminals, intent).await
    }

    /// Gives money back: of a sale, or without one.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was sent then.
    pub async fn give_back(&self, till: &Till, wish: RefundWish, patience: Patience) -> Result<Progress, Refusal> {
        match wish {
            RefundWish::OfSale(request) => self.refund(till, request, patience).await,
            RefundWish::Unlinked(request) => self.refund_without_sale(till, request, patience).await,
        }
    }

    /// Starts, rejoins or replays a refund of an approved sale.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was sent then.
    pub async fn refund(&self, till: &Till, request: RefundRequest, patience: Patience) -> Result<Progress, Refusal> {
        let ready = self.ready_for_money(&patience).await;
        let sale = self.journal.find_sale(&till.id, &request.original, self.moves_no_money(till)).await;
        let sale = self.health.journal(sale)?.filter(|sale| self.is_of_this_environment(till, sale));
        let sale = sale.filter(|sale| sale.till == till.id || till.profile.may_refund_others);
        let sale = match sale {
            Some(sale) => sale,
            None => return Err(ready.err().unwrap_or(Refusal::NotFound("sale to refund"))),
        };
        let fits = refund_fits(&sale, &request);
        let RefundRequest { naming, amount, currency, terminal: asked, details, .. } = request;
        let money = amount.map(|amount| Money { amount, currency: currency.unwrap_or(sale.money.currency) });
        let fingerprint = Fingerprint { money, original: Some(sale.id) };
        let request = Request { till, kind: Kind::Refund, naming: &naming, asked: fingerprint };
        let terminals = match ready.and(fits).and_then(|()| self.refund_terminals(till, asked.as_ref(), &sale)) {
            Ok(terminals) => terminals,
            Err(refusal) => return self.known_or(&request, refusal).await,
        };
        let asker = Asker { till, kind: Kind::Refund, known_by: naming.known_by(), patience: &patience };
        let intent = |terminal: &Terminal| {
            let provider = self.provider(terminal.provider)?;
            let horizon = later(provider.now(), provider.timeouts().refund);
            let run = Run { terminal, asked: asked.as_ref(), expires_at: horizon, horizon };
            Ok(Intent::Refund(NewRefund {
                attempt: self.new_attempt(till, run, &naming, &details)?,
                original: Some(sale.id),
                asked: money,
                allowance: self.allowance(till)?,
                route: provider.refund_route(),
                one_at_a_time: provider.refunds_one_at_a_time(),
            }))
        };
        self.begin_in_turn(asker, &terminals, intent).await
    }

    /// Money that goes out without a sale: the till, the terminal and its provider must all be fit for it.
    async fn refund_without_sale(
        &self,
        till: &Till,
        request: UnlinkedRefundRequest,
        patience: Patience,
    ) -> Result<Progress, Refusal> {
        self.ready_for_money(&patience).await?;
        let UnlinkedRefundRequest { reference, money, terminal: asked, details } = request;
        let naming = Naming::Reference(reference);
        let fingerprint = Fingerprint { money: Some(money), original: None };
        let request = Request { till, kind: Kind::Refund, naming: &naming, asked: fingerprint };
        let terminals = match self.terminals_without_sale(till, asked.as_ref(), money.currency) {
            Ok(terminals) => terminals,
            Err(refusal) => return self.known_or(&request, refusal).await,
        };
        let asker = Asker { till, kind: Kind::Refund, known_by: naming.known_by(), patience: &patience };
        let intent = |terminal: &Terminal| {
            let provider = self.provider(terminal.provider)?;
            let horizon = later(provider.now(), provider.timeouts().refund);
            let run = Run { terminal, asked: asked.as_ref(), expires_at: horizon, horizon };
            Ok(Intent::Refund(NewRefund {
                attempt: self.new_attempt(till, run, &naming, &details)?,
                original: None,
                asked: Some(money),
                allowance: self.allowance(till)?,
                // The card must be there: nothing else tells whose money it is.
                route: RefundRoute::Terminal,
                one_at_a_time: false,
            }))
        };
        self.begin_in_turn(asker, &terminals, intent).await
    }

    fn terminals_without_sale(
        &self,
        till: &Till,
        asked: Option<&TerminalName>,
        currency: Currency,
    ) -> Result<Vec<Terminal>, Refusal> {
        if !till.profile.scopes.unlinked_refund {
            return Err(Refusal::NotRefundable(NotRefundable::WithoutSaleNotAllowed));
        }
        let terminals = self.that_give_back_without_sale(self.terminals_for(till, asked)?)?;
        self.that_take(currency, terminals)
    }

    /// Begins in a task of its own, so that an attempt that is on disk is also driven when the till hangs up meanwhile.
    pub(super) async fn begin(&self, intent: Intent) -> Result<Beginning, Refusal> {
        let engine = self.clone();
        let (number, details) = (intent.attempt().operation, intent.attempt().details.clone());
        let beginning = self.tasks.spawn(async move {
            // Before it is on disk, so that nothing moves it unheard.
            let waiting = engine.waiters.wait_for(number);
            let begun = engine.health.journal(intent.commit(engine.journal.as_ref()).await)?;
            let Begun::New(operation) = &begun else { return Ok(Beginning { begun, waiting: None }) };
            engine.begun(operation, details);
            // What runs again keeps its number, and the bell hangs at one that nobody uses.
            let waiting = (operation.id == number).then_some(waiting);
            Ok(Beginning { begun, waiting })
        });
        beginning.await.unwrap_or_else(|failure| {
            tracing::error!(%failure, "beginning an operation failed");
            Err(Refusal::StorageUnavailable("internal failure".to_owned()))
        })
    }

    fn begun(&self, operation: &Operation, details: Details) {
        tracing::info!(
            operation = %operation.id, attempt = %operation.attempt.order.reference, till = %operation.till,
            terminal = %operation.terminal, kind = operation.kind.name(), reference = operation.reference.as_str(),
            amount = operation.money.amount.minor(), currency = %operation.money.currency, "begun",
        );
        self.drive_new(operation.clone(), details);
    }

    /// What the till may give back, in the currency and on the day of its own store.
    fn allowance(&self, till: &Till) -> Result<Allowance, Refusal> {
        let terminal = self.directory.terminal(&till.terminal);
        let store = terminal.and_then(|terminal| self.directory.store(&terminal.store));
        let store = store.ok_or_else(|| Refusal::UnknownTerminal(till.terminal.to_string()))?;
        Ok(Allowance {
            limits: till.profile.refund_limits,
            currency: store.currency,
            day_began: business_day::began(self.clock.now(), &store.time_zone),
        })
    }

    fn new_attempt(
        &self,
        till: &Till,
        run: Run<'_>,
        naming: &Naming,
        details: &Details,
    ) -> Result<NewAttempt, Refusal> {
        let operation = OperationId(self.new_number());
        let Run { terminal, asked, expires_at, horizon } = run;
        Ok(NewAttempt {
            operation,
            reference: AttemptReference::new(self.new_number()),
            may_grow: terminal.tips,
            simulated: self.provider(terminal.provider)?.is_sandbox(),
            terminal: terminal.clone(),
            asked_terminal: asked.unwrap_or(&till.terminal).clone(),
            expires_at,
            horizon,
            details: details.clone(),
            till: till.id.clone(),
            till_reference: naming.reference().cloned().unwrap_or_else(|| Reference::made_for(operation)),
            known_by: naming.known_by(),
            rules: repeat_rules(till),
            now: self.clock.now(),
        })
    }
}

/// Where and until when an attempt runs.
#[derive(Clone, Copy)]
struct Run<'a> {
    terminal: &'a Terminal,
    /// The terminal that the till named.
    asked: Option<&'a TerminalName>,
    expires_at: Timestamp,
    horizon: Timestamp,
}

/// What came of a beginning.
pub(super) struct Beginning {
    pub(super) begun: Begun,
    /// As [`Progress::waiting`].
    pub(super) waiting: Option<Waiting>,
}

/// An operation to begin.
pub(super) enum Intent {
    Sale(NewSale),
    Refund(NewRefund),
}

impl Intent {
    pub(super) const fn attempt(&self) -> &NewAttempt {
        match self {
            Self::Sale(sale) => &sale.attempt,
            Self::Refund(refund) => &refund.attempt,
        }
    }

    async fn commit(self, journal: &dyn Journal) -> Result<Begun, JournalError> {
        match self {
            Self::Sale(sale) => journal.begin_sale(sale).await,
            Self::Refund(refund) => journal.begin_refund(refund).await,
        }
    }
}

pub(super) fn repeat_rules(till: &Till) -> RepeatRules {
    let days = |days: u32| SignedDuration::from_hours(24 * i64::from(days));
    RepeatRules {
        on_repeat: till.profile.on_repeat,
        reuse_after: till.profile.reference_reuse_days.map(days),
        heeds_superseded: till.profile.supersede,
    }
}

/// A refund that names its sale by a payment means that payment, and one that names a currency means that one.
fn refund_fits(sale: &Operation, request: &RefundRequest) -> Result<(), Refusal> {
    let deciding = sale.approval().and_then(|approval| approval.transaction.as_ref());
    match &request.original {
        Original::Transaction(named) if deciding.is_some_and(|deciding| deciding != named) => {
            return Err(Refusal::NotRefundable(NotRefundable::SecondPayment));
        }
        _ => {}
    }
    match request.currency {
        Some(asked) if asked != sale.money.currency => Err(Refusal::NotRefundable(NotRefundable::Currency {
            sale: sale.money.currency.code(),
            asked: asked.code(),
        })),
        _ => Ok(()),
    }
}

fn later(moment: Timestamp, duration: SignedDuration) -> Timestamp {
    moment.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
