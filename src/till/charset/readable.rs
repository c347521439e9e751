//! What is shown in place of a character that a code page does not have.

/// The nearest plain text; nothing for a mark that shows nothing by itself.
pub(super) fn replacement(character: char) -> &'static str {
    match character {
        // The crate writes these as plain digits: 10² would become 102.
        '¹' => "^1",
        '²' => "^2",
        '³' => "^3",
        '⁰' => "^0",
        '⁴' => "^4",
        '⁵' => "^5",
        '⁶' => "^6",
        '⁷' => "^7",
        '⁸' => "^8",
        '⁹' => "^9",
        // Lines may mean something where the text goes.
        '\u{85}' | '\u{2028}' | '\u{2029}' => " ",
        '×' => "x",
        _ => any_ascii::any_ascii_char(character),
    }
}
