//! The one strict way from fields to what the domain asks for, shared by every dialect.

mod details;
mod listing;
mod operator;
mod printing;
mod schema;
mod signature;
mod wait;

pub use listing::{last_event_id, operation_filter};
pub use operator::{acknowledged_by, resolution};
pub use printing::receipt_wanted;
pub use schema::{
    RequestSchema, empty_schema, filter_schema, reference_rule, refund_schema, sale_schema, signature_schema,
    wait_rule, wait_schema,
};
pub use signature::signature;
pub use wait::{Wait, wait_only, waiting};

use super::amounts::Amounts;
use super::fields::{Fields, Invalid};
use super::reader::{Reader, identifier};
use crate::domain::directory::{Directory, Till};
use crate::domain::identifiers::{OperationId, Reference, TerminalName, TillId, TransactionId};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::request::{Naming, Original, RefundRequest, RefundWish, SaleRequest, UnlinkedRefundRequest};

const SALE_FIELDS: [&str; 10] =
    ["reference", "force", "amount", "currency", "terminal", "wait", "operator", "items", "description", "metadata"];

const REFUND_FIELDS: [&str; 16] = [
    "reference",
    "force",
    "unlinked",
    "original_reference",
    "original_till",
    "operation_id",
    "transaction_id",
    "amount",
    "currency",
    "terminal",
    "wait",
    "operator",
    "reason",
    "items",
    "description",
    "metadata",
];

/// Who asks, and what stands beside the body.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Who and what the configuration knows.
    pub directory: &'a Directory,
    /// The till that asks.
    pub till: &'a Till,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<&'a str>,
}

/// A sale, and how long the till waits for it where its body says so.
///
/// # Errors
/// [`Invalid`] with the first field that is not as it must be.
pub fn sale(fields: Fields, asking: Asking<'_>) -> Result<(SaleRequest, Option<u32>), Invalid> {
    let fields = fields.only(&SALE_FIELDS)?;
    let reader = Reader::new(&fields);
    let terminal = reader.parsed("terminal", TerminalName::new)?;
    let currency = currency_or_the_stores(reader, asking, terminal.as_ref())?;
    let amounts = Amounts::new(asking.till.profile.amounts, currency);
    let amount = reader.required("amount", amount(reader, amounts)?)?;
    let request = SaleRequest {
        naming: naming(reader, asking)?,
        money: Money { amount, currency },
        terminal,
        details: details::of(reader, Some(amount), amounts)?,
    };
    Ok((request, wait::in_fields(reader)?))
}

/// A refund, and how long the till waits for it where its body says so.
///
/// # Errors
/// [`Invalid`] with the first field that is not as it must be.
pub fn refund(fields: Fields, asking: Asking<'_>) -> Result<(RefundWish, Option<u32>), Invalid> {
    let fields = fields.only(&REFUND_FIELDS)?;
    let reader = Reader::new(&fields);
    let wish = match reader.flag("unlinked")? {
        Some(true) => RefundWish::Unlinked(unlinked(reader, asking)?),
        _ => RefundWish::OfSale(of_sale(reader, asking)?),
    };
    Ok((wish, wait::in_fields(reader)?))
}

fn of_sale(reader: Reader<'_>, asking: Asking<'_>) -> Result<RefundRequest, Invalid> {
    let terminal = reader.parsed("terminal", TerminalName::new)?;
    let amounts = Amounts::new(asking.till.profile.amounts, currency_or_the_stores(reader, asking, terminal.as_ref())?);
    let amount = amount(reader, amounts)?;
    Ok(RefundRequest {
        naming: naming(reader, asking)?,
        original: original(reader)?,
        amount,
        currency: currency(reader)?.or(amount.and_then(|_| amounts.assumed_currency())),
        terminal,
        details: details::of(reader, amount, amounts)?,
    })
}

/// Money that goes out without a sale always has a number, an amount and somebody who answers for it.
fn unlinked(reader: Reader<'_>, asking: Asking<'_>) -> Result<UnlinkedRefundRequest, Invalid> {
    for name in ["original_reference", "original_till", "operation_id", "transaction_id", "force"] {
        if reader.value(name)?.is_some() {
            return Err(reader.invalid(name, "does not go with unlinked; leave one of the two out"));
        }
    }
    let terminal = reader.parsed("terminal", TerminalName::new)?;
    let currency = currency_or_the_stores(reader, asking, terminal.as_ref())?;
    let amounts = Amounts::new(asking.till.profile.amounts, currency);
    let amount = reader.required("amount", amount(reader, amounts)?)?;
    let details = details::of(reader, Some(amount), amounts)?;
    let names_somebody = |operator: &String| operator.chars().any(char::is_alphanumeric);
    if !details.operator.as_ref().is_some_and(names_somebody) {
        return Err(reader.invalid("operator", "is required for a refund without a sale: say who gives the money back"));
    }
    let reference = reader.required("reference", reference(reader, asking.idempotency_key)?)?;
    Ok(UnlinkedRefundRequest { reference, money: Money { amount, currency }, terminal, details })
}

