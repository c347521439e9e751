//! What the use cases need of the outside: a journal with its log of results, providers and their callbacks, tills that
//! results are pushed to, a clock.

mod callback;
mod clock;
mod journal;
mod provider;
mod push;
mod results;

pub use crate::domain::refund::Refunded;
pub use callback::{Callback, CallbackRequest, CallbackVerifier, NotGenuine, Subject};
pub use clock::{Clock, ProvidersClock, SystemClock};
pub use journal::{
    Adopted, AlarmState, Begun, Earlier, HistoryLine, Journal, JournalError, LostPayment, NewAttempt, NewRefund,
    NewSale, OperationFilter, Orphan, RaisedAlarm, Recorded, Repeated, Target, TerminalUse, whole_milliseconds,
};
pub use provider::{
    Answer, Capabilities, Enrolment, Listing, Look, Pages, Prepared, Provider, ReadError, RefundOrder, Refundable,
    SaleOrder, Seen, Timeouts, Trace, Unreadable,
};
pub use push::{NotPushed, OutboxEntry, Pusher, Pushes};
pub use results::{LogPage, LoggedResult, Results};
