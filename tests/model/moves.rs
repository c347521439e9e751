//! Everything that can happen next: to the bridge, on the network, at the provider, at the terminal.

use pos_bridge::domain::attempt::{Kind, Phase};
use stateright::{Model, Property};

use crate::bridge::Shell;
use crate::parts::{self, PRICE};
use crate::provider::{Payment, Session, View};
use crate::rules::properties;
use crate::world::{Disk, Message, Work, World};

/// What refunds ask for: two of the first are more than a sale has, two of the second are not.
const PARTS: [i64; 2] = [PRICE * 6 / 10, PRICE * 4 / 10];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Move {
    Pay { till: u8 },
    Refund { till: u8, sale: u8, amount: i64 },
    WantCancel { run: u8 },
    Tell { entry: u8 },
    Do { run: u8, work: Work },
    TimeOut { run: u8 },
    Deliver(Message),
    DeliverAndRepeat(Message),
    Lose(Message),
    Read { run: u8, lagging: bool },
    PassOnCancel { session: u8 },
    Tap { session: u8 },
    Finish { session: u8, payment: Payment },
    Crash,
    Start,
    Forge { run: u8 },
    Resolve { run: u8 },
    Minute,
}

impl Model for Shell {
    type State = World;
    type Action = Move;

    fn init_states(&self) -> Vec<World> {
        vec![self.scene.world()]
    }

    fn actions(&self, world: &World, moves: &mut Vec<Move>) {
        network_moves(world, moves);
        terminal_moves(world, moves);
        if world.down {
            moves.push(Move::Start);
        } else {
            till_moves(world, moves);
            bridge_moves(world, moves);
        }
    }

    fn next_state(&self, world: &World, action: Move) -> Option<World> {
        let mut next = world.clone();
        self.make(&mut next, action);
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties(self)
    }
}

fn till_moves(world: &World, moves: &mut Vec<Move>) {
    let left = world.left;
    if left.sales > 0 {
        moves.extend([1, 2].map(|till| Move::Pay { till }));
    }
    for (entry, known) in (0_u8..).zip(&world.entries) {
        let Some((run, deciding)) = world.deciding(entry) else { continue };
        let phase = &deciding.attempt.phase;
        if phase.status().is_final() && world.said.get(&run) != Some(&phase.name()) {
            moves.push(Move::Tell { entry });
        }
        if left.cancels > 0 && !deciding.attempt.cancel_wanted && phase.is_live() {
            moves.push(Move::WantCancel { run });
        }
        if left.refunds > 0 && known.kind == Kind::Sale && matches!(phase, Phase::Approved { .. }) {
            for amount in PARTS {
                moves.extend([1, 2].map(|till| Move::Refund { till, sale: entry, amount }));
            }
        }
    }
}

fn bridge_moves(world: &World, moves: &mut Vec<Move>) {
    for (run, work) in &world.memory {
        match work {
            Work::Await => moves.push(Move::TimeOut { run: *run }),
            work => moves.push(Move::Do { run: *run, work: *work }),
        }
    }
    for (run, known) in (0_u8..).zip(&world.runs) {
        let attempt = &known.attempt;
        let waits = world.memory.contains_key(&run) || known.on_disk == Disk::Lost;
        if !waits && is_read(world, run) {
            moves.push(Move::Read { run, lagging: false });
            if world.left.lags > 0 && parts::time(world.now) < attempt.horizon && world.books.took_money(run) {
                moves.push(Move::Read { run, lagging: true });
            }
        }
        if let Some(session) = cancel_due(world, run) {
            moves.push(Move::PassOnCancel { session });
        }
        if world.left.forgeries > 0 && attempt.kind == Kind::Sale && attempt.phase.is_live() {
            moves.push(Move::Forge { run });
        }
        let overdue = attempt.phase.is_live() && parts::time(world.now) >= attempt.horizon;
        if world.left.operators > 0 && (overdue || matches!(attempt.phase, Phase::Abandoned { .. })) {
            moves.push(Move::Resolve { run });
        }
    }
    if world.left.crashes > 0 && !world.runs.is_empty() {
        moves.push(Move::Crash);
    }
}

