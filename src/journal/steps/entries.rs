//! What every step is made of: loading an operation, writing it.

use jiff::Timestamp;
use serde::Serialize;

use super::redact::clean_json;
use crate::domain::attempt::{Alarm, AlarmKind, Attempt, Phase};
use crate::domain::card::without_card_numbers;
use crate::domain::evidence::Approval;
use crate::domain::identifiers::{AttemptReference, OperationId, TerminalName};
use crate::domain::operation::Operation;
use crate::domain::request::Details;
use crate::journal::error::{Result, unreadable};
use crate::journal::rows::{self, select_operations};
use crate::journal::writing::{Transaction, Writes};
use crate::ports::JournalError;

/// Writes a new operation with its deciding attempt's name. The attempt is written after it by [`insert_attempt`].
/// `asked_terminal` is given where the till had no number for it.
pub(super) fn insert_operation(
    writes: &mut Writes,
    operation: &Operation,
    generation: i64,
    refunded_elsewhere: i64,
    details: &Details,
    asked_terminal: Option<&TerminalName>,
) -> Result<()> {
    writes
        .add(INSERT_OPERATION)
        .bind(operation.id.to_string())
        .bind(operation.kind.name())
        .bind(operation.till.as_str())
        .bind(operation.reference.as_str())
        .bind(generation)
        .bind(operation.money.amount.minor())
        .bind(operation.money.currency.code())
        .bind(operation.original.map(|id| id.to_string()))
        .bind(operation.attempt.order.reference.to_string())
        .bind(operation.status().name())
        .bind(refunded_elsewhere)
        .bind(operation.simulated)
        .bind(clean_json(details)?)
        .bind(operation.created_at.as_millisecond())
        .bind(operation.updated_at.as_millisecond())
        .bind(asked_terminal.map(TerminalName::as_str));
    Ok(())
}

/// Writes the operation's attempt as a new one; it takes the terminal's lease when it is live and `on_terminal`.
pub(super) fn insert_attempt(writes: &mut Writes, operation: &Operation, on_terminal: bool) -> Result<()> {
    let attempt = &operation.attempt;
    let leased = (on_terminal && attempt.phase.is_live()).then(|| operation.device());
    let approval = Approved::of(&attempt.phase);
    writes
        .add(INSERT_ATTEMPT)
        .bind(attempt.order.reference.to_string())
        .bind(attempt.operation.to_string())
        .bind(attempt.number)
        .bind(operation.terminal.as_str())
        .bind(attempt.order.terminal.as_str())
        .bind(operation.store.as_str())
        .bind(operation.provider.name())
        .bind(attempt.refund_of.as_ref().map(|transaction| transaction.as_str()))
        .bind(attempt.expires_at.as_millisecond())
        .bind(attempt.horizon.as_millisecond())
        .bind(preparation(attempt)?)
        .bind(attempt.card_present)
        .bind(attempt.order.may_grow)
        .bind(attempt.cancel_wanted)
        .bind(attempt.signature_accepted)
        .bind(attempt.contradicted)
        .bind(attempt.phase.name())
        .bind(operation.updated_at.as_millisecond())
        .bind(serde_json::to_string(&attempt.phase).map_err(unreadable)?)
        .bind(leased)
        .bind(attempt.set_aside())
        .bind(approval.transaction)
        .bind(approval.amount)
        .bind(approval.brand)
        .bind(approval.masked_pan)
        .bind(approval.entry_method);
    Ok(())
}

/// Writes where the attempt stands now. The lease ends with the last live phase.
pub(super) fn update_attempt(writes: &mut Writes, attempt: &Attempt, now: Timestamp) -> Result<()> {
    let approval = Approved::of(&attempt.phase);
    writes
        .add(UPDATE_ATTEMPT)
        .bind(preparation(attempt)?)
        .bind(attempt.card_present)
        .bind(attempt.cancel_wanted)
        .bind(attempt.signature_accepted)
        .bind(attempt.contradicted)
        .bind(attempt.phase.name())
        .bind(now.as_millisecond())
        .bind(attempt.phase.name())
        .bind(serde_json::to_string(&attempt.phase).map_err(unreadable)?)
        .bind(attempt.phase.is_live())
        .bind(attempt.set_aside())
        .bind(approval.transaction)
        .bind(approval.amount)
        .bind(approval.brand)
        .bind(approval.masked_pan)
        .bind(approval.entry_method)
        .bind(attempt.order.reference.to_string());
    Ok(())
}

