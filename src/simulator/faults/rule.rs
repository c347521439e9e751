//! The JSON of one fault rule.

use serde::{Deserialize, Serialize};

/// The kinds of call a rule can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is a call of a provider's API, by its name")]
pub enum CallKind {
    Token,
    CreateSession,
    ReadSession,
    ListSessions,
    CancelSession,
    ReadTransaction,
    ListTransactions,
    Refund,
    Capture,
    Void,
    Stores,
    Terminals,
    Operations,
    CreateIntent,
    ReadIntent,
    CancelIntent,
    SearchIntents,
    CaptureIntent,
    ReverseIntent,
    RefundIntent,
    ReadRefund,
    ListTerminals,
    ReadTerminal,
    CreateTerminalSession,
    ReadTerminalSession,
    CancelTerminalSession,
    AnswerSignature,
    /// Dojo's `/webhooks`.
    Subscriptions,
    /// What the simulated Dintero itself sends; not part of `any`.
    Callback,
    /// What the simulated Dojo itself sends; not part of `any`.
    Webhook,
    /// Every call of either API.
    #[default]
    Any,
}

/// Whether a fault strikes before the work is done, which is then not done, or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The work is not done.
    Before,
    /// The work is done; only the answer suffers.
    After,
}

/// The shapes that an error's body was seen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorBody {
    /// Dintero's `{"error": {...}}`.
    Error,
    /// Problem details.
    Problem,
    /// Problem details with a `code`, as Dojo's terminal calls.
    Coded,
    /// `Status`, `Detail`, `Extensions`, as Dojo's refunds.
    Pascal,
    /// Nothing at all.
    Empty,
    /// A page of some gateway.
    Html,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is closed without an answer, and nothing was done.
    LoseRequest,
    /// The work is done, and the connection is closed without an answer.
    LoseReply,
    /// So many milliseconds of waiting, before or after the work.
    Delay(u64),
    /// TCP reset.
    Reset,
    /// Fewer bytes than `Content-Length` promises, then the end.
    HalfAnswer,
    /// This status with an error body.
    Status {
        /// 200 to 599.
        code: u16,
        /// In which shape; the provider's own unless told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<ErrorBody>,
        /// Seconds for a `Retry-After` header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// 307 to a location, or to the same URL without one.
    Redirect {
        /// Where to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
    /// 200 with something that is not JSON.
    Garbage,
    /// 200 with JSON of a wrong shape.
    WrongType,
    /// 200 with a body that goes on and on (256 MiB).
    Endless,
    /// The object as it was before its latest change; an empty list.
    StaleRead,
    /// Every amount in the answer is 100 too high.
    LyingAmount,
    /// Every currency in the answer is `XTS`, the code for testing.
    LyingCurrency,
    /// Every terminal in the answer is another one.
    LyingTerminal,
    /// Every status and event in the answer is a word that the contract does not have.
    StrangeWord,
    /// 200 with JSON that is nested ten thousand deep.
    Deep,
    /// Callback: delivered once and so many times more, with the same `event-delivery`.
    Duplicate(u32),
    /// Callback: so many milliseconds late.
    Late(u64),
    /// Callback: delivered after the one that comes next, or a second later.
    Reordered,
    /// Callback: never delivered.
    Dropped,
    /// Callback: signed with a wrong secret.
    Forged,
    /// Callback: correctly signed, with a time an hour ago.
    WrongTime,
}

/// One rule. `PUT /simulator/faults` takes an array of these.
///
/// ```json
/// [
///   { "call": "create_session", "fault": "lose_reply", "times": 1 },
///   { "call": "refund", "fault": { "status": { "code": 503, "retry_after": 1 } }, "when": "after" },
///   { "call": "read_transaction", "fault": { "delay": 200 }, "skip": 2, "times": 3 },
///   { "fault": { "redirect": {} }, "per_mille": 20 },
///   { "call": "callback", "fault": { "duplicate": 2 } }
/// ]
/// ```
///
/// The first rule that applies to a call strikes, and only that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which calls; every call of the API unless told.
    #[serde(default)]
    pub call: CallKind,
    /// What goes wrong.
    pub fault: Fault,
    /// Before or after the work; only where the fault itself leaves it open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Moment>,
    /// How often; once unless told, without end for a probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How many calls in a thousand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_mille: Option<u16>,
    /// How many calls pass unharmed first.
    #[serde(default)]
    pub skip: u32,
}

