//! A byte flips, a file is cut short, or it is gone. Damage that the bridge notices is refused in words that help; damage
//! that it does not notice must not cost anybody money.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::FIRST_DAMAGE;
use crate::arguments::Form;
use crate::dice::Dice;
use crate::progress::Progress;
use crate::provider::Charge;
use crate::rest;
use crate::shop::Shop;
use crate::world::{Side, World, sound};

const SHORT_SAMPLES: usize = 6;
const LONG_SAMPLES: usize = 200;
const PATIENCE: Duration = Duration::from_secs(5);
/// So many are tried at one provider in the long form.
const AT_ONE_SIDE: u32 = 610;
const FIRST_AT_DOJO: u32 = FIRST_DAMAGE + AT_ONE_SIDE;

/// The database and its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files([Option<Vec<u8>>; 2]);

impl Files {
    fn paths(shop: &Shop) -> [PathBuf; 2] {
        let database = shop.database();
        [database.clone(), database.with_file_name("pos-bridge.db-wal")]
    }

    pub(super) fn read(shop: &Shop) -> Self {
        Self(Self::paths(shop).map(|path| std::fs::read(path).ok()))
    }

    pub(super) fn write(&self, shop: &Shop) {
        let _ = std::fs::remove_file(shop.database().with_file_name("pos-bridge.db-shm"));
        for (path, bytes) in Self::paths(shop).iter().zip(&self.0) {
            match bytes {
                Some(bytes) => std::fs::write(path, bytes).unwrap(),
                None => drop(std::fs::remove_file(path)),
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Damage {
    Flip(usize),
    CutTo(usize),
    Gone,
}

impl Damage {
    fn name(self) -> &'static str {
        match self {
            Self::Flip(_) => "a flipped byte",
            Self::CutTo(_) => "cut short",
            Self::Gone => "gone",
        }
    }

    fn apply(self, file: &mut Option<Vec<u8>>) {
        match (self, file.as_mut()) {
            (Self::Flip(at), Some(bytes)) => bytes[at] ^= 0xff,
            (Self::CutTo(length), Some(bytes)) => bytes.truncate(length),
            (Self::Gone, _) => *file = None,
            (_, None) => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// It ended, in words that help.
    Refused,
    Started,
    /// It runs, and does not sell yet: what it may have lost could still be paid, or the machine is busy.
    Closed,
}

/// How often each damage of each file ended in which way.
type Ends = BTreeMap<(&'static str, &'static str, End), u32>;

pub(super) async fn run(form: &Form) -> Result<(), String> {
    for (side, first) in Side::BOTH.into_iter().zip([FIRST_DAMAGE, FIRST_AT_DOJO]) {
        // What a run that was stopped has behind it.
        if form.from < first + AT_ONE_SIDE {
            damage_at(form, side, first).await?;
        }
    }
    Ok(())
}

async fn damage_at(form: &Form, side: Side, first: u32) -> Result<(), String> {
    let mut world = side.open(form.seed);
    let mut ends = Ends::new();
    let outcome = try_all(form, &mut world, first, &mut ends).await;
    for ((file, damage, end), count) in &ends {
        println!("at {side:?}, {file}, {damage}: {end:?} {count} times");
    }
    outcome.map_err(|broken| format!("at {side:?}: {} ({})", broken.join("\n* "), world.keep().display()))?;
    let tried = |end| ends.keys().any(|it| it.2 == end);
    let is_vacuous = !(form.is_over() || form.from > first || tried(End::Refused) && tried(End::Started));
    if is_vacuous { Err("vacuous: no damage was noticed".to_owned()) } else { Ok(()) }
}

async fn try_all(form: &Form, world: &mut World, first: u32, ends: &mut Ends) -> Result<(), Vec<String>> {
    rest::start_in_peace(&mut world.shop).await?;
    work(world).await;
    // A kill leaves everything in the log, a stop leaves everything in the database.
    world.shop.kill();
    let killed = Files::read(&world.shop);
    rest::start_in_peace(&mut world.shop).await?;
    world.shop.stop().await;
    let stopped = Files::read(&world.shop);
    let (mut dice, mut progress, mut next) = (Dice::new(form.seed, 0, 2), Progress::default(), first);
    for (index, name, whole) in [(0, "database", stopped), (1, "log", killed)] {
        let length = whole.0[index].as_ref().map_or(0, Vec::len);
        for damage in damages(&mut dice, length, if form.is_long { LONG_SAMPLES } else { SHORT_SAMPLES }) {
            next += 1;
            if form.is_over() {
                return Ok(());
            }
            if next <= form.from || !form.is_long && is_left_out(next, first) {
                continue;
            }
            progress.tell("damaged file", next - 1, first + AT_ONE_SIDE);
            let mut files = whole.clone();
            damage.apply(&mut files.0[index]);
            let end = try_one(world, &files).await;
            let end = end.map_err(|broken| vec![format!("{name}, {damage:?}: {}", broken.join("\n* "))])?;
            *ends.entry((name, damage.name(), end)).or_default() += 1;
        }
    }
    Ok(())
}

/// The short form tries every other damage at one provider, and the others at the other.
fn is_left_out(next: u32, first: u32) -> bool {
    next.is_multiple_of(2) == (first == FIRST_AT_DOJO)
}

fn damages(dice: &mut Dice, length: usize, samples: usize) -> Vec<Damage> {
    // The header and the schema are read first.
    let mut all = vec![Damage::Gone, Damage::CutTo(0), Damage::CutTo(100), Damage::CutTo(4096), Damage::Flip(20)];
    all.extend((0..samples).map(|_| Damage::Flip(dice.below(length))));
    all.extend((0..samples / 2).map(|_| Damage::CutTo(dice.below(length))));
    all
}

async fn work(world: &World) {
    world.first.pay("S-1", 39_900, 2).await;
    world.first.refund("B-1", "S-1", 5_000, 2).await;
    world.second.pay("S-2", 20_000, 2).await;
}

async fn try_one(world: &mut World, files: &Files) -> Result<End, Vec<String>> {
    files.write(&world.shop);
    world.forget();
    world.shop.spawn(false);
    let is_up = world.shop.comes_up(PATIENCE).await;
    work(world).await;
    let end = world.shop.last_end();
    world.shop.kill();
    if let Some(status) = end {
        let said = world.shop.last_words();
        if status.code() != Some(1) || said.is_empty() {
            return Err(vec![format!("it ended with {status} and said: {said}")]);
        }
        if !(is_up || said.contains("pos-bridge.db") && said.contains("backup")) {
            return Err(vec![format!("this does not tell what to do: {said}")]);
        }
    }
    world.audit_money().await?;
    sound(given_back_again(&world.provider.ledger().await.charges()))?;
    Ok(match end {
        _ if is_up => End::Started,
        Some(_) => End::Refused,
        None => End::Closed,
    })
}

/// What was given back beside the one refund that the first till asks for.
pub(super) fn given_back_again(charges: &[Charge<'_>]) -> Vec<String> {
    let due = |charge: &Charge<'_>| if charge.name.ends_with("/S-1") { 5_000 } else { 0 };
    let too_much = charges.iter().filter(|charge| charge.refunded > due(charge));
    too_much.map(|charge| format!("rule 6: given back a second time: {charge:?}")).collect()
}
