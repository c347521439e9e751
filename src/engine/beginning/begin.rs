//! A till asks for a sale or a refund: the reference, the amount and the terminal's lease are taken in one commit.

use jiff::{SignedDuration, Timestamp};

use super::business_day;
use super::turn::Patience;
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
use crate::engine::results::Waiting;
use crate::engine::{Engine, Progress, Refusal};
use crate::ports::{Begun, Journal, JournalError, NewAttempt, NewRefund, NewSale};

impl Engine {
    /// Starts, rejoins or replays a sale. Returns as soon as its state is on disk; the payment itself goes on in a task
    /// of its own, whatever becomes of the caller. Wait for its result with [`Engine::settled`]. A terminal that is held
    /// is waited for where the till's profile says so, within its patience.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was sent then.
    pub async fn pay(&self, till: &Till, request: SaleRequest, patience: Patience) -> Result<Progress, Refusal> {
        let SaleRequest { naming, money, terminal, details } = request;
        let asked = Fingerprint { money: Some(money), original: None };
        let (terminal, details, patience) = (terminal.as_ref(), &details, &patience);
        let ask = Ask { till, kind: Kind::Sale, naming: &naming, asked, terminal, details, patience };
        let terminals = self.ready_for_money(patience).await.and_then(|()| self.terminals_for(till, terminal));
        let terminals = terminals.and_then(|terminals| self.that_take(money.currency, terminals));
        let intent = |terminal: &Terminal| {
            let is_prepared = self.provider(terminal.provider)?.prepares_sales();
            Ok(Intent::Sale(NewSale { attempt: self.new_attempt(&ask, terminal)?, money, is_prepared }))
        };
        self.begin_or_tell_known(&ask, terminals, intent).await
    }

