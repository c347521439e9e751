//! Rows to the domain and back.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::error::{Result, of_step, unreadable};
use crate::domain::attempt::{Alarm, Attempt};
use crate::domain::evidence::Order;
use crate::domain::identifiers::{
    AttemptReference, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId, TransactionId,
};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::operation::Operation;
use crate::ports::{HistoryLine, OutboxEntry, RaisedAlarm};

/// Operations as [`operation`] reads them; `$select` begins the list, `$rest` follows `FROM`. One attempt `a` stands in
/// each row; `refunded` is added up on every read, so it is never wrong.
macro_rules! select_operations {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " o.id, o.kind, o.till, o.reference, o.amount, o.currency, o.original, o.simulated, o.told_at, \
             o.acknowledged_at, o.created_at, o.updated_at, a.reference AS attempt, a.number, a.terminal, \
             a.provider_terminal, a.store, a.provider, a.refunds, a.expires_at, a.horizon, a.preparation, \
             a.card_present, a.may_grow, a.cancel_wanted, a.signature_accepted, a.contradicted, a.phase_detail, o.refunded_elsewhere + (SELECT COALESCE(SUM(refunding.amount_approved), \
             0) FROM operation refund JOIN attempt refunding ON refunding.operation = refund.id WHERE refund.original \
             = o.id) AS refunded FROM ",
            $rest
        )
    };
}
pub(super) use select_operations;

/// The operation in a row, with the attempt in that row.
pub(super) fn operation(row: &SqliteRow) -> Result<Operation> {
    let attempt = attempt(row)?;
    Ok(Operation {
        id: attempt.operation,
        kind: attempt.kind,
        till: TillId::new(text(row, "till")?).map_err(unreadable)?,
        reference: Reference::new(text(row, "reference")?).map_err(unreadable)?,
        money: attempt.order.money,
        terminal: TerminalName::new(text(row, "terminal")?).map_err(unreadable)?,
        store: StoreId::new(text(row, "store")?).map_err(unreadable)?,
        provider: word(text(row, "provider")?)?,
        original: get::<Option<String>>(row, "original")?.map(|id| operation_id(&id)).transpose()?,
        attempt,
        refunded: get(row, "refunded")?,
        simulated: get(row, "simulated")?,
        told_at: optional_time(row, "told_at")?,
        acknowledged_at: optional_time(row, "acknowledged_at")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

fn attempt(row: &SqliteRow) -> Result<Attempt> {
    Ok(Attempt {
        operation: operation_id(&text(row, "id")?)?,
        number: get(row, "number")?,
        kind: word(text(row, "kind")?)?,
        order: Order {
            reference: attempt_reference(&text(row, "attempt")?)?,
            money: Money {
                amount: Amount::new(get(row, "amount")?).map_err(unreadable)?,
                currency: Currency::from_code(&text(row, "currency")?).map_err(unreadable)?,
            },
            terminal: ProviderTerminalId::new(text(row, "provider_terminal")?).map_err(unreadable)?,
            may_grow: get(row, "may_grow")?,
        },
        refund_of: get::<Option<String>>(row, "refunds")?.map(TransactionId::new).transpose().map_err(unreadable)?,
        expires_at: time(row, "expires_at")?,
        horizon: time(row, "horizon")?,
        preparation: get::<Option<String>>(row, "preparation")?
            .map(|json| serde_json::from_str(&json))
            .transpose()
            .map_err(unreadable)?,
        card_present: get(row, "card_present")?,
        cancel_wanted: get(row, "cancel_wanted")?,
        signature_accepted: get(row, "signature_accepted")?,
        contradicted: get(row, "contradicted")?,
        phase: serde_json::from_str(&text(row, "phase_detail")?).map_err(unreadable)?,
    })
}

/// An alarm as it stands in its table.
pub(super) fn alarm(row: &SqliteRow) -> Result<RaisedAlarm> {
    let till = get::<Option<String>>(row, "till")?.map(TillId::new).transpose().map_err(unreadable)?;
    let reference = get::<Option<String>>(row, "reference")?.map(Reference::new).transpose().map_err(unreadable)?;
    Ok(RaisedAlarm {
        id: get(row, "id")?,
        alarm: Alarm { kind: word(text(row, "kind")?)?, text: text(row, "text")? },
        operation: get::<Option<String>>(row, "operation")?.map(|id| operation_id(&id)).transpose()?,
        known_as: till.zip(reference),
        terminal: get::<Option<String>>(row, "terminal")?.map(TerminalName::new).transpose().map_err(unreadable)?,
        raised_at: time(row, "raised_at")?,
    })
}

/// A result that waits to be pushed.
pub(super) fn push(row: &SqliteRow) -> Result<OutboxEntry> {
    Ok(OutboxEntry {
        number: get(row, "number")?,
        till: TillId::new(text(row, "till")?).map_err(unreadable)?,
        operation: operation_id(&text(row, "operation")?)?,
        tries: get(row, "tries")?,
        since: time(row, "since")?,
        due_at: optional_time(row, "due_at")?,
        last_error: get(row, "last_error")?,
    })
}

/// A line of the event log.
pub(super) fn history_line(row: &SqliteRow) -> Result<HistoryLine> {
    Ok(HistoryLine {
        sequence: get(row, "sequence")?,
        at: time(row, "at")?,
        attempt: get(row, "attempt")?,
        event: text(row, "event")?,
        phase: text(row, "phase")?,
    })
}

/// A column's value.
pub(super) fn get<'row, T>(row: &'row SqliteRow, column: &str) -> Result<T>
where
    T: sqlx::Decode<'row, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(of_step)
}

fn text(row: &SqliteRow, column: &str) -> Result<String> {
    get(row, column)
}

/// One of the domain's enums by its word, as serde spells it.
pub(super) fn word<T: DeserializeOwned>(text: String) -> Result<T> {
    serde_json::from_value(text.into()).map_err(unreadable)
}

fn operation_id(text: &str) -> Result<OperationId> {
    OperationId::parse(text).map_err(unreadable)
}

/// An attempt's name as the journal holds it.
pub(super) fn attempt_reference(text: &str) -> Result<AttemptReference> {
    AttemptReference::parse(text).ok_or_else(|| unreadable(format_args!("{text:?} is no attempt reference")))
}

fn time(row: &SqliteRow, column: &str) -> Result<Timestamp> {
    Timestamp::from_millisecond(get(row, column)?).map_err(unreadable)
}

/// A moment that need not be there.
pub(super) fn optional_time(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>> {
    get::<Option<i64>>(row, column)?.map(Timestamp::from_millisecond).transpose().map_err(unreadable)
}
