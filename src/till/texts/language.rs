//! Which language a caller asks for.

use crate::domain::directory::Language;

/// The weight of a language that is named without one, in thousandths.
const FULL_WEIGHT: u16 = 1000;

/// The language that an `Accept-Language` header wants most (RFC 9110, 12.5.4), among those that are spoken here; the
/// first of several that it wants equally. `None` when it names none of them: `*` names none.
#[must_use]
pub fn asked_for(accept_language: &str) -> Option<Language> {
    let mut best: Option<(u16, Language)> = None;
    for range in accept_language.split(',') {
        let Some((weight, language)) = weighed(range) else { continue };
        if weight > best.map_or(0, |(heaviest, _)| heaviest) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// `nb-NO;q=0.8`: how much it is wanted, and which language it is.
fn weighed(range: &str) -> Option<(u16, Language)> {
    let mut parts = range.split(';').map(str::trim);
    let language = spoken(parts.next()?)?;
    let weight = match parts.next() {
        None => FULL_WEIGHT,
        Some(parameter) => thousandths(parameter.split_once('=').filter(|(name, _)| name.trim() == "q")?.1.trim())?,
    };
    Some((weight, language))
}

/// The language of a tag, whatever its region. Nynorsk readers read Bokmål.
fn spoken(tag: &str) -> Option<Language> {
    let primary = tag.split('-').next().unwrap_or_default();
    match primary.to_ascii_lowercase().as_str() {
        "en" => Some(Language::English),
        "nb" | "no" | "nn" => Some(Language::Norwegian),
        "sv" => Some(Language::Swedish),
        "da" => Some(Language::Danish),
        _ => None,
    }
}

/// A weight of 0 to 1 with up to three decimals, without a float.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let plain = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || !matches!(whole, "0" | "1") {
        return None;
    }
    format!("{whole}{decimals:0<3}").parse().ok().filter(|weight| *weight <= FULL_WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Danish, English, Norwegian, Swedish};

    #[test]
    fn the_language_that_is_wanted_most_and_spoken_here_is_chosen() {
        let table = [
            ("sv", Some(Swedish)),
            ("da-DK", Some(Danish)),
            ("EN-gb", Some(English)),
            ("nb-NO", Some(Norwegian)),
            ("no", Some(Norwegian)),
            ("nn-NO, en;q=0.9", Some(Norwegian)),
            ("en;q=0.5, sv;q=0.9", Some(Swedish)),
            ("sv;q=0.9,da;q=0.9", Some(Swedish)),
            ("en;q=0.1, da;q=0.100, sv;q=0.11", Some(Swedish)),
            ("de, fr;q=0.9, da ; q=0.2", Some(Danish)),
            ("en;q=0, sv;q=0.001", Some(Swedish)),
            ("da;q=1.000, en", Some(Danish)),
            ("en;q=0", None),
            ("de-DE, fr", None),
            ("*", None),
            ("*, sv;q=0.1", Some(Swedish)),
            ("", None),
            (",;,", None),
        ];
        for (header, language) in table {
            assert_eq!(asked_for(header), language, "{header}");
        }
    }

    #[test]
    fn a_range_with_a_weight_that_is_none_counts_for_nothing() {
        for bad in ["sv;q=2", "sv;q=1.001", "sv;q=0.1234", "sv;q=-1", "sv;q=", "sv;q=0.x", "sv;level=1", "sv;q=NaN"] {
            assert_eq!(asked_for(&format!("{bad}, da;q=0.1")), Some(Danish), "{bad}");
        }
    }
}