/// A reference that stands in an address.
///
/// # Errors
/// [`Invalid`] when it is none.
pub fn reference_in_path(text: &str) -> Result<Reference, Invalid> {
    identifier(text, addressable_reference).map_err(|detail| Invalid::new("reference", detail))
}

/// A till's own number. What an address takes for a step in its path (`/pay/..` is `/`) would never be found again.
fn addressable_reference(text: &str) -> Result<Reference, String> {
    if matches!(text, "." | "..") {
        return Err("must not be . or .., which an address drops from its path".to_owned());
    }
    Reference::new(text).map_err(|error| error.to_string())
}

/// A request that has no fields of its own.
///
/// # Errors
/// [`Invalid`] with the first field that was sent all the same.
pub fn nothing(fields: Fields) -> Result<(), Invalid> {
    fields.only(&[]).map(drop)
}

fn amount(reader: Reader<'_>, amounts: Amounts) -> Result<Option<Amount>, Invalid> {
    let minor = amounts.read(reader, "amount")?;
    minor.map(|minor| Amount::new(minor).map_err(|error| reader.invalid("amount", error.to_string()))).transpose()
}

fn currency(reader: Reader<'_>) -> Result<Option<Currency>, Invalid> {
    reader.parsed("currency", Currency::from_code)
}

fn currency_or_the_stores(
    reader: Reader<'_>,
    asking: Asking<'_>,
    terminal: Option<&TerminalName>,
) -> Result<Currency, Invalid> {
    match currency(reader)? {
        Some(currency) => Ok(currency),
        None => reader.required("currency", store_currency(asking, terminal)),
    }
}

/// What the shop of the terminal pays in. An unknown terminal is refused by the engine, whatever the currency.
fn store_currency(asking: Asking<'_>, named: Option<&TerminalName>) -> Option<Currency> {
    let directory = asking.directory;
    let terminal =
        named.and_then(|name| directory.terminal(name)).or_else(|| directory.terminal(&asking.till.terminal))?;
    directory.store(&terminal.store).map(|store| store.currency)
}

fn naming(reader: Reader<'_>, asking: Asking<'_>) -> Result<Naming, Invalid> {
    let reference = reference(reader, asking.idempotency_key)?;
    let force = reader.flag("force")?;
    if !asking.till.profile.reference_optional {
        reader.required("reference", reference.as_ref())?;
    }
    match (reference, force) {
        (None, force) => Ok(Naming::Unnamed { force: force.unwrap_or(false) }),
        (Some(reference), None) => Ok(Naming::Reference(reference)),
        (Some(_), Some(_)) => Err(reader.invalid("force", "is only for a request without a reference; leave it out")),
    }
}

fn reference(reader: Reader<'_>, key: Option<&str>) -> Result<Option<Reference>, Invalid> {
    let in_body = reader.parsed("reference", addressable_reference)?;
    let in_header =
        key.map(|key| reference_in_path(key).map_err(|invalid| Invalid::new("Idempotency-Key", invalid.detail)));
    match (in_body, in_header.transpose()?) {
        (Some(body), Some(header)) if body != header => {
            Err(reader.invalid("reference", "must be the same as the Idempotency-Key header when both are sent"))
        }
        (body, header) => Ok(body.or(header)),
    }
}

fn original(reader: Reader<'_>) -> Result<Original, Invalid> {
    let reference = reader.parsed("original_reference", Reference::new)?;
    let operation = reader.parsed("operation_id", OperationId::parse)?;
    let transaction = reader.parsed("transaction_id", TransactionId::new)?;
    let till = reader.parsed("original_till", TillId::new)?;
    match (reference, operation, transaction) {
        (Some(reference), None, None) => Ok(Original::Reference { reference, till }),
        (None, Some(_), None) | (None, None, Some(_)) if till.is_some() => {
            Err(reader.invalid("original_till", "belongs to original_reference; leave it out"))
        }
        (None, Some(operation), None) => Ok(Original::Operation(operation)),
        (None, None, Some(transaction)) => Ok(Original::Transaction(transaction)),
        (None, None, None) => {
            Err(reader.invalid("original_reference", "is required, or operation_id or transaction_id in its place"))
        }
        _ => Err(reader.invalid(
            "original_reference",
            "must be the only one of original_reference, operation_id and transaction_id",
        )),
    }
}

#[cfg(test)]
mod tests;
