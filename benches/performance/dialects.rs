//! What a dialect costs beside JSON: the same sale read and its reply written, in this process.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pos_bridge::domain::attempt::{Attempt, Kind, Phase};
use pos_bridge::domain::directory::{Dialect, Language};
use pos_bridge::domain::evidence::Order;
use pos_bridge::domain::identifiers::{
    AttemptReference, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId,
};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::till::dialect::Answer;
use pos_bridge::till::format::Format;
use pos_bridge::till::reply::Reply;
use ulid::Ulid;

use crate::Outcome;
use crate::figure::{Figure, note, quantile};

const ROUNDS: usize = 200;
const SALES_A_ROUND: u32 = 200;
/// A sale takes so long at the least, on the fastest disk; see docs/performance.md.
const SALE: Duration = Duration::from_millis(1);

/// The sale in each dialect.
const SALES: [(Dialect, &str, &str); 3] = [
    (Dialect::Json, "JSON", r#"{"reference":"R-1001","amount":39900,"currency":"NOK","wait":30,"operator":"Kari"}"#),
    (Dialect::Form, "a form", "reference=R-1001&amount=39900&currency=NOK&wait=30&operator=Kari"),
    (
        Dialect::Xml,
        "XML",
        "<sale><reference>R-1001</reference><amount>39900</amount><currency>NOK</currency><wait>30</wait>\
         <operator>Kari</operator></sale>",
    ),
];

/// What reading and writing costs, and how much longer a sale takes than one in JSON.
pub(crate) fn dialects() -> Outcome<Vec<Figure>> {
    let reply = Reply::new(&sale()?, false, Language::English);
    let answer = Answer::Operation(Box::new(reply));
    let mut samples: [Vec<Duration>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for ((dialect, _, body), samples) in SALES.iter().zip(&mut samples) {
            let began = Instant::now();
            for _ in 0..SALES_A_ROUND {
                let format = Format::from(*dialect);
                black_box(format.decode(black_box(body.as_bytes()))?);
                black_box(format.encode(black_box(&answer))?);
            }
            samples.push(began.elapsed() / SALES_A_ROUND);
        }
    }
    let [json, form, xml] = samples.map(|mut samples| quantile(&mut samples, 0.5).as_secs_f64());
    for ((_, name, _), seconds) in SALES.iter().zip([json, form, xml]) {
        note(&format!("a sale read and its reply written, {name}"), &format!("{:.2} us", seconds * 1e6));
    }
    note("a form beside JSON, these two steps alone", &format!("{:.2}", form / json));
    note("XML beside JSON, these two steps alone", &format!("{:.2}", xml / json));
    let whole = |dialect: f64| (SALE.as_secs_f64() - json + dialect) / SALE.as_secs_f64();
    Ok(vec![
        Figure::at_most("a sale of a millisecond as a form, beside JSON", whole(form), 1.1, ""),
        Figure::at_most("a sale of a millisecond in XML, beside JSON", whole(xml), 1.1, ""),
    ])
}

fn sale() -> Outcome<Operation> {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let number = OperationId(Ulid::from_parts(1, 7));
    let money = Money { amount: Amount::new(39_900)?, currency: Currency::from_code("NOK")? };
    let terminal = ProviderTerminalId::new("T0292")?;
    let order = Order { reference: AttemptReference::new(Ulid::from_parts(1, 8)), money, terminal, may_grow: false };
    Ok(Operation {
        id: number,
        kind: Kind::Sale,
        till: TillId::new("till-1")?,
        reference: Reference::new("R-1001")?,
        money,
        terminal: TerminalName::new("front")?,
        store: StoreId::new("oslo")?,
        provider: ProviderName::Dintero,
        original: None,
        attempt: Attempt {
            operation: number,
            number: 1,
            kind: Kind::Sale,
            order,
            refund_of: None,
            expires_at: now,
            horizon: now,
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
        created_at: now,
        updated_at: now,
    })
}
