//! Everything that the provider can do wrong, dealt out in turn.

use serde_json::{Value, json};

use crate::dice::Dice;
use crate::faults::{every_rule_for_calls, every_rule_for_messages};

/// How many rules are in force at once.
const AT_ONCE: usize = 20;
const MESSAGES_AT_ONCE: usize = 5;

/// Every fault of every call, shuffled anew each time the deck is empty.
pub(crate) struct Deck {
    dice: Dice,
    left: Vec<Value>,
    /// What may happen to callbacks and webhooks, which are few.
    messages: Vec<Value>,
}

impl Deck {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { dice, left: Vec::new(), messages: Vec::new() }
    }

    pub(crate) fn deal(&mut self) -> Value {
        if self.dice.percent(10) {
            return blindness();
        }
        let mut rules = draw(&mut self.left, every_rule_for_calls, AT_ONCE, &mut self.dice);
        rules.extend(draw(&mut self.messages, every_rule_for_messages, MESSAGES_AT_ONCE, &mut self.dice));
        Value::Array(rules)
    }
}

fn draw(deck: &mut Vec<Value>, anew: fn() -> Vec<Value>, count: usize, dice: &mut Dice) -> Vec<Value> {
    let mut drawn = Vec::new();
    while drawn.len() < count {
        if deck.is_empty() {
            *deck = anew();
            dice.shuffle(deck);
        }
        drawn.extend(deck.pop());
    }
    drawn
}

/// Answers get lost and the record shows only what was before: attempts are given up that took money all the same, which
/// must be found later, and loudly.
fn blindness() -> Value {
    json!([
        { "call": "create_session", "fault": "lose_reply", "per_mille": 400 },
        { "call": "refund", "fault": "lose_reply", "per_mille": 600 },
        { "call": "list_sessions", "fault": "stale_read", "per_mille": 1000 },
        { "call": "list_transactions", "fault": "stale_read", "per_mille": 1000 },
        { "call": "read_transaction", "fault": "stale_read", "per_mille": 700 },
        { "call": "create_terminal_session", "fault": "lose_reply", "per_mille": 400 },
        { "call": "refund_intent", "fault": "lose_reply", "per_mille": 600 },
        { "call": "search_intents", "fault": "stale_read", "per_mille": 1000 },
        { "call": "read_intent", "fault": "stale_read", "per_mille": 700 },
    ])
}
