//! Thousands who are slow, while honest tills sell.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::sender::{Kind, pester};
use crate::arguments::Form;
use crate::client::client;
use crate::progress::Progress;
use crate::rest;
use crate::vitals::Vitals;
use crate::world::{World, sound};

const SHORT_SENDERS: usize = 300;
/// More than one address may hold, and more than there is room for in all.
const LONG_SENDERS: usize = 6_000;
const SHORT_TIME: Duration = Duration::from_secs(3);
const LONG_TIME: Duration = Duration::from_secs(60);
/// The bridge waits so long for a head or a body; the configuration's default in the long form.
const SHORT_ARRIVAL: Duration = Duration::from_secs(1);
const LONG_ARRIVAL: Duration = Duration::from_secs(5);
/// All of them have one address, and the tills another.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Of a debug build, on a machine that also runs the senders.
const STATUS_P99: Duration = Duration::from_secs(3);
/// What a connection may cost, in KiB, and all that is not a connection.
const KIB_EACH: u64 = 48;
const KIB_MORE: u64 = 48 << 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Default)]
struct Seen {
    /// How often the bridge cut off a sender whom it had waited for.
    cut: BTreeMap<Kind, u64>,
    refused: u64,
}

pub(super) async fn hold_out(world: &mut World, form: &Form) -> Result<(), Vec<String>> {
    let (senders, time, arrival) =
        if form.is_long { (LONG_SENDERS, LONG_TIME, LONG_ARRIVAL) } else { (SHORT_SENDERS, SHORT_TIME, SHORT_ARRIVAL) };
    let seconds = arrival.as_secs().to_string().into();
    world.shop.environment = vec![("POS_BRIDGE__SERVER__ARRIVAL_SECONDS", seconds)];
    world.shop.spawn(true);
    rest::start_in_peace(&mut world.shop).await?;
    let before = Vitals::of(world.shop.id());
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let mut crowd = JoinSet::new();
    for number in 0..senders {
        let (kind, seen) = (Kind::of(number), seen.clone());
        let ended = move |lasted: Duration| {
            let mut seen = seen.lock().unwrap();
            if lasted >= arrival * 4 / 5 {
                *seen.cut.entry(kind).or_default() += 1;
            } else {
                seen.refused += 1;
            }
        };
        crowd.spawn(pester(kind, ADDRESS, world.shop.address, ended));
    }
    let honest = sell(world, form, time, senders).await;
    crowd.shutdown().await;
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    honest.judge(before, senders, &seen, form).and(before.is_free_again(world.shop.id()).await)
}

/// What the honest tills lived through.
struct Honest {
    sales: u32,
    wrong: Vec<String>,
    looks: Vec<Duration>,
    most: Vitals,
}

async fn sell(world: &World, form: &Form, time: Duration, senders: usize) -> Honest {
    let over = CancellationToken::new();
    let sell = async {
        let (mut sales, mut wrong) = (0, Vec::new());
        while !over.is_cancelled() {
            sales += 1;
            let reference = format!("H-{sales}");
            let (first, second) =
                tokio::join!(world.first.pay(&reference, 1_000, 2), world.second.pay(&reference, 1_000, 2));
            for (till, reply) in [(&world.first, first), (&world.second, second)] {
                let is_approved = |reply: &(u16, serde_json::Value)| reply.1["status"] == "approved";
                if !reply.as_ref().is_some_and(is_approved) && !till.is_approved_at_last(&reference).await {
                    wrong.push(format!("an honest sale of till-{} ended so: {reply:?}", till.number));
                }
            }
        }
        (2 * sales, wrong)
    };
    let look = async {
        let url = format!("http://{}/health", world.shop.address);
        let (mut looks, mut most) = (Vec::new(), Vitals::default());
        let (begun, mut progress) = (Instant::now(), Progress::default());
        while begun.elapsed() < time && !form.is_over() {
            let asked = Instant::now();
            let answer = client().get(&url).send().await;
            looks.push(if answer.is_ok_and(|it| it.status() == 200) { asked.elapsed() } else { Duration::MAX });
            most = most.at_most(Vitals::of(world.shop.id()));
            progress.say(&format!("{senders} slow senders for {:?}", begun.elapsed()));
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        over.cancel();
        (looks, most)
    };
    let ((sales, wrong), (mut looks, most)) = tokio::join!(sell, look);
    looks.sort_unstable();
    Honest { sales, wrong, looks, most }
}

impl Honest {
    fn judge(self, before: Vitals, senders: usize, seen: &Seen, form: &Form) -> Result<(), Vec<String>> {
        let Self { sales, wrong: mut broken, looks, most } = self;
        let at = |per_cent: usize| looks.get((looks.len() * per_cent / 100).min(looks.len().max(1) - 1)).copied();
        let (median, p99) = (at(50).unwrap_or(Duration::MAX), at(99).unwrap_or(Duration::MAX));
        println!(
            "{senders} slow senders, cut off {:?}, {} refused; {sales} honest sales; status median {median:?}, p99 {p99:?} \
             of {}; memory {} KiB before, {} at most; handles {} before, {} at most",
            seen.cut,
            seen.refused,
            looks.len(),
            before.memory,
            most.memory,
            before.handles,
            most.handles,
        );
        if p99 > STATUS_P99 {
            broken.push(format!("whoever only asks waits {p99:?} (p99)"));
        }
        let connections = most.handles.saturating_sub(before.handles);
        if most.memory > before.memory + KIB_MORE + connections * KIB_EACH {
            broken.push(format!("{} KiB of memory for {connections} connections", most.memory - before.memory));
        }
        if connections < u64::try_from(senders / 3).unwrap() {
            broken.push(format!("vacuous: only {connections} connections at once"));
        }
        // A stranger's body is refused by its head, so nobody waits for it.
        let waited_for = Kind::ALL.into_iter().filter(|kind| *kind != Kind::WithheldBody);
        let never: Vec<_> = waited_for.filter(|kind| !seen.cut.contains_key(kind)).collect();
        if !never.is_empty() {
            broken.push(format!("never cut off: {never:?}"));
        }
        if form.is_long && seen.refused == 0 {
            broken.push("vacuous: nobody was refused a place".to_owned());
        }
        if sales == 0 {
            broken.push("vacuous: no honest sale".to_owned());
        }
        sound(broken)
    }
}

impl crate::caller::Caller {
    /// A till that had no answer, or an early one, asks again with the same number.
    async fn is_approved_at_last(&self, reference: &str) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match self.pay(reference, 1_000, 1).await {
                Some((_, reply)) if reply["final"] == true => return reply["status"] == "approved",
                _ => tokio::time::sleep(BETWEEN_LOOKS).await,
            }
        }
        false
    }
}
