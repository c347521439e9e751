//! The kept inputs of a target, and others that are made of them.

use std::fs;
use std::path::Path;

use crate::dice::Dice;

/// The longest input that is made.
const LONGEST: usize = 4096;

pub(crate) struct Corpus {
    kept: Vec<Vec<u8>>,
}

impl Corpus {
    /// In the order of their names, so that a seed makes the same of them everywhere.
    pub(crate) fn of(target: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        Self { kept: files.iter().map(|file| fs::read(file).unwrap()).collect() }
    }

    pub(crate) fn kept(&self) -> &[Vec<u8>] {
        &self.kept
    }

    /// One of the kept inputs, changed in a few places.
    pub(crate) fn mutated(&self, dice: &mut Dice) -> Vec<u8> {
        let mut input = self.any(dice).to_owned();
        for _ in 0..=dice.below(4) {
            let (from, to) = range(&input, dice);
            match dice.below(6) {
                0 => input.splice(from..from, [any_byte(dice)]).for_each(drop),
                1 => input.drain(from..to).for_each(drop),
                2 => input.splice(from..from, input[from..to].to_owned()).for_each(drop),
                3 => {
                    let other = self.any(dice);
                    let (start, end) = range(other, dice);
                    input.splice(from..to, other[start..end].to_owned()).for_each(drop);
                }
                4 if from < input.len() => input[from] ^= 1 << dice.below(8),
                _ if from < input.len() => input[from] = any_byte(dice),
                _ => {}
            }
        }
        input.truncate(LONGEST);
        input
    }

    fn any(&self, dice: &mut Dice) -> &[u8] {
        dice.pick(&self.kept).map_or(&[], Vec::as_slice)
    }
}

/// A digit, a mark of some dialect, or anything.
fn any_byte(dice: &mut Dice) -> u8 {
    const MARKS: &[u8] = b"0123456789\"\\{}[],:&=%+<>/;.- \r\n\0\xff";
    dice.pick(MARKS).copied().filter(|_| dice.percent(70)).unwrap_or_else(|| u8::try_from(dice.below(256)).unwrap())
}

/// Somewhere in the input, and up to 32 bytes behind it.
fn range(input: &[u8], dice: &mut Dice) -> (usize, usize) {
    let from = dice.below(input.len() + 1);
    (from, from + dice.below((input.len() - from).min(32) + 1))
}
