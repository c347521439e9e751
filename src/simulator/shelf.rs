//! Records in the order they came, found by identifier, the oldest dropped when the shelf is full.

use std::collections::{HashMap, VecDeque};

#[derive(Debug)]
pub(crate) struct Shelf<T> {
    records: VecDeque<(String, T)>,
    /// Position counted since the beginning, so that dropping the oldest moves nothing.
    positions: HashMap<String, usize>,
    dropped: usize,
    capacity: usize,
}

impl<T> Shelf<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { records: VecDeque::new(), positions: HashMap::new(), dropped: 0, capacity }
    }

    /// Returns what had to make room.
    pub(crate) fn insert(&mut self, id: String, record: T) -> Option<T> {
        self.positions.insert(id.clone(), self.dropped + self.records.len());
        self.records.push_back((id, record));
        if self.records.len() <= self.capacity {
            return None;
        }
        let (oldest, record) = self.records.pop_front()?;
        self.positions.remove(&oldest);
        self.dropped += 1;
        Some(record)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        let position = self.position(id)?;
        self.records.get(position).map(|(_, record)| record)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let position = self.position(id)?;
        self.records.get_mut(position).map(|(_, record)| record)
    }

    /// Newest first; with `after`, only what is older than that one.
    pub(crate) fn newest_first(&self, after: Option<&str>) -> impl Iterator<Item = &T> {
        let end = after.and_then(|id| self.position(id)).unwrap_or(self.records.len());
        self.records.range(..end).rev().map(|(_, record)| record)
    }

    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).map(|position| position - self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_oldest_and_still_finds_the_rest() {
        let mut shelf = Shelf::new(2);
        for id in ["a", "b", "c"] {
            shelf.insert(id.into(), id);
        }
        assert_eq!(shelf.get("a"), None);
        assert_eq!(shelf.get("b"), Some(&"b"));
        assert_eq!(shelf.newest_first(None).copied().collect::<Vec<_>>(), ["c", "b"]);
        assert_eq!(shelf.newest_first(Some("c")).copied().collect::<Vec<_>>(), ["b"]);
    }
}
