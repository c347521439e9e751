//! The rows: the only place where a suffix is given a meaning.

use super::{CancelRule, Card, Happening, Reach, RejectRule, Script, Step, VirtualTerminal};
use Happening::{AskSignature, Cancel, Capture, CaptureUnseen, Decline, Expire, Initiate, Present, Show};

const CHIP_AND_PIN: Card = Card {
    scheme: "VISA",
    funding: "Debit",
    masked_number: "************0226",
    expiry_date: "12/30",
    application_identifier: "A0000000031010",
    entry_mode: "ContactChip",
    verification: "Pin",
};
const PHONE: Card = Card {
    scheme: "MASTERCARD",
    funding: "Credit",
    masked_number: "************4111",
    expiry_date: "11/29",
    application_identifier: "A0000000041010",
    entry_mode: "Contactless",
    verification: "Device",
};
const SIGNED: Card = Card { verification: "Signature", ..CHIP_AND_PIN };

const fn after(milliseconds: u64, happening: Happening) -> Step {
    Step { after: milliseconds, happening }
}

/// What every machine does first.
const TAKEN: Step = after(200, Initiate);
const ASKS_FOR_CARD: Step = after(100, Show("PresentCard"));
const CARD: Step = after(2_000, Present);

pub(super) const PIN: Script = Script {
    card: CHIP_AND_PIN,
    steps: &[
        TAKEN,
        ASKS_FOR_CARD,
        CARD,
        after(100, Show("EnterPin")),
        after(1_000, Show("PleaseWait")),
        after(300, Show("RemoveCard")),
        after(300, Capture),
    ],
    cancel: CancelRule::Obeys,
    reach: Reach::Available,
    rejected: RejectRule::Declines,
    tip_percent: 0,
    cashback: 0,
    shown_difference: 0,
    declines_refunds: false,
    by_amount: false,
};
pub(super) const CONTACTLESS: Script =
    Script { card: PHONE, steps: &[TAKEN, ASKS_FOR_CARD, CARD, after(300, Capture)], ..PIN };
const SIGNATURE: Script = Script {
    card: SIGNED,
    steps: &[TAKEN, ASKS_FOR_CARD, CARD, after(500, Show("RemoveCard")), after(300, AskSignature)],
    ..PIN
};

const fn plays(steps: &'static [Step]) -> Script {
    Script { steps, ..CONTACTLESS }
}

const fn row(suffix: &'static str, amount: Option<i64>, what_happens: &'static str, script: Script) -> VirtualTerminal {
    VirtualTerminal { suffix, amount, what_happens, script }
}

pub(super) const TABLE: &[VirtualTerminal] = &[
    row("SIP0", None, "approved, chip and PIN", PIN),
    row("SCN0", Some(39_900), "approved, contactless", CONTACTLESS),
    row("SIS0", Some(990_130), "asks for a signature; silence for 80 s accepts it", SIGNATURE),
    row("SIP1", Some(990_132), "approved, with a tip of 10 % keyed on the machine", Script { tip_percent: 10, ..PIN }),
    row(
        "DIP0",
        Some(990_100),
        "declined, chip and PIN",
        Script { steps: &[TAKEN, ASKS_FOR_CARD, CARD, after(100, Show("EnterPin")), after(1_000, Decline)], ..PIN },
    ),
    row("DIS0", None, "asks for a signature that is to be rejected; captures if it is accepted", SIGNATURE),
    row(
        "UIP0",
        None,
        "unsuccessful: ends as cancelled after the card was presented",
        plays(&[TAKEN, ASKS_FOR_CARD, CARD, after(1_000, Cancel)]),
    ),
    row(
        "TIP0",
        None,
        "timed out: expires, nothing is paid",
        plays(&[TAKEN, ASKS_FOR_CARD, CARD, after(1_000, Expire)]),
    ),
    row("CIP0", Some(990_103), "customer presses stop", plays(&[TAKEN, ASKS_FOR_CARD, after(2_000, Cancel)])),
    row("NCN0", Some(990_104), "no card: expires after 90 s", plays(&[TAKEN, ASKS_FOR_CARD])),
    row(
        "SLO0",
        Some(990_105),
        "slow approval, after 20 s",
        plays(&[TAKEN, ASKS_FOR_CARD, CARD, after(17_700, Capture)]),
    ),
    row(
        "ACL0",
        Some(990_106),
        "approved in spite of a cancel",
        Script {
            cancel: CancelRule::CardWins,
            ..plays(&[TAKEN, ASKS_FOR_CARD, after(7_700, Present), after(300, Capture)])
        },
    ),
    row(
        "CTL0",
        Some(990_107),
        "cancel comes too late: captured in its moment",
        Script {
            cancel: CancelRule::CapturesFirst,
            ..plays(&[TAKEN, ASKS_FOR_CARD, after(19_700, Present), after(300, Capture)])
        },
    ),
    row("OFF0", Some(990_108), "offline", Script { reach: Reach::Offline, ..CONTACTLESS }),
    row("BSY0", None, "busy with another payment", Script { reach: Reach::InUse, ..CONTACTLESS }),
    row(
        "EXC0",
        Some(990_112),
        "expires, and is captured 10 s later",
        plays(&[TAKEN, ASKS_FOR_CARD, CARD, after(1_000, Expire), after(10_000, CaptureUnseen)]),
    ),
    row(
        "RCS0",
        Some(990_131),
        "asks for a signature; captures 90 s after it was rejected",
        Script { rejected: RejectRule::CapturesLater, ..SIGNATURE },
    ),
    row(
        "WRA0",
        Some(990_113),
        "approved; the intent shows 100 more than was asked and taken",
        Script { shown_difference: 100, ..CONTACTLESS },
    ),
    row(
        "SCB0",
        Some(990_133),
        "approved, with a cashback of 10.00 keyed on the machine",
        Script { cashback: 1_000, ..PIN },
    ),
    row("RDE0", Some(990_120), "sales approved, refunds declined", Script { declines_refunds: true, ..CONTACTLESS }),
    row("AMT0", None, "goes by the amount", Script { by_amount: true, ..CONTACTLESS }),
];
