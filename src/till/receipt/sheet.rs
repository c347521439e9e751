//! Lines of a receipt: each at most as long as the paper is wide, of characters that can be printed.

use crate::domain::card::without_card_numbers;
use crate::domain::identifiers::is_printable;

/// A receipt while it is written, line by line.
pub(super) struct Sheet {
    columns: usize,
    lines: Vec<String>,
}

impl Sheet {
    pub(super) fn new(columns: u8) -> Self {
        Self { columns: usize::from(columns.max(1)), lines: Vec::new() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether a text fits on one line.
    pub(super) fn fits(&self, text: &str) -> bool {
        length(text) <= self.columns
    }

    pub(super) fn blank(&mut self) {
        self.lines.push(String::new());
    }

    /// A line across the paper.
    pub(super) fn rule(&mut self, of: char) {
        self.lines.push(of.to_string().repeat(self.columns));
    }

    /// A line as it is; it must fit.
    pub(super) fn line(&mut self, text: &str) {
        self.lines.push(text.trim_end().to_owned());
    }

    /// Words from the left, on as many lines as they need.
    pub(super) fn words(&mut self, text: &str) {
        let wrapped = wrap(text, self.columns);
        self.lines.extend(wrapped);
    }

    /// Words in the middle.
    pub(super) fn centred(&mut self, text: &str) {
        for line in wrap(text, self.columns) {
            let margin = (self.columns - length(&line)) / 2;
            self.lines.push(format!("{:margin$}{line}", ""));
        }
    }

    /// A label at the left and its value at the right; the value goes below where both have no room.
    pub(super) fn pair(&mut self, label: &str, value: &str) {
        let room = self.columns.saturating_sub(length(label) + 1);
        if length(value) <= room {
            let width = room + 1;
            self.lines.push(format!("{label}{value:>width$}"));
            return;
        }
        self.words(label);
        let columns = self.columns;
        match wrap(value, columns).as_slice() {
            [whole] => self.lines.push(format!("{whole:>columns$}")),
            broken => self.lines.extend_from_slice(broken),
        }
    }

    pub(super) fn text(self) -> String {
        self.lines.join("\n")
    }
}

/// A text of somebody else's, fit to print: without what controls a printer, and without card numbers.
pub(super) fn clean(text: &str) -> String {
    let plain = text.chars().map(|character| if character == '\t' { ' ' } else { character });
    without_card_numbers(&plain.filter(|character| is_printable(*character)).collect::<String>())
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// The lines of a text: broken between words, an amount never torn from its currency, and inside a word only when it is
/// longer than a line.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in unbreakable(text) {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.extend(pieces(&word, columns)),
        }
    }
    lines
}

/// The words of a text; an amount and its currency are one.
fn unbreakable(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if is_money(last, word) || is_money(word, last) => *last = format!("{last} {word}"),
            _ => words.push(word.to_owned()),
        }
    }
    words
}

fn is_money(number: &str, currency: &str) -> bool {
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    is_code && number.starts_with(|first: char| first.is_ascii_digit() || first == '-')
}

fn pieces(word: &str, columns: usize) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    characters.chunks(columns).map(|piece| piece.iter().collect()).collect()
}
