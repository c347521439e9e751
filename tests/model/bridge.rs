//! The bridge in the model: what the journal, the engine and recovery do around the real rules, as thin as can be. Each
//! planted bug is a turn off this road.

use std::sync::Arc;

use pos_bridge::domain::attempt::{Attempt, Event, Kind, OperatorVerdict, Phase, Preparation, Resolution};
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::refund::{refund_amount, sendable};
use pos_bridge::domain::repeat::{Fingerprint, Repeat, RepeatRules};

use crate::parts::{self, PRICE};
use crate::provider;
use crate::rules::Rule;
use crate::scenes::{Bug, Scene};
use crate::world::{Disk, Entry, Message, Run, Work, World};

/// The model: a scene, played by the bridge as it is or with one bug.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shell {
    pub(crate) scene: Scene,
    pub(crate) bug: Option<Bug>,
}

impl Shell {
    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn retries_unknown(&self) -> bool {
        self.has(Bug::RetryWhileUnknown) || self.has(Bug::NewIntent)
    }

    /// A till asks for a sale, first or again.
    pub(crate) fn pay(&self, world: &mut World, till: u8, number: u8) {
        let known = position(world, till, Kind::Sale, number);
        if let Some(entry) = known {
            let fingerprint = Fingerprint { money: Some(parts::money(PRICE)), original: None };
            if !self.begins_again(world, entry, &fingerprint) {
                return;
            }
        }
        if self.has(Bug::ClaimOutside) && world.holders().next().is_none() && !world.memory.contains_key(&LATER) {
            // Looked now, written later.
            let entry = known.unwrap_or_else(|| write_entry(world, till, Kind::Sale, number, None, PRICE));
            world.memory.insert(LATER, Work::Insert { entry, amount: PRICE });
            return;
        }
        let retried = self.retries_unknown() && known.is_some();
        if world.holders().next().is_some() && !retried {
            return;
        }
        let entry = known.unwrap_or_else(|| write_entry(world, till, Kind::Sale, number, None, PRICE));
        self.begin(world, entry, PRICE);
    }

    /// A till asks for money of a sale back.
    pub(crate) fn refund(&self, world: &mut World, till: u8, number: u8, sale: u8, asked: i64) {
        let known = position(world, till, Kind::Refund, number);
        let fingerprint = Fingerprint { money: Some(parts::money(asked)), original: parts::original(Some(sale)) };
        if known.is_some_and(|entry| !self.begins_again(world, entry, &fingerprint)) {
            return;
        }
        let Some((_, deciding)) = world.deciding(sale) else { return };
        let operation = parts::operation(sale, &world.entries[usize::from(sale)], &deciding.attempt);
        if self.scene.prepared && !self.has(Bug::RefundsAtOnce) && world.has_undecided_refund(sale) {
            return;
        }
        let Ok(amount) = refund_amount(&operation, world.set_aside(sale), Some(parts::money(asked))) else { return };
        let entry = known.unwrap_or_else(|| write_entry(world, till, Kind::Refund, number, Some(sale), asked));
        if self.has(Bug::ReserveOutside) {
            world.memory.insert(LATER - till, Work::Insert { entry, amount: amount.minor() });
        } else {
            self.begin(world, entry, amount.minor());
        }
    }

    /// The real rule for a number that comes again; the same number for another amount changes nothing.
    fn begins_again(&self, world: &mut World, entry: u8, asked: &Fingerprint) -> bool {
        let Some((_, deciding)) = world.deciding(entry) else { return true };
        let operation = parts::operation(entry, &world.entries[usize::from(entry)], &deciding.attempt);
        let unknown = matches!(deciding.attempt.phase, Phase::Unknown { .. });
        let other = Fingerprint { money: Some(parts::money(PRICE * 2)), original: asked.original };
        let rules = RepeatRules::default();
        if operation.repeat(&other, rules, parts::time(world.now)) != Repeat::Conflict {
            world.broken.insert(Rule::Fingerprint);
        }
        let again = operation.repeat(asked, rules, parts::time(world.now)) == Repeat::NewAttempt;
        if again || (self.retries_unknown() && unknown) {
            world.entries[usize::from(entry)].told = false;
        }
        again || (self.retries_unknown() && unknown)
    }