/// Writes what may change of an operation: who decides it, and what the till knows of that. Most events change none of
/// it, and then no index has to be written.
pub(in crate::journal) fn update_operation(writes: &mut Writes, before: &Operation, operation: &Operation) {
    let decided = |operation: &Operation| {
        (operation.attempt.order.reference, operation.status(), operation.told_at, operation.acknowledged_at)
    };
    if decided(before) == decided(operation) {
        let (at, id) = (operation.updated_at.as_millisecond(), operation.id.to_string());
        writes.add("UPDATE operation SET updated_at = ? WHERE id = ?").bind(at).bind(id);
        return;
    }
    writes
        .add(UPDATE_OPERATION)
        .bind(operation.attempt.order.reference.to_string())
        .bind(operation.status().name())
        .bind(operation.told_at.map(Timestamp::as_millisecond))
        .bind(operation.acknowledged_at.map(Timestamp::as_millisecond))
        .bind(operation.updated_at.as_millisecond())
        .bind(operation.id.to_string());
}

/// Appends to the event log.
pub(in crate::journal) fn append_event(
    writes: &mut Writes,
    attempt: &Attempt,
    name: &str,
    event: &impl Serialize,
    now: Timestamp,
) -> Result<()> {
    let event = clean_json(event)?;
    writes
        .add(INSERT_EVENT)
        .bind(now.as_millisecond())
        .bind(attempt.operation.to_string())
        .bind(attempt.number)
        .bind(name)
        .bind(event)
        .bind(attempt.phase.name());
    Ok(())
}

/// Raises an alarm on an operation; none of its kind may stand yet, see [`stands`].
pub(super) fn raise_alarm(writes: &mut Writes, operation: &Operation, alarm: &Alarm, now: Timestamp) {
    let freezes = alarm.kind.freezes_terminal().then(|| operation.device());
    writes
        .add(INSERT_ALARM)
        .bind(operation.id.to_string())
        .bind(alarm.kind.name())
        .bind(without_card_numbers(&alarm.text))
        .bind(operation.id.to_string())
        .bind(operation.terminal.as_str())
        .bind(freezes)
        .bind(now.as_millisecond());
}

/// Ends the alarm of this kind that stands on an operation, for one that tells more: whoever has read the old one must not
/// acknowledge the new one by it.
pub(super) fn replace_alarm(writes: &mut Writes, operation: OperationId, kind: AlarmKind, now: Timestamp) {
    writes
        .add(
            "UPDATE alarm SET acknowledged_at = ?, acknowledged_by = 'a newer alarm' WHERE subject = ? AND kind = ? AND \
             acknowledged_at IS NULL",
        )
        .bind(now.as_millisecond())
        .bind(operation.to_string())
        .bind(kind.name());
}

/// Whether an alarm of this kind stands on an operation already.
pub(super) async fn stands(transaction: &mut Transaction<'_>, operation: OperationId, kind: AlarmKind) -> Result<bool> {
    Ok(transaction.row(STANDING_ALARM, &[&operation.to_string(), kind.name()]).await?.is_some())
}

/// The operation with this id.
pub(in crate::journal) async fn load(transaction: &mut Transaction<'_>, id: OperationId) -> Result<Operation> {
    let row = transaction.row(OPERATION, &[&id.to_string()]).await?;
    row.as_ref().map(rows::operation).transpose()?.ok_or(JournalError::NotFound)
}

