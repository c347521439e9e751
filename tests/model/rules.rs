//! What must always hold, and what must happen at least once so that the rest means something.

use pos_bridge::domain::attempt::{Kind, Phase};
use stateright::Property;

use crate::bridge::Shell;
use crate::liveness::comes_to_rest;
use crate::provider::{Payment, Session};
use crate::world::{Disk, Run, World};

/// Rules on steps rather than on states: the step that breaks one notes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rule {
    Fingerprint,
    Finality,
    IntentFirst,
    StableAnswers,
    CancelIsAWish,
    SentOnce,
}

type Check = fn(&Shell, &World) -> bool;

const ALWAYS: &[(&str, Check)] = &[
    ("I1 one charge", |_, world| sales(world).all(|entry| paid_times(world, entry) <= 1 + forced(world, entry))),
    ("I2 a number means one thing", |_, world| !world.broken.contains(&Rule::Fingerprint)),
    ("I3 a result is final", |_, world| !world.broken.contains(&Rule::Finality)),
    ("I4 intent first", |_, world| !world.broken.contains(&Rule::IntentFirst)),
    ("I5 no invisible charge", |_, world| {
        let charged = world.books.sessions.iter().filter(|session| session.payment.is_some_and(Payment::took_money));
        charged
            .map(|session| session.run)
            .chain(world.books.refunds.iter().map(|(run, _)| *run))
            .all(|run| world.runs[usize::from(run)].on_disk == Disk::Written)
    }),
    ("I6 approved is proven", |_, world| {
        known(world).all(|(number, run)| !is_proven_approved(run) || was_paid(world, number, run))
    }),
    ("I6b not paid is proven", |_, world| {
        known(world).all(|(number, run)| !is_proven_negative(run) || !took(world, number, run))
    }),
    ("I7 amounts agree", |_, world| {
        known(world)
            .all(|(number, run)| !is_proven_approved(run) || run.attempt.kind == Kind::Refund || agrees(world, number))
    }),
    ("I8 what was said is on disk", |_, world| {
        world.said.iter().all(|(run, said)| {
            let run = &world.runs[usize::from(*run)];
            let corrected = matches!(run.attempt.phase, Phase::Approved { .. }) && *said != "approved";
            run.on_disk == Disk::Written && (run.attempt.phase.name() == *said || corrected)
        })
    }),
    ("I9 stable answers", |_, world| !world.broken.contains(&Rule::StableAnswers)),
    ("I10 a cancel is a wish", |_, world| !world.broken.contains(&Rule::CancelIsAWish)),
    ("I11 one sale on a terminal", |_, world| world.holders().count() <= 1),
    ("I11 one prompt on a terminal", |shell, world| {
        let prompts = world.books.sessions.iter().filter(|session| world.books.is_payable(session, world.now));
        shell.scene.late_orders || prompts.count() <= 1
    }),
    ("I14 no more is given back than was taken", |_, world| {
        sales(world).all(|entry| {
            let paid_out = world.books.refunds.iter().filter(|(run, _)| {
                let refund = &world.entries[usize::from(world.runs[usize::from(*run)].entry)];
                refund.original == Some(entry)
            });
            let taken = world.entries[usize::from(entry)].amount;
            world.set_aside(entry) <= taken && paid_out.map(|(_, amount)| amount).sum::<i64>() <= taken
        })
    }),
    ("I15 a refund is paid out once", |_, world| {
        (0..)
            .zip(&world.runs)
            .all(|(number, _)| world.books.refunds.iter().filter(|(run, _)| *run == number).count() <= 1)
    }),
    ("I16 only what was taken is given back", |_, world| {
        world.books.refunds.iter().all(|(run, _)| {
            let refund = &world.entries[usize::from(world.runs[usize::from(*run)].entry)];
            refund.original.is_some_and(|sale| paid_times(world, sale) > 0)
        })
    }),
    ("I18 an order is sent once", |_, world| !world.broken.contains(&Rule::SentOnce)),
    ("L1 given up only when nothing can come", |shell, world| {
        let given_up = known(world).filter(|(_, run)| matches!(run.attempt.phase, Phase::Abandoned { .. }));
        shell.scene.late_orders
            || given_up.into_iter().all(|(number, _)| {
                !world.books.of_run(number).any(|(_, session)| world.books.is_payable(session, world.now))
            })
    }),
    ("L7 everything comes to rest", comes_to_rest),
];