    /// What is begun is on disk before anything is sent.
    pub(crate) fn begin(&self, world: &mut World, entry: u8, amount: i64) {
        let Entry { kind, original, .. } = world.entries[usize::from(entry)];
        let refunds = original.and_then(|sale| match &world.deciding(sale)?.1.attempt.phase {
            Phase::Approved { approval, .. } => approval.transaction.clone(),
            _ => None,
        });
        let run = u8::try_from(world.runs.len()).unwrap();
        let attempt = parts::attempt(world, entry, amount, refunds, self.scene.prepared);
        let on_disk = if self.has(Bug::PersistAfterSend) { Disk::InMemory } else { Disk::Written };
        world.runs.push(Run { entry, attempt, on_disk });
        let sends_now = kind == Kind::Sale && !self.scene.prepared;
        world.memory.insert(run, if sends_now { Work::Send } else { Work::Dispatch });
    }

    /// The payment that the earlier attempts ran on is used again while nothing came of it; what came of it is theirs.
    fn prepare(&self, world: &mut World, run: u8) {
        world.memory.remove(&run);
        let attempt = Arc::clone(&world.runs[usize::from(run)].attempt);
        let fresh = Preparation {
            payment: parts::payment(run),
            reference: attempt.order.reference,
            earlier_runs: Vec::new(),
            refunded: 0,
            run: None,
        };
        let known = attempt.preparation.clone().filter(|_| !self.has(Bug::NewIntent)).unwrap_or(fresh);
        let on_it = (0_u8..)
            .zip(&world.books.sessions)
            .filter(|(_, session)| session.payment_of.as_ref() == Some(&known.payment));
        let earlier_runs: Vec<u8> = on_it.map(|(number, _)| number).collect();
        if world.books.is_taken(Some(&known.payment)) {
            self.record(world, run, &Event::PaidBefore);
            self.look_at_earlier(world, run);
            return self.record(world, run, &Event::PaidByEarlier);
        }
        let earlier_runs = earlier_runs.into_iter().map(parts::handle).collect();
        self.record(world, run, &Event::Dispatched { preparation: Some(Preparation { earlier_runs, ..known }) });
        if matches!(world.runs[usize::from(run)].attempt.phase, Phase::Sending) {
            world.memory.insert(run, Work::Send);
        }
    }

    fn look_at_earlier(&self, world: &mut World, run: u8) {
        let runs = world.runs_of(world.runs[usize::from(run)].entry);
        for earlier in runs.map(|(number, _)| number).filter(|number| *number != run).collect::<Vec<_>>() {
            let handle = world.runs[usize::from(earlier)].attempt.phase.handle();
            let view = world.books.view(earlier, &world.sessions_of(earlier), handle);
            self.hear(world, &Message::Record { run: earlier, view, at: world.now });
        }
    }

    /// What the provider's own record lets a refund be sent, and the note that it is being sent.
    pub(crate) fn dispatch(&self, world: &mut World, run: u8) {
        if world.runs[usize::from(run)].attempt.kind == Kind::Sale {
            return self.prepare(world, run);
        }
        world.memory.remove(&run);
        let attempt = Arc::clone(&world.runs[usize::from(run)].attempt);
        let refunded = world.given_back(run);
        if let Err(reason) = sendable(attempt.order.money.amount, PRICE, refunded) {
            return self.record(world, run, &Event::Refused { reason });
        }
        let preparation = self.paid_by(world, run).map(|paid| Preparation { refunded, ..paid });
        self.record(world, run, &Event::Dispatched { preparation });
        if matches!(world.runs[usize::from(run)].attempt.phase, Phase::Sending) {
            world.memory.insert(run, Work::Send);
        }
    }

    /// The prepared payment that a refund gives back.
    fn paid_by(&self, world: &World, refund: u8) -> Option<Preparation> {
        let sale = world.entries[usize::from(world.runs[usize::from(refund)].entry)].original?;
        world.deciding(sale)?.1.attempt.preparation.clone()
    }

