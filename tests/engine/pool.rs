//! A till that sells on the first free terminal of its pool, and never twice.

use pos_bridge::domain::directory::Profile;
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::identifiers::{Reference, TerminalName};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::request::{Details, Naming, SaleRequest};
use pos_bridge::engine::Refusal;

use crate::provider::Scripted;
use crate::shop::{Shop, eventually};

const FRONT: &str = "T0292";
const BACK: &str = "T0293";

fn pooled() -> Profile {
    let terminal_pool = ["front", "back"].map(|name| TerminalName::new(name).unwrap()).into();
    Profile { terminal_pool, ..Profile::default() }
}

/// A shop whose sales stay under way.
async fn shop() -> Shop {
    let provider = Scripted::new();
    provider.finds(Finding::Undecided { handle: None, started: true });
    Shop::with_profile(provider, pooled()).await.opened().await
}

async fn started(shop: &Shop, on: &[&str]) {
    eventually("the sales to start", async || (shop.provider.started_on() == on).then_some(())).await;
}

#[tokio::test]
async fn each_new_sale_takes_the_first_terminal_that_is_free_and_the_last_hears_who_holds_one() {
    let shop = shop().await;
    assert_eq!(shop.pay("R-1").await.unwrap().operation.terminal.as_str(), "front");
    assert_eq!(shop.pay("R-2").await.unwrap().operation.terminal.as_str(), "back");
    started(&shop, &[FRONT, BACK]).await;
    let Err(Refusal::TerminalBusy(holder)) = shop.pay("R-3").await else { panic!("both are held") };
    assert_eq!(holder.reference.as_str(), "R-1");
    let named = SaleRequest { terminal: Some(TerminalName::new("back").unwrap()), ..unnamed(false) };
    let Err(Refusal::TerminalBusy(holder)) = shop.sell(named).await else { panic!("what is named is held") };
    assert_eq!(holder.reference.as_str(), "R-2");
}

/// Wherever it runs, and however free the others are.
#[tokio::test]
async fn a_repeated_number_rejoins_its_sale_and_starts_nothing_on_another_terminal() {
    let shop = shop().await;
    let first = shop.pay("R-1").await.unwrap().operation;
    let others: Vec<_> = futures(&shop, "R-1").await;
    assert!(others.iter().all(|id| *id == first.id));
    // A terminal that is in use is in use by this very sale.
    shop.provider.is_away(FRONT);
    assert_eq!(shop.pay("R-1").await.unwrap().operation.id, first.id);
    shop.provider.is_away(BACK);
    assert_eq!(shop.pay("R-1").await.unwrap().operation.id, first.id);
    started(&shop, &[FRONT]).await;
}

/// Twenty calls at once with a new number are one sale, on one terminal.
#[tokio::test]
async fn calls_at_once_with_one_number_are_one_sale() {
    let shop = shop().await;
    let ids = futures(&shop, "R-1").await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    started(&shop, &[FRONT]).await;
}

async fn futures(shop: &Shop, reference: &str) -> Vec<pos_bridge::domain::identifiers::OperationId> {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (engine, till) = (shop.engine.clone(), shop.till.clone());
        let naming = Naming::Reference(Reference::new(reference).unwrap());
        let sale = SaleRequest { naming, ..unnamed(false) };
        calls.spawn(async move { engine.pay(&till, sale, crate::shop::patience()).await.unwrap().operation.id });
    }
    calls.join_all().await
}

fn unnamed(force: bool) -> SaleRequest {
    SaleRequest {
        naming: Naming::Unnamed { force },
        money: Money { amount: Amount::new(10_000).unwrap(), currency: Currency::from_code("NOK").unwrap() },
        terminal: None,
        details: Details::default(),
    }
}

/// A till without numbers is known by what it asks for, and it asked for no terminal: the same basket must not be charged
/// once more on the terminal beside.
#[tokio::test]
async fn a_till_without_numbers_rejoins_its_sale_wherever_that_runs() {
    let shop = shop().await;
    shop.provider.is_away(FRONT);
    let first = shop.sell(unnamed(false)).await.unwrap();
    assert_eq!(first.operation.terminal.as_str(), "back");
    let again = shop.sell(unnamed(false)).await.unwrap();
    assert_eq!(again.operation.id, first.operation.id);
    assert!(again.possible_duplicate);
    started(&shop, &[BACK]).await;
    let other = shop.sell(unnamed(true)).await.unwrap();
    assert_ne!(other.operation.id, first.operation.id, "the till says that it is a new one");
    assert_eq!(other.operation.terminal.as_str(), "front", "away or not, the provider decides when none else is free");
}

#[tokio::test]
async fn a_terminal_that_its_provider_calls_unavailable_is_the_last_choice() {
    let shop = shop().await;
    shop.provider.is_away(FRONT);
    assert_eq!(shop.pay("R-1").await.unwrap().operation.terminal.as_str(), "back");
    assert_eq!(shop.pay("R-2").await.unwrap().operation.terminal.as_str(), "front");
    started(&shop, &[BACK, FRONT]).await;
    let views = shop.engine.terminals(&shop.till).await.unwrap();
    let front = views.into_iter().find(|view| view.terminal.name.as_str() == "front").unwrap();
    let seen = front.enrolment.unwrap();
    assert_eq!((seen.status.as_str(), seen.available), ("ASmallNewWord", Some(false)));
}

/// Where it begins never decides what it is: the terminal may have been taken from the till since.
#[tokio::test]
async fn a_sale_is_answered_as_it_stands_when_its_terminal_is_not_the_tills_any_more() {
    let shop = shop().await;
    let on_back = || SaleRequest {
        naming: Naming::Reference(Reference::new("R-1").unwrap()),
        terminal: Some(TerminalName::new("back").unwrap()),
        ..unnamed(false)
    };
    let sold = shop.sell(on_back()).await.unwrap().operation;
    let mut elsewhere = shop.till.clone();
    elsewhere.terminals = vec![TerminalName::new("front").unwrap()];
    elsewhere.profile.terminal_pool.clear();
    let again = shop.engine.pay(&elsewhere, on_back(), crate::shop::patience()).await.unwrap();
    assert_eq!(again.operation.id, sold.id);
    let dearer = Money { amount: Amount::new(20_000).unwrap(), ..on_back().money };
    let other = shop.engine.pay(&elsewhere, SaleRequest { money: dearer, ..on_back() }, crate::shop::patience()).await;
    assert!(matches!(other, Err(Refusal::ReferenceConflict(_))));
    let naming = Naming::Reference(Reference::new("R-2").unwrap());
    let new = shop.engine.pay(&elsewhere, SaleRequest { naming, ..on_back() }, crate::shop::patience()).await;
    assert!(matches!(new, Err(Refusal::UnknownTerminal(_))));
}

/// Nothing is sent for what no terminal takes.
#[tokio::test]
async fn a_currency_that_no_terminal_takes_is_refused_by_name() {
    let mut provider = Scripted::new();
    provider.capabilities.currencies = vec![Currency::from_code("GBP").unwrap()];
    let shop = Shop::with_profile(provider, pooled()).await.opened().await;
    let refused = shop.pay("R-1").await.unwrap_err();
    assert!(refused.to_string().starts_with("currency: ") && refused.to_string().contains("GBP"), "{refused}");
    assert_eq!(shop.provider.started_on(), Vec::<String>::new());
}
