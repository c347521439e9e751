//! The cashier's word on a customer's signature.

use super::wait;
use crate::till::fields::{Fields, Invalid};
use crate::till::reader::Reader;

/// Whether the signature is the card's, and how long the till waits for what comes of that.
///
/// # Errors
/// [`Invalid`] with the first field that is not as it must be.
pub fn signature(fields: Fields) -> Result<(bool, Option<u32>), Invalid> {
    let fields = fields.only(&["accepted", "wait"])?;
    let reader = Reader::new(&fields);
    let accepted = reader.required("accepted", reader.flag("accepted")?)?;
    Ok((accepted, wait::in_fields(reader)?))
}