    pub(crate) fn send(&self, world: &mut World, run: u8) {
        let sends = world.sends.entry(run).or_default();
        *sends += 1;
        if *sends > 1 {
            world.broken.insert(Rule::SentOnce);
        }
        if world.runs[usize::from(run)].on_disk != Disk::Written {
            world.broken.insert(Rule::IntentFirst);
        }
        world.network.insert(Message::Order { run });
        world.memory.insert(run, Work::Await);
    }

    pub(crate) fn time_out(&self, world: &mut World, run: u8) {
        if self.has(Bug::ResendOnSilence) && world.sends[&run] < 2 {
            world.memory.insert(run, Work::Send);
            return;
        }
        world.memory.remove(&run);
        self.record(world, run, &Event::Silent { cause: "nothing came".to_owned() });
    }

    /// What comes to the bridge.
    pub(crate) fn hear(&self, world: &mut World, message: &Message) {
        match message {
            Message::Accepted { run, session } => {
                world.memory.remove(run);
                self.record(world, *run, &Event::Accepted { handle: parts::handle(*session) });
            }
            Message::Refused { run } => {
                // An answer to a call that was given up has nobody who hears it.
                if world.memory.remove(run).is_some() {
                    self.record(world, *run, &Event::Refused { reason: parts::reason("refused") });
                }
            }
            Message::Record { run, view, at } => {
                let attempt = Arc::clone(&world.runs[usize::from(*run)].attempt);
                let finding = if self.has(Bug::CompareNothing) && attempt.kind == Kind::Sale {
                    view.trusting_finding(*run, &attempt.as_sent())
                } else {
                    view.finding(attempt.kind, *run, &attempt.as_sent())
                };
                self.seen(world, *run, finding, *at);
            }
            Message::Order { .. } | Message::Cancel { .. } => {}
        }
    }

    fn seen(&self, world: &mut World, run: u8, finding: Finding, at: u8) {
        let attempt = &world.runs[usize::from(run)].attempt;
        if self.has(Bug::NotFoundIsAbandoned) && finding == Finding::Nothing && attempt.phase.is_live() {
            return self.put(
                world,
                run,
                Attempt { phase: Phase::Abandoned { handle: None }, ..attempt.as_ref().clone() },
            );
        }
        self.record(world, run, &Event::Seen { finding, at: parts::time(at) });
    }

    /// A callback whose body says that it was paid: nobody knows who sent it.
    pub(crate) fn hear_forgery(&self, world: &mut World, run: u8) {
        if self.has(Bug::TrustCallback) {
            let order = world.runs[usize::from(run)].attempt.order.clone();
            let approval = provider::approval(&order, parts::transaction(99), false);
            let at = parts::time(world.now);
            self.record(world, run, &Event::Seen { finding: Finding::Approved(approval), at });
        }
    }

    pub(crate) fn want_cancel(&self, world: &mut World, run: u8) {
        let attempt = &world.runs[usize::from(run)].attempt;
        if self.has(Bug::CancelIsCancelled) && attempt.phase.is_live() {
            return self.put(
                world,
                run,
                Attempt { phase: Phase::Cancelled { resolution: None }, ..attempt.as_ref().clone() },
            );
        }
        self.record(world, run, &Event::CancelWanted);
    }

    /// An operator who has the terminal's receipt, or knows that there is none.
    pub(crate) fn resolve(&self, world: &mut World, run: u8) {
        let verdict = if world.books.took_money(run) { OperatorVerdict::Approved } else { OperatorVerdict::NotTaken };
        let resolution = Resolution { verdict, by: "Kari".to_owned(), reason: "receipt".to_owned() };
        self.record(world, run, &Event::Resolved { resolution, at: parts::time(world.now) });
        if matches!(world.runs[usize::from(run)].attempt.phase, Phase::Cancelled { resolution: Some(_) }) {
            world.called_unpaid.insert(run);
        }
    }

