//! Money that goes out without a sale: only where till, terminal and provider all may, and only so much in a day.

use pos_bridge::domain::directory::{Profile, RefundLimits, Scopes};
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::identifiers::{Reference, TerminalName};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::refund::NotRefundable;
use pos_bridge::domain::request::{Details, RefundWish, UnlinkedRefundRequest};
use pos_bridge::engine::{Progress, Refusal};

use crate::provider::Scripted;
use crate::shop::{Shop, eventually, patience};

fn allowed() -> Profile {
    Profile {
        scopes: Scopes { unlinked_refund: true, ..Scopes::default() },
        refund_limits: RefundLimits { unlinked_per_day: Some(1_000), ..RefundLimits::default() },
        ..Profile::default()
    }
}

async fn shop(profile: Profile, is_able: bool) -> Shop {
    let mut provider = Scripted::new();
    provider.capabilities.unlinked_refund = is_able;
    provider.finds(Finding::Undecided { handle: None, started: true });
    Shop::with_profile(provider, profile).await.opened().await
}

async fn give_back(shop: &Shop, reference: &str, minor: i64, on: &str) -> Result<Progress, Refusal> {
    let wish = RefundWish::Unlinked(UnlinkedRefundRequest {
        reference: Reference::new(reference).unwrap(),
        money: Money { amount: Amount::new(minor).unwrap(), currency: Currency::from_code("NOK").unwrap() },
        terminal: Some(TerminalName::new(on).unwrap()),
        details: Details { operator: Some("Kari".to_owned()), ..Details::default() },
    });
    shop.engine.give_back(&shop.till, wish, patience()).await
}

#[tokio::test]
async fn money_goes_out_without_a_sale_once_for_each_number() {
    let shop = shop(allowed(), true).await;
    let begun = give_back(&shop, "F-1", 400, "front").await.unwrap().operation;
    assert_eq!((begun.original, begun.attempt.card_present), (None, true));
    eventually("the refund", async || (shop.provider.given_back() == [400]).then_some(())).await;
    assert_eq!(give_back(&shop, "F-1", 400, "front").await.unwrap().operation.id, begun.id);
    assert!(matches!(give_back(&shop, "F-1", 401, "front").await, Err(Refusal::ReferenceConflict(_))));
    assert_eq!(shop.provider.given_back(), [400]);
}

#[tokio::test]
async fn r15_a_day_has_its_limit_which_what_is_under_way_counts_against() {
    let shop = shop(allowed(), true).await;
    give_back(&shop, "F-1", 600, "front").await.unwrap();
    let refused = give_back(&shop, "F-2", 401, "front").await;
    let left = NotRefundable::ExceedsTillsDayUnlinked { left: 400 };
    assert_eq!(refused.unwrap_err(), Refusal::NotRefundable(left));
}

#[tokio::test]
async fn r15_nothing_goes_out_where_till_terminal_or_provider_may_not() {
    let unscoped = Profile { scopes: Scopes::default(), ..allowed() };
    let unlimited = Profile { refund_limits: RefundLimits::default(), ..allowed() };
    for (profile, is_able, on) in
        [(unscoped, true, "front"), (unlimited, true, "front"), (allowed(), false, "front"), (allowed(), true, "back")]
    {
        let shop = shop(profile, is_able).await;
        let refused = give_back(&shop, "F-1", 1, on).await.unwrap_err();
        assert!(matches!(refused, Refusal::NotRefundable(_)), "{refused:?}");
        assert!(refused.to_string().contains("name the sale"), "{refused}");
        assert_eq!(shop.provider.given_back(), Vec::<i64>::new());
    }
}
