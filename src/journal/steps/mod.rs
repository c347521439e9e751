//! The steps: each reads, has the domain decide, and says what is to be written.
//!
//! | file | what is written there |
//! | --- | --- |
//! | `begin`, `earlier` | a sale or a refund begins, after what was before it was looked at |
//! | `record` | an event is applied to an attempt |
//! | `adopt` | a lost payment is taken in |
//! | `note_refunded` | money was given back by somebody else |
//! | `alarms` | what a person must see |
//! | `callbacks` | what a provider sent |
//! | `sweeps` | what a sweep must remember |
//! | `probe` | one row, to measure the disk |
//! | `entries`, `redact` | what every step is made of; what never reaches the disk |

pub(super) mod adopt;
pub(super) mod alarms;
pub(super) mod begin;
pub(super) mod callbacks;
pub(super) mod earlier;
pub(super) mod entries;
pub(super) mod note_refunded;
mod probe;
mod record;
mod redact;
pub(super) mod sweeps;

pub(super) use probe::Probe;
pub(super) use record::Record;
