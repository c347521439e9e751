//! The languages that requests and replies may be in.

use serde_json::{Value, json};

/// One dialect, as the contract shows it.
pub(super) struct Media {
    /// Of a request's body.
    pub(super) request: &'static str,
    /// Of a reply.
    pub(super) reply: &'static str,
    /// Of a refusal.
    pub(super) problem: &'static str,
    /// A reply is an object in the contract's words; otherwise it is a text that says the same.
    pub(super) is_json: bool,
}

/// Every dialect, the usual one first.
pub(super) const DIALECTS: &[Media] = &[
    Media {
        request: "application/json",
        reply: "application/json",
        problem: "application/problem+json",
        is_json: true,
    },
    Media { request: "application/x-www-form-urlencoded", reply: "text/plain", problem: "text/plain", is_json: false },
    Media { request: "application/xml", reply: "application/xml", problem: "application/problem+xml", is_json: false },
];

/// A body that may come in every dialect; `media_type` picks which of a dialect's types it has.
pub(super) fn in_every_dialect(
    media_type: fn(&Media) -> &'static str,
    schema: &Value,
    examples: &Value,
    is_reply: bool,
) -> Value {
    let mut content = serde_json::Map::new();
    for media in DIALECTS {
        let body = if media.is_json || !is_reply {
            json!({ "schema": schema, "examples": examples })
        } else {
            json!({ "schema": { "type": "string" } })
        };
        content.entry(media_type(media)).or_insert(body);
    }
    Value::Object(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::Profile;
    use crate::till::dialect::Answer;
    use crate::till::format::{Format, Wishes};
    use crate::till::problem::{Code, Problem};
    use crate::till::reply::Health;

    #[test]
    fn every_media_type_of_the_contract_is_understood_and_spoken() {
        let profile = Profile::default();
        for media in DIALECTS {
            let request = Format::of_request(Some(media.request), &profile).expect(media.request);
            let wishes = Wishes { accept: Some(media.reply), accept_charset: None };
            assert_eq!(Format::of_reply(wishes, &profile, Format::default()).dialect, request.dialect);
            let spoken = |answer: Answer| request.encode(&answer).unwrap().0.split(';').next().unwrap().to_owned();
            assert_eq!(spoken(Answer::Health(Health::default())), media.reply);
            assert_eq!(spoken(Answer::Problem(Problem::new(Code::NotFound, "why"))), media.problem);
        }
    }
}
