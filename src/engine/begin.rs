//! A till asks for a sale or a refund: the reference, the amount and the terminal's lease are taken in one commit.

use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;
use ulid::Ulid;

use super::{Engine, Progress, Refusal, business_day};
use crate::domain::directory::{Terminal, Till};
use crate::domain::identifiers::{AttemptReference, OperationId, Reference, TerminalName};
use crate::domain::money::Money;
use crate::domain::operation::Operation;
use crate::domain::refund::{Allowance, NotRefundable};
use crate::domain::request::{Details, Original, RefundRequest, SaleRequest};
use crate::ports::{Begun, JournalError, NewAttempt, NewRefund, NewSale};

impl Engine {
    /// Starts, rejoins or replays a sale. Returns as soon as its state is on disk; the payment itself goes on in a task
    /// of its own, whatever becomes of the caller. Wait for its result with [`Engine::settled`].
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was sent then.
    pub async fn pay(&self, till: &Till, request: SaleRequest) -> Result<Progress, Refusal> {
        self.ready_for_money().await?;
        let terminal = self.terminal_for(till, request.terminal.as_ref())?;
        let provider = self.provider(terminal.provider)?;
        let patience = provider.patience();
        let expires_at = later(provider.now(), patience.session);
        let horizon = later(expires_at, patience.afterwards);
        let attempt = self.new_attempt(till, terminal, request.reference, request.details, (expires_at, horizon))?;
        let details = attempt.details.clone();
        let sale = NewSale { attempt, money: request.money };
        self.begin(details, move |engine| async move { engine.journal.begin_sale(sale).await }).await
    }

    /// The same for a refund of an approved sale.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was sent then.
    pub async fn refund(&self, till: &Till, request: RefundRequest) -> Result<Progress, Refusal> {
        self.ready_for_money().await?;
        let sale = self.health.journal(self.journal.find_sale(&till.id, &request.original).await)?;
        let sale = sale.filter(|sale| sale.till == till.id || till.profile.may_refund_others);
        let sale = sale.ok_or(Refusal::NotFound("sale to refund"))?;
        refund_fits(&sale, &request)?;
        let terminal = self.terminal_for(till, request.terminal.as_ref())?;
        let provider = self.provider(terminal.provider)?;
        let horizon = later(provider.now(), provider.patience().refund);
        let attempt = self.new_attempt(till, terminal, request.reference, request.details, (horizon, horizon))?;
        let details = attempt.details.clone();
        let refund = NewRefund {
            attempt,
            original: sale.id,
            asked: request.amount.map(|amount| Money { amount, ..sale.money }),
            allowance: self.allowance(till)?,
            on_terminal: provider.refunds_on_terminal(),
        };
        self.begin(details, move |engine| async move { engine.journal.begin_refund(refund).await }).await
    }

    /// Begins in a task of its own, so that an attempt that is on disk is also driven when the till hangs up meanwhile.
    async fn begin<Beginning>(
        &self,
        details: Details,
        commit: impl FnOnce(Self) -> Beginning + Send + 'static,
    ) -> Result<Progress, Refusal>
    where
        Beginning: Future<Output = Result<Begun, JournalError>> + Send,
    {
        let engine = self.clone();
        let beginning = self.tasks.spawn(async move {
            let begun = engine.health.journal(commit(engine.clone()).await)?;
            engine.begun(begun, details)
        });
        beginning.await.unwrap_or_else(|failure| {
            tracing::error!(%failure, "beginning an operation failed");
            Err(Refusal::StorageUnavailable("internal failure".to_owned()))
        })
    }

    fn begun(&self, begun: Begun, details: Details) -> Result<Progress, Refusal> {
        match begun {
            Begun::New(operation) => {
                tracing::info!(
                    operation = %operation.id, attempt = %operation.attempt.order.reference, till = %operation.till,
                    terminal = %operation.terminal, kind = operation.kind.name(), reference = %operation.reference,
                    amount = operation.money.amount.minor(), currency = %operation.money.currency, "begun",
                );
                self.drive_new(operation.clone(), details);
                Ok(Progress { operation, replayed: false })
            }
            Begun::Joined(operation) => Ok(Progress { operation, replayed: false }),
            Begun::Replayed(operation) => Ok(Progress { operation, replayed: true }),
            Begun::Conflict(operation) => Err(Refusal::ReferenceConflict(Box::new(operation))),
            Begun::Busy(holder) => Err(Refusal::TerminalBusy(Box::new(holder))),
            Begun::Frozen(why) => Err(Refusal::TerminalFrozen(why)),
            Begun::NotRefundable(why) => Err(Refusal::NotRefundable(why)),
        }
    }

    /// New payments wait a little for the recovery after a start, and are refused while it is not done: the journal may
    /// be an old copy that does not know what was paid.
    async fn ready_for_money(&self) -> Result<(), Refusal> {
        let mut recovered = self.recovered.subscribe();
        let done = timeout(self.pace.recovery_patience, recovered.wait_for(|recovered| *recovered)).await.is_ok();
        if done && !self.stopping.is_cancelled() { Ok(()) } else { Err(Refusal::ShuttingDown) }
    }

    fn terminal_for(&self, till: &Till, asked: Option<&TerminalName>) -> Result<Terminal, Refusal> {
        let name = asked.unwrap_or(&till.terminal);
        self.directory
            .terminals_of(till)
            .find(|terminal| terminal.name == *name)
            .cloned()
            .ok_or_else(|| Refusal::UnknownTerminal(name.to_string()))
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
        terminal: Terminal,
        till_reference: Reference,
        details: Details,
        (expires_at, horizon): (Timestamp, Timestamp),
    ) -> Result<NewAttempt, Refusal> {
        Ok(NewAttempt {
            operation: OperationId(Ulid::generate()),
            reference: AttemptReference::new(Ulid::generate()),
            simulated: self.provider(terminal.provider)?.is_sandbox(),
            terminal,
            expires_at,
            horizon,
            details,
            till: till.id.clone(),
            till_reference,
            on_repeat: till.profile.on_repeat,
            now: self.clock.now(),
        })
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
