//! From wherever things stand, everything comes to rest once nothing more goes wrong: the process starts, messages
//! arrive, records are read, time passes.

use pos_bridge::domain::attempt::Phase;

use crate::bridge::Shell;
use crate::moves::{Move, pass_minute};
use crate::provider::Payment;
use crate::world::{Disk, Message, Work, World};

/// Minutes within which everything must be decided or given up: the horizon, and the readings behind it.
const BOUND: u8 = 6;

/// Whether every run is final or abandoned within the bound.
pub(crate) fn comes_to_rest(shell: &Shell, world: &World) -> bool {
    let mut world = world.clone();
    if world.down {
        shell.start(&mut world);
    }
    for _ in 0..BOUND {
        if is_at_rest(&world) {
            return true;
        }
        settle(shell, &mut world);
        pass_minute(&mut world);
    }
    is_at_rest(&world)
}

fn is_at_rest(world: &World) -> bool {
    world.runs.iter().all(|run| run.on_disk == Disk::Lost || !run.attempt.phase.is_live())
}

/// Everything that is due in one minute.
fn settle(shell: &Shell, world: &mut World) {
    while let Some((run, work)) =
        world.memory.iter().map(|(run, work)| (*run, *work)).find(|(_, work)| *work != Work::Await)
    {
        shell.make(world, Move::Do { run, work });
    }
    deliver_everything(shell, world);
    for run in world.memory.keys().copied().collect::<Vec<_>>() {
        shell.make(world, Move::TimeOut { run });
    }
    for session in &mut world.books.sessions {
        if session.payment == Some(Payment::Started) {
            session.payment = Some(Payment::Declined);
        }
    }
    for _ in 0..2 {
        for run in 0..u8::try_from(world.runs.len()).unwrap() {
            look(shell, world, run);
        }
    }
}

fn look(shell: &Shell, world: &mut World, run: u8) {
    let known = &world.runs[usize::from(run)];
    let open = known.attempt.phase.is_live() && !matches!(known.attempt.phase, Phase::Reserved);
    if !open || known.on_disk != Disk::Written || world.memory.contains_key(&run) {
        return;
    }
    shell.make(world, Move::Read { run, lagging: false });
    deliver_everything(shell, world);
    let attempt = &world.runs[usize::from(run)].attempt;
    if attempt.cancel_wanted && attempt.phase.handle().is_some() {
        for session in world.books.of_run(run).map(|(number, _)| number).collect::<Vec<_>>() {
            shell.make(world, Move::PassOnCancel { session });
        }
        deliver_everything(shell, world);
    }
}

fn deliver_everything(shell: &Shell, world: &mut World) {
    while let Some(message) = world.network.first().cloned() {
        shell.make(world, Move::Deliver(message));
    }
    debug_assert!(!world.network.iter().any(Message::is_for_bridge));
}