/// Whatever is open is read, and the sweeps find every payment that came after the end.
fn is_read(world: &World, run: u8) -> bool {
    let attempt = &world.runs[usize::from(run)].attempt;
    let asked = world.network.iter().any(|message| matches!(message, Message::Record { run: of, .. } if *of == run));
    let open = attempt.phase.is_live() && !matches!(attempt.phase, Phase::Reserved);
    let swept = !attempt.phase.is_live() && !matches!(attempt.phase, Phase::Approved { .. });
    !asked && (open || (swept && world.books.took_money(run)))
}

/// The session to cancel, where that is wanted and the handle is known.
fn cancel_due(world: &World, run: u8) -> Option<u8> {
    let attempt = &world.runs[usize::from(run)].attempt;
    let handle = attempt.phase.handle().filter(|_| attempt.cancel_wanted && attempt.phase.is_live())?;
    let number = world.sessions_of(run).into_iter().find(|number| parts::handle(*number) == *handle)?;
    let session = &world.books.sessions[usize::from(number)];
    let under_way = world.network.contains(&Message::Cancel { session: number });
    (!session.cancelled && !under_way).then_some(number)
}

fn network_moves(world: &World, moves: &mut Vec<Move>) {
    for message in &world.network {
        if !world.down || !message.is_for_bridge() {
            moves.push(Move::Deliver(message.clone()));
        }
        if world.left.losses > 0 {
            moves.push(Move::Lose(message.clone()));
        }
        // What moves money is sent over one connection, which repeats nothing.
        let repeatable = matches!(message, Message::Record { .. } | Message::Accepted { .. });
        if world.left.duplicates > 0 && repeatable && !world.down {
            moves.push(Move::DeliverAndRepeat(message.clone()));
        }
    }
}

fn terminal_moves(world: &World, moves: &mut Vec<Move>) {
    for (number, session) in (0_u8..).zip(&world.books.sessions) {
        if world.books.is_payable(session, world.now) {
            moves.push(Move::Tap { session: number });
        }
        if session.payment == Some(Payment::Started) {
            let mut ends = vec![Payment::Declined];
            ends.extend((!world.books.is_taken(session.payment_of.as_ref())).then_some(Payment::Approved));
            ends.extend((world.left.lies > 0).then_some(Payment::Misreported));
            moves.extend(ends.into_iter().map(|payment| Move::Finish { session: number, payment }));
        }
    }
    if world.left.minutes > 0 && minute_may_pass(world) {
        moves.push(Move::Minute);
    }
}

/// A card that is in the terminal is decided within the session's life.
fn minute_may_pass(world: &World) -> bool {
    world
        .books
        .sessions
        .iter()
        .all(|session| session.payment != Some(Payment::Started) || world.now + 1 < session.payable_until)
}

