//! Intents and sessions as Dojo shows them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::intent::{Intent, IntentStatus};
use super::receipt::Receipt;
use super::session::{Payment, Session, SessionKind};
use super::{Ledger, Refused};
use crate::simulator::dojo::options::ReceiptPlace;

/// What is only echoed, as it came.
const ECHOED: &[&str] = &[
    "description",
    "customer",
    "billingAddress",
    "shippingDetails",
    "config",
    "itemLines",
    "taxLines",
    "actionLink",
    "autoExpireIn",
    "autoExpireAction",
    "orderDetails",
    "setupIntentId",
];

impl Ledger {
    /// A cancelled intent is hidden unless it is asked for.
    pub(crate) fn intent(
        &mut self,
        id: &str,
        returns_cancelled: bool,
        stale: bool,
        now: Timestamp,
    ) -> Result<Value, Refused> {
        self.void_if_due(id, now);
        let intent = self.intents.get(id).and_then(|intent| intent.seen(stale)).ok_or(Refused::NoIntent)?;
        if intent.status == IntentStatus::Canceled && !returns_cancelled {
            return Err(Refused::NoIntent);
        }
        Ok(self.intent_document(intent, now))
    }

    pub(crate) fn session(&self, id: &str, stale: bool) -> Result<Value, Refused> {
        let session = self.sessions.get(id).and_then(|session| session.seen(stale)).ok_or(Refused::NoSession)?;
        let mut document = outline(session);
        if let Some(payment) = &session.payment {
            document["paymentDetails"] = payment_details(payment);
            self.add_receipts(&mut document, session, payment);
        }
        Ok(document)
    }

    fn add_receipts(&self, document: &mut Value, session: &Session, payment: &Payment) {
        let tid = self.machines.get(&session.terminal_id).map_or("", |machine| machine.tid.as_str());
        let receipt = Receipt { tid, kind: session.kind.name(), payment };
        let place = self.policy.receipts;
        if place != ReceiptPlace::Receipt {
            document["customerReceipt"] = receipt.copy("CUSTOMER COPY");
            document["merchantReceipt"] = receipt.copy("MERCHANT COPY");
        }
        if place != ReceiptPlace::Copies {
            document["receipt"] = receipt.copy("CUSTOMER COPY");
        }
    }

    fn shown_as_refunded(&self, intent: &Intent) -> i64 {
        if self.policy.sum_holds_machines { intent.refunded } else { intent.refunded - intent.refunded_at_machines() }
    }

    pub(super) fn intent_document(&self, intent: &Intent, now: Timestamp) -> Value {
        let request = &intent.request;
        let money = |value: i64| json!({ "value": value, "currencyCode": request.currency });
        let shown = intent.shown_difference;
        let mut document = json!({
            "id": intent.id,
            "captureMode": if intent.is_manual() { "Manual" } else { "Auto" },
            "cardHolderNotPresent": request.body["cardHolderNotPresent"].as_bool().unwrap_or(false),
            "clientSessionSecretExpirationDate": "0001-01-01T00:00:00Z",
            "status": intent.status,
            "paymentMethods": request.body.get("paymentMethods").cloned().unwrap_or_else(|| json!(["Card"])),
            "amount": money(request.amount + shown),
            "requestedAmount": money(request.amount + shown),
            "totalAmount": money(intent.total() + shown),
            "refundedAmount": self.shown_as_refunded(intent),
            "createdAt": intent.created_at.to_string(),
            "updatedAt": intent.updated_at.to_string(),
            "reference": request.reference,
            "itemLines": [],
            "taxLines": [],
            "config": { "branding": {}, "tradingName": "Simulated Ltd" },
            "paymentSource": "api",
            "expireAt": request.expire_at.to_string(),
            "metadata": self.metadata(request.body.get("metadata")),
            "paymentEvents": [],
            "paymentLink": format!("https://pay.dojo.tech:443/checkout/{}", intent.id),
            "terminalSessionHistory": self.history(intent, now),
            "captures": intent.captures.iter().map(|capture| json!({
                "id": capture.id,
                "amount": capture.amount,
                "tipsAmount": capture.tips,
                "status": "Successful",
                "createdAt": capture.at.to_string(),
            })).collect::<Vec<_>>(),
        });
        let added = [
            ("tipsAmount", intent.tips),
            ("cashbackAmount", intent.cashback),
            ("serviceChargeAmount", request.service_charge),
        ];
        for (name, value) in added {
            if value > 0 {
                document[name] = money(value);
            }
        }
        for name in ECHOED {
            if let Some(value) = request.body.get(*name).filter(|value| !value.is_null()) {
                document[*name] = value.clone();
            }
        }
        if let Some(payment) = &intent.payment {
            document["paymentDetails"] = payment_details(payment);
        }
        document
    }

