//! Any events in any order: what must hold of an attempt whatever happens.

use jiff::SignedDuration;
use pos_bridge::domain::attempt::{Event, Kind, OperatorVerdict, Phase, Resolution};
use pos_bridge::domain::evidence::{Approval, Contradiction, Finding};
use proptest::prelude::*;

use crate::moves::check_move;
use crate::support::*;

fn any_finding() -> impl Strategy<Value = Finding> {
    prop_oneof![
        Just(Finding::Nothing),
        any::<bool>().prop_map(|started| Finding::Undecided { handle: Some(handle()), started }),
        any::<bool>().prop_map(|captured| Finding::Approved(Approval { captured, ..approval() })),
        Just(Finding::Declined(reason())),
        Just(Finding::Cancelled),
        Just(Finding::Lapsed { handle: handle() }),
        Just(Finding::Corrected(reason())),
        Just(Finding::Contradiction { what: Contradiction::Amount { asked: 39900, found: 1 }, handle: None }),
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(Event::Dispatched { preparation: None }),
        1 => Just(Event::Accepted { handle: handle() }),
        1 => Just(Event::Refused { reason: reason() }),
        1 => Just(Event::NotSent { reason: reason() }),
        1 => Just(Event::Silent { cause: "timeout".to_owned() }),
        1 => Just(Event::Interrupted),
        1 => Just(Event::CancelWanted),
        1 => Just(Event::Rerouted { reason: reason() }),
        1 => Just(Event::PaidBefore),
        1 => Just(Event::PaidByEarlier),
        1 => any::<bool>().prop_map(|accepted| Event::SignatureCompared { accepted }),
        4 => (any_finding(), 0_i64..1200)
            .prop_map(|(finding, second)| seen(finding, start() + SignedDuration::from_secs(second))),
        1 => (any::<bool>(), 0_i64..1200).prop_map(|(taken, second)| Event::Resolved {
            at: start() + SignedDuration::from_secs(second),
            resolution: Resolution {
                verdict: if taken { OperatorVerdict::Approved } else { OperatorVerdict::NotTaken },
                by: "Kari".to_owned(),
                reason: "receipt".to_owned(),
            },
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_happens_the_rules_of_money_hold(
        refund in any::<bool>(),
        events in prop::collection::vec(any_event(), 1..60),
    ) {
        let kind = if refund { Kind::Refund } else { Kind::Sale };
        let mut current = attempt(kind, if refund { Phase::Reserved } else { Phase::Sending });
        for event in events {
            if let Ok(Some(transition)) = current.step(&event) {
                check_move(&current, &event, &transition);
                current = transition.attempt;
            }
        }
    }
}
