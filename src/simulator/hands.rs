//! What a person may do with a virtual terminal of either provider.

use serde::{Deserialize, Serialize};

/// Who decides what a terminal does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// The amount, or the terminal's own script.
    Automatic,
    /// A person, by the control API.
    Manual,
    /// Cannot be reached.
    Offline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Gesture {
    Approve,
    Decline,
    Cancel,
    /// The card is in, the customer has not decided yet.
    Insert,
    /// The customer signs, and the cashier is asked; only Dojo's terminals know this.
    Sign,
}
