//! `judge`: what a provider's record proves.

use pos_bridge::domain::evidence::{
    Approval, Contradiction, Finding, PaymentState, SessionRecord, SessionState, Sighting, Terms, judge,
};

use crate::support::*;

fn sighting(sessions: Option<bool>, payments: &[PaymentState]) -> Sighting {
    Sighting { session: sessions.map(session), payments: payments.iter().map(|state| payment(state.clone())).collect() }
}

#[test]
fn a_payment_decides_over_its_session_and_an_approval_over_every_other_payment() {
    let approved = PaymentState::Approved { captured: true };
    let declined = PaymentState::Declined(reason());
    let name = |finding: Finding| match finding {
        Finding::Nothing => "nothing",
        Finding::Undecided { started: true, .. } => "started",
        Finding::Undecided { started: false, .. } => "prompting",
        Finding::Lapsed { .. } => "lapsed",
        Finding::Approved(approval) if !approval.captured => "reserved",
        Finding::Approved(approval) if approval.several => "approved, several",
        Finding::Approved(_) => "approved",
        Finding::Declined(_) => "declined",
        Finding::Cancelled => "cancelled",
        Finding::Corrected(_) => "corrected",
        Finding::Contradiction { .. } => "contradiction",
    };
    let reserved = PaymentState::Approved { captured: false };
    let cases: [(Option<bool>, &[PaymentState], &str); 15] = [
        (None, &[], "nothing"),
        (Some(false), &[], "prompting"),
        (Some(true), &[], "cancelled"),
        (Some(false), &[PaymentState::Undecided], "started"),
        (Some(true), &[PaymentState::Undecided], "started"),
        (Some(true), std::slice::from_ref(&approved), "approved"),
        (None, std::slice::from_ref(&declined), "declined"),
        (Some(false), &[PaymentState::Voided], "cancelled"),
        (None, &[declined.clone(), approved.clone()], "approved, several"),
        (None, &[declined.clone(), PaymentState::Undecided], "started"),
        (None, &[declined.clone(), PaymentState::Voided], "declined"),
        (Some(true), &[PaymentState::Unclear], "started"),
        (None, &[PaymentState::Unclear, approved.clone()], "approved, several"),
        (None, &[reserved.clone(), PaymentState::Unclear], "reserved"),
        (None, &[reserved, approved.clone()], "approved, several"),
    ];
    for (session, payments, expected) in cases {
        assert_eq!(name(judge(&order(), &sighting(session, payments))), expected, "{session:?} {payments:?}");
    }
}

/// P17: amount, currency, reference and terminal must agree, in the session and in every payment.
#[test]
fn a_record_that_differs_from_the_order_is_never_a_result() {
    type Spoil = fn(&mut Terms);
    type Expected = fn(&Contradiction) -> bool;
    let cases: [(Spoil, Expected); 5] = [
        (|terms| terms.amount = 3990, |found| matches!(found, Contradiction::Amount { asked: 39900, found: 3990 })),
        (|terms| terms.amount = -39900, |found| matches!(found, Contradiction::Amount { .. })),
        (|terms| terms.currency = "SEK".to_owned(), |found| matches!(found, Contradiction::Currency { .. })),
        (|terms| terms.terminal = Some("T0293".to_owned()), |found| matches!(found, Contradiction::Terminal { .. })),
        (|terms| terms.reference = "order-1".to_owned(), |found| matches!(found, Contradiction::Reference { .. })),
    ];
    for (spoil, expected) in cases {
        for spoil_session in [true, false] {
            let mut sighting = sighting(Some(false), &[PaymentState::Approved { captured: true }]);
            match (&mut sighting.session, spoil_session) {
                (Some(session), true) => spoil(&mut session.terms),
                _ => spoil(&mut sighting.payments[0].terms),
            }
            match judge(&order(), &sighting) {
                Finding::Contradiction { what, .. } => assert!(expected(&what), "{what}"),
                other => panic!("a contradicting record was taken for {other:?}"),
            }
        }
    }
}

#[test]
fn a_session_without_a_payment_tells_how_it_ended() {
    let cases = [
        (SessionState::Waiting, Finding::Undecided { handle: Some(handle()), started: false }),
        (SessionState::Started, Finding::Undecided { handle: Some(handle()), started: true }),
        (SessionState::Cancelled, Finding::Cancelled),
        (SessionState::Declined(reason()), Finding::Declined(reason())),
        (SessionState::Lapsed, Finding::Lapsed { handle: handle() }),
    ];
    for (state, expected) in cases {
        let session = SessionRecord { state, ..session(false) };
        assert_eq!(judge(&order(), &Sighting { session: Some(session), payments: Vec::new() }), expected);
    }
}

#[test]
fn a_record_that_does_not_name_the_terminal_still_counts() {
    let mut sighting = sighting(None, &[PaymentState::Approved { captured: true }]);
    sighting.payments[0].terms.terminal = None;
    assert!(matches!(judge(&order(), &sighting), Finding::Approved(_)));
}

/// A cancel may still let it go.
#[test]
fn an_approval_is_uncaptured_until_the_money_is_taken() {
    let approved = |captured| Finding::Approved(Approval { captured, ..approval() });
    for (finding, expected) in [(approved(false), true), (approved(true), false), (Finding::Nothing, false)] {
        assert_eq!(finding.is_uncaptured(), expected, "{finding:?}");
    }
}
