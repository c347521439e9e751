use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use ulid::Ulid;

use super::*;
use crate::domain::attempt::{Attempt, Kind, Phase};
use crate::domain::evidence::Order;
use crate::domain::identifiers::{ProviderTerminalId, Reference, StoreId, TerminalName};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::operation::ProviderName;

fn operation(attempt: AttemptReference) -> Operation {
    let id = OperationId(Ulid::from_parts(1, 1));
    let money = Money { amount: Amount::new(39900).unwrap(), currency: Currency::from_code("NOK").unwrap() };
    let at = Timestamp::UNIX_EPOCH;
    Operation {
        id,
        kind: Kind::Sale,
        till: TillId::new("till-1").unwrap(),
        reference: Reference::new("R-1001").unwrap(),
        money,
        terminal: TerminalName::new("front").unwrap(),
        store: StoreId::new("oslo").unwrap(),
        provider: ProviderName::Dintero,
        original: None,
        attempt: Attempt {
            operation: id,
            number: 1,
            kind: Kind::Sale,
            order: Order {
                reference: attempt,
                money,
                terminal: ProviderTerminalId::new("T0292").unwrap(),
                may_grow: false,
            },
            refunds: None,
            expires_at: at,
            horizon: at,
            preparation: None,
            card_present: true,
            cancel_wanted: false,
            signature_accepted: None,
            contradicted: false,
            phase: Phase::Sending,
        },
        refunded: 0,
        simulated: false,
        told_at: None,
        acknowledged_at: None,
        created_at: at,
        updated_at: at,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_attempt_is_read_by_one_at_a_time_and_whoever_lets_go_makes_room() {
    let (readers, reading, read) = (Readers::default(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let attempt = AttemptReference::new(Ulid::from_parts(1, 1));
    let tasks = (0..100).map(|_| {
        let (readers, reading, read) = (readers.clone(), reading.clone(), read.clone());
        let operation = operation(attempt);
        tokio::spawn(async move {
            while read.load(Ordering::SeqCst) < 1000 {
                let Some(right) = readers.claim(attempt, &operation) else {
                    tokio::task::yield_now().await;
                    continue;
                };
                assert_eq!(reading.fetch_add(1, Ordering::SeqCst), 0, "two read it at once");
                assert!(readers.wake(attempt));
                right.woken().await;
                read.fetch_add(1, Ordering::SeqCst);
                reading.fetch_sub(1, Ordering::SeqCst);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert!(readers.is_idle());
}
