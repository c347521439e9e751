//! What the outcome of an exchange means. Pure, so that every row of the table is a test.

use serde::de::DeserializeOwned;

use super::token::TokenError;
use super::wire::ErrorReply;
use crate::domain::attempt::Reason;
use crate::ports::{Answer, ReadError};
use crate::provider::client::{Exchanged, Reply};

/// What became of a call that may move money. `accept` finds in a 2xx reply what the call was made for.
///
/// Only a refused request that carries the provider's own error is a no: an intermediary can answer 403 too, after it
/// passed the request on.
pub(super) fn answer<T>(outcome: Result<Exchanged, TokenError>, accept: impl FnOnce(&Reply) -> Option<T>) -> Answer<T> {
    let reply = match outcome {
        Ok(Exchanged::Replied(reply)) => reply,
        Ok(Exchanged::NotConnected(cause)) => return Answer::NotSent(Reason::not_sent(cause)),
        Ok(Exchanged::Broken(cause)) => return Answer::Unknown(cause),
        Err(TokenError::Unreachable { cause, .. }) => return Answer::NotSent(Reason::not_sent(cause)),
        Err(TokenError::Refused(reason)) => return Answer::No(reason),
    };
    match (reply.status, provider_error(&reply)) {
        (200..=299, _) => accept(&reply).map_or_else(|| Answer::Unknown(unusable(&reply)), Answer::Yes),
        (401, reason) => Answer::No(reason.unwrap_or_else(|| plain_reason(&reply))),
        (400 | 403 | 404, Some(reason)) => Answer::No(reason),
        _ => Answer::Unknown(unusable(&reply)),
    }
}

/// What a reading brought; `None` when the provider says that there is no such thing.
pub(super) fn reading<T: DeserializeOwned>(outcome: Result<Exchanged, TokenError>) -> Result<Option<T>, ReadError> {
    let reply = replied(outcome)?;
    match (reply.status, provider_error(&reply)) {
        (200..=299, _) => serde_json::from_slice(&reply.body).map(Some).map_err(|_| unreachable(&reply)),
        (404, Some(_)) => Ok(None),
        (401, reason) => Err(refused(&reason.unwrap_or_else(|| plain_reason(&reply)))),
        (400 | 403, Some(reason)) => Err(refused(&reason)),
        _ => Err(unreachable(&reply)),
    }
}

/// The reply to a call that moves no money, whatever it says.
pub(super) fn replied(outcome: Result<Exchanged, TokenError>) -> Result<Reply, ReadError> {
    match outcome? {
        Exchanged::Replied(reply) => Ok(reply),
        Exchanged::NotConnected(cause) | Exchanged::Broken(cause) => {
            Err(ReadError::Unreachable { cause, retry_after: None })
        }
    }
}

/// The provider's own error in a reply.
pub(super) fn provider_error(reply: &Reply) -> Option<Reason> {
    let error = serde_json::from_slice::<ErrorReply>(&reply.body).ok()?.error;
    let code = error.code.clone().unwrap_or_else(|| status_code(reply));
    Some(Reason::new(code, error.text()?))
}

/// What to say of a refusal that has no words of its own.
pub(super) fn plain_reason(reply: &Reply) -> Reason {
    Reason::new(status_code(reply), unusable(reply))
}

/// What to say of a reply that does not tell what we need.
pub(super) fn unusable(reply: &Reply) -> String {
    match provider_error(reply) {
        Some(reason) => format!("status {}, {}: {}", reply.status, reason.code, reason.text),
        None => format!("status {} without a usable body", reply.status),
    }
}

pub(super) fn unreachable(reply: &Reply) -> ReadError {
    ReadError::Unreachable { cause: unusable(reply), retry_after: reply.retry_after }
}

fn refused(reason: &Reason) -> ReadError {
    ReadError::Refused(format!("{}: {}", reason.code, reason.text))
}

