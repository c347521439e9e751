//! The characters that a number may be written with: people, tills and those who hide one have many.

/// The most separators that stand between two groups of one number: `4111 - 1111`.
pub(super) const SEPARATORS: usize = 3;

/// The value of a decimal digit in any script: `４` and `٤` are 4.
pub(super) fn digit(character: char) -> Option<u32> {
    if character.is_ascii() {
        return character.to_digit(10);
    }
    let folded = character.is_numeric().then(|| any_ascii::any_ascii_char(character))?;
    folded.parse().ok().filter(|digit| *digit < 10)
}

/// Whether it may keep two groups of a number apart: a space of any kind, a dash, a dot, a slash, another sign that nobody
/// writes between prices, or what is not seen.
pub(crate) fn separates(character: char) -> bool {
    match character {
        '\n' | '\r' => false,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => true,
        '.' | '\u{b7}' | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{22c5}' | '\u{ff0e}' => true,
        '_' | ':' | ';' | '|' | '+' | '#' | '*' | '=' | '~' => true,
        '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{ff0f}' => true,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => true,
        other => other.is_whitespace(),
    }
}
