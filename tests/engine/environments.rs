//! Sandbox and production: what is over in the one is nothing in the other.

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Event, Kind};
use pos_bridge::domain::evidence::{Approval, Finding};
use pos_bridge::domain::identifiers::{Reference, TransactionId};
use pos_bridge::domain::operation::Status;
use pos_bridge::domain::request::{Details, Naming, Original, RefundRequest};
use pos_bridge::engine::Refusal;
use pos_bridge::ports::Journal;

use crate::provider::Scripted;
use crate::shop::{Shop, patience};

/// A day of tests leaves its results in the journal, and the till's numbers begin again.
#[tokio::test]
async fn what_was_paid_in_a_test_is_not_found_where_money_is_taken() {
    for is_sandbox in [true, false] {
        let shop = Shop::open(Scripted { is_sandbox, ..Scripted::new() }).await;
        let tested = shop.begun_on(shop.engine.directory().terminals[0].clone(), "R-1", Timestamp::now()).await;
        let number = || Reference::new("R-1").unwrap();
        let find = async || shop.engine.find(&shop.till, Kind::Sale, &number()).await;
        assert_eq!(find().await.unwrap().id, tested.id, "it is still open");
        let approval = Approval {
            transaction: Some(TransactionId::new("T1.tested").unwrap()),
            amount: tested.money.amount,
            captured: true,
            card: None,
            receipt: None,
            several: false,
        };
        let approved = Event::Seen { finding: Finding::Approved(approval), at: Timestamp::now() };
        shop.journal.record(tested.attempt.order.reference, vec![approved], Timestamp::now()).await.unwrap();
        let request = RefundRequest {
            naming: Naming::Reference(Reference::new("F-1").unwrap()),
            original: Original::Reference { reference: number(), till: None },
            amount: None,
            currency: None,
            terminal: None,
            details: Details::default(),
        };
        let refunded = shop.engine.refund(&shop.till, request, patience()).await;
        match find().await {
            Ok(found) => assert!(is_sandbox && found.status() == Status::Approved && refunded.is_ok()),
            Err(refused) => {
                assert!(!is_sandbox && matches!(refused, Refusal::NotFound("sale")), "{refused:?}");
                assert!(matches!(refunded, Err(Refusal::NotFound("sale to refund"))));
            }
        }
    }
}