fn status_code(reply: &Reply) -> String {
    format!("http_{}", reply.status)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ERROR: &str = r#"{"error":{"code":"INVALID_REQUEST_PARAMETER","message":"Body failed validation","errors":[{"description":"no such terminal"}]}}"#;
    const NO_CODE: &str = r#"{"error":{"errors":[],"message":"FORBIDDEN"}}"#;

    fn reply(status: u16, body: &'static str) -> Result<Exchanged, TokenError> {
        Ok(Exchanged::Replied(Reply { status, body: body.into(), ..Reply::default() }))
    }

    fn class(outcome: Result<Exchanged, TokenError>) -> &'static str {
        match answer(outcome, |reply| (reply.body == "good").then_some(())) {
            Answer::Yes(()) | Answer::Undelivered(()) => "yes",
            Answer::No(_) => "no",
            Answer::NotSent(_) => "not_sent",
            Answer::Unknown(_) => "unknown",
        }
    }

    #[test]
    fn every_outcome_of_a_money_call_has_its_class() {
        let unreachable = TokenError::Unreachable { cause: "refused".into(), retry_after: None };
        let table = [
            (Ok(Exchanged::NotConnected("refused".into())), "not_sent"),
            (Ok(Exchanged::Broken("timed out".into())), "unknown"),
            (Err(unreachable), "not_sent"),
            (Err(TokenError::Refused(Reason::new("x", "y"))), "no"),
            (reply(200, "good"), "yes"),
            (reply(201, "good"), "yes"),
            (reply(202, "good"), "yes"),
            (reply(200, ""), "unknown"),
            (reply(200, "{\"id\":"), "unknown"),
            (reply(200, ERROR), "unknown"),
            (reply(400, ERROR), "no"),
            (reply(403, NO_CODE), "no"),
            (reply(404, ERROR), "no"),
            (reply(400, "Bad Request"), "unknown"),
            (reply(403, "<html>blocked</html>"), "unknown"),
            (reply(403, r#"{"message":"Missing Authentication Token"}"#), "unknown"),
            (reply(404, ""), "unknown"),
            (reply(404, r#"{"error":{}}"#), "unknown"),
            (reply(401, ERROR), "no"),
            (reply(401, ""), "no"),
            (reply(302, ""), "unknown"),
            (reply(307, ERROR), "unknown"),
            (reply(408, ERROR), "unknown"),
            (reply(409, ERROR), "unknown"),
            (reply(413, ERROR), "unknown"),
            (reply(422, ERROR), "unknown"),
            (reply(429, ERROR), "unknown"),
            (reply(500, ERROR), "unknown"),
            (reply(502, "good"), "unknown"),
            (reply(503, ERROR), "unknown"),
            (reply(504, ""), "unknown"),
        ];
        for (outcome, expected) in table {
            let shown = format!("{outcome:?}");
            assert_eq!(class(outcome), expected, "{shown}");
        }
    }

    #[test]
    fn a_refusal_tells_the_providers_code_and_words() {
        let reason = |status, body| match answer::<()>(reply(status, body), |_| None) {
            Answer::No(reason) => (reason.code, reason.text),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            reason(400, ERROR),
            ("INVALID_REQUEST_PARAMETER".into(), "Body failed validation; no such terminal".into())
        );
        assert_eq!(reason(403, NO_CODE), ("http_403".into(), "FORBIDDEN".into()));
        assert_eq!(reason(401, "").0, "http_401");
    }

    #[test]
    fn every_outcome_of_a_reading_has_its_class() {
        let read = |outcome| match reading::<Vec<u8>>(outcome) {
            Ok(Some(_)) => "found",
            Ok(None) => "none",
            Err(ReadError::Unreachable { .. }) => "unreachable",
            Err(ReadError::Refused(_)) => "refused",
        };
        let table = [
            (reply(200, "[1]"), "found"),
            (reply(200, "[1"), "unreachable"),
            (reply(404, ERROR), "none"),
            (reply(404, "<html>"), "unreachable"),
            (reply(401, ""), "refused"),
            (reply(403, ERROR), "refused"),
            (reply(403, "<html>"), "unreachable"),
            (reply(400, ERROR), "refused"),
            (reply(429, ERROR), "unreachable"),
            (reply(500, ERROR), "unreachable"),
            (reply(302, ""), "unreachable"),
            (Ok(Exchanged::NotConnected("refused".into())), "unreachable"),
            (Ok(Exchanged::Broken("reset".into())), "unreachable"),
            (Err(TokenError::Refused(Reason::new("x", "y"))), "refused"),
        ];
        for (outcome, expected) in table {
            let shown = format!("{outcome:?}");
            assert_eq!(read(outcome), expected, "{shown}");
        }
    }

    #[test]
    fn a_busy_provider_tells_when_to_come_back() {
        let busy = Reply { status: 429, retry_after: Some(Duration::from_secs(7)), ..Reply::default() };
        let error = reading::<()>(Ok(Exchanged::Replied(busy))).unwrap_err();
        assert!(matches!(error, ReadError::Unreachable { retry_after: Some(wait), .. } if wait.as_secs() == 7));
    }
}
