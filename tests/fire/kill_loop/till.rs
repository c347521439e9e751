//! A till that sells, gives back, cancels, asks, hangs up, and never knows that the bridge was killed.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::caller::Caller;
use crate::configuration::sells_at_dojo;
use crate::dice::Dice;
use crate::history::{CARD_WINS, Key, SIGNED, Told};
use crate::shop::{MACHINES, TERMINALS};

/// The rows of Dintero's table that end quickly. Left out: 990112 (waits for the session's real end) and 990123 (a
/// refund that the provider corrects after it had proven the contrary, and by which it can itself give back too much).
const SPECIAL: [i64; 22] = [
    990_100, 990_101, 990_102, 990_103, 990_104, 990_105, 990_106, 990_107, 990_108, 990_109, 990_110, 990_111,
    990_113, 990_114, 990_115, 990_120, 990_121, 990_122, 990_124, 990_201, 990_202, 990_203,
];

/// The rows of Dojo's table. Nothing but two of them declines a sale or a refund, so these come more often.
const SPECIAL_AT_DOJO: [i64; 18] = [
    990_100, 990_100, 990_100, 990_120, 990_120, 990_103, 990_104, 990_105, 990_106, 990_107, 990_108, 990_112,
    990_113, 990_120, 990_130, 990_131, 990_132, 990_133,
];

/// The rows of either table that are about the refund of this very amount.
const OF_REFUNDS: std::ops::RangeInclusive<i64> = 990_120..=990_124;

/// The rows in which card and cancel cross each other.
const CROSSED_BY_CANCEL: [i64; 3] = [990_105, CARD_WINS, 990_107];

/// What was sold, for whoever gives it back.
pub(crate) type Shelf = Arc<Mutex<Vec<(usize, String, i64)>>>;

pub(crate) struct Till {
    caller: Caller,
    dice: Dice,
    shelf: Shelf,
    asked: u32,
    sales: Vec<(String, i64)>,
    refunds: Vec<(String, Value)>,
}

impl Till {
    pub(crate) fn new(caller: Caller, dice: Dice, shelf: Shelf) -> Self {
        Self { caller, dice, shelf, asked: 0, sales: Vec::new(), refunds: Vec::new() }
    }

    pub(crate) async fn work(mut self, closing: CancellationToken) {
        while !closing.is_cancelled() {
            match self.dice.below(100) {
                0..40 => self.sell().await,
                40..53 => self.sell_again().await,
                53..55 => self.ask_for_something_else().await,
                55..75 => self.give_back().await,
                75..80 => self.give_back_again().await,
                80..88 => self.cancel().await,
                88..92 => self.compare_signature().await,
                _ => self.look().await,
            }
            let pause = self.dice.milliseconds(0, 25);
            tokio::time::sleep(pause).await;
        }
    }

    async fn sell(&mut self) {
        self.asked += 1;
        let reference = format!("S-{}-{}", self.caller.number, self.asked);
        let amount = if self.dice.percent(40) {
            *self.dice.pick(self.special()).unwrap()
        } else {
            self.dice.between(100, 90_000)
        };
        self.sales.push((reference.clone(), amount));
        if CROSSED_BY_CANCEL.contains(&amount) {
            self.pay_and_cancel(&reference, amount).await;
        } else {
            self.pay(&reference, amount).await;
        }
    }

