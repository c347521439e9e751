//! A till asks for money: whether something new begins, on which terminal, and when.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `begin` | a sale or a refund: reference, amount and lease are taken |
//! | `opening` | what a till hears until new payments are taken |
//! | `pool` | on which terminal it begins |
//! | `turn`, `lines` | the terminal is held: who is refused, who waits in line, who supersedes |
//! | `business_day` | since when a store's refunds of today count |

mod begin;
mod business_day;
mod lines;
mod opening;
mod pool;
mod turn;

pub(super) use begin::repeat_rules;
pub(super) use lines::Lines;
pub use turn::Patience;
