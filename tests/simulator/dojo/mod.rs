//! The simulated Dojo.

mod contract;
mod faults;
mod hands;
mod payments;
mod refunds;
mod sessions;
mod signature;
mod support;
mod webhooks;
