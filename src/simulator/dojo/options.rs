//! What the simulated Dojo is started with.

use serde::{Deserialize, Serialize};
use url::Url;

use super::machines::virtual_terminals;

/// A virtual terminal of the simulated account. The last four characters of its `tid` pick what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedDojoTerminal {
    /// Sent as `terminalId`.
    pub id: String,
    /// Printed on receipts.
    pub tid: String,
}

impl SimulatedDojoTerminal {
    /// `tm_sandbox_sip0` with the tid `VCMDEMOSIP0`, for the suffix `SIP0`.
    pub fn of(suffix: &str) -> Self {
        Self { id: format!("tm_sandbox_{}", suffix.to_lowercase()), tid: format!("VCMDEMO{suffix}") }
    }
}

/// Where a session's receipts stand. The schema names one place, the example two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptPlace {
    /// `customerReceipt` and `merchantReceipt`.
    Copies,
    /// `receipt`.
    Receipt,
    /// All three.
    Everywhere,
}

/// What becomes of a refund or reversal without a card. Dojo was seen to refuse it for payments taken on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiRefunds {
    /// Done.
    Accepted,
    /// Done, unless an attempt failed before the payment, as the documents say.
    FirstAttemptOnly,
    /// Refused with 400 and the body in `PascalCase`.
    Refused,
}

/// What Dojo may do one way or the other. `PUT /simulator/dojo` changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DojoPolicy {
    /// Whether the terminal calls need `reseller-id`. Dojo's documents tell both stories.
    pub reseller_required: bool,
    /// What becomes of a refund without a card.
    pub api_refunds: ApiRefunds,
    /// Whether a payment can still be reversed: Dojo does so for some days only.
    pub reversals: bool,
    /// Whether a payment is captured before its signature is compared, and reversed when that is rejected.
    pub captures_before_signature: bool,
    /// Whether money may be given to a card without a payment.
    pub unlinked_refunds: bool,
    /// Where receipts stand.
    pub receipts: ReceiptPlace,
    /// Whether `refundedAmount` holds what was given back at machines, too.
    pub sum_holds_machines: bool,
    /// How long a new session is missing from its intent's `terminalSessionHistory`.
    pub history_lag_milliseconds: u64,
}

/// Where the simulated account's webhooks go from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DojoWebhook {
    /// The bridge's `/callbacks/dojo`.
    pub url: Url,
    /// Signs them.
    pub secret: String,
}

/// What the simulated Dojo is started with; the default is the demo.
#[derive(Debug, Clone)]
pub struct DojoOptions {
    /// Sent as `Authorization: Basic sk_sandbox_...`, as it is.
    pub api_key: String,
    /// The one software house there is.
    pub software_house_id: String,
    /// The one reseller there is.
    pub reseller_id: String,
    /// Named in webhooks.
    pub account_id: String,
    /// Its terminals.
    pub terminals: Vec<SimulatedDojoTerminal>,
    /// Virtual seconds per real second for time limits: the signature's 80, a session's expiry. Speed 0 does not
    /// shorten them to nothing, or nobody could answer in time.
    pub limit_speed: u32,
    /// Where webhooks go from the start.
    pub webhook: Option<DojoWebhook>,
    /// What Dojo may do one way or the other.
    pub policy: DojoPolicy,
}

impl Default for DojoPolicy {
    fn default() -> Self {
        Self {
            reseller_required: true,
            api_refunds: ApiRefunds::Accepted,
            reversals: true,
            captures_before_signature: false,
            unlinked_refunds: true,
            receipts: ReceiptPlace::Copies,
            sum_holds_machines: true,
            history_lag_milliseconds: 0,
        }
    }
}

impl Default for DojoOptions {
    fn default() -> Self {
        let suffixes = virtual_terminals().iter().map(|terminal| terminal.suffix);
        Self {
            api_key: "sk_sandbox_simulated".into(),
            software_house_id: "softwareHouse1".into(),
            reseller_id: "reseller1".into(),
            account_id: "acc_simulated".into(),
            terminals: suffixes.map(SimulatedDojoTerminal::of).collect(),
            limit_speed: 1,
            webhook: None,
            policy: DojoPolicy::default(),
        }
    }
}