    fn special(&self) -> &'static [i64] {
        if sells_at_dojo(self.caller.number) { &SPECIAL_AT_DOJO } else { &SPECIAL }
    }

    fn any_terminal(&mut self) -> String {
        if sells_at_dojo(self.caller.number) {
            format!("machine-{}", 1 + self.dice.below(MACHINES))
        } else {
            format!("terminal-{}", 1 + self.dice.below(TERMINALS))
        }
    }

    /// The cancel is under way while the card is.
    async fn pay_and_cancel(&mut self, reference: &str, amount: i64) {
        let key = self.caller.key("sale", reference);
        let body = json!({ "reference": reference, "amount": amount, "wait": 0 });
        self.caller.history.asks(&key, Some(amount));
        let reply = self.caller.call(Method::POST, "/pay", Some(&body)).await;
        self.caller.hear(&key, reply);
        tokio::time::sleep(self.dice.milliseconds(0, 10)).await;
        let reply = self.caller.call(Method::POST, &format!("/pay/{reference}/cancel?wait=1"), None).await;
        self.caller.hear(&key, reply);
    }

    /// A sale whose card may win against a cancel is not tried again: the customer could pay twice, as everybody knows.
    async fn sell_again(&mut self) {
        let recent = self.sales.len().saturating_sub(8);
        let Some((reference, amount)) = self.dice.pick(&self.sales[recent..]).cloned() else { return };
        if amount != CARD_WINS {
            self.pay(&reference, amount).await;
        }
    }

    async fn pay(&mut self, reference: &str, amount: i64) {
        let key = self.caller.key("sale", reference);
        let mut body = json!({ "reference": reference, "amount": amount, "wait": self.dice.below(3) / 2 });
        if self.dice.percent(60) {
            body["terminal"] = json!(self.any_terminal());
        }
        self.caller.history.asks(&key, Some(amount));
        let reply = self.post_and_perhaps_hang_up("/pay", &body).await;
        if self.caller.hear(&key, reply) == Some("approved".to_owned()) {
            self.shelf.lock().unwrap().push((self.caller.number, reference.to_owned(), amount));
        }
    }

    async fn ask_for_something_else(&mut self) {
        let Some((reference, amount)) = self.dice.pick(&self.sales).cloned() else { return };
        // What never reached the bridge would be new to it, and rightly taken.
        if !self.caller.history.has_heard_of(&self.caller.key("sale", &reference)) {
            return;
        }
        let body = json!({ "reference": reference, "amount": amount + 1, "wait": 0 });
        let Some((_, reply)) = self.caller.call(Method::POST, "/pay", Some(&body)).await else { return };
        if Told::of(&reply).is_some() {
            self.caller.history.books().broken.push(format!("{reference}: another amount was taken for the same sale"));
        } else {
            self.caller.history.refused(reply["code"].as_str().unwrap_or("neither a reply nor a problem"));
        }
    }

    async fn give_back(&mut self) {
        let others_too = self.dice.percent(30);
        let sold: Vec<_> = {
            let shelf = self.shelf.lock().unwrap();
            shelf.iter().filter(|(till, ..)| others_too || *till == self.caller.number).cloned().collect()
        };
        let refused: Vec<_> = sold.iter().filter(|(.., sale)| OF_REFUNDS.contains(sale)).cloned().collect();
        let among = if self.dice.percent(30) && !refused.is_empty() { refused } else { sold };
        let Some((till, original, sale)) = self.dice.pick(&among).cloned() else { return };
        self.asked += 1;
        let reference = format!("R-{}-{}", self.caller.number, self.asked);
        let amount = match self.dice.below(10) {
            _ if OF_REFUNDS.contains(&sale) => Some(sale),
            0..6 => Some(self.dice.between(1, (sale / 3).max(1))),
            6 => Some(sale),
            7 => Some(sale + 1),
            _ => None,
        };
        let mut body =
            json!({ "reference": reference, "original_reference": original, "wait": self.dice.below(3) / 2 });
        if till != self.caller.number {
            body["original_till"] = json!(format!("till-{till}"));
        }
        if let Some(amount) = amount {
            body["amount"] = json!(amount);
        }
        self.refunds.push((reference.clone(), body.clone()));
        self.refund(&reference, &body).await;
    }

    async fn give_back_again(&mut self) {
        let Some((reference, body)) = self.dice.pick(&self.refunds).cloned() else { return };
        self.refund(&reference, &body).await;
    }

    async fn refund(&mut self, reference: &str, body: &Value) {
        let key = self.caller.key("refund", reference);
        self.caller.history.asks(&key, body["amount"].as_i64());
        let reply = self.post_and_perhaps_hang_up("/refund", body).await;
        self.caller.hear(&key, reply);
    }

    async fn cancel(&mut self) {
        if let Some((key, path)) = self.one_of_mine() {
            let reply = self.caller.call(Method::POST, &format!("{path}/cancel?wait=1"), None).await;
            self.caller.hear(&key, reply);
        }
    }

    /// Right or wrong, asked for or not.
    async fn compare_signature(&mut self) {
        let Some((reference, _)) = self.sales.iter().rev().find(|(_, amount)| SIGNED.contains(amount)).cloned() else {
            return;
        };
        let body = json!({ "accepted": self.dice.percent(50), "wait": 0 });
        let reply = self.caller.call(Method::POST, &format!("/pay/{reference}/signature"), Some(&body)).await;
        self.caller.hear(&self.caller.key("sale", &reference), reply);
    }

    async fn look(&mut self) {
        if let Some((key, path)) = self.one_of_mine() {
            let reply = self.caller.call(Method::GET, &path, None).await;
            self.caller.hear(&key, reply);
        }
    }

    /// Mostly what is recent, a sale or a refund.
    fn one_of_mine(&mut self) -> Option<(Key, String)> {
        let (kind, references): (_, Vec<&String>) = if self.dice.percent(75) {
            ("sale", self.sales.iter().map(|(reference, _)| reference).collect())
        } else {
            ("refund", self.refunds.iter().map(|(reference, _)| reference).collect())
        };
        let old = if self.dice.percent(25) { 0 } else { references.len().saturating_sub(3) };
        let reference = (*self.dice.pick(&references[old..])?).clone();
        let path = if kind == "sale" { format!("/pay/{reference}") } else { format!("/refund/{reference}") };
        Some((self.caller.key(kind, &reference), path))
    }

    async fn post_and_perhaps_hang_up(&mut self, path: &str, body: &Value) -> Option<(u16, Value)> {
        if !self.dice.percent(12) {
            return self.caller.call(Method::POST, path, Some(body)).await;
        }
        let until = self.dice.milliseconds(0, 60);
        tokio::time::timeout(until, self.caller.call(Method::POST, path, Some(body))).await.ok().flatten()
    }
}
