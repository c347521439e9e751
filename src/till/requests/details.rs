//! What is kept and passed on, without a meaning for the money.

use crate::domain::money::{AMOUNT_MAX, Amount};
use crate::domain::request::{Decimal, Details, Item};
use crate::till::amounts::Amounts;
use crate::till::fields::{Fields, Invalid};
use crate::till::reader::{Reader, check_text};
use crate::till::structure::{elements, members};

pub(super) const ITEMS_MAX: usize = 100;
pub(super) const METADATA_MAX: usize = 8;
pub(super) const METADATA_NAME_MAX: usize = 64;
pub(super) const TEXT_MAX: usize = 255;
pub(super) const OPERATOR_MAX: usize = 64;

pub(super) const ITEM_FIELDS: [&str; 7] = ["id", "line_id", "description", "quantity", "amount", "vat_amount", "vat"];

/// The details of a request for this amount.
pub(super) fn of(reader: Reader<'_>, amount: Option<Amount>, amounts: Amounts) -> Result<Details, Invalid> {
    let text = |name, longest| Ok(reader.text(name, longest)?.map(str::to_owned));
    Ok(Details {
        operator: text("operator", OPERATOR_MAX)?,
        description: text("description", TEXT_MAX)?,
        reason: text("reason", TEXT_MAX)?,
        items: items(reader, amount, amounts)?,
        metadata: metadata(reader)?,
    })
}

fn items(reader: Reader<'_>, amount: Option<Amount>, amounts: Amounts) -> Result<Vec<Item>, Invalid> {
    let Some(value) = reader.value("items")? else { return Ok(Vec::new()) };
    let elements = elements(value, "items")?;
    if elements.len() > ITEMS_MAX {
        return Err(reader.invalid("items", format!("must be at most {ITEMS_MAX} lines")));
    }
    let mut items: Vec<Item> = Vec::with_capacity(elements.len());
    for (position, element) in elements.iter().enumerate() {
        let place = format!("items[{position}]");
        let line = item(&members(element, &place)?, &place, amounts)?;
        if items.iter().any(|earlier| earlier.line_id == line.line_id) {
            return Err(Invalid::new(format!("{place}.line_id"), "must be unique among the items"));
        }
        items.push(line);
    }
    check_sum(reader, &items, amount)?;
    Ok(items)
}

fn item(fields: &Fields, place: &str, amounts: Amounts) -> Result<Item, Invalid> {
    let prefix = format!("{place}.");
    let known = fields.clone().only(&ITEM_FIELDS);
    known.map_err(|invalid| Invalid::new(format!("{prefix}{}", invalid.field), invalid.detail))?;
    let reader = Reader::within(fields, &prefix);
    let required_text = |name| reader.required(name, reader.text(name, TEXT_MAX)?).map(str::to_owned);
    Ok(Item {
        id: required_text("id")?,
        line_id: required_text("line_id")?,
        description: reader.text("description", TEXT_MAX)?.map(str::to_owned),
        quantity: decimal(reader, "quantity")?,
        amount: reader.required("amount", line_amount(reader, "amount", amounts)?)?,
        vat_amount: line_amount(reader, "vat_amount", amounts)?,
        vat: decimal(reader, "vat")?,
    })
}

/// A line's sum: it may exceed the whole when another line lowers that.
fn line_amount(reader: Reader<'_>, name: &str, amounts: Amounts) -> Result<Option<i64>, Invalid> {
    match amounts.read(reader, name)? {
        Some(minor) if !(-AMOUNT_MAX..=AMOUNT_MAX).contains(&minor) => Err(reader.invalid(name, "is out of range")),
        minor => Ok(minor),
    }
}

fn decimal(reader: Reader<'_>, name: &str) -> Result<Option<Decimal>, Invalid> {
    let number = reader.number_text(name)?;
    number.map(|text| Decimal::parse(text).map_err(|error| reader.invalid(name, error.to_string()))).transpose()
}

fn check_sum(reader: Reader<'_>, items: &[Item], amount: Option<Amount>) -> Result<(), Invalid> {
    if items.is_empty() {
        return Ok(());
    }
    let sum: i64 = items.iter().map(|item| item.amount).sum();
    match amount {
        Some(amount) if amount.minor() == sum => Ok(()),
        Some(_) => Err(reader.invalid("items", "must add up to amount")),
        None => Err(reader.invalid("items", "needs an amount that it adds up to")),
    }
}

fn metadata(reader: Reader<'_>) -> Result<Vec<(String, String)>, Invalid> {
    let Some(value) = reader.value("metadata")? else { return Ok(Vec::new()) };
    let fields = members(value, "metadata")?;
    if fields.len() > METADATA_MAX {
        return Err(reader.invalid("metadata", format!("must have at most {METADATA_MAX} names")));
    }
    let entries = Reader::within(&fields, "metadata.");
    let mut metadata = Vec::with_capacity(fields.len());
    for (name, _) in fields.iter() {
        check_text(name, METADATA_NAME_MAX)
            .map_err(|detail| reader.invalid("metadata", format!("has a name that {detail}")))?;
        let text = entries.required(name, entries.text(name, TEXT_MAX)?)?;
        metadata.push((name.to_owned(), text.to_owned()));
    }
    Ok(metadata)
}