    /// Gives money back: of a sale, or without one.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was sent then.
    pub async fn give_back(&self, till: &Till, wish: RefundWish, patience: Patience) -> Result<Progress, Refusal> {
        match wish {
            RefundWish::OfSale(request) => self.refund(till, request, patience).await,
            RefundWish::Unlinked(request) => self.refund_unlinked(till, request, patience).await,
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
        let RefundRequest { naming, amount, currency, terminal, details, .. } = request;
        let money = amount.map(|amount| Money { amount, currency: currency.unwrap_or(sale.money.currency) });
        let asked = Fingerprint { money, original: Some(sale.id) };
        let (terminal, details, patience) = (terminal.as_ref(), &details, &patience);
        let ask = Ask { till, kind: Kind::Refund, naming: &naming, asked, terminal, details, patience };
        let terminals = ready.and(fits).and_then(|()| self.refund_terminals(till, terminal, &sale));
        let intent = |terminal: &Terminal| {
            let provider = self.provider(terminal.provider)?;
            Ok(Intent::Refund(NewRefund {
                attempt: self.new_attempt(&ask, terminal)?,
                original: Some(sale.id),
                asked: money,
                allowance: self.allowance(till)?,
                route: provider.refund_route(),
                one_at_a_time: provider.refunds_one_at_a_time(),
            }))
        };
        self.begin_or_tell_known(&ask, terminals, intent).await
    }

    /// Money that goes out without a sale: the till, the terminal and its provider must all be fit for it.
    async fn refund_unlinked(
        &self,
        till: &Till,
        request: UnlinkedRefundRequest,
        patience: Patience,
    ) -> Result<Progress, Refusal> {
        let UnlinkedRefundRequest { reference, money, terminal, details } = request;
        let asked = Fingerprint { money: Some(money), original: None };
        let (naming, terminal, details, patience) =
            (&Naming::Reference(reference), terminal.as_ref(), &details, &patience);
        let ask = Ask { till, kind: Kind::Refund, naming, asked, terminal, details, patience };
        let ready = self.ready_for_money(patience).await;
        let terminals = ready.and_then(|()| self.terminals_for_unlinked(till, terminal, money.currency));
        let intent = |terminal: &Terminal| {
            Ok(Intent::Refund(NewRefund {
                attempt: self.new_attempt(&ask, terminal)?,
                original: None,
                asked: Some(money),
                allowance: self.allowance(till)?,
                // The card must be there: nothing else tells whose money it is.
                route: RefundRoute::Terminal,
                one_at_a_time: false,
            }))
        };
        self.begin_or_tell_known(&ask, terminals, intent).await
    }

    fn terminals_for_unlinked(
        &self,
        till: &Till,
        named: Option<&TerminalName>,
        currency: Currency,
    ) -> Result<Vec<Terminal>, Refusal> {
        if !till.profile.scopes.unlinked_refund {
            return Err(Refusal::NotRefundable(NotRefundable::UnlinkedNotAllowed));
        }
        let terminals = self.that_refund_unlinked(self.terminals_for(till, named)?)?;
        self.that_take(currency, terminals)
    }

    /// Begins on one of the terminals. Where there is none, something that was asked for before is told as it stands: where it
    /// began never decides what it is.
    async fn begin_or_tell_known(
        &self,
        ask: &Ask<'_>,
        terminals: Result<Vec<Terminal>, Refusal>,
        intent: impl Fn(&Terminal) -> Result<Intent, Refusal> + Send + Sync,
    ) -> Result<Progress, Refusal> {
        match terminals {
            Ok(terminals) => self.begin_in_turn(ask, &terminals, intent).await,
            Err(in_the_way) => self.known_or(ask, in_the_way).await,
        }
    }

    /// Begins in a task of its own, so that an attempt that is on disk is also driven when the till hangs up meanwhile.
    pub(super) async fn begin(&self, intent: Intent) -> Result<Beginning, Refusal> {
        let engine = self.clone();
        let (id, details) = (intent.attempt().operation, intent.attempt().details.clone());
        let beginning = self.tasks.spawn(async move {
            // Before it is on disk, so that nothing moves it unheard.
            let waiting = engine.waiters.wait_for(id);
            let begun = engine.health.journal(intent.commit(engine.journal.as_ref()).await)?;
            let Begun::New(operation) = &begun else { return Ok(Beginning { begun, waiting: None }) };
            engine.begun(operation, details);
            // A new attempt of an earlier operation keeps that one's id, so this waiter would wait for an id that
            // nobody uses.
            let waiting = (operation.id == id).then_some(waiting);
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

    fn new_attempt(&self, ask: &Ask<'_>, terminal: &Terminal) -> Result<NewAttempt, Refusal> {
        let Ask { till, kind, naming, details, .. } = *ask;
        let provider = self.provider(terminal.provider)?;
        let (now, timeouts) = (provider.now(), provider.timeouts());
        let expires_at = later(now, if kind == Kind::Sale { timeouts.session } else { timeouts.refund });
        let operation = OperationId(self.new_id());
        Ok(NewAttempt {
            operation,
            reference: AttemptReference::new(self.new_id()),
            may_grow: terminal.tips,
            simulated: provider.is_sandbox(),
            terminal: terminal.clone(),
            asked_terminal: ask.terminal.unwrap_or(&till.terminal).clone(),
            expires_at,
            horizon: if kind == Kind::Sale { later(expires_at, timeouts.afterwards) } else { expires_at },
            details: details.clone(),
            till: till.id.clone(),
            till_reference: naming.reference().cloned().unwrap_or_else(|| Reference::made_for(operation)),
            known_by: naming.known_by(),
            rules: repeat_rules(till),
            now: self.clock.now(),
        })
    }
}

/// What a till asks for, perhaps not for the first time.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) till: &'a Till,
    pub(super) kind: Kind,
    pub(super) naming: &'a Naming,
    pub(super) asked: Fingerprint,
    /// The terminal that the till named.
    pub(super) terminal: Option<&'a TerminalName>,
    pub(super) details: &'a Details,
    /// How long it waits.
    pub(super) patience: &'a Patience,
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

pub(in crate::engine) fn repeat_rules(till: &Till) -> RepeatRules {
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
