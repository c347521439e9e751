//! The table: what can happen to a call, where in it, and in which direction.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::call::Call;
use crate::dice::Dice;
use crate::faults::every_rule_for_calls;
use crate::provider::label;

/// Which of a call's two messages is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Request,
    Answer,
}

/// Up to where the message got through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    BeforeIt,
    InItsHead,
    BehindItsHead,
    InItsBody,
    BehindIt,
}

/// What comes instead of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Harm {
    /// Both sides get a TCP reset.
    Reset,
    /// Both connections are closed in order.
    Close,
    /// Only the direction that was cut is closed; the other stays open.
    HalfClose,
    /// Nothing more, on connections that stay open.
    Silence,
    /// The rest, while it is still waited for.
    Pause,
    /// The rest, when it is waited for no more.
    Late,
    /// Bytes that mean nothing.
    Garbage,
    /// A gateway's 503.
    Unavailable,
    /// A gateway's 429.
    SlowDown,
    /// A gateway's 307.
    Redirect,
    /// 200, with JSON of a wrong shape.
    WrongType,
    /// 200, with a body that does not end.
    Endless,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) call: Call,
    pub(crate) way: Way,
    pub(crate) point: Point,
    pub(crate) harm: Harm,
}

/// What one cell does to one call.
#[derive(Debug, Clone)]
pub(crate) enum Blow {
    /// The rig cuts the connection.
    Cut(Cut),
    /// The simulated provider itself does wrong, by this rule.
    Rule(Value),
}

#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) call: Call,
    pub(crate) blow: Blow,
}

impl Harm {
    pub(super) const ALL: [Self; 12] = [
        Self::Reset,
        Self::Close,
        Self::HalfClose,
        Self::Silence,
        Self::Pause,
        Self::Late,
        Self::Garbage,
        Self::Unavailable,
        Self::SlowDown,
        Self::Redirect,
        Self::WrongType,
        Self::Endless,
    ];
}

const WAYS: [Way; 2] = [Way::Request, Way::Answer];
const POINTS: [Point; 5] = [Point::BeforeIt, Point::InItsHead, Point::BehindItsHead, Point::InItsBody, Point::BehindIt];

impl Cut {
    /// The reason why there is no such place.
    fn why_not(self) -> Option<&'static str> {
        let in_request_body = self.way == Way::Request && self.point == Point::InItsBody;
        (in_request_body && !self.call.request_has_body()).then_some("the request has no body")
    }
}

/// The whole table.
pub(super) struct Table {
    pub(super) cells: Vec<Cell>,
    /// The cells that there cannot be, by the reason.
    pub(super) impossible: BTreeMap<String, usize>,
}

impl Table {
    pub(super) fn whole() -> Self {
        let mut table = Self { cells: Vec::new(), impossible: BTreeMap::new() };
        for call in Call::ALL {
            for (way, point) in WAYS.into_iter().flat_map(|way| POINTS.map(|point| (way, point))) {
                for harm in Harm::ALL {
                    table.add(Cut { call, way, point, harm });
                }
            }
        }
        table.cells.extend(every_rule_for_calls().into_iter().filter_map(simulated));
        table
    }

    fn add(&mut self, cut: Cut) {
        match cut.why_not() {
            Some(why) => *self.impossible.entry(format!("{}, {why}", cut.call)).or_default() += 1,
            None => self.cells.push(Cell { call: cut.call, blow: Blow::Cut(cut) }),
        }
    }

    /// Every kind of harm and of the simulator's faults at either provider, at a place that the seed picks.
    pub(super) fn sample(&self, dice: &mut Dice, of_rules: usize) -> Vec<Cell> {
        let mut by_kind: BTreeMap<String, Vec<&Cell>> = BTreeMap::new();
        for cell in &self.cells {
            by_kind.entry(cell.kind()).or_default().push(cell);
        }
        let mut cuts: Vec<Cell> = Vec::new();
        let mut rules: Vec<Cell> = Vec::new();
        for cells in by_kind.values() {
            let cell: Cell = (*dice.pick(cells).unwrap()).clone();
            if matches!(cell.blow, Blow::Cut(_)) { cuts.push(cell) } else { rules.push(cell) }
        }
        dice.shuffle(&mut rules);
        cuts.extend(rules.into_iter().take(of_rules));
        dice.shuffle(&mut cuts);
        cuts
    }
}

/// A rule that strikes by chance, made to strike once.
fn simulated(mut rule: Value) -> Option<Cell> {
    rule.as_object_mut()?.remove("per_mille");
    rule["times"] = json!(1);
    Some(Cell { call: Call::named(rule["call"].as_str()?)?, blow: Blow::Rule(rule) })
}

impl Cell {
    fn provider(&self) -> &'static str {
        if self.call.is_dojos() { "dojo" } else { "dintero" }
    }

    /// Whose fault of which kind it is.
    pub(super) fn kind(&self) -> String {
        match &self.blow {
            Blow::Cut(cut) => format!("{} {:?}", self.provider(), cut.harm),
            Blow::Rule(rule) => {
                let label = label(rule);
                format!("{} simulated {}", self.provider(), label.split_once(' ').map_or("", |(_, kind)| kind))
            }
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.blow {
            Blow::Cut(Cut { call, way, point, harm }) => write!(text, "{call}, {way:?}, {point:?}, {harm:?}"),
            Blow::Rule(rule) => write!(text, "simulated {rule}"),
        }
    }
}
