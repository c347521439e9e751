//! What is played: how much of what may happen, and which bug is planted.

use std::collections::{BTreeMap, BTreeSet};

use crate::provider::Books;
use crate::world::{Budget, World};

/// How much may happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) budget: Budget,
    /// The provider also takes orders that come after their expiry, so that a payment can come after its end.
    pub(crate) late_orders: bool,
    /// A payment is prepared first, and every attempt of a sale runs on it while it is not decided (Dojo's intent). Of its
    /// refunds only the sum is told, so one is made at a time.
    pub(crate) prepared: bool,
}

const NOTHING: Budget = Budget {
    crashes: 0,
    losses: 0,
    duplicates: 0,
    sales: 0,
    refunds: 0,
    cancels: 0,
    forgeries: 0,
    lies: 0,
    lags: 0,
    operators: 0,
    minutes: 0,
};

/// Too small for everything to happen in it; some bugs show here at once.
pub(crate) const SMALL: &[Scene] = &[
    Scene { name: "silence", budget: Budget { losses: 1, sales: 2, ..NOTHING }, late_orders: false, prepared: false },
    Scene {
        name: "silence on a prepared payment",
        budget: Budget { losses: 1, sales: 2, ..NOTHING },
        late_orders: false,
        prepared: true,
    },
    Scene {
        name: "two refunds of a prepared payment",
        budget: Budget { sales: 1, refunds: 2, ..NOTHING },
        late_orders: false,
        prepared: true,
    },
];

/// The scenes, from small to large. The largest has more states than anybody waits for: it is cut where it is told to.
pub(crate) const SCENES: &[Scene] = &[
    Scene {
        name: "retries",
        budget: Budget { losses: 1, sales: 2, cancels: 1, operators: 1, minutes: 4, ..NOTHING },
        late_orders: false,
        prepared: false,
    },
    Scene {
        name: "sales",
        budget: Budget {
            crashes: 1,
            losses: 1,
            sales: 2,
            cancels: 1,
            forgeries: 1,
            operators: 1,
            minutes: 4,
            ..NOTHING
        },
        late_orders: false,
        prepared: false,
    },
    Scene {
        name: "lies",
        budget: Budget {
            crashes: 1,
            duplicates: 1,
            sales: 2,
            lies: 1,
            lags: 1,
            operators: 1,
            cancels: 1,
            minutes: 4,
            ..NOTHING
        },
        late_orders: false,
        prepared: false,
    },
    Scene {
        name: "late",
        budget: Budget { crashes: 1, losses: 1, sales: 2, cancels: 1, operators: 1, minutes: 5, ..NOTHING },
        late_orders: true,
        prepared: false,
    },
    Scene {
        name: "prepared",
        budget: Budget { crashes: 1, losses: 1, sales: 3, cancels: 1, operators: 1, minutes: 4, ..NOTHING },
        late_orders: false,
        prepared: true,
    },
    Scene {
        name: "refunds",
        budget: Budget { crashes: 1, losses: 1, sales: 1, refunds: 3, cancels: 1, minutes: 4, ..NOTHING },
        late_orders: false,
        prepared: false,
    },
    Scene {
        name: "prepared-refunds",
        budget: Budget { crashes: 1, losses: 1, sales: 1, refunds: 3, cancels: 1, minutes: 4, ..NOTHING },
        late_orders: false,
        prepared: true,
    },
    Scene {
        name: "everything",
        budget: Budget {
            crashes: 2,
            losses: 3,
            duplicates: 2,
            sales: 4,
            refunds: 3,
            cancels: 2,
            forgeries: 1,
            lies: 1,
            lags: 1,
            operators: 1,
            minutes: 6,
        },
        late_orders: false,
        prepared: false,
    },
];

impl Scene {
    pub(crate) fn world(&self) -> World {
        World {
            now: 0,
            down: false,
            entries: Vec::new(),
            runs: Vec::new(),
            memory: BTreeMap::new(),
            network: BTreeSet::new(),
            books: Books::default(),
            said: BTreeMap::new(),
            called_unpaid: BTreeSet::new(),
            sends: BTreeMap::new(),
            left: self.budget,
            broken: BTreeSet::new(),
        }
    }
}

/// A bug that the checker must find. It is planted in the model's shell; the product never has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    ResendOnSilence,
    PersistAfterSend,
    NotFoundIsAbandoned,
    CancelIsCancelled,
    TrustCallback,
    RetryWhileUnknown,
    ReserveOutside,
    ClaimOutside,
    RestartMeansNotSent,
    CompareNothing,
    NewIntent,
    RefundsAtOnce,
}

/// Each bug: its name on the command line, the scene that shows it, and a rule that it must break.
pub(crate) const BUGS: &[(Bug, &str, &str, &str)] = &[
    (Bug::ResendOnSilence, "resend-on-silence", "silence", "I1 "),
    (Bug::PersistAfterSend, "persist-after-send", "sales", "I4"),
    (Bug::NotFoundIsAbandoned, "not-found-is-abandoned", "sales", "L1"),
    (Bug::CancelIsCancelled, "cancel-is-cancelled", "sales", "I6b"),
    (Bug::TrustCallback, "trust-callback", "sales", "I6 "),
    (Bug::RetryWhileUnknown, "retry-while-unknown", "silence", "I1 "),
    (Bug::ReserveOutside, "reserve-outside-the-commit", "refunds", "I14"),
    (Bug::ClaimOutside, "claim-outside-the-commit", "sales", "I11"),
    (Bug::RestartMeansNotSent, "restart-means-not-sent", "sales", "I6b"),
    (Bug::NewIntent, "new-intent-while-unknown", "silence on a prepared payment", "I1 "),
    (Bug::RefundsAtOnce, "refunds-at-once", "two refunds of a prepared payment", "I6 "),
    (Bug::CompareNothing, "compare-nothing", "lies", "I7"),
];
