//! A terminal that another operation holds: who waits for it, who stops it, and who is refused.

use pos_bridge::domain::attempt::{Kind, Phase};
use pos_bridge::domain::directory::{Credentials, Profile, Till};
use pos_bridge::domain::identifiers::{TerminalName, TillId};
use pos_bridge::domain::operation::Operation;
use pos_bridge::domain::turn::Turn;

use crate::support::*;

fn till(id: &str, supersede: bool, queue_seconds: u32) -> Till {
    Till {
        id: TillId::new(id).unwrap(),
        terminal: TerminalName::new("front").unwrap(),
        terminals: Vec::new(),
        credentials: Credentials::default(),
        profile: Profile { supersede, queue_seconds, ..Profile::default() },
    }
}

fn held_for(kind: Kind) -> Operation {
    operation(attempt(kind, Phase::Sending))
}

/// It is waited for where the profile says so, and never stopped, whatever is asked.
#[test]
fn another_tills_operation_is_waited_for_and_never_stopped() {
    for (queue_seconds, expected) in [(0, Turn::Refused), (1, Turn::Queued), (300, Turn::Queued)] {
        for supersede in [false, true] {
            let till = till("till-2", supersede, queue_seconds);
            for (asked, holder) in every_pair() {
                assert_eq!(Turn::of(&till, asked, &held_for(holder)), expected, "{asked:?} over {holder:?}");
            }
        }
    }
}

/// It would wait for its own cashier.
#[test]
fn a_till_never_waits_for_its_own_and_supersedes_a_sale_by_a_sale_only() {
    for queue_seconds in [0, 300] {
        for (asked, holder) in every_pair() {
            let sales = (asked, holder) == (Kind::Sale, Kind::Sale);
            let told = |supersede| Turn::of(&till("till-1", supersede, queue_seconds), asked, &held_for(holder));
            assert_eq!(told(false), Turn::Refused, "{asked:?} over {holder:?}");
            assert_eq!(told(true), if sales { Turn::Supersedes } else { Turn::Refused }, "{asked:?} over {holder:?}");
        }
    }
}

fn every_pair() -> [(Kind, Kind); 4] {
    let (sale, refund) = (Kind::Sale, Kind::Refund);
    [(sale, sale), (sale, refund), (refund, sale), (refund, refund)]
}
