use proptest::prelude::*;

use super::*;

const PAGES: [Charset; 4] = [Charset::Latin1, Charset::Windows1252, Charset::Ibm850, Charset::Ibm865];

/// The upper half of a page as Python has it.
fn vectors(charset: Charset) -> Vec<Option<char>> {
    let mut lines = include_str!("vectors.txt").lines().skip_while(|line| *line != charset.name()).skip(1);
    let rows: Vec<&str> = lines.by_ref().take(8).collect();
    let character = |cell: &str| u32::from_str_radix(cell, 16).ok().and_then(char::from_u32);
    rows.iter().flat_map(|row| row.split(' ')).map(character).collect()
}

#[test]
fn every_byte_of_every_page_is_what_python_says_it_is() {
    for charset in PAGES {
        let expected = vectors(charset);
        assert_eq!(expected.len(), 128);
        for (byte, expected) in (0x80..=0xff_u8).zip(expected) {
            let bytes = [b'a', byte];
            let decoded = decode(charset, &bytes);
            match expected {
                Some(character) => {
                    assert_eq!(decoded.unwrap(), format!("a{character}"), "{charset:?} {byte:x}");
                    assert_eq!(encode_text(charset, &character.to_string())[..], [byte], "{charset:?} {byte:x}");
                }
                None => assert_eq!(decoded, Err(BadBytes { position: 1 }), "{charset:?} {byte:x}"),
            }
        }
        let ascii: Vec<u8> = (0..0x80).collect();
        assert_eq!(decode(charset, &ascii).unwrap().as_bytes(), ascii);
    }
}

#[test]
fn every_name_is_known() {
    for charset in Charset::ALL {
        for name in std::iter::once(&charset.name()).chain(other_names(charset)) {
            assert_eq!(named(&name.to_uppercase()), Some(charset));
        }
    }
    assert_eq!(named("utf-16"), None);
    assert_eq!(named(""), None);
}

#[test]
fn what_a_page_does_not_have_is_shown_readably() {
    for (charset, text, shown) in [
        (Charset::Latin1, "Pris € 399,00", "Pris EUR 399,00"),
        (Charset::Latin1, "“Sko” – str. 42…", "\"Sko\" - str. 42..."),
        (Charset::Latin1, "Łódź", "L\u{f3}dz"),
        (Charset::Ibm865, "1\u{202f}234,50\u{2009}kr", "1 234,50 kr"),
        (Charset::Ibm865, "−12,00", "-12,00"),
        (Charset::Ibm865, "2 × 3", "2 x 3"),
        (Charset::Ibm865, "10³ m", "10^3 m"),
        (Charset::Ibm865, "1¾ l", "1 3/4 l"),
        (Charset::Latin1, "⅓5", "1/3 5"),
        (Charset::Latin1, "⅓ l", "1/3 l"),
        (Charset::Ibm865, "l¾", "l3/4"),
        (Charset::Latin1, "399€", "399EUR"),
        (Charset::Latin1, "€399", "EUR399"),
        (Charset::Latin1, "１２３", "123"),
        (Charset::Latin1, "a\u{30a}", "a"),
        (Charset::Latin1, "a\u{2028}b", "a b"),
    ] {
        let bytes = encode_text(charset, text);
        assert_eq!(decode(charset, &bytes).unwrap(), shown, "{text}");
    }
    assert_eq!(encode_text(Charset::Ibm865, "Blåbær 5 Ø")[..], *b"Bl\x86b\x91r 5 \x9d");
    assert_eq!(encode_text(Charset::Utf8, "€")[..], *"€".as_bytes());
}

/// Whichever table says so: the crate's, or ours where the crate has nothing or something else.
#[test]
fn what_means_something_to_a_number_or_a_line_is_shown_as_that() {
    let spaces: String =
        ['\u{a0}', '\u{202f}', '\u{205f}', '\u{3000}'].into_iter().chain('\u{2000}'..='\u{200a}').collect();
    for (characters, shown) in [
        ("¹²³", "^1^2^3"),
        ("⁰⁴⁵⁶⁷⁸⁹", "^0^4^5^6^7^8^9"),
        ("\u{85}\u{2028}\u{2029}", "   "),
        (&spaces, &" ".repeat(15)),
        ("−×÷", "-x/"),
    ] {
        assert_eq!(characters.chars().map(readable::replacement).collect::<String>(), shown);
    }
}

#[test]
fn what_stands_for_a_character_is_escaped_where_it_would_mean_something() {
    let escape: fn(&'static str) -> Cow<'static, str> = |text| text.replace('"', "\\\"").into();
    assert_eq!(encode(Charset::Latin1, "{\"a\":\"“b”\"}".into(), escape)[..], *br#"{"a":"\"b\""}"#);
}

proptest! {
    #[test]
    fn what_a_page_has_comes_back_as_it_was(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        for charset in PAGES {
            if let Ok(text) = decode(charset, &bytes) {
                prop_assert_eq!(&encode_text(charset, &text)[..], &bytes[..]);
            }
        }
    }

    #[test]
    fn digits_and_the_marks_of_amounts_are_never_changed(text in "[-0-9., €½²³Ł“a]{0,24}") {
        for charset in PAGES {
            let shown = encode_text(charset, &text);
            let shown = decode(charset, &shown).unwrap().into_owned();
            let numbers = |text: &str| -> Vec<String> {
                text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).map(str::to_owned).collect()
            };
            let mut left = numbers(&shown).into_iter();
            for number in numbers(&text) {
                prop_assert!(left.any(|found| found == number), "{text} {shown}");
            }
            prop_assert!(!shown.contains('?'));
        }
    }
}
