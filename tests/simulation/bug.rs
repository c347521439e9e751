//! What a campaign must find, or it proves nothing.

/// Bugs that are planted around the use cases: in the journal, and where an order leaves for the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A wish to cancel is taken for the fact.
    CancelIsCancelled,
    /// After a restart nothing is said to have been sent.
    RestartMeansNotSent,
    /// What is not found is called not paid.
    NotFoundIsCancelled,
    /// What is not found at once is given up.
    NotFoundIsAbandoned,
    /// What is read before a refund is not what is written.
    ReserveOutside,
    /// It answers before anything is on disk.
    AnswersBeforeDisk,
    /// An order that nobody answered is sent again.
    SentAgainAfterSilence,
    /// What the provider lists is not compared with the journal.
    NothingIsCompared,
}

impl Bug {
    /// All of them, by the names that `--variant` takes.
    pub(crate) const ALL: &[(Self, &str)] = &[
        (Self::CancelIsCancelled, "cancel-is-cancelled"),
        (Self::RestartMeansNotSent, "restart-means-not-sent"),
        (Self::NotFoundIsCancelled, "not-found-is-cancelled"),
        (Self::NotFoundIsAbandoned, "not-found-is-abandoned"),
        (Self::ReserveOutside, "reserve-outside-the-commit"),
        (Self::AnswersBeforeDisk, "answers-before-disk"),
        (Self::SentAgainAfterSilence, "sent-again-after-silence"),
        (Self::NothingIsCompared, "nothing-is-compared"),
    ];
}
