//! The provider's own receipt. Its layout is the terminal's: only what does not fit the paper is set anew.

use super::sheet::{Sheet, clean};

/// The provider's receipt, line for line.
pub(super) fn fit(sheet: &mut Sheet, text: &str) {
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        let line = clean(line);
        if sheet.fits(line.trim_end()) {
            sheet.line(&line);
        } else {
            shorten(sheet, line.trim_end());
        }
    }
}

/// A line that is too long: a rule is cut, label and value move together, what stood in the middle does so again.
fn shorten(sheet: &mut Sheet, line: &str) {
    if let Some(of) = rule(line) {
        return sheet.rule(of);
    }
    let parts: Vec<&str> = line.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [only] if line.starts_with("  ") => sheet.centred(only),
        [labels @ .., value] if !labels.is_empty() => sheet.pair(&labels.join(" "), value),
        _ => sheet.words(line),
    }
}

/// What a line across the paper is made of.
fn rule(line: &str) -> Option<char> {
    let first = line.chars().next().filter(|character| !character.is_alphanumeric() && *character != ' ')?;
    line.chars().all(|character| character == first).then_some(first)
}
