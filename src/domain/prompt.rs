//! What goes on at a terminal while it takes a payment, for the people who stand at it. Nothing is decided by it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// What goes on at a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AtTerminal {
    /// What it asks of the customer.
    pub prompt: Option<Prompt>,
    /// Until when, on the provider's clock, the cashier may say whether the customer's signature is the card's.
    pub signature_until: Option<Timestamp>,
}

/// What a terminal asks of the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// To present a card or a phone.
    PresentCard,
    /// To present one card, not several at once.
    PresentOneCard,
    /// To insert the card.
    InsertCard,
    /// To present the card again.
    PresentCardAgain,
    /// To use another card: this one is not taken.
    UseAnotherCard,
    /// To enter the PIN.
    EnterPin,
    /// To wait.
    Wait,
    /// To take the card out.
    RemoveCard,
    /// To sign.
    Sign,
}

impl Prompt {
    /// Every prompt, for tables.
    pub const ALL: [Self; 9] = [
        Self::PresentCard,
        Self::PresentOneCard,
        Self::InsertCard,
        Self::PresentCardAgain,
        Self::UseAnotherCard,
        Self::EnterPin,
        Self::Wait,
        Self::RemoveCard,
        Self::Sign,
    ];
}
