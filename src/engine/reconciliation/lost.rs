//! Payments of ours at the provider that the journal does not hold: a backup was restored, or a disk was lost.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::attempt::{Alarm, AlarmKind, Event};
use crate::domain::directory::{Store, Terminal};
use crate::domain::evidence::{PaymentRecord, PaymentState};
use crate::domain::identifiers::{OperationId, Reference, TillId};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::operation::ProviderName;
use crate::engine::attempt::ring_out;
use crate::engine::beginning::repeat_rules;
use crate::engine::{Engine, Refusal};
use crate::ports::{Adopted, AlarmState, LostPayment, Orphan, Provider, Trace, Unreadable};

impl Engine {
    /// A payment that the journal does not hold: a backup was restored, or a disk was lost. `false` while it may still
    /// be approved.
    pub(super) async fn adopt(&self, provider: &dyn Provider, store: &Store, trace: Trace) -> Result<bool, Refusal> {
        let (named, till_reference) = (trace.terminal.as_deref(), trace.till_reference.as_deref());
        let whose = self.whose(provider.name(), named, till_reference).await?;
        let Whose::Ours(terminal) = whose else { return Ok(true) };
        match trace.payment.state {
            PaymentState::Approved { .. } => {}
            // One that no machine was asked for yet is known by its till.
            PaymentState::Undecided | PaymentState::Unclear
                if named.is_none() && self.is_of_strange_till(till_reference) =>
            {
                return Ok(true);
            }
            PaymentState::Undecided | PaymentState::Unclear if may_be_decided(provider, &trace.payment) => {
                return Ok(false);
            }
            PaymentState::Unclear => return self.raise_lost(provider.name(), unreadable(trace)).await,
            PaymentState::Undecided | PaymentState::Declined(_) | PaymentState::Voided => return Ok(true),
        }
        let Some(money) = money_of(&trace.payment) else {
            return self.raise_lost(provider.name(), unreadable(trace)).await;
        };
        let till_reference = trace.till_reference.as_deref().and_then(split_till_reference);
        let till = till_reference.as_ref().and_then(|(till, _)| self.directory.till(till));
        let asked_at = trace.payment.created_at.unwrap_or_else(|| provider.now());
        let orphan = Orphan {
            operation: OperationId(self.new_id()),
            provider: provider.name(),
            store: store.id.clone(),
            asked_terminal: till_reference
                .as_ref()
                .and_then(|(till, _)| self.terminal_asked_for(till, terminal.as_ref())),
            terminal,
            till_reference,
            money,
            simulated: provider.is_sandbox(),
            asked_at,
            horizon: asked_at.saturating_add(lifetime(provider)).unwrap_or(Timestamp::MAX),
            reuse_after: till.and_then(|till| repeat_rules(till).reuse_after),
            now: self.clock.now(),
            trace,
        };
        if let Some(Adopted { payment, stopped }) = self.health.journal(self.journal.adopt(orphan).await)? {
            self.tell("adopted", &payment);
            for stopped in stopped {
                self.tell(Event::CancelWanted.name(), &stopped);
                self.readers.wake(stopped.attempt.order.reference);
            }
        }
        Ok(true)
    }

    /// What neither the journal nor the list tells may be a sale that a till is about to repeat: its terminal takes
    /// nothing until somebody has looked. Where it names no terminal the sweep is not complete until then.
    pub(super) async fn raise_lost(&self, provider: ProviderName, payment: Unreadable) -> Result<bool, Refusal> {
        let whose = self.whose(provider, payment.terminal.as_deref(), payment.till_reference.as_deref()).await?;
        let Whose::Ours(terminal) = whose else { return Ok(true) };
        let names_terminal = terminal.is_some();
        let text = format!(
            "the provider holds a payment that the journal had lost, and does not tell what became of it: {} ({}), for {}; \
             find it in the provider's back office, and do not repeat its sale before that; then acknowledge this",
            payment.transaction.as_deref().unwrap_or("without a usable name"),
            payment.reference,
            payment.till_reference.as_deref().unwrap_or("a till that it does not name"),
        );
        let alarm = Alarm { kind: AlarmKind::Unreadable, text };
        let (reference, now) = (payment.reference, self.clock.now());
        let lost = LostPayment { reference, terminal, alarm: alarm.clone(), now };
        let state = self.health.journal(self.journal.raise_lost(lost).await)?;
        if state == AlarmState::Raised {
            ring_out(reference, &alarm);
        }
        Ok(names_terminal || state == AlarmState::Acknowledged)
    }