const SOMETIMES: &[(&str, Check)] = &[
    ("a sale is approved", |_, world| any_phase(world, Kind::Sale, |phase| matches!(phase, Phase::Approved { .. }))),
    ("a sale is declined", |_, world| any_phase(world, Kind::Sale, |phase| matches!(phase, Phase::Declined { .. }))),
    ("a sale is cancelled", |_, world| {
        any_phase(world, Kind::Sale, |phase| matches!(phase, Phase::Cancelled { resolution: None }))
    }),
    ("a sale is refused", |_, world| any_phase(world, Kind::Sale, |phase| matches!(phase, Phase::Failed { .. }))),
    ("a sale is abandoned", |_, world| any_phase(world, Kind::Sale, |phase| matches!(phase, Phase::Abandoned { .. }))),
    ("an operator decides", |_, world| {
        any_phase(world, Kind::Sale, |phase| {
            matches!(phase, Phase::Cancelled { resolution: Some(_) } | Phase::Approved { resolution: Some(_), .. })
        })
    }),
    ("a second attempt is approved", |_, world| {
        known(world).any(|(_, run)| run.attempt.number == 2 && is_proven_approved(run))
    }),
    ("a paid sale wanted to be cancelled", |_, world| {
        known(world).any(|(_, run)| run.attempt.cancel_wanted && is_proven_approved(run))
    }),
    ("a process is down while money moves", |_, world| {
        world.down && world.books.sessions.iter().any(|session| session.payment.is_some())
    }),
];

const SOMETIMES_LYING: &[(&str, Check)] =
    &[("a lie is seen", |_, world| known(world).any(|(_, run)| run.attempt.contradicted))];

const SOMETIMES_LATE: &[(&str, Check)] = &[("a late approval", |_, world| {
    any_phase(world, Kind::Sale, |phase| matches!(phase, Phase::Approved { late: true, .. }))
})];

const SOMETIMES_REFUNDED: &[(&str, Check)] = &[
    ("a refund is approved", |_, world| {
        any_phase(world, Kind::Refund, |phase| matches!(phase, Phase::Approved { .. }))
    }),
    ("a refund is unknown", |_, world| any_phase(world, Kind::Refund, |phase| matches!(phase, Phase::Unknown { .. }))),
    ("a refund is stopped before it is sent", |_, world| {
        any_phase(world, Kind::Refund, |phase| matches!(phase, Phase::Cancelled { .. }))
    }),
    ("two refunds of one sale are paid out", |_, world| world.books.refunds.len() == 2),
];

/// Everything that is checked of this scene.
pub(crate) fn properties(shell: &Shell) -> Vec<Property<Shell>> {
    let scene = shell.scene;
    let mut properties: Vec<_> = ALWAYS.iter().map(|(name, check)| Property::always(name, *check)).collect();
    let mut wanted = |list: &'static [(&'static str, Check)], when: bool| {
        properties.extend(list.iter().filter(|_| when).map(|(name, check)| Property::sometimes(name, *check)));
    };
    wanted(SOMETIMES, true);
    wanted(SOMETIMES_LYING, scene.budget.lies > 0);
    wanted(SOMETIMES_LATE, scene.late_orders);
    wanted(SOMETIMES_REFUNDED, scene.budget.refunds > 0);
    properties
}

fn sales(world: &World) -> impl Iterator<Item = u8> {
    (0..).zip(&world.entries).filter(|(_, entry)| entry.kind == Kind::Sale).map(|(number, _)| number)
}

fn known(world: &World) -> impl Iterator<Item = (u8, &Run)> {
    (0..).zip(&world.runs).filter(|(_, run)| run.on_disk != Disk::Lost)
}

fn any_phase(world: &World, kind: Kind, wanted: impl Fn(&Phase) -> bool) -> bool {
    known(world).any(|(_, run)| run.attempt.kind == kind && wanted(&run.attempt.phase))
}

/// How often the customer of an entry paid.
fn paid_times(world: &World, entry: u8) -> usize {
    let sessions = world.books.sessions.iter().filter(|session| world.runs[usize::from(session.run)].entry == entry);
    sessions.filter(|session| session.payment.is_some_and(Payment::took_money)).count()
}

/// How often a person said "not taken" and so let the till try again.
fn forced(world: &World, entry: u8) -> usize {
    world.runs_of(entry).filter(|(run, _)| world.called_unpaid.contains(run)).count()
}

fn took(world: &World, number: u8, run: &Run) -> bool {
    match run.attempt.kind {
        Kind::Sale => world.books.took_money(number),
        Kind::Refund => world.books.refunds.iter().any(|(paid, _)| *paid == number),
    }
}

/// The same with what other attempts brought to the payment that it was prepared on.
fn was_paid(world: &World, number: u8, run: &Run) -> bool {
    let payment = run.attempt.preparation.as_ref().map(|prepared| &prepared.payment);
    took(world, number, run) || (run.attempt.kind == Kind::Sale && world.books.is_taken(payment))
}

fn agrees(world: &World, number: u8) -> bool {
    let payment = world.runs[usize::from(number)].attempt.preparation.as_ref().map(|prepared| &prepared.payment);
    let ours = |session: &&Session| match payment {
        Some(payment) => session.payment_of.as_ref() == Some(payment),
        None => session.run == number,
    };
    world.books.sessions.iter().filter(ours).any(|session| session.payment == Some(Payment::Approved))
}

fn is_proven_approved(run: &Run) -> bool {
    matches!(run.attempt.phase, Phase::Approved { resolution: None, .. })
}

fn is_proven_negative(run: &Run) -> bool {
    matches!(run.attempt.phase, Phase::Declined { .. } | Phase::Failed { .. } | Phase::Cancelled { resolution: None })
}
