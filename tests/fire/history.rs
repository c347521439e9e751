//! Everything that the tills asked and were told, in the order in which each till heard it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;

/// The amount whose card wins against a cancel that was answered with yes: the one "not paid" that may be taken back.
pub(crate) const CARD_WINS: i64 = 990_106;
/// Those that ask for a signature.
pub(crate) const SIGNED: [i64; 2] = [990_130, 990_131];

/// What a till calls an operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) till: usize,
    pub(crate) kind: &'static str,
    pub(crate) reference: String,
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} of till-{}", self.kind, self.reference, self.till)
    }
}

/// One answer, as far as it says where an operation stands.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) operation: String,
    pub(crate) attempt: i64,
    pub(crate) status: String,
    pub(crate) is_final: bool,
    pub(crate) late: bool,
    pub(crate) amount: i64,
    pub(crate) amount_approved: i64,
}

impl Told {
    pub(crate) fn of(reply: &Value) -> Option<Self> {
        Some(Self {
            operation: reply["operation_id"].as_str()?.to_owned(),
            attempt: reply["attempt"].as_i64()?,
            status: reply["status"].as_str()?.to_owned(),
            is_final: reply["final"].as_bool()?,
            late: reply["late"].as_bool()?,
            amount: reply["amount"].as_i64()?,
            amount_approved: reply["amount_approved"].as_i64()?,
        })
    }

    pub(crate) fn is_unpaid(&self) -> bool {
        self.is_final && self.status != "approved"
    }
}

/// One operation as its till lived it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story {
    /// `None` for a refund of all that is left.
    pub(crate) asked: Option<i64>,
    pub(crate) told: Vec<Told>,
    /// The till asked for it and has heard no end since.
    pub(crate) awaited: bool,
    /// The till hung up since it last heard something: what it did not wait for may have been on its way.
    pub(crate) unheard: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) stories: BTreeMap<Key, Story>,
    pub(crate) refusals: BTreeMap<String, u64>,
    pub(crate) requests: u64,
    pub(crate) unanswered: u64,
    pub(crate) broken: Vec<String>,
}

/// The history that all tills of a shop write.
#[derive(Debug, Clone, Default)]
pub(crate) struct History(Arc<Mutex<Books>>);

impl History {
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    /// The till is about to post this.
    pub(crate) fn asks(&self, key: &Key, amount: Option<i64>) {
        let mut books = self.books();
        books.requests += 1;
        let story = books.stories.entry(key.clone()).or_insert_with(|| Story { asked: amount, ..Story::default() });
        story.awaited = true;
    }

    /// The till heard this. What a final answer said must hold for ever.
    pub(crate) fn hears(&self, key: &Key, told: Told) {
        let mut books = self.books();
        let Some(story) = books.stories.get_mut(key) else {
            books.broken.push(format!("{key}: told of what was never asked: {told:?}"));
            return;
        };
        story.awaited &= !told.is_final;
        let complaint = complaint(story, &told);
        story.unheard = false;
        story.told.push(told);
        if let Some(complaint) = complaint {
            let text = format!("{key}: {complaint}\n{}", lines(story));
            books.broken.push(text);
        }
    }

    /// A call of the till ended without an answer.
    pub(crate) fn hears_nothing(&self, key: &Key) {
        let mut books = self.books();
        books.unanswered += 1;
        if let Some(story) = books.stories.get_mut(key) {
            story.unheard = true;
        }
    }

    pub(crate) fn has_heard_of(&self, key: &Key) -> bool {
        self.books().stories.get(key).is_some_and(|story| !story.told.is_empty())
    }

    pub(crate) fn refused(&self, code: &str) {
        *self.books().refusals.entry(code.to_owned()).or_default() += 1;
    }
}

fn complaint(story: &Story, told: &Told) -> Option<&'static str> {
    if story.asked.is_some_and(|asked| asked != told.amount) {
        return Some("another amount than was asked");
    }
    let last = story.told.last()?;
    let late = told.late && told.status == "approved" && (last.amount == CARD_WINS || !last.is_final);
    if last.operation != told.operation {
        return Some("another operation under the same reference");
    }
    if told.attempt < last.attempt && !late {
        return Some("an earlier attempt than before");
    }
    if told.attempt > last.attempt && !last.is_unpaid() && !story.unheard {
        return Some("a new attempt although the last one was not heard to be unpaid");
    }
    let same = told.status == last.status && told.amount_approved == last.amount_approved;
    if last.is_final && told.attempt == last.attempt && !same && !late {
        return Some("a final answer changed");
    }
    None
}

/// What the till was told, for a person.
pub(crate) fn lines(story: &Story) -> String {
    let told = story
        .told
        .iter()
        .map(|told| format!("    attempt {} {} final={} late={}", told.attempt, told.status, told.is_final, told.late));
    told.collect::<Vec<_>>().join("\n")
}