    /// Whose terminal took a payment, by the terminal that it names. One that was replaced since is still ours, where one of our
    /// tills asked for it: a terminal may have gone to another bridge of the shop, too.
    async fn whose(
        &self,
        provider: ProviderName,
        named: Option<&str>,
        till_reference: Option<&str>,
    ) -> Result<Whose, Refusal> {
        let Some(named) = named else { return Ok(Whose::Ours(None)) };
        let ours = self.directory.terminals.iter().find(|terminal| terminal.terminal_id.as_str() == named);
        if let Some(terminal) = ours {
            return Ok(Whose::Ours(Some(terminal.clone())));
        }
        let is_of_ours = till_of(till_reference).is_some_and(|till| self.directory.till(&till).is_some());
        let is_former = is_of_ours && self.is_former_terminal(provider, named).await?;
        Ok(if is_former { Whose::Ours(None) } else { Whose::Elsewhere })
    }

    /// A till asked for it that is none of ours, as far as that is told.
    fn is_of_strange_till(&self, till_reference: Option<&str>) -> bool {
        till_of(till_reference).is_some_and(|till| self.directory.till(&till).is_none())
    }

    /// Whether this bridge ever took payments on a terminal that it has no more.
    async fn is_former_terminal(&self, provider: ProviderName, named: &str) -> Result<bool, Refusal> {
        let key = (provider, named.to_owned());
        if let Some(known) = self.former_terminals.lock().get(&key) {
            return Ok(*known);
        }
        let is_former = self.health.journal(self.journal.has_used(provider, named).await)?;
        self.former_terminals.lock().insert(key, is_former);
        Ok(is_former)
    }
}

/// Terminals that are not configured, and whether this bridge ever used them: asking the journal reads all of it.
#[derive(Debug, Default)]
pub(in crate::engine) struct FormerTerminals(Mutex<HashMap<(ProviderName, String), bool>>);

impl FormerTerminals {
    fn lock(&self) -> MutexGuard<'_, HashMap<(ProviderName, String), bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose terminal took a payment.
enum Whose {
    /// One of ours, or one that nobody names or that is no longer there.
    Ours(Option<Terminal>),
    /// That of another bridge of the same shop.
    Elsewhere,
}

/// How long after its session was made a payment may come.
pub(super) fn lifetime(provider: &dyn Provider) -> SignedDuration {
    let timeouts = provider.timeouts();
    timeouts.session + timeouts.afterwards
}

/// Whether an undecided payment is young enough to be decided yet; one without a date may be.
pub(super) fn may_be_decided(provider: &dyn Provider, payment: &PaymentRecord) -> bool {
    payment.created_at.is_none_or(|created_at| provider.now().duration_since(created_at) < lifetime(provider))
}

/// `None` when its amount or its currency is none.
fn money_of(payment: &PaymentRecord) -> Option<Money> {
    let amount = Amount::new(payment.terms.amount).ok()?;
    Some(Money { amount, currency: Currency::from_code(&payment.terms.currency).ok()? })
}

/// A payment that tells too little to be taken up.
fn unreadable(trace: Trace) -> Unreadable {
    Unreadable {
        reference: trace.reference,
        terminal: trace.payment.terms.terminal,
        till_reference: trace.till_reference,
        transaction: Some(trace.payment.transaction.to_string()),
    }
}

fn till_of(till_reference: Option<&str>) -> Option<TillId> {
    till_reference.and_then(split_till_reference).map(|(till, _)| till)
}

/// `till/reference`, as it was sent for the people in the back office.
fn split_till_reference(text: &str) -> Option<(TillId, Reference)> {
    let (till, reference) = text.split_once('/')?;
    Some((TillId::new(till).ok()?, Reference::new(reference).ok()?))
}
