//! The keys that the bridge makes for tills.

/// What every key begins with, so that people and scanners see what it is.
const PREFIX: &str = "pbk_";

/// The characters that a key may go on with.
const fn is_of_key(character: char) -> bool {
    character.is_ascii_alphanumeric()
}

/// The text of a key: the prefix and 64 digits and letters a to f, none of which looks like another.
#[must_use]
pub fn till_key(random: [u8; 32]) -> String {
    random.iter().fold(PREFIX.to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// The text with every such key cut down to its prefix.
#[must_use]
pub fn without_till_keys(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains(PREFIX) {
        return text.into();
    }
    let mut pieces = text.split(PREFIX);
    let mut clean = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(is_of_key);
        clean.push_str(PREFIX);
        clean.push_str(if rest.len() < piece.len() { "***" } else { "" });
        clean.push_str(rest);
    }
    clean.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_holds_all_that_is_random_and_nothing_that_looks_alike() {
        let key = till_key(std::array::from_fn(|index| u8::try_from(index).unwrap() * 8));
        assert_eq!(key, "pbk_0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8");
        assert_ne!(till_key([1; 32]), till_key([16; 32]));
    }

    #[test]
    fn no_key_is_left_in_a_text() {
        let key = till_key([0xab; 32]);
        for (text, clean) in [
            (format!("key={key}"), "key=pbk_***"),
            (format!("{key} and \"{key}\""), "pbk_*** and \"pbk_***\""),
            (format!("pbk_{key}"), "pbk_pbk_***"),
            ("a key begins with pbk_".to_owned(), "a key begins with pbk_"),
            ("nothing".to_owned(), "nothing"),
        ] {
            assert_eq!(without_till_keys(&text), clean);
        }
    }
}
