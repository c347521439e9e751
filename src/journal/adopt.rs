//! Taking in a payment of ours that the journal does not hold: a restored backup, a lost disk.
//!
//! Such a payment becomes an approved, late operation with an alarm. Its reference may mean another operation by now
//! (the till asked again after the loss). The two share it then, as generations, and the reference means the orphan
//! unless the other one is approved too: whichever took money answers, so that a repeat never takes it again. Both stay
//! in the till's list. A payment whose money or names cannot be read as an operation is told by an alarm alone.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use sqlx::{Row, SqliteConnection};

use super::begin::FIRST_GENERATION;
use super::entries::{append_event, insert_attempt, insert_operation, load_runs, raise_alarm};
use super::error::of_step;
use super::redact::masked;
use super::rows::whole_milliseconds;
use super::step::Step;
use super::writes::Writes;
use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Kind, Phase};
use crate::domain::card::without_card_numbers;
use crate::domain::evidence::{Approval, Finding, Order, PaymentState};
use crate::domain::identifiers::{ProviderTerminalId, Reference, TerminalName, TillId};
use crate::domain::money::{Amount, Money};
use crate::domain::operation::{Operation, Provider};
use crate::domain::request::Details;
use crate::ports::{JournalError, Orphan};

type Result<T> = std::result::Result<T, JournalError>;

/// Stands for a till or terminal that nobody can name any more.
const UNNAMED: &str = "unknown";

#[async_trait]
impl Step for Orphan {
    type Outcome = Option<Operation>;

    async fn run(self, connection: &mut SqliteConnection) -> Result<Option<Operation>> {
        if !load_runs(connection, self.trace.reference).await?.is_empty() {
            return Ok(None);
        }
        let now = whole_milliseconds(self.now);
        let Some(operation) = self.as_operation(now) else {
            raise_unreadable(connection, &self).await?;
            return Ok(None);
        };
        let generation = generation(connection, &operation).await?;
        let mut writes = Writes::default();
        insert_operation(&mut writes, &operation, generation, self.given_back(), &Details::default())?;
        insert_attempt(&mut writes, &operation, false)?;
        let event = json!({"event": "adopted", "payment": self.trace.payment.transaction, "amount": operation.money});
        append_event(&mut writes, &operation.attempt, "adopted", &event, now)?;
        writes.run(connection).await?;
        raise_alarm(connection, operation.id, &operation.terminal, &alarm(&self), now).await?;
        Ok(Some(Operation { refunded: self.given_back(), ..operation }))
    }
}

impl Orphan {
    /// The orphan as an operation; `None` when its money or its names are none that the domain knows.
    fn as_operation(&self, now: Timestamp) -> Option<Operation> {
        let money = Money { amount: Amount::new(self.trace.payment.terms.amount).ok()?, currency: self.currency? };
        let (till, reference) = match &self.till_reference {
            Some(known) => known.clone(),
            None => (TillId::new(UNNAMED).ok()?, Reference::new(self.trace.reference.to_string()).ok()?),
        };
        let provider_terminal = match (&self.terminal, &self.trace.payment.terms.terminal) {
            (Some(terminal), _) => terminal.terminal_id.clone(),
            (None, Some(name)) => ProviderTerminalId::new(name.as_str()).ok()?,
            (None, None) => ProviderTerminalId::new(UNNAMED).ok()?,
        };
        let terminal = match &self.terminal {
            Some(terminal) => terminal.name.clone(),
            None => TerminalName::new(UNNAMED).ok()?,
        };
        let asked_at = self.trace.payment.created_at.map_or(now, whole_milliseconds);
        Some(Operation {
            id: self.operation,
            kind: Kind::Sale,
            till,
            reference,
            money,
            terminal,
            store: self.store.clone(),
            provider: self.terminal.as_ref().map_or(Provider::Dintero, |terminal| terminal.provider),
            original: None,
            attempt: Attempt {
                operation: self.operation,
                number: 1,
                kind: Kind::Sale,
                order: Order { reference: self.trace.reference, money, terminal: provider_terminal },
                refunds: None,
                expires_at: asked_at,
                horizon: asked_at,
                cancel_wanted: false,
                contradicted: false,
                phase: masked(Phase::Approved { approval: self.approval(money.amount), late: true, resolution: None }),
            },
            refunded: 0,
            simulated: self.simulated,
            told_at: None,
            acknowledged_at: None,
            created_at: asked_at,
            updated_at: now,
        })
    }

