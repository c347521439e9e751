//! What must hold of any bytes, one file for each place where bytes of others come in. A check panics when it does not.
//!
//! `cargo test` asks these of the kept inputs and of what it makes of them, `fuzz/run` of what libFuzzer thinks of.

mod anew;
mod bytes;
mod callback;
mod configuration;
mod dintero;
#[path = "../../dintero/orders.rs"]
#[allow(dead_code, reason = "Dintero's own tests ask for more of it")]
mod dintero_orders;
mod dojo;
#[path = "../../dojo/orders.rs"]
#[allow(dead_code, reason = "Dojo's own tests ask for more of it")]
mod dojo_orders;
mod events;
#[path = "../../journal/fixture.rs"]
#[allow(dead_code, reason = "the journal's own tests ask for more of it")]
mod journal_fixture;
mod journal_row;
#[path = "../../common/moves.rs"]
mod moves;
mod record;
mod reply;
#[path = "../../rules/support.rs"]
#[allow(dead_code, reason = "the rules ask for more of it")]
mod support;
mod till_request;
#[path = "../../common/whole_list.rs"]
mod whole_list;

/// What became of an input. A target that takes nothing tries nothing: its run is vacuous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Taken,
    Refused,
}

impl Verdict {
    const fn taken_if(is_taken: bool) -> Self {
        if is_taken { Self::Taken } else { Self::Refused }
    }
}

pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) check: fn(&[u8]) -> Verdict,
}

const fn target(name: &'static str, check: fn(&[u8]) -> Verdict) -> Target {
    Target { name, check }
}

pub(crate) const TARGETS: [Target; 8] = [
    target("callback", callback::check),
    target("configuration", configuration::check),
    target("dintero", dintero::check),
    target("dojo", dojo::check),
    target("events", events::check),
    target("journal_row", journal_row::check),
    target("reply", reply::check),
    target("till_request", till_request::check),
];