impl FaultRule {
    /// A rule that strikes once.
    pub fn once(call: CallKind, fault: Fault) -> Self {
        Self { call, fault, when: None, times: None, per_mille: None, skip: 0 }
    }

    pub(crate) fn concerns(&self, call: CallKind) -> bool {
        self.call == call || (self.call == CallKind::Any && !call.is_outgoing())
    }

    pub(crate) fn limit(&self) -> Option<u32> {
        self.times.or(if self.per_mille.is_some() { None } else { Some(1) })
    }

    pub(crate) fn moment(&self) -> Moment {
        match self.fault {
            Fault::LoseRequest => Moment::Before,
            Fault::LoseReply
            | Fault::StaleRead
            | Fault::LyingAmount
            | Fault::LyingCurrency
            | Fault::LyingTerminal
            | Fault::StrangeWord => Moment::After,
            Fault::HalfAnswer => self.when.unwrap_or(Moment::After),
            _ => self.when.unwrap_or(Moment::Before),
        }
    }

    /// Callback faults are for callbacks and webhooks (whose signature has no time), and all others for calls; a rule that could never strike is a mistake.
    pub(crate) fn is_sound(&self) -> bool {
        let is_final = match self.fault {
            Fault::Status { code, .. } => (200..=599).contains(&code),
            _ => true,
        };
        let has_time = self.fault != Fault::WrongTime || self.call != CallKind::Webhook;
        is_final && has_time && self.fault.is_for_callbacks() == self.call.is_outgoing()
    }
}

impl CallKind {
    /// Sent by the simulator.
    fn is_outgoing(self) -> bool {
        matches!(self, Self::Callback | Self::Webhook)
    }

    /// How the provider that is called would word an error.
    pub(crate) fn error_body(self) -> ErrorBody {
        match self {
            Self::Token
            | Self::CreateSession
            | Self::ReadSession
            | Self::ListSessions
            | Self::CancelSession
            | Self::ReadTransaction
            | Self::ListTransactions
            | Self::Refund
            | Self::Capture
            | Self::Void
            | Self::Stores
            | Self::Terminals
            | Self::Operations
            | Self::Callback
            | Self::Any => ErrorBody::Error,
            Self::ListTerminals | Self::ReadTerminal => ErrorBody::Coded,
            _ => ErrorBody::Problem,
        }
    }
}

impl Fault {
    pub(crate) fn is_for_callbacks(&self) -> bool {
        matches!(
            self,
            Self::Duplicate(_) | Self::Late(_) | Self::Reordered | Self::Dropped | Self::Forged | Self::WrongTime
        )
    }

    /// As in the JSON.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::LoseRequest => "lose_request",
            Self::LoseReply => "lose_reply",
            Self::Delay(_) => "delay",
            Self::Reset => "reset",
            Self::HalfAnswer => "half_answer",
            Self::Status { .. } => "status",
            Self::Redirect { .. } => "redirect",
            Self::Garbage => "garbage",
            Self::WrongType => "wrong_type",
            Self::Endless => "endless",
            Self::StaleRead => "stale_read",
            Self::LyingAmount => "lying_amount",
            Self::LyingCurrency => "lying_currency",
            Self::LyingTerminal => "lying_terminal",
            Self::StrangeWord => "strange_word",
            Self::Deep => "deep",
            Self::Duplicate(_) => "duplicate",
            Self::Late(_) => "late",
            Self::Reordered => "reordered",
            Self::Dropped => "dropped",
            Self::Forged => "forged",
            Self::WrongTime => "wrong_time",
        }
    }
}
