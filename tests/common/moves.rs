//! What must hold of every move of an attempt, whatever happened before.

use pos_bridge::domain::attempt::{Attempt, Event, OperatorVerdict, Phase, Resolution, Transition};
use pos_bridge::domain::evidence::{Approval, Finding};

/// Panics, with the rule that is broken, when the event may not have made this of the attempt.
pub(crate) fn check_move(before: &Attempt, event: &Event, made: &Transition) {
    let Transition { attempt: after, alarm } = made;
    assert_ne!(before, after, "a move changes something: {event:?}");
    let approves = matches!(
        event,
        Event::Seen { finding: Finding::Approved(_), .. }
            | Event::Resolved { resolution: Resolution { verdict: OperatorVerdict::Approved, .. }, .. }
    );
    let approved = |attempt: &Attempt| matches!(attempt.phase, Phase::Approved { .. });
    assert!(approves || !approved(after) || approved(before), "only proof makes an approval: {event:?}");

    let corrected = matches!(event, Event::Seen { finding: Finding::Corrected(_), .. });
    let only_an_operators_word = matches!(
        (&before.phase, event),
        (
            Phase::Approved { approval: Approval { transaction: None, .. }, resolution: Some(_), .. },
            Event::Seen { finding: Finding::Declined(_) | Finding::Cancelled, .. }
        )
    );
    assert!(
        !approved(before) || approved(after) || corrected || only_an_operators_word,
        "an approval stays: {event:?}"
    );

    let not_taken = after.phase.is_final() && !approved(after) && !before.phase.is_final();
    let may_have_arrived = !matches!(before.phase, Phase::Reserved);
    if not_taken && may_have_arrived {
        let proven = matches!(
            event,
            Event::Refused { .. }
                | Event::Rerouted { .. }
                | Event::NotSent { .. }
                | Event::PaidByEarlier
                | Event::Resolved { .. }
                | Event::Seen { finding: Finding::Declined(_) | Finding::Cancelled | Finding::Corrected(_), .. }
        );
        assert!(proven, "\"not paid\" is proven: {event:?}");
    }
    assert!(
        !before.phase.is_final() || after.phase.is_final(),
        "a result is never withdrawn: {:?} by {event:?}",
        before.phase
    );
    let is_given_up = |attempt: &Attempt| matches!(attempt.phase, Phase::Abandoned { .. });
    assert!(is_given_up(before) || !is_given_up(after) || alarm.is_some(), "who is given up on is loud: {event:?}");
    assert!(!before.cancel_wanted || after.cancel_wanted, "a wish is not forgotten");
    assert_eq!(before.order, after.order);
}
