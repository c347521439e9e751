//! On which terminal something is to begin: the one that the till names, its usual one, or the first of its pool that is
//! free.
//!
//! Where it begins never decides what it is. A request that comes again is known by its number, or by the terminal that the
//! till asked for, so it finds its operation wherever that runs; only what is new takes the terminal.

use std::time::Duration;

use tokio::time::timeout;

use super::begin::{Beginning, Intent};
use crate::domain::directory::{Terminal, Till};
use crate::domain::identifiers::{TerminalName, TillId};
use crate::domain::money::Currency;
use crate::domain::operation::Operation;
use crate::domain::refund::NotRefundable;
use crate::engine::{Engine, Refusal};
use crate::ports::Begun;

/// How long a provider may take to tell whether a terminal is free; a customer waits.
const AVAILABILITY_PATIENCE: Duration = Duration::from_secs(1);

impl Engine {
    /// Where what the till asks for may begin, the first choice first; at least one.
    pub(super) fn terminals_for(&self, till: &Till, asked: Option<&TerminalName>) -> Result<Vec<Terminal>, Refusal> {
        let pool = till.profile.terminal_pool.as_slice();
        let names = match asked {
            None if !pool.is_empty() => pool,
            asked => std::slice::from_ref(asked.unwrap_or(&till.terminal)),
        };
        let own = |name: &TerminalName| {
            let terminal = self.directory.terminals_of(till).find(|terminal| terminal.name == *name);
            terminal.cloned().ok_or_else(|| Refusal::UnknownTerminal(name.to_string()))
        };
        names.iter().map(own).collect()
    }

    /// A payment is given back through the provider that holds it: where the till does not say, on its own terminals, else
    /// on the one that took the payment.
    pub(super) fn refund_terminals(
        &self,
        till: &Till,
        asked: Option<&TerminalName>,
        sale: &Operation,
    ) -> Result<Vec<Terminal>, Refusal> {
        let usual = self.terminals_for(till, asked)?;
        let (fit, unfit): (Vec<_>, Vec<_>) = usual.into_iter().partition(|usual| usual.provider == sale.provider);
        if !fit.is_empty() {
            return Ok(fit);
        }
        let of_sale = self.directory.terminal(&sale.terminal).filter(|terminal| terminal.provider == sale.provider);
        of_sale.filter(|_| asked.is_none()).map(|terminal| vec![terminal.clone()]).ok_or_else(|| {
            let terminal = unfit.first().map(|terminal| terminal.name.to_string()).unwrap_or_default();
            Refusal::NotRefundable(NotRefundable::OtherProvider { sale: sale.provider.name(), terminal })
        })
    }

    /// Those of the terminals that take this currency.
    pub(super) fn that_take(&self, currency: Currency, terminals: Vec<Terminal>) -> Result<Vec<Terminal>, Refusal> {
        let (fit, unfit): (Vec<_>, Vec<_>) = terminals.into_iter().partition(|terminal| {
            let taken = self.capabilities(terminal).map(|capabilities| capabilities.currencies);
            taken.is_none_or(|taken| taken.is_empty() || taken.contains(&currency))
        });
        match unfit.first() {
            Some(terminal) if fit.is_empty() => {
                let taken = self.capabilities(terminal).map(|capabilities| capabilities.currencies).unwrap_or_default();
                let taken: Vec<&str> = taken.iter().map(|currency| currency.code()).collect();
                let (terminal, asked) = (terminal.name.to_string(), currency.code());
                Err(Refusal::CurrencyNotTaken { terminal, asked, taken: taken.join(", ") })
            }
            _ => Ok(fit),
        }
    }

    /// Those of the terminals that may give money back without a sale, by their configuration and their provider.
    pub(super) fn that_refund_unlinked(&self, terminals: Vec<Terminal>) -> Result<Vec<Terminal>, Refusal> {
        let (fit, unfit): (Vec<_>, Vec<_>) = terminals
            .into_iter()
            .partition(|terminal| self.capabilities(terminal).is_some_and(|capabilities| capabilities.unlinked_refund));
        match unfit.first() {
            Some(terminal) if fit.is_empty() => {
                Err(Refusal::NotRefundable(NotRefundable::UnlinkedNotHere(terminal.name.to_string())))
            }
            _ => Ok(fit),
        }
    }

    /// Begins on the first of these terminals that nobody holds and that is available, as far as its provider tells; then
    /// on one that is not, so that the provider decides. Else tells what is in the way.
    ///
    /// Each try is one step of the journal, which looks at the terminal and at what was asked for before as they are then.
    pub(super) async fn begin_on_first_free(
        &self,
        terminals: &[Terminal],
        intent: &(impl Fn(&Terminal) -> Result<Intent, Refusal> + Send + Sync),
    ) -> Result<Beginning, Refusal> {
        if let [only] = terminals {
            return self.begin(intent(only)?).await;
        }
        let held = self.held(terminals).await?;
        let mut set_back = Vec::new();
        let mut obstacle = None;
        let mut first_choice = terminals.iter();
        loop {
            let terminal = match first_choice.next() {
                Some(terminal) if held.contains(&terminal.name) || self.is_away(terminal).await => {
                    set_back.push(terminal);
                    continue;
                }
                Some(terminal) => terminal,
                None if set_back.is_empty() => break,
                None => set_back.remove(0),
            };
            match self.begin(intent(terminal)?).await? {
                Beginning { begun: busy @ (Begun::Busy(_) | Begun::Frozen(_)), .. } => {
                    obstacle = Some(plainer(obstacle, busy));
                }
                begun => return Ok(begun),
            }
        }
        let obstacle = obstacle.ok_or_else(|| Refusal::UnknownTerminal(String::new()))?;
        Ok(Beginning { begun: obstacle, waiting: None })
    }

    async fn held(&self, terminals: &[Terminal]) -> Result<Vec<TerminalName>, Refusal> {
        let usages = self.health.journal(self.journal.terminals(terminals).await)?;
        let held = usages.into_iter().filter(|usage| usage.holder.is_some() || usage.frozen.is_some());
        Ok(held.map(|usage| usage.terminal).collect())
    }

    /// Whether the provider says that the terminal takes nothing now. What it does not tell in time stops nobody.
    async fn is_away(&self, terminal: &Terminal) -> bool {
        let Ok(provider) = self.provider(terminal.provider) else { return false };
        let Ok(Ok(Some(enrolment))) = timeout(AVAILABILITY_PATIENCE, provider.enrolment(terminal)).await else {
            return false;
        };
        let is_away = enrolment.available == Some(false);
        self.health.enrolled(terminal.name.clone(), enrolment);
        is_away
    }

    /// The terminal by which a lost payment is known when its till, which has no numbers, asks again: the till's usual one,
    /// where the bridge may have chosen this one from its pool, or nobody knows which it was. `None` where the till must have
    /// named the terminal itself.
    pub(in crate::engine) fn terminal_asked_for(
        &self,
        till: &TillId,
        terminal: Option<&Terminal>,
    ) -> Option<TerminalName> {
        let till = self.directory.till(till)?;
        let is_chosen = terminal.is_none_or(|ran| till.profile.terminal_pool.contains(&ran.name));
        is_chosen.then(|| till.terminal.clone())
    }
}

/// A terminal that is held will be free by itself, so that is what a till hears first.
fn plainer(known: Option<Begun>, found: Begun) -> Begun {
    match known {
        Some(busy @ Begun::Busy(_)) => busy,
        Some(frozen) if matches!(found, Begun::Frozen(_)) => frozen,
        _ => found,
    }
}
