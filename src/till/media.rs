//! Media types and lists of wishes, as `Content-Type`, `Accept` and `Accept-Charset` write them.

/// `text/xml; charset="utf-8"` in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MediaType<'a> {
    /// The type alone (`text/xml`).
    pub(super) essence: &'a str,
    /// What its `charset` parameter says.
    pub(super) charset: Option<&'a str>,
}

impl<'a> MediaType<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
        Self { essence: essence.trim(), charset: parameter(parameters, "charset") }
    }

    /// It is one of these, in any case.
    pub(super) fn is_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.essence.eq_ignore_ascii_case(name))
    }
}

/// What a header such as `Accept` lists, the most wanted first. What it does not want (`q=0`) is left out.
pub(super) fn wishes(header: &str) -> Vec<&str> {
    let quality = |wish: &str| {
        let parameters = wish.split_once(';').map_or("", |(_, parameters)| parameters);
        parameter(parameters, "q").map_or(Some(1000), thousandths).unwrap_or(0)
    };
    let mut wishes: Vec<(u16, &str)> = header.split(',').map(|wish| (quality(wish), wish.trim())).collect();
    wishes.retain(|(quality, wish)| *quality > 0 && !wish.is_empty());
    wishes.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    wishes.into_iter().map(|(_, wish)| wish).collect()
}

fn parameter<'a>(parameters: &'a str, wanted: &str) -> Option<&'a str> {
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"'))
    })
}

/// `0.8` as 800: RFC 9110 gives a quality up to three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" if digits => format!("{decimals:0<3}").parse().ok(),
        "1" if digits => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_has_its_charset_however_it_is_written() {
        for (text, essence, charset) in [
            ("text/xml", "text/xml", None),
            ("text/xml;charset=utf-8", "text/xml", Some("utf-8")),
            ("Text/XML ; a=b; Charset = \"IBM865\"", "Text/XML", Some("IBM865")),
            ("", "", None),
            (";;=;charset", "", None),
        ] {
            assert_eq!(MediaType::parse(text), MediaType { essence, charset }, "{text}");
        }
    }

    #[test]
    fn the_most_wanted_comes_first_and_the_unwanted_not_at_all() {
        for (header, expected) in [
            ("a", vec!["a"]),
            ("a,b", vec!["a", "b"]),
            ("a;q=0.1, b;q=0.25,c", vec!["c", "b;q=0.25", "a;q=0.1"]),
            ("a;q=0,b;q=0.000,c;q=nonsense,d;q=0.0001", vec![]),
            ("a;q=1.0001,b;q=1.x,c;q=2,d;q=0.x,e;q=", vec![]),
            ("a;q=0.999,b;q=1.000,c; Q=1", vec!["b;q=1.000", "c; Q=1", "a;q=0.999"]),
            (", ,", vec![]),
        ] {
            assert_eq!(wishes(header), expected, "{header}");
        }
    }
}
