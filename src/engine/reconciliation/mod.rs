//! The journal and what the providers know are brought together: at the start, and every hour.
//!
//! | file | what happens there |
//! | --- | --- |
//! | `recovery` | the program starts |
//! | `sweep` | every hour: whatever was missed |
//! | `lost` | payments that the journal does not hold |
//! | `refund_books` | what was given back of a sale and does not agree with the journal |

mod lost;
mod recovery;
mod refund_books;
mod sweep;

pub(super) use lost::FormerTerminals;
pub(super) use refund_books::Doubt;
