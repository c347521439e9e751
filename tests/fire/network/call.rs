//! The calls that a bridge makes of its providers, each known by its request line.

use std::fmt;

/// One call of one provider's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Token,
    CreateSession,
    ReadSession,
    ListSessions,
    CancelSession,
    ReadTransaction,
    ListTransactions,
    Refund,
    CreateIntent,
    ReadIntent,
    CancelIntent,
    SearchIntents,
    RefundIntent,
    ReadTerminal,
    ListTerminals,
    CreateTerminalSession,
    ReadTerminalSession,
    CancelTerminalSession,
}

impl Call {
    pub(crate) const ALL: [Self; 18] = [
        Self::Token,
        Self::CreateSession,
        Self::ReadSession,
        Self::ListSessions,
        Self::CancelSession,
        Self::ReadTransaction,
        Self::ListTransactions,
        Self::Refund,
        Self::CreateIntent,
        Self::ReadIntent,
        Self::CancelIntent,
        Self::SearchIntents,
        Self::RefundIntent,
        Self::ReadTerminal,
        Self::ListTerminals,
        Self::CreateTerminalSession,
        Self::ReadTerminalSession,
        Self::CancelTerminalSession,
    ];

    /// `None` for whatever else is asked.
    pub(crate) fn of(method: &str, path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or(path);
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        Some(match (method, segments.as_slice()) {
            ("POST", ["v1", "accounts", _, "auth", "token"]) => Self::Token,
            ("POST", ["v1", "sessions-profile"]) => Self::CreateSession,
            ("GET", ["v1", "sessions", _]) => Self::ReadSession,
            ("GET", ["v1", "sessions"]) => Self::ListSessions,
            ("POST", ["v1", "sessions", _, "cancel"]) => Self::CancelSession,
            ("GET", ["v1", "transactions", _]) => Self::ReadTransaction,
            ("GET", ["v1", "transactions"]) => Self::ListTransactions,
            ("POST", ["v1", "transactions", _, "refund"]) => Self::Refund,
            ("POST", ["payment-intents"]) => Self::CreateIntent,
            ("GET", ["payment-intents", _]) => Self::ReadIntent,
            ("DELETE", ["payment-intents", _]) => Self::CancelIntent,
            ("POST", ["payment-intents", "search"]) => Self::SearchIntents,
            ("POST", ["payment-intents", _, "refunds"]) => Self::RefundIntent,
            ("GET", ["terminals", _]) => Self::ReadTerminal,
            ("GET", ["terminals"]) => Self::ListTerminals,
            ("POST", ["terminal-sessions"]) => Self::CreateTerminalSession,
            ("GET", ["terminal-sessions", _]) => Self::ReadTerminalSession,
            ("PUT", ["terminal-sessions", _, "cancel"]) => Self::CancelTerminalSession,
            _ => return None,
        })
    }

    /// As the simulator's rules call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::CreateSession => "create_session",
            Self::ReadSession => "read_session",
            Self::ListSessions => "list_sessions",
            Self::CancelSession => "cancel_session",
            Self::ReadTransaction => "read_transaction",
            Self::ListTransactions => "list_transactions",
            Self::Refund => "refund",
            Self::CreateIntent => "create_intent",
            Self::ReadIntent => "read_intent",
            Self::CancelIntent => "cancel_intent",
            Self::SearchIntents => "search_intents",
            Self::RefundIntent => "refund_intent",
            Self::ReadTerminal => "read_terminal",
            Self::ListTerminals => "list_terminals",
            Self::CreateTerminalSession => "create_terminal_session",
            Self::ReadTerminalSession => "read_terminal_session",
            Self::CancelTerminalSession => "cancel_terminal_session",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.name() == name)
    }

    pub(crate) fn is_dojos(self) -> bool {
        self >= Self::CreateIntent
    }

    /// What carries nothing cannot be cut within it.
    pub(super) fn request_has_body(self) -> bool {
        matches!(
            self,
            Self::Token
                | Self::CreateSession
                | Self::Refund
                | Self::CreateIntent
                | Self::SearchIntents
                | Self::RefundIntent
                | Self::CreateTerminalSession
        )
    }
}

impl fmt::Display for Call {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str(self.name())
    }
}
