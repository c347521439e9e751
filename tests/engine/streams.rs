//! A till takes its stream of results up again on a journal that is not the one it had followed.

use std::time::Duration;

use jiff::Timestamp;
use pos_bridge::domain::attempt::Reason;
use pos_bridge::domain::evidence::{Finding, PaymentState};
use pos_bridge::domain::identifiers::AttemptReference;
use pos_bridge::domain::operation::Status;
use pos_bridge::engine::{News, ResultStream};
use pos_bridge::ports::Journal;
use tokio::time::timeout;
use ulid::Ulid;

use crate::lost::payment;
use crate::provider::Scripted;
use crate::shop::{Shop, eventually};

/// A shop whose journal is new, and whose provider knows a payment of before.
async fn restored() -> Shop {
    let provider = Scripted::new();
    let reference = AttemptReference::new(Ulid::generate());
    provider.lists(payment(reference, PaymentState::Approved { captured: true }, Timestamp::now()));
    let shop = Shop::open(provider).await;
    eventually("the lost payment", async || shop.engine.last(&shop.till).await.ok()).await;
    shop
}

/// Returns its position.
async fn tells_the_lost_payment(mut stream: ResultStream) -> i64 {
    let next = timeout(Duration::from_secs(10), stream.next()).await.expect("nothing is told");
    let Ok(News::Results(results)) = next else { panic!("no results") };
    assert_eq!(results[0].operation.reference.as_str(), "R-1");
    results[0].sequence
}

/// P39: the sweep takes it in before the till is back.
#[tokio::test]
async fn p39_a_till_that_comes_back_after_a_restore_is_told_what_was_taken_in_before() {
    let shop = restored().await;
    tells_the_lost_payment(shop.engine.results(&shop.till, Some(1000)).await.unwrap()).await;
}

/// P39: the new log has grown past what the till had of the old one.
#[tokio::test]
async fn p39_a_position_of_the_old_journal_is_none_of_the_new_one() {
    let shop = restored().await;
    let position = tells_the_lost_payment(shop.engine.results(&shop.till, Some(1)).await.unwrap()).await;
    assert_eq!(position, 1, "where the old journal had something else");
    let mut again = shop.engine.results(&shop.till, Some(position)).await.unwrap();
    let more = timeout(Duration::from_millis(300), again.next()).await;
    assert!(more.is_err(), "what it has of the new one it is not told again");
}

/// What stands at its position is under way again, and no result any more.
#[tokio::test]
async fn a_till_that_comes_back_while_its_last_result_is_tried_again_is_told_nothing_twice() {
    let shop = Shop::open(Scripted::new()).await;
    shop.provider.finds(Finding::Declined(Reason::new("declined", "no")));
    let mut stream = shop.engine.results(&shop.till, None).await.unwrap();
    for reference in ["R-1", "R-2"] {
        eventually("the terminal to be free", async || shop.pay(reference).await.ok().map(drop)).await;
    }
    let mut last = 0;
    let mut told = 0;
    while told < 2 {
        if let News::Results(results) = stream.next().await.unwrap() {
            told += results.len();
            last = results.last().unwrap().sequence;
        }
    }
    drop(stream);
    let decided = shop.find("R-2").await;
    shop.journal.told(decided.id, 1, Status::Declined, Timestamp::now()).await.unwrap();
    shop.provider.finds(Finding::Undecided { handle: None, started: true });
    assert_eq!(shop.pay("R-2").await.unwrap().operation.attempt.number, 2);
    let mut again = shop.engine.results(&shop.till, Some(last)).await.unwrap();
    assert!(timeout(Duration::from_millis(300), again.next()).await.is_err());
}