    pub(crate) fn crash(&self, world: &mut World) {
        world.down = true;
        world.memory.clear();
        world.network.retain(|message| !message.is_for_bridge());
        for run in world.runs.iter_mut().filter(|run| run.on_disk == Disk::InMemory) {
            run.on_disk = Disk::Lost;
        }
    }

    /// What recovery makes of everything that was open.
    pub(crate) fn start(&self, world: &mut World) {
        world.down = false;
        for run in 0..u8::try_from(world.runs.len()).unwrap() {
            let Run { attempt, on_disk, .. } = &world.runs[usize::from(run)];
            if !attempt.phase.is_live() || *on_disk != Disk::Written {
                continue;
            }
            if self.has(Bug::RestartMeansNotSent) && matches!(attempt.phase, Phase::Sending) {
                self.record(world, run, &Event::NotSent { reason: parts::reason("restarted") });
            } else {
                self.record(world, run, &Event::Interrupted);
            }
        }
    }

    /// The one way in for every fact: the real step, and an approval stops the other attempts of its operation.
    pub(crate) fn record(&self, world: &mut World, run: u8, event: &Event) {
        let before = &world.runs[usize::from(run)];
        if before.on_disk == Disk::Lost {
            return;
        }
        let Ok(Some(transition)) = before.attempt.step(event) else { return };
        let approved = |phase: &Phase| matches!(phase, Phase::Approved { .. });
        let newly_approved = approved(&transition.attempt.phase) && !approved(&before.attempt.phase);
        let entry = before.entry;
        self.put(world, run, transition.attempt);
        if newly_approved {
            let is_live = |number: &u8| world.runs[usize::from(*number)].attempt.phase.is_live();
            let others = world.runs_of(entry).map(|(number, _)| number).filter(|other| *other != run);
            for other in others.filter(is_live).collect::<Vec<_>>() {
                self.record(world, other, &Event::CancelWanted);
            }
        }
    }

    fn put(&self, world: &mut World, run: u8, after: Attempt) {
        let stopped = world.sessions_of(run).iter().any(|number| world.books.sessions[usize::from(*number)].cancelled);
        let before = &mut world.runs[usize::from(run)];
        let (old, new) = (&before.attempt.phase, &after.phase);
        let overruled =
            matches!(old, Phase::Cancelled { resolution: Some(_) } | Phase::Approved { resolution: Some(_), .. });
        if old.is_final() && old.name() != new.name() && !overruled {
            world.broken.insert(Rule::Finality);
        }
        let only_wished = matches!(new, Phase::Cancelled { resolution: None })
            && !matches!(old, Phase::Reserved | Phase::Cancelled { .. })
            && !stopped;
        if only_wished {
            world.broken.insert(Rule::CancelIsAWish);
        }
        before.attempt = Arc::new(after);
    }

    /// The till is given the result.
    pub(crate) fn tell(&self, world: &mut World, entry: u8) {
        let Some((run, deciding)) = world.deciding(entry) else { return };
        let (phase, is_final) = (deciding.attempt.phase.name(), deciding.attempt.phase.status().is_final());
        if !is_final {
            return;
        }
        let before = world.said.insert(run, phase);
        if before.is_some_and(|before| before != phase && phase != "approved") {
            world.broken.insert(Rule::StableAnswers);
        }
        world.entries[usize::from(entry)].told = true;
    }
}

/// Where work that belongs to no run yet is kept (a planted bug needs it).
pub(crate) const LATER: u8 = u8::MAX;

fn position(world: &World, till: u8, kind: Kind, number: u8) -> Option<u8> {
    let found = world.entries.iter().position(|entry| (entry.till, entry.kind, entry.number) == (till, kind, number));
    found.and_then(|found| u8::try_from(found).ok())
}

fn write_entry(world: &mut World, till: u8, kind: Kind, number: u8, original: Option<u8>, amount: i64) -> u8 {
    world.entries.push(Entry { till, kind, number, original, amount, told: false });
    u8::try_from(world.entries.len() - 1).unwrap()
}
