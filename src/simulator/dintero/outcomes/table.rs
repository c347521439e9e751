//! The rows: the only place where an amount is given a meaning.

use super::{Accepted, CancelRule, Card, Happening, Outcome, Reason, RefundRule, Script, Step, Wait};

const VISA: Card = Card {
    brand: "Visa",
    masked_pan: "476173******0416",
    expiry_date: "12/2030",
    kind: "Debit",
    entry_method: "contactless",
    application_identifier: "A0000000031010",
};
const MASTERCARD: Card = Card {
    brand: "Mastercard",
    masked_pan: "541333******4111",
    expiry_date: "11/2029",
    kind: "Credit",
    entry_method: "chip",
    application_identifier: "A0000000041010",
};
const AMERICAN_EXPRESS: Card = Card {
    brand: "Amex",
    masked_pan: "374245*****1009",
    expiry_date: "01/2031",
    kind: "Credit",
    entry_method: "contactless",
    application_identifier: "A00000002501",
};
const BANK_AXEPT: Card = Card {
    brand: "BankAxept",
    masked_pan: "957800******0061",
    expiry_date: "06/2030",
    kind: "Debit",
    entry_method: "chip",
    application_identifier: "D5780000021010",
};

const INSUFFICIENT_FUNDS: Reason =
    Reason { code: "51", message: "Insufficient funds", kind: ["INSUFFICIENT_FUNDS"], result_code: "51" };
pub(crate) const DO_NOT_HONOUR: Reason =
    Reason { code: "05", message: "Do not honour", kind: ["DECLINED"], result_code: "05" };
const WRONG_PIN: Reason =
    Reason { code: "55", message: "Incorrect PIN", kind: ["FAILED_VERIFICATION"], result_code: "55" };
pub(crate) const REFUND_FAILED: Reason =
    Reason { code: "91", message: "Issuer unavailable", kind: ["ISSUER_ERROR"], result_code: "91" };

const fn after(milliseconds: u64, happening: Happening) -> Step {
    Step { wait: Wait::Virtual(milliseconds), happening }
}

pub(super) const APPROVES: Script = Script {
    card: VISA,
    steps: &[after(2_000, Happening::Approve)],
    cancel: CancelRule::Obeys,
    refund: RefundRule::Approves,
    shown_difference: 0,
    offline: false,
};

const fn plays(steps: &'static [Step]) -> Script {
    Script { steps, ..APPROVES }
}

const fn refunds(refund: RefundRule) -> Script {
    Script { refund, ..APPROVES }
}

const fn row(amount: i64, what_happens: &'static str, description: &'static str, script: Script) -> Outcome {
    Outcome { amount, what_happens, description, script }
}