    fn approval(&self, amount: Amount) -> Approval {
        let payment = &self.trace.payment;
        Approval {
            transaction: Some(payment.transaction.clone()),
            amount,
            captured: payment.state == PaymentState::Approved { captured: true },
            card: payment.card.clone(),
            receipt: payment.receipt.clone(),
            several: false,
        }
    }

    /// What was given back of it already: elsewhere, and by refunds of ours that are as lost as the sale was.
    fn given_back(&self) -> i64 {
        let ours = self.trace.refunds.iter().map(|(_, finding)| match finding {
            Finding::Approved(approval) => approval.amount.minor(),
            _ => 0,
        });
        self.trace.refunded_elsewhere.max(0) + ours.sum::<i64>()
    }
}

/// Above what its reference means so far, or below it when that took money too.
async fn generation(connection: &mut SqliteConnection, operation: &Operation) -> Result<i64> {
    let row = sqlx::query(GENERATIONS)
        .bind(operation.till.as_str())
        .bind(operation.kind.name())
        .bind(operation.reference.as_str())
        .fetch_optional(&mut *connection)
        .await
        .map_err(of_step)?;
    let Some(row) = row else { return Ok(FIRST_GENERATION) };
    let (highest, lowest): (i64, i64) =
        (row.try_get("highest").map_err(of_step)?, row.try_get("lowest").map_err(of_step)?);
    let status: String = row.try_get("status").map_err(of_step)?;
    Ok(if status == operation.status().name() { lowest - 1 } else { highest + 1 })
}

fn alarm(orphan: &Orphan) -> Alarm {
    let payment = &orphan.trace.payment;
    Alarm {
        kind: AlarmKind::Orphan,
        text: format!(
            "the provider holds a payment that the journal had lost: {} of {} {} minor units, for {}; find out whether \
             the goods were given, and refund it if they were not",
            payment.transaction,
            payment.terms.amount,
            payment.terms.currency,
            orphan.trace.till_reference.as_deref().unwrap_or("a till that it does not name"),
        ),
    }
}

/// Once for ever, since the sweep comes back to it every hour.
async fn raise_unreadable(connection: &mut SqliteConnection, orphan: &Orphan) -> Result<()> {
    let alarm = alarm(orphan);
    sqlx::query(
        "INSERT INTO alarm (subject, kind, text, terminal, freezes, raised_at) SELECT $1, $2, $3, $4, $5, $6 \
         WHERE NOT EXISTS (SELECT 1 FROM alarm WHERE subject = $1 AND kind = $2)",
    )
    .bind(orphan.trace.reference.to_string())
    .bind(alarm.kind.name())
    .bind(without_card_numbers(&alarm.text))
    .bind(orphan.terminal.as_ref().map(|terminal| terminal.name.as_str()))
    .bind(alarm.kind.freezes_terminal())
    .bind(orphan.now.as_millisecond())
    .execute(connection)
    .await
    .map_err(of_step)?;
    Ok(())
}

/// The generations of a reference, and the status of the newest.
pub(super) const GENERATIONS: &str = "SELECT newest.status, newest.generation AS highest, \
    (SELECT MIN(generation) FROM operation WHERE till = $1 AND kind = $2 AND reference = $3) AS lowest \
    FROM operation newest WHERE till = $1 AND kind = $2 AND reference = $3 ORDER BY generation DESC LIMIT 1";
