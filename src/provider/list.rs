//! A provider's list of payments, page by page. No more than a page of it is held at once: as it came, that takes ten times
//! the room of what is kept of it.

use serde_json::Value;

use super::record::unusable;
use crate::domain::card::without_card_numbers;
use crate::domain::identifiers::AttemptReference;
use crate::ports::{Listing, ReadError, Trace, Unreadable};

/// The most that Dintero puts on a page, and Dojo too.
pub(super) const PAGE: usize = 100;
/// 300 000 payments: more than a shop takes in the days that a sweep looks back. A listing beyond it is an error, never
/// silently cut.
const PAGES_MAX: usize = 3_000;

/// How far a list has been read.
#[derive(Debug, Default)]
pub(super) struct Pager {
    after: Option<String>,
    pages: usize,
    is_over: bool,
}

impl Pager {
    /// The last page was read.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Behind what the next page begins.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// A page was read, and the next one begins behind this; `None` when it was the last.
    pub(super) fn turn(&mut self, next: Option<String>) -> Result<(), ReadError> {
        self.pages += 1;
        self.is_over = next.is_none();
        if !self.is_over && next == self.after {
            return Err(unusable("the list of payments leads no further"));
        }
        if !self.is_over && self.pages == PAGES_MAX {
            return Err(unusable("the list of payments does not end"));
        }
        self.after = next;
        Ok(())
    }
}

/// Where a payment in a provider's list has what is read even when the rest cannot be understood, as JSON pointers.
pub(super) struct Places {
    pub(super) provider: &'static str,
    pub(super) reference: &'static str,
    pub(super) terminal: &'static str,
    pub(super) till_reference: &'static str,
    pub(super) transaction: &'static str,
}

impl Places {
    /// Which of our attempts a payment carries, when it is one of ours.
    pub(super) fn reference_of(&self, payment: &Value) -> Option<AttemptReference> {
        AttemptReference::parse(payment.pointer(self.reference)?.as_str()?)
    }

    /// What of a page is ours. One that cannot be understood does not hide the others.
    pub(super) fn ours(
        &self,
        page: Vec<Value>,
        trace: impl Fn(AttemptReference, Value) -> Result<Trace, ReadError>,
    ) -> Listing {
        let mut listing = Listing::default();
        for value in page {
            let Some(reference) = self.reference_of(&value) else { continue };
            let leniently = self.unreadable(reference, &value);
            match trace(reference, value) {
                Ok(trace) => listing.traces.push(trace),
                Err(error) => {
                    let provider = self.provider;
                    tracing::error!(attempt = %reference, %error, provider, "a payment of ours in the list cannot be read");
                    listing.unreadable.push(leniently);
                }
            }
        }
        listing
    }

    /// What little a payment tells that cannot be understood whole.
    fn unreadable(&self, reference: AttemptReference, payment: &Value) -> Unreadable {
        let word = |pointer: &str| payment.pointer(pointer)?.as_str().map(without_card_numbers);
        Unreadable {
            reference,
            terminal: word(self.terminal),
            till_reference: word(self.till_reference),
            transaction: word(self.transaction),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_the_page_that_names_no_next_one() {
        let mut pager = Pager::default();
        pager.turn(Some("one".into())).unwrap();
        assert_eq!((pager.after(), pager.is_over()), (Some("one"), false));
        pager.turn(None).unwrap();
        assert!(pager.is_over());
    }

    #[test]
    fn a_list_that_leads_nowhere_is_an_error() {
        let mut pager = Pager::default();
        pager.turn(Some("one".into())).unwrap();
        assert!(pager.turn(Some("one".into())).is_err());
    }

    #[test]
    fn a_list_without_an_end_is_an_error_and_one_of_as_many_pages_is_none() {
        let mut pager = Pager::default();
        for page in 1..PAGES_MAX {
            pager.turn(Some(page.to_string())).unwrap();
        }
        let mut endless = Pager { after: pager.after.clone(), ..pager };
        assert!(endless.turn(Some("more".into())).is_err());
        endless.pages -= 1;
        endless.turn(None).unwrap();
        assert!(endless.is_over());
    }
}
