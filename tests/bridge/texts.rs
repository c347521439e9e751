//! What the cashier reads of real results.

use serde_json::{Value, json};

use crate::support::*;

async fn pay_in(bridge: &Bridge, language: &str, reference: &str, amount: i64) -> Value {
    let till = bridge.till(1);
    let request = till.client.post(bridge.url("/pay")).bearer_auth(&till.key).header("Accept-Language", language);
    let answer = request.json(&json!({ "reference": reference, "amount": amount })).send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_decline_is_told_by_the_banks_code_and_the_reason_keeps_the_banks_words() {
    let bridge = Bridge::start().await;
    let table = [
        (990_100, "en", "Not approved for this amount. Try another card", "Insufficient funds"),
        (990_101, "nb-NO", "Kortet ble avvist. Prøv et annet kort", "Do not honour"),
        (990_102, "sv", "PIN-koden var inte rätt. Försök igen", "Incorrect PIN"),
        (990_108, "da", "Ikke startet, ingen penge er flyttet. Tjek terminalen og prøv igen", "cannot be reached"),
    ];
    for (amount, language, message, reason) in table {
        let reply = pay_in(&bridge, language, &format!("R-{amount}"), amount).await;
        assert_eq!(reply["message"], message, "{reply}");
        assert!(reply["reason"].as_str().unwrap().contains(reason), "{reply}");
    }
}

#[tokio::test]
async fn a_busy_terminal_names_the_till_that_uses_it() {
    let bridge = Bridge::with(Setup { tills: 2, terminals: 1, ..Setup::default() }).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    assert_eq!(bridge.till(2).begin("R-1", 39_900).await.word(), "pending");
    let refused = pay_in(&bridge, "sv-SE", "R-2", 39_900).await;
    assert_eq!(refused["code"], "terminal_busy");
    assert_eq!(refused["message"], "Terminalen används av till-2. Vänta och försök igen");
}