pub(super) const TABLE: &[Outcome] = &[
    row(39_900, "approved, Visa", "Approved after 2 s, contactless; so does every amount not listed here.", APPROVES),
    row(
        990_100,
        "declined, insufficient funds",
        "DECLINED after 2 s by the issuer: insufficient funds.",
        plays(&[after(2_000, Happening::Decline(&INSUFFICIENT_FUNDS))]),
    ),
    row(
        990_101,
        "declined, do not honour",
        "DECLINED after 2 s by the issuer: do not honour.",
        plays(&[after(2_000, Happening::Decline(&DO_NOT_HONOUR))]),
    ),
    row(
        990_102,
        "failed, wrong PIN",
        "Card inserted after 2 s, FAILED 4 s later: wrong PIN.",
        plays(&[after(2_000, Happening::Initiate), after(4_000, Happening::Fail(&WRONG_PIN))]),
    ),
    row(
        990_103,
        "customer presses stop",
        "After 2 s the session is cancelled by the customer; there is no transaction.",
        plays(&[after(2_000, Happening::CustomerStops)]),
    ),
    row(990_104, "no card", "Nothing happens until the session expires.", plays(&[])),
    row(
        990_105,
        "slow approval",
        "Card inserted after 2 s (INITIATED), approved after 20 s.",
        plays(&[after(2_000, Happening::Initiate), after(18_000, Happening::Approve)]),
    ),
    row(
        990_106,
        "approved in spite of a cancel",
        "Approved after 8 s; a cancel before that answers 200 and changes nothing: the card wins.",
        Script { cancel: CancelRule::CardWins, ..plays(&[after(8_000, Happening::Approve)]) },
    ),
    row(
        990_107,
        "cancel comes too late",
        "Approved after 20 s, or in the moment of a cancel, which is then refused.",
        Script { cancel: CancelRule::CapturesFirst, ..plays(&[after(20_000, Happening::Approve)]) },
    ),
    row(
        990_108,
        "terminal offline",
        "The session is refused with 400: the terminal cannot be reached.",
        Script { offline: true, ..APPROVES },
    ),
    row(
        990_109,
        "authorised, captured later",
        "AUTHORIZED after 2 s, CAPTURED 5 s later.",
        plays(&[after(2_000, Happening::Authorize), after(5_000, Happening::Capture)]),
    ),
    row(
        990_110,
        "unknown, then captured",
        "UNKNOWN after 2 s, CAPTURED 10 s later.",
        plays(&[after(2_000, Happening::LoseTrack), after(10_000, Happening::Capture)]),
    ),
    row(
        990_111,
        "on hold, then captured",
        "ON_HOLD after 2 s, CAPTURED 10 s later.",
        plays(&[after(2_000, Happening::Hold), after(10_000, Happening::Capture)]),
    ),
    row(
        990_112,
        "approved after the session expired",
        "Nothing until the session's expires_at; CAPTURED 2 s after that.",
        plays(&[Step { wait: Wait::PastExpiry(2_000), happening: Happening::Approve }]),
    ),
    row(
        990_113,
        "record shows a wrong amount",
        "Approved after 2 s; the transaction shows 100 minor units more than were asked and taken.",
        Script { shown_difference: 100, ..APPROVES },
    ),
    row(
        990_114,
        "unknown for ever",
        "UNKNOWN after 2 s, and nothing more.",
        plays(&[after(2_000, Happening::LoseTrack)]),
    ),
    row(
        990_115,
        "authorised only",
        "AUTHORIZED after 2 s; captured or voided by request only.",
        plays(&[after(2_000, Happening::Authorize)]),
    ),
    row(
        990_120,
        "refund refused",
        "Approved after 2 s; its refunds are refused with 400.",
        refunds(RefundRule::Refused),
    ),
    row(
        990_121,
        "refund accepted, then done",
        "Approved after 2 s; its refunds answer 202 and are done 2 s later.",
        refunds(RefundRule::Accepted(Accepted::Succeeds)),
    ),
    row(
        990_122,
        "refund accepted, then failed",
        "Approved after 2 s; its refunds answer 202 and fail 2 s later.",
        refunds(RefundRule::Accepted(Accepted::Fails)),
    ),
    row(
        990_123,
        "refund failed, then corrected",
        "Approved after 2 s; its refunds answer 202, fail 2 s later and are corrected to done after 2 s more.",
        refunds(RefundRule::Accepted(Accepted::FailsThenCorrected)),
    ),
    row(
        990_124,
        "refund answered, but failed",
        "Approved after 2 s; its refunds answer 200 with a REFUND event that did not succeed.",
        refunds(RefundRule::AnswersFailed),
    ),
    row(990_201, "approved, Mastercard", "Approved after 2 s, chip.", Script { card: MASTERCARD, ..APPROVES }),
    row(
        990_202,
        "approved, American Express",
        "Approved after 2 s, contactless.",
        Script { card: AMERICAN_EXPRESS, ..APPROVES },
    ),
    row(990_203, "approved, BankAxept", "Approved after 2 s, chip.", Script { card: BANK_AXEPT, ..APPROVES }),
];
