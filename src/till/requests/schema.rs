//! The requests as JSON Schema, for the contract that the bridge serves. The parser beside this file decides; the tests
//! hold the two together, name by name and example by example.

use serde_json::{Value, json};

use super::details::{ITEMS_MAX, METADATA_MAX, METADATA_NAME_MAX, OPERATOR_MAX, TEXT_MAX};
use super::listing::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::domain::directory::WAIT_SECONDS_MAX;
use crate::domain::money::AMOUNT_MAX;
use crate::domain::operation::Status;

/// What nobody sees on paper, for a class of a regular expression: see `is_printable` in the domain.
const UNSEEN: &str = r"\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB";

/// A request: its fields, and examples that the parser takes.
#[derive(Debug)]
pub struct RequestSchema {
    /// What the contract calls it.
    pub name: &'static str,
    /// Its fields as JSON Schema.
    pub schema: Value,
    /// Each with what it shows.
    pub examples: Vec<(&'static str, Value)>,
}

/// `POST /pay`.
#[must_use]
pub fn sale_schema() -> RequestSchema {
    RequestSchema {
        name: "SaleRequest",
        schema: object(
            "A sale to take.",
            &["amount"],
            json!({
                "reference": reference("The till's own number for it, and its idempotency key. \
                    Required, here or as the header `Idempotency-Key`, unless the till's profile says otherwise."),
                "force": described(json!({"type": "boolean"}), "For a till without numbers: `true` begins a new one, however \
                    much it looks like the one before. Only without a reference."),
                "amount": amount("What the customer pays, in minor units: 39900 is 399.00. \
                    Any other spelling is refused, never guessed."),
                "currency": currency("ISO 4217; the store's when left out."),
                "terminal": local_name("A terminal's name; the till's own when left out."),
                "wait": wait_rule(),
                "operator": text("Who is at the till, for the journal.", OPERATOR_MAX),
                "items": items(),
                "description": text("Passed on to the provider.", TEXT_MAX),
                "metadata": metadata("passed on to the provider"),
            }),
        ),
        examples: vec![
            ("a sale", json!({"reference": "R-1001", "amount": 39900})),
            (
                "a sale with all its details",
                json!({
                    "reference": "R-1002", "amount": 39900, "currency": "NOK", "terminal": "front", "wait": 30,
                    "operator": "Kari", "description": "Sko",
                    "items": [{
                        "id": "sku-7", "line_id": "1", "description": "Sko", "quantity": 1, "amount": 39900,
                        "vat_amount": 7980, "vat": 25
                    }],
                    "metadata": {"shift": "2"}
                }),
            ),
        ],
    }
}

/// `POST /refund`.
#[must_use]
pub fn refund_schema() -> RequestSchema {
    RequestSchema {
        name: "RefundRequest",
        schema: object(
            "A refund of an approved sale. The sale is named by exactly one of `original_reference`, `operation_id` and \
             `transaction_id`, or there is none (`unlinked`).",
            &[],
            json!({
                "reference": reference("The refund's own number, and its idempotency key. \
                    Required, here or as the header `Idempotency-Key`, unless the till's profile says otherwise."),
                "force": described(json!({"type": "boolean"}), "For a till without numbers: `true` begins a new one, however \
                    much it looks like the one before. Only without a reference."),
                "unlinked": described(json!({"type": "boolean"}), "`true`: of no sale, to whichever card is presented. \
                    Needs the till's scope `unlinked_refund`, a terminal that has it among its capabilities, `amount`, \
                    `operator` and a reference, and none of the names of a sale."),
                "original_reference": reference("The sale's number."),
                "original_till": local_name("The till that took the sale, where that was another one and the profile \
                    allows it. Belongs to `original_reference`."),
                "operation_id": described(json!({
                    "type": "string", "pattern": "^[0-9A-Za-z]{26}$"
                }), "The sale's number at the bridge."),
                "transaction_id": described(json!({
                    "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"
                }), "The sale's payment in the provider's books."),
                "amount": amount("What is given back, in minor units; all that is left when left out."),
                "currency": currency("ISO 4217; the sale's when left out."),
                "terminal": local_name("A terminal's name; the till's own when left out."),
                "wait": wait_rule(),
                "operator": text("Who is at the till, for the journal.", OPERATOR_MAX),
                "reason": text("Why, for the books.", TEXT_MAX),
                "items": items(),
                "description": text("Kept in the journal.", TEXT_MAX),
                "metadata": metadata("kept in the journal"),
            }),
        ),
        examples: vec![
            (
                "a part of a sale",
                json!({"reference": "B-1", "original_reference": "R-1001", "amount": 10000, "reason": "wrong size"}),
            ),
            (
                "money back without a sale",
                json!({"reference": "B-3", "unlinked": true, "amount": 10000, "operator": "Kari"}),
            ),
            ("all that is left of it", json!({"reference": "B-2", "original_reference": "R-1001"})),
        ],
    }
}

/// A call that may say how long it waits, and nothing else.
#[must_use]
pub fn wait_schema() -> RequestSchema {
    RequestSchema {
        name: "WaitRequest",
        schema: object("Nothing but how long to wait.", &[], json!({ "wait": wait_rule() })),
        examples: vec![("wait at most ten seconds", json!({"wait": 10}))],
    }
}

/// The cashier's word on a customer's signature.
#[must_use]
pub fn signature_schema() -> RequestSchema {
    let accepted = "`true`: it is the card's. `false`: it is not, and the payment is reversed.";
    RequestSchema {
        name: "SignatureRequest",
        schema: object(
            "Whether the cashier takes the customer's signature for the card's.",
            &["accepted"],
            json!({ "accepted": described(json!({ "type": "boolean" }), accepted), "wait": wait_rule() }),
        ),
        examples: vec![("it is the card's", json!({"accepted": true})), ("it is not", json!({"accepted": false}))],
    }
}

/// A call without fields.
#[must_use]
pub fn empty_schema() -> RequestSchema {
    RequestSchema {
        name: "EmptyRequest",
        schema: object("No fields; the body may be left out.", &[], json!({})),
        examples: vec![("nothing", json!({}))],
    }
}

/// The filters of a listing, which stand in the query.
#[must_use]
pub fn filter_schema() -> RequestSchema {
    let at = |what: &str| json!({ "type": "string", "format": "date-time", "description": what });
    RequestSchema {
        name: "OperationFilter",
        schema: object(
            "Which operations are listed.",
            &[],
            json!({
                "status": { "type": "string", "enum": Status::ALL.map(Status::name),
                            "description": "Where they stand." },
                "open": { "type": "boolean", "description": "Whether they are not yet final." },
                "acknowledged": { "type": "boolean", "description": "Whether the till has booked them." },
                "since": at("Asked for at this time or later, such as 2026-11-20T10:15:02Z."),
                "until": at("Asked for before this time."),
                "amount": amount("What was asked for, in minor units."),
                "limit": { "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT,
                           "description": "How many at most." },
                "after": { "type": "string", "pattern": "^[0-9A-Za-z]{26}$",
                           "description": "The last answer's `next`: the page behind it." },
            }),
        ),
        examples: vec![("what is open", json!({"open": true, "limit": 10}))],
    }
}

fn object(description: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object", "description": description, "properties": properties, "required": required,
        "additionalProperties": false,
    })
}

fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

/// One to forty characters that people see, without a space at either end.
#[must_use]
pub fn reference_rule() -> Value {
    let pattern = format!(r"^[^\s{UNSEEN}]([^{UNSEEN}]*[^\s{UNSEEN}])?$");
    json!({ "type": "string", "minLength": 1, "maxLength": 40, "pattern": pattern })
}

fn reference(description: &str) -> Value {
    described(reference_rule(), description)
}

fn amount(description: &str) -> Value {
    described(json!({ "type": "integer", "minimum": 1, "maximum": AMOUNT_MAX }), description)
}

fn currency(description: &str) -> Value {
    described(json!({ "type": "string", "pattern": "^[A-Z]{3}$" }), description)
}

fn local_name(description: &str) -> Value {
    described(json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._-]+$" }), description)
}

fn text(description: &str, longest: usize) -> Value {
    let pattern = format!("^[^{UNSEEN}]+$");
    described(json!({ "type": "string", "minLength": 1, "maxLength": longest, "pattern": pattern }), description)
}

/// The seconds that a call is held.
#[must_use]
pub fn wait_rule() -> Value {
    described(
        json!({ "type": "integer", "minimum": 0, "maximum": WAIT_SECONDS_MAX }),
        "Seconds to hold the call for a result. The body's before the query's before the header's; the till's own when \
         none says.",
    )
}

fn items() -> Value {
    let line_amount =
        |what| described(json!({ "type": "integer", "minimum": -AMOUNT_MAX, "maximum": AMOUNT_MAX }), what);
    let decimal = |what| described(json!({ "type": "number" }), what);
    let line = object(
        "A line of the receipt.",
        &["id", "line_id", "amount"],
        json!({
            "id": text("The article.", TEXT_MAX),
            "line_id": text("The line, once in a request.", TEXT_MAX),
            "description": text("What it is called.", TEXT_MAX),
            "quantity": decimal("How many, or how much of it; up to six decimals."),
            "amount": line_amount("The line's sum in minor units, with tax and rebate; negative where it lowers the whole."),
            "vat_amount": line_amount("The tax in it, in minor units."),
            "vat": decimal("The tax rate in per cent."),
        }),
    );
    json!({
        "type": "array", "maxItems": ITEMS_MAX, "items": line,
        "description": "The lines of the receipt, passed on to the provider; they add up to `amount`.",
    })
}

/// `what` becomes of them.
fn metadata(what: &str) -> Value {
    json!({
        "type": "object", "maxProperties": METADATA_MAX,
        "propertyNames": text("A name.", METADATA_NAME_MAX),
        "additionalProperties": text("A text.", TEXT_MAX),
        "description": format!("Up to {METADATA_MAX} names with texts, {what}."),
    })
}

#[cfg(test)]
mod tests;