/// The operation of an attempt as each of its attempts sees it, oldest first; empty when there is no such attempt.
pub(super) async fn load_runs(
    transaction: &mut Transaction<'_>,
    reference: AttemptReference,
) -> Result<Vec<Operation>> {
    transaction.rows(RUNS, &[&reference.to_string()]).await?.iter().map(rows::operation).collect()
}

/// The operation with an id.
pub(in crate::journal) const OPERATION: &str =
    select_operations!("SELECT", "operation o JOIN attempt a ON a.reference = o.deciding_attempt WHERE o.id = ?");

/// All attempts of the operation of an attempt.
pub(in crate::journal) const RUNS: &str = select_operations!(
    "SELECT",
    "attempt wanted JOIN operation o ON o.id = wanted.operation JOIN attempt a ON a.operation = o.id \
     WHERE wanted.reference = ? ORDER BY a.number"
);

const INSERT_OPERATION: &str = "\
    INSERT INTO operation (id, kind, till, reference, generation, amount, currency, original, deciding_attempt, \
    status, refunded_elsewhere, simulated, details, created_at, updated_at, asked_terminal) VALUES (?, ?, ?, ?, ?, ?, \
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const INSERT_ATTEMPT: &str = "\
    INSERT INTO attempt (reference, operation, number, terminal, provider_terminal, store, provider, refunds, \
    expires_at, horizon, preparation, card_present, may_grow, cancel_wanted, signature_accepted, contradicted, phase, \
    phase_since, phase_detail, leased_terminal, set_aside, transaction_id, amount_approved, card_brand, \
    card_masked_pan, card_entry_method) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
    ?, ?, ?)";

const UPDATE_ATTEMPT: &str = "\
    UPDATE attempt SET preparation = ?, card_present = ?, cancel_wanted = ?, signature_accepted = ?, contradicted = ?, \
    phase_since = CASE WHEN phase = ? THEN phase_since ELSE ? END, phase = ?, phase_detail = ?, leased_terminal = CASE \
    WHEN ? THEN leased_terminal END, set_aside = ?, transaction_id = ?, amount_approved = ?, card_brand = ?, \
    card_masked_pan = ?, card_entry_method = ? WHERE reference = ?";

const UPDATE_OPERATION: &str = "\
    UPDATE operation SET deciding_attempt = ?, status = ?, told_at = ?, acknowledged_at = ?, updated_at = ? WHERE id \
    = ?";

pub(super) const INSERT_ALARM: &str = "\
    INSERT INTO alarm (subject, kind, text, operation, terminal, freezes, raised_at) VALUES (?, ?, ?, ?, ?, ?, ?)";

/// The alarm that stands on a subject, by its kind.
pub(in crate::journal) const STANDING_ALARM: &str =
    "SELECT 1 FROM alarm WHERE subject = ? AND kind = ? AND acknowledged_at IS NULL";

const INSERT_EVENT: &str = "INSERT INTO event (at, operation, attempt, name, event, phase) VALUES (?, ?, ?, ?, ?, ?)";

fn preparation(attempt: &Attempt) -> Result<Option<String>> {
    attempt.preparation.as_ref().map(serde_json::to_string).transpose().map_err(unreadable)
}

/// The copies out of an approval that queries and accountants use.
#[derive(Default)]
struct Approved<'a> {
    transaction: Option<&'a str>,
    amount: Option<i64>,
    brand: Option<&'a str>,
    masked_pan: Option<&'a str>,
    entry_method: Option<&'a str>,
}

impl<'a> Approved<'a> {
    fn of(phase: &'a Phase) -> Self {
        let Phase::Approved { approval: Approval { transaction, amount, card, .. }, .. } = phase else {
            return Self::default();
        };
        let card = card.as_ref();
        Self {
            transaction: transaction.as_ref().map(|transaction| transaction.as_str()),
            amount: Some(amount.minor()),
            brand: card.and_then(|card| card.brand.as_deref()),
            masked_pan: card.and_then(|card| card.masked_pan.as_deref()),
            entry_method: card.and_then(|card| card.entry_method.as_deref()),
        }
    }
}
