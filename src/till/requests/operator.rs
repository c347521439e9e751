//! What an operator decides.

use crate::domain::attempt::{OperatorVerdict, Resolution};
use crate::till::fields::{Fields, Invalid};
use crate::till::reader::Reader;

const NAME_MAX: usize = 64;
const REASON_MAX: usize = 255;

/// An operator's decision on an outcome that is not proven.
///
/// # Errors
/// [`Invalid`] with the first field that is not as it must be.
pub fn resolution(fields: Fields) -> Result<Resolution, Invalid> {
    let fields = fields.only(&["verdict", "by", "reason"])?;
    let reader = Reader::new(&fields);
    let verdict = reader.parsed("verdict", |text| match text {
        "approved" => Ok(OperatorVerdict::Approved),
        "not_taken" => Ok(OperatorVerdict::NotTaken),
        _ => Err("must be approved or not_taken"),
    })?;
    Ok(Resolution {
        verdict: reader.required("verdict", verdict)?,
        by: reader.required("by", reader.text("by", NAME_MAX)?)?.to_owned(),
        reason: reader.required("reason", reader.text("reason", REASON_MAX)?)?.to_owned(),
    })
}

/// Who has seen to an alarm.
///
/// # Errors
/// [`Invalid`] when it is not said.
pub fn acknowledged_by(fields: Fields) -> Result<String, Invalid> {
    let fields = fields.only(&["by"])?;
    let reader = Reader::new(&fields);
    Ok(reader.required("by", reader.text("by", NAME_MAX)?)?.to_owned())
}
