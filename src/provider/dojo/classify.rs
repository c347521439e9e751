//! What the outcome of an exchange means. Pure, so that every row of the table is a test.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::attempt::Reason;
use crate::ports::{Answer, ReadError};
use crate::provider::client::{Exchanged, Reply};

/// What became of a call that may move money. `accept` finds in a 2xx reply what the call was made for.
///
/// Only a refused request that carries Dojo's own error is a no: a gateway can answer 403 too, after it passed the request
/// on. 409 and 422 are no such word: Dojo does not document them here.
pub(super) fn answer<T>(outcome: Exchanged, accept: impl FnOnce(&Reply) -> Option<T>) -> Answer<T> {
    let reply = match outcome {
        Exchanged::Replied(reply) => reply,
        Exchanged::NotConnected(cause) => return Answer::NotSent(Reason::not_sent(cause)),
        Exchanged::Broken(cause) => return Answer::Unknown(cause),
    };
    match (reply.status, provider_error(&reply)) {
        (200..=299, _) => accept(&reply).map_or_else(|| Answer::Unknown(unusable(&reply)), Answer::Yes),
        (400 | 401 | 403 | 404, Some(reason)) => Answer::No(reason),
        _ => Answer::Unknown(unusable(&reply)),
    }
}

/// A refusal by Dojo's own words with a status that it does not document for the call: the machine is in use (409), the
/// payment is at another stage (422).
pub(super) fn undocumented_refusal(outcome: &Exchanged) -> Option<Reason> {
    match outcome {
        Exchanged::Replied(reply @ Reply { status: 409 | 422, .. }) => provider_error(reply),
        _ => None,
    }
}

/// A reversal that was refused by Dojo's own words. 409 is documented for it, but not what it means: one may be under way.
pub(super) fn refused_reversal(outcome: &Exchanged) -> Option<Reason> {
    match outcome {
        Exchanged::Replied(reply @ Reply { status: 400, .. }) => provider_error(reply),
        _ => None,
    }
}

/// What a reading brought; `None` when Dojo says that there is no such thing.
pub(super) fn reading<T: DeserializeOwned>(outcome: Exchanged) -> Result<Option<T>, ReadError> {
    let reply = replied(outcome)?;
    match (reply.status, provider_error(&reply)) {
        (200..=299, _) => serde_json::from_slice(&reply.body).map(Some).map_err(|_| unreachable(&reply)),
        (404, Some(_)) => Ok(None),
        (401, reason) => Err(refused(&reason.unwrap_or_else(|| plain_reason(&reply)))),
        (400 | 403, Some(reason)) => Err(refused(&reason)),
        _ => Err(unreachable(&reply)),
    }
}

/// What became of a wish (a cancel, a word on a signature, a payment let go): whether the provider looked at it. A refused
/// wish is an answer too: it came too late, or nothing is left to wish for.
pub(super) fn wish(outcome: Exchanged) -> Result<(), ReadError> {
    let reply = replied(outcome)?;
    match reply.status {
        401 => Err(ReadError::Refused(unusable(&reply))),
        // Told to wait, it did not look at the wish.
        429 => Err(unreachable(&reply)),
        200..=299 | 400..=499 => Ok(()),
        _ => Err(unreachable(&reply)),
    }
}

fn replied(outcome: Exchanged) -> Result<Reply, ReadError> {
    match outcome {
        Exchanged::Replied(reply) => Ok(reply),
        Exchanged::NotConnected(cause) | Exchanged::Broken(cause) => {
            Err(ReadError::Unreachable { cause, retry_after: None })
        }
    }
}

/// Dojo's own error in a reply. It comes in three shapes: problem documents, the terminals' with a code, and one whose
/// names begin with capitals.
pub(super) fn provider_error(reply: &Reply) -> Option<Reason> {
    let body: Map<String, Value> = serde_json::from_slice(&reply.body).ok()?;
    let word = |name: &str| {
        let found = body.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str()).filter(|text| !text.trim().is_empty())
    };
    let text = word("detail").or_else(|| word("title"))?;
    let fields = body.iter().find(|(name, _)| name.eq_ignore_ascii_case("errors")).map(|(_, errors)| messages(errors));
    let text = [text.to_owned()].into_iter().chain(fields.unwrap_or_default()).collect::<Vec<_>>().join("; ");
    Some(Reason::new(word("code").map_or_else(|| status_code(reply), str::to_owned), text))
}

/// `{"Reference": ["must not be empty"]}` as `Reference: must not be empty`.
fn messages(errors: &Value) -> Vec<String> {
    let message = |(name, messages): (&String, &Value)| {
        let texts = messages.as_array()?.iter().filter_map(Value::as_str);
        Some(format!("{name}: {}", texts.collect::<Vec<_>>().join(", ")))
    };
    errors.as_object().into_iter().flatten().filter_map(message).collect()
}

/// What to say of a refusal that has no words of its own.
fn plain_reason(reply: &Reply) -> Reason {
    Reason::new(status_code(reply), unusable(reply))
}

/// What to say of a reply that does not tell what we need.
fn unusable(reply: &Reply) -> String {
    match provider_error(reply) {
        Some(reason) => format!("status {}, {}: {}", reply.status, reason.code, reason.text),
        None => format!("status {} without a usable body", reply.status),
    }
}

fn unreachable(reply: &Reply) -> ReadError {
    ReadError::Unreachable { cause: unusable(reply), retry_after: reply.retry_after }
}

fn refused(reason: &Reason) -> ReadError {
    ReadError::Refused(format!("{}: {}", reason.code, reason.text))
}

fn status_code(reply: &Reply) -> String {
    format!("http_{}", reply.status)
}

#[cfg(test)]
mod tests;
