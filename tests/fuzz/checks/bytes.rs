//! What a fuzzer gives, read as choices, numbers and texts. Where it has run out, everything is the first choice.

/// Between two texts of one input.
const BREAK: &[u8] = b"\n---\n";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// From 0 up to and without `end`; the digit `0` is 0, so that a kept input can be read by people.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte().wrapping_sub(b'0')) % end
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// The text up to the next line of three dashes, or all that is left.
    pub(crate) fn part(&mut self) -> &'a [u8] {
        let end = self.0.windows(BREAK.len()).position(|window| window == BREAK);
        let (part, rest) = end.map_or((self.0, &[][..]), |end| (&self.0[..end], &self.0[end + BREAK.len()..]));
        self.0 = rest;
        part
    }
}
