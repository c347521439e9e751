//! What a till is told of its terminals.

use schemars::JsonSchema;
use serde::Serialize;

use super::moment;
use crate::domain::attempt::Kind;
use crate::domain::directory::Terminal;
use crate::ports::{Capabilities, Enrolment, TerminalUse};

/// The terminals that a till may use.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TerminalList {
    /// One entry per terminal.
    pub terminals: Vec<TerminalReply>,
}

/// A terminal, and what is known of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Terminal")]
pub struct TerminalReply {
    /// Its local name.
    name: String,
    /// The service that drives it.
    provider: &'static str,
    /// The shop that it stands in.
    store: String,
    /// Nothing is under way on it and it is not frozen.
    free: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<Holder>,
    /// Why it takes nothing until a person has looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    frozen: Option<String>,
    /// When it approved something last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    last_approved_at: Option<String>,
    /// Whether it could take a payment just then, where the provider tells: it may be in use by somebody else, or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment: Option<EnrolmentReply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<CapabilitiesReply>,
}

/// Who holds a terminal.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Holder {
    /// The till.
    till: String,
    kind: Kind,
    /// The till's number for it.
    reference: String,
    /// Since when.
    #[schemars(extend("format" = "date-time"))]
    since: String,
}

/// What the provider says of a terminal.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Enrolment")]
struct EnrolmentReply {
    /// The provider's word.
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What a terminal can do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Capabilities")]
struct CapabilitiesReply {
    /// It may ask the cashier to compare a signature.
    signature: bool,
    /// The reply tells what it asks of the customer.
    prompts: bool,
    /// The provider writes the receipts.
    receipts: bool,
    /// It gives money back without a sale.
    unlinked_refund: bool,
    /// What it takes; whatever the account takes when empty.
    currencies: Vec<&'static str>,
}

impl TerminalReply {
    /// What a till is told of a terminal.
    #[must_use]
    pub fn new(terminal: &Terminal, usage: Option<&TerminalUse>, enrolment: Option<&Enrolment>) -> Self {
        let holder = usage.and_then(|usage| usage.holder.as_ref());
        let frozen = usage.and_then(|usage| usage.frozen.clone());
        Self {
            name: terminal.name.to_string(),
            provider: terminal.provider.name(),
            store: terminal.store.to_string(),
            free: holder.is_none() && frozen.is_none(),
            holder: holder.map(|operation| Holder {
                till: operation.till.to_string(),
                kind: operation.kind,
                reference: operation.reference.to_string(),
                since: moment(operation.updated_at),
            }),
            frozen,
            last_approved_at: usage.and_then(|usage| usage.last_approved_at).map(moment),
            available: enrolment.and_then(|enrolment| enrolment.available),
            capabilities: None,
            enrolment: enrolment
                .map(|enrolment| EnrolmentReply { status: enrolment.status.clone(), reason: enrolment.reason.clone() }),
        }
    }

    /// The same with what it can do.
    #[must_use]
    pub fn with_capabilities(self, capabilities: Option<&Capabilities>) -> Self {
        let capabilities = capabilities.map(|can| CapabilitiesReply {
            signature: can.signature,
            prompts: can.prompts,
            receipts: can.receipts,
            unlinked_refund: can.unlinked_refund,
            currencies: can.currencies.iter().map(|currency| currency.code()).collect(),
        });
        Self { capabilities, ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::identifiers::{ProviderTerminalId, StoreId, TerminalName};
    use crate::domain::money::Currency;
    use crate::domain::operation::ProviderName;

    #[test]
    fn what_a_terminal_can_do_is_told_where_it_is_known() {
        let terminal = Terminal {
            name: TerminalName::new("front").unwrap(),
            provider: ProviderName::Dintero,
            store: StoreId::new("oslo").unwrap(),
            terminal_id: ProviderTerminalId::new("T0292").unwrap(),
            tips: false,
            unlinked_refund: false,
        };
        let told = |capabilities: Option<&Capabilities>| -> Value {
            serde_json::to_value(TerminalReply::new(&terminal, None, None).with_capabilities(capabilities)).unwrap()
        };
        let plain = json!({"name": "front", "provider": "dintero", "store": "oslo", "free": true});
        assert_eq!(told(None), plain);
        let can = Capabilities {
            signature: true,
            prompts: false,
            receipts: true,
            unlinked_refund: false,
            currencies: vec![Currency::from_code("NOK").unwrap()],
        };
        let expected = json!({
            "signature": true, "prompts": false, "receipts": true, "unlinked_refund": false, "currencies": ["NOK"]
        });
        assert_eq!(told(Some(&can))["capabilities"], expected);
    }
}
