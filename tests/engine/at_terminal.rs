//! What goes on at a terminal, for whoever waits: prompts, and the customer's signature.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::directory::{Profile, SignaturePolicy};
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::operation::Status;
use pos_bridge::domain::prompt::{AtTerminal, Prompt};
use pos_bridge::engine::{News, Refusal};

use crate::provider::Scripted;
use crate::shop::{Shop, eventually};

/// Far longer than any answer takes.
const LONG: Duration = Duration::from_secs(60);

fn signing() -> AtTerminal {
    let signature_until = Some(Timestamp::now() + SignedDuration::from_secs(80));
    AtTerminal { prompt: Some(Prompt::Sign), signature_until }
}

/// A shop whose terminal shows this of the sale R-1, which is under way.
async fn selling(shows: AtTerminal, signature: SignaturePolicy) -> Shop {
    let provider = Scripted::new();
    provider.finds(Finding::Undecided { handle: None, started: true });
    provider.shows(shows);
    let shop = Shop::with_profile(provider, Profile { signature, ..Profile::default() }).await.opened().await;
    shop.pay("R-1").await.unwrap();
    shop
}

#[tokio::test]
async fn what_the_terminal_asks_is_known_while_the_sale_is_under_way() {
    let asks = AtTerminal { prompt: Some(Prompt::EnterPin), signature_until: None };
    let shop = selling(asks, SignaturePolicy::Ask).await;
    let shown = async || Some(shop.engine.at_terminal(&shop.find("R-1").await)).filter(|shown| *shown == asks);
    eventually("the prompt", shown).await;
    shop.provider.finds(Finding::Cancelled);
    shop.cancel("R-1").await;
    eventually("the proof", async || shop.find("R-1").await.status().is_final().then_some(())).await;
}

#[tokio::test]
async fn a_till_that_waits_is_answered_early_when_its_cashier_must_compare_a_signature() {
    let shop = selling(signing(), SignaturePolicy::Ask).await;
    let sale = shop.find("R-1").await;
    let waiting = shop.engine.settled(&sale, None, LONG);
    let sale = tokio::time::timeout(LONG / 4, waiting).await.expect("the till waits on").unwrap();
    assert_eq!(sale.status(), Status::Pending);
    assert!(shop.engine.at_terminal(&sale).signature_until.is_some());
    assert_eq!(*shop.provider.signature.borrow(), None);
}

#[tokio::test]
async fn the_cashiers_word_reaches_the_provider_once_and_can_be_said_again_but_not_changed() {
    let shop = selling(signing(), SignaturePolicy::Ask).await;
    let asked = async || shop.engine.at_terminal(&shop.find("R-1").await).signature_until;
    eventually("the question", asked).await;
    let answered = shop.compare_signature("R-1", false).await.unwrap();
    assert_eq!(answered.attempt.signature_accepted, Some(false));
    assert_eq!(shop.engine.at_terminal(&answered).signature_until, None, "it is answered");
    eventually("the word", async || *shop.provider.signature.borrow()).await;
    assert_eq!(*shop.provider.signature.borrow(), Some(false));
    assert!(shop.compare_signature("R-1", false).await.is_ok());
    assert_eq!(shop.compare_signature("R-1", true).await, Err(Refusal::NothingToSign));
}

/// Two screens of one till, at the same moment: the first word counts, and the other hears that it came too late.
#[tokio::test]
async fn of_two_words_at_once_only_the_one_that_counts_is_confirmed() {
    let shop = selling(signing(), SignaturePolicy::Ask).await;
    let asked = async || shop.engine.at_terminal(&shop.find("R-1").await).signature_until;
    eventually("the question", asked).await;
    let (yes, no) = tokio::join!(shop.compare_signature("R-1", true), shop.compare_signature("R-1", false));
    let counts = shop.find("R-1").await.attempt.signature_accepted;
    let confirmed = [yes.is_ok().then_some(true), no.is_ok().then_some(false)];
    assert_eq!(confirmed.into_iter().flatten().collect::<Vec<_>>(), counts.into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_signature_that_nobody_asks_for_is_not_answered() {
    let asks = AtTerminal { prompt: Some(Prompt::EnterPin), signature_until: None };
    let shop = selling(asks, SignaturePolicy::Ask).await;
    assert_eq!(shop.compare_signature("R-1", true).await, Err(Refusal::NothingToSign));
    assert_eq!(shop.find("R-1").await.attempt.signature_accepted, None);
    assert!(matches!(shop.compare_signature("R-2", true).await, Err(Refusal::NotFound(_))));
}

#[tokio::test]
async fn a_profile_that_decides_for_the_cashier_never_asks_one() {
    for (policy, accepted) in [(SignaturePolicy::Accept, true), (SignaturePolicy::Reject, false)] {
        let shop = selling(signing(), policy).await;
        shop.engine
            .cancel(&shop.till, pos_bridge::domain::attempt::Kind::Sale, &shop.find("R-1").await.reference)
            .await
            .unwrap();
        let said = eventually("the word", async || *shop.provider.signature.borrow()).await;
        assert_eq!(said, accepted, "{policy:?}");
        let sale = shop.find("R-1").await;
        assert_eq!(sale.attempt.signature_accepted, Some(accepted));
        assert_eq!(shop.engine.at_terminal(&sale).signature_until, None);
        assert_eq!(shop.compare_signature("R-1", !accepted).await, Err(Refusal::NothingToSign));
    }
}

/// A reader that was away hears the newest, once, and its place in the log is the same.
#[tokio::test]
async fn a_stream_tells_the_newest_of_what_a_terminal_asks_and_then_the_result() {
    let shop =
        selling(AtTerminal { prompt: Some(Prompt::PresentCard), signature_until: None }, SignaturePolicy::Ask).await;
    let mut stream = shop.engine.results(&shop.till, None).await.unwrap();
    let shown = async || shop.engine.at_terminal(&shop.find("R-1").await).prompt;
    eventually("the prompt", shown).await;
    let Ok(News::AtTerminals(open)) = stream.next().await else { panic!("no prompt") };
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].reference.as_str(), "R-1");
    assert!(tokio::time::timeout(Duration::from_millis(50), stream.next()).await.is_err(), "nothing is told twice");
    shop.provider.finds(Finding::Cancelled);
    shop.provider.shows(AtTerminal::default());
    shop.cancel("R-1").await;
    let results = loop {
        match stream.next().await.unwrap() {
            News::Results(results) => break results,
            // That it asks nothing any more may come first.
            News::AtTerminals(open) => assert_eq!(shop.engine.at_terminal(&open[0]).prompt, None),
        }
    };
    assert_eq!(results[0].operation.status(), Status::Cancelled);
}
