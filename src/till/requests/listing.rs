//! Which operations a till wants listed.

use jiff::Timestamp;

use super::{Asking, store_currency};
use crate::domain::identifiers::OperationId;
use crate::domain::money::Amount;
use crate::domain::operation::Status;
use crate::ports::OperationFilter;
use crate::till::amounts::Amounts;
use crate::till::fields::{Fields, Invalid};
use crate::till::reader::Reader;

pub(super) const FILTERS: [&str; 8] = ["status", "open", "acknowledged", "since", "until", "amount", "limit", "after"];
pub(super) const LIMIT_DEFAULT: u32 = 50;
pub(super) const LIMIT_MAX: u32 = 200;

/// The filter that a query asks for. Its amount is spelt as in the till's other requests, in the currency of its store.
///
/// # Errors
/// [`Invalid`] with the first field that is not as it must be.
pub fn operation_filter(query: Fields, asking: Asking<'_>) -> Result<OperationFilter, Invalid> {
    let fields = query.only(&FILTERS)?;
    let reader = Reader::new(&fields);
    let currency = reader.required("currency", store_currency(asking, None))?;
    let amounts = Amounts::new(asking.till.profile.amounts, currency);
    Ok(OperationFilter {
        status: reader.parsed("status", status)?,
        open: reader.flag("open")?,
        acknowledged: reader.flag("acknowledged")?,
        since: reader.parsed("since", moment)?,
        until: reader.parsed("until", moment)?,
        amount: super::amount(reader, amounts)?.map(Amount::minor),
        limit: limit(reader)?,
        after: reader.parsed("after", OperationId::parse)?,
    })
}

/// The event that a till had last, when its query names one.
///
/// # Errors
/// [`Invalid`] when it is none, or when anything else is asked for.
pub fn last_event_id(query: Fields) -> Result<Option<i64>, Invalid> {
    let wanted = "must be the id of an event, a whole number";
    let fields = query.only(&["last_event_id"])?;
    let reader = Reader::new(&fields);
    match reader.whole_number("last_event_id", wanted)? {
        Some(negative) if negative < 0 => Err(reader.invalid("last_event_id", wanted)),
        position => Ok(position),
    }
}

fn status(text: &str) -> Result<Status, String> {
    Status::ALL
        .into_iter()
        .find(|status| status.name() == text)
        .ok_or_else(|| format!("must be one of {}", Status::ALL.map(Status::name).join(", ")))
}

fn moment(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "must be a time such as 2026-11-20T10:15:02Z")
}

fn limit(reader: Reader<'_>) -> Result<u32, Invalid> {
    let wanted = format!("must be 1 to {LIMIT_MAX}");
    let Some(limit) = reader.whole_number("limit", &wanted)? else { return Ok(LIMIT_DEFAULT) };
    u32::try_from(limit)
        .ok()
        .filter(|limit| (1..=LIMIT_MAX).contains(limit))
        .ok_or_else(|| reader.invalid("limit", wanted))
}