    /// Dojo adds a member of its own.
    fn metadata(&self, given: Option<&Value>) -> Value {
        let mut metadata = given.and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
        metadata.insert("location-id".into(), json!("simulated-location"));
        Value::Object(metadata)
    }

    /// Every session of the intent, those that are older than the lag.
    fn history(&self, intent: &Intent, now: Timestamp) -> Value {
        let lag = i64::try_from(self.policy.history_lag_milliseconds).unwrap_or(i64::MAX);
        let known_since = now.checked_sub(SignedDuration::from_millis(lag)).unwrap_or(Timestamp::MIN);
        let sessions = intent.sessions.iter().filter_map(|id| Some(self.sessions.get(id)?.latest()));
        let known = sessions.filter(|session| session.created_at <= known_since);
        known
            .map(|session| json!({ "terminalSession": outline(session), "payment": history_payment(session) }))
            .collect()
    }
}

/// A session without its payment.
fn outline(session: &Session) -> Value {
    json!({
        "id": session.id,
        "terminalId": session.terminal_id,
        "status": session.status(),
        "createdAt": session.created_at.to_string(),
        "updatedAt": session.updated_at.to_string(),
        "expireAt": session.expire_at.to_string(),
        "statusEvents": session.statuses.iter().map(|(status, at)| json!({
            "status": status, "createdAt": at.to_string(), "debugMessage": "",
        })).collect::<Vec<_>>(),
        "notificationEvents": session.notifications.iter().map(|(notification, at)| json!({
            "notificationType": notification, "createdAt": at.to_string(),
        })).collect::<Vec<_>>(),
        "details": details(&session.kind),
    })
}

fn details(kind: &SessionKind) -> Value {
    let mut details = json!({ "sessionType": kind.name() });
    match kind {
        SessionKind::Sale { intent_id } => details["sale"] = json!({ "paymentIntentId": intent_id }),
        SessionKind::MatchedRefund { intent_id, amount, currency } => {
            details["matchedRefund"] = json!({ "paymentIntentId": intent_id });
            if let Some(amount) = amount {
                details["matchedRefund"]["amount"] = json!({ "value": amount, "currencyCode": currency });
            }
        }
        SessionKind::UnlinkedRefund { amount, currency, cardholder_not_present } => {
            details["unlinkedRefund"] = json!({
                "amount": { "value": amount, "currencyCode": currency },
                "cardholderNotPresent": cardholder_not_present,
            });
        }
    }
    details
}

fn payment_details(payment: &Payment) -> Value {
    let card = &payment.card;
    let mut details = json!({
        "transactionId": payment.transaction_id,
        "transactionDateTime": payment.at.to_string(),
        "message": if payment.approved { "APPROVED" } else { "DECLINED" },
        "card": {
            "cardNumber": card.masked_number,
            "expiryDate": card.expiry_date,
            "cardType": card.scheme,
            "cardFundingType": card.funding,
            "last4PAN": card.masked_number.trim_start_matches('*'),
            "entryMode": card.entry_mode,
            "verificationMethod": card.verification,
        },
    });
    if payment.approved {
        details["authCode"] = json!(payment.auth_code);
    }
    details
}

fn history_payment(session: &Session) -> Value {
    session.payment.as_ref().map_or(Value::Null, |payment| {
        json!({
            "transactionDateTime": payment.at.to_string(),
            "cardNumber": payment.card.masked_number,
            "expiryDate": payment.card.expiry_date,
            "cardType": payment.card.scheme,
            "authGatewayTransactionId": payment.transaction_id,
            "entryMode": payment.card.entry_mode,
            "verificationMode": payment.card.verification,
        })
    })
}
