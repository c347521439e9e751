//! Everything that the providers can do wrong, as rules of the simulator.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::provider::label;

/// What each of them is counted as.
pub(crate) fn every_label() -> BTreeSet<String> {
    every_rule_for_calls().iter().chain(&every_rule_for_messages()).map(label).collect()
}

/// How often rules struck, by provider and fault, whatever the call.
pub(crate) fn kinds(hits: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut kinds = BTreeMap::new();
    for (rule, count) in hits {
        let (call, kind) = rule.split_once(' ').unwrap_or((rule, ""));
        *kinds.entry(format!("{} {kind}", provider_of(call))).or_default() += count;
    }
    kinds
}

/// The kinds of fault that no call and no message had.
pub(crate) fn never_struck(hits: &BTreeMap<String, u64>) -> Vec<String> {
    let wanted = kinds(&every_label().into_iter().map(|rule| (rule, 0)).collect());
    let struck = kinds(hits);
    wanted.into_keys().filter(|kind| struck.get(kind).is_none_or(|count| *count == 0)).collect()
}

/// A refusal (400, 401, 403) is only ever answered before the work: one that comes after it would be a lie that nobody
/// can see through.
pub(crate) fn every_rule_for_calls() -> Vec<Value> {
    let mut rules = Vec::new();
    for (call, per_mille) in AT_DINTERO.into_iter().chain(AT_DOJO) {
        for fault in any_call() {
            for moment in ["before", "after"] {
                rules.push(json!({ "call": call, "fault": fault, "when": moment, "per_mille": per_mille }));
            }
        }
        for fault in [json!("lose_request"), json!("lose_reply"), refusal(401), refusal(403)] {
            rules.push(json!({ "call": call, "fault": fault, "per_mille": per_mille }));
        }
        if ["read", "list", "search"].iter().any(|reading| call.starts_with(reading)) {
            for fault in ["stale_read", "lying_amount", "lying_currency", "lying_terminal", "strange_word"] {
                rules.push(json!({ "call": call, "fault": fault, "per_mille": per_mille }));
            }
        }
    }
    rules
}

pub(crate) fn every_rule_for_messages() -> Vec<Value> {
    let mut rules = Vec::new();
    for call in ["callback", "webhook"] {
        for fault in any_message() {
            rules.push(json!({ "call": call, "fault": fault, "per_mille": 600 }));
        }
    }
    // The signature of a webhook tells no time.
    rules.push(json!({ "call": "callback", "fault": "wrong_time", "per_mille": 600 }));
    rules
}

/// The calls, and how many of a thousand go wrong while a rule is in force.
const AT_DINTERO: [(&str, u16); 8] = [
    ("token", 300),
    ("create_session", 120),
    ("read_session", 60),
    ("list_sessions", 200),
    ("cancel_session", 250),
    ("read_transaction", 80),
    ("list_transactions", 150),
    ("refund", 200),
];

const AT_DOJO: [(&str, u16); 10] = [
    ("create_intent", 120),
    ("read_intent", 80),
    ("cancel_intent", 250),
    ("search_intents", 150),
    ("refund_intent", 200),
    ("read_terminal", 150),
    ("list_terminals", 300),
    ("create_terminal_session", 120),
    ("read_terminal_session", 60),
    ("cancel_terminal_session", 250),
];

/// Whose call it is.
pub(crate) fn provider_of(call: &str) -> &'static str {
    let is_dojos = call == "webhook" || AT_DOJO.iter().any(|(name, _)| *name == call);
    if is_dojos { "dojo" } else { "dintero" }
}

fn any_message() -> [Value; 5] {
    [json!({ "duplicate": 3 }), json!({ "late": 150 }), json!("reordered"), json!("dropped"), json!("forged")]
}

fn any_call() -> Vec<Value> {
    vec![
        json!({ "delay": 150 }),
        json!({ "delay": 600 }),
        json!("reset"),
        json!("half_answer"),
        json!("garbage"),
        json!("wrong_type"),
        json!("endless"),
        json!("deep"),
        json!({ "status": { "code": 500 } }),
        json!({ "status": { "code": 503 } }),
        json!({ "status": { "code": 429, "retry_after": 1 } }),
        json!({ "status": { "code": 409 } }),
        json!({ "redirect": {} }),
    ]
}

fn refusal(code: u16) -> Value {
    json!({ "status": { "code": code } })
}