impl Shell {
    pub(crate) fn make(&self, world: &mut World, action: Move) {
        match action {
            Move::Pay { till } => {
                world.left.sales -= 1;
                self.pay(world, till, 1);
            }
            Move::Refund { till, sale, amount } => {
                world.left.refunds -= 1;
                self.refund(world, till, 1, sale, amount);
            }
            Move::WantCancel { run } => {
                world.left.cancels -= 1;
                self.want_cancel(world, run);
            }
            Move::Tell { entry } => self.tell(world, entry),
            Move::Do { run, work } => self.work(world, run, work),
            Move::TimeOut { run } => self.time_out(world, run),
            Move::Deliver(message) => {
                world.network.remove(&message);
                self.deliver(world, &message);
            }
            Move::DeliverAndRepeat(message) => {
                world.left.duplicates -= 1;
                self.deliver(world, &message);
            }
            Move::Lose(message) => {
                world.left.losses -= 1;
                world.network.remove(&message);
            }
            Move::Read { run, lagging } => self.read(world, run, lagging),
            Move::PassOnCancel { session } => drop(world.network.insert(Message::Cancel { session })),
            Move::Tap { session } => world.books.sessions[usize::from(session)].payment = Some(Payment::Started),
            Move::Finish { session, payment } => {
                world.left.lies -= u8::from(payment == Payment::Misreported);
                world.books.sessions[usize::from(session)].payment = Some(payment);
            }
            Move::Crash => {
                world.left.crashes -= 1;
                self.crash(world);
            }
            Move::Start => self.start(world),
            Move::Forge { run } => {
                world.left.forgeries -= 1;
                self.hear_forgery(world, run);
            }
            Move::Resolve { run } => {
                world.left.operators -= 1;
                self.resolve(world, run);
            }
            Move::Minute => {
                world.left.minutes -= 1;
                pass_minute(world);
            }
        }
    }

    fn work(&self, world: &mut World, run: u8, work: Work) {
        match work {
            Work::Dispatch => self.dispatch(world, run),
            Work::Send => self.send(world, run),
            Work::Await => {}
            Work::Insert { entry, amount } => {
                world.memory.remove(&run);
                self.begin(world, entry, amount);
            }
        }
    }

    fn deliver(&self, world: &mut World, message: &Message) {
        match message {
            Message::Order { run } => self.take_order(world, *run),
            Message::Cancel { session } => {
                let session = &mut world.books.sessions[usize::from(*session)];
                session.cancelled |= session.payment.is_none();
            }
            message => self.hear(world, message),
        }
    }

    /// The provider takes every order that comes in time, also one that it has already.
    fn take_order(&self, world: &mut World, run: u8) {
        let attempt = &world.runs[usize::from(run)].attempt;
        let payment_of = attempt.preparation.as_ref().map(|prepared| prepared.payment.clone());
        let is_taken = world.books.is_taken(payment_of.as_ref());
        let answer = if attempt.kind == Kind::Refund {
            world.books.refunds.push((run, attempt.order.money.amount.minor()));
            Message::Accepted { run, session: 100 + run }
        } else if !is_taken && (self.scene.late_orders || parts::time(world.now) < attempt.expires_at) {
            let payable_until =
                if self.scene.late_orders { world.now + parts::HORIZON_AFTER } else { parts::minute(attempt.horizon) };
            world.books.sessions.push(Session { run, payable_until, cancelled: false, payment: None, payment_of });
            Message::Accepted { run, session: u8::try_from(world.books.sessions.len() - 1).unwrap() }
        } else {
            Message::Refused { run }
        };
        // Nobody hears the answer to a process that died.
        if !world.down && world.runs[usize::from(run)].on_disk != Disk::Lost {
            world.network.insert(answer);
        }
    }

    fn read(&self, world: &mut World, run: u8, lagging: bool) {
        let view = if lagging {
            world.left.lags -= 1;
            View::default()
        } else {
            let sessions = world.sessions_of(run);
            let attempt = &world.runs[usize::from(run)].attempt;
            let prepared = attempt.preparation.as_ref().filter(|_| attempt.kind == Kind::Refund);
            let grown = prepared.map(|prepared| world.given_back(run) - prepared.refunded);
            world.books.view(run, &sessions, attempt.phase.handle()).grown_by(grown)
        };
        world.network.insert(Message::Record { run, view, at: world.now });
    }
}

/// What is under way arrives before its horizon, or never.
pub(crate) fn pass_minute(world: &mut World) {
    world.now += 1;
    let now = parts::time(world.now);
    let runs = &world.runs;
    world.network.retain(|message| match message {
        Message::Order { run } => {
            let attempt = &runs[usize::from(*run)].attempt;
            attempt.kind == Kind::Sale || now < attempt.horizon
        }
        _ => true,
    });
}
