//! A record that still knows what it was before its latest change.

#[derive(Debug)]
pub(crate) struct Versioned<T> {
    latest: T,
    before: Option<T>,
}

impl<T: Clone> Versioned<T> {
    pub(crate) fn new(first: T) -> Self {
        Self { latest: first, before: None }
    }

    pub(crate) fn latest(&self) -> &T {
        &self.latest
    }

    /// The record for a change; what it was until now is what a stale read shows.
    pub(crate) fn change(&mut self) -> &mut T {
        self.before = Some(self.latest.clone());
        &mut self.latest
    }

    /// A change that nobody outside can see.
    pub(crate) fn advance(&mut self, change: impl FnOnce(&mut T)) {
        change(&mut self.latest);
    }

    /// As it is, or as it was; `None` if it did not exist then.
    pub(crate) fn seen(&self, stale: bool) -> Option<&T> {
        if stale { self.before.as_ref() } else { Some(&self.latest) }
    }
}
