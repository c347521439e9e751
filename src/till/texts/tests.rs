//! What every text keeps to.

use super::*;

/// The letters beside ASCII that ISO-8859-1, windows-1252, IBM850 and IBM865 all have, and these languages use.
const LETTERS: &str = "æøåÆØÅäöÄÖé";

/// The longest sentence: a line of a till's display, or two short ones.
const SENTENCE_MAX: usize = 60;

fn messages() -> Vec<Text> {
    [outcome::ALL, decline::ALL, refusal::all().as_slice(), prompt::all().as_slice()].concat()
}

fn in_every_language(texts: &[Text]) -> impl Iterator<Item = &'static str> {
    texts.iter().flat_map(|text| Language::ALL.map(|language| text.to(language)))
}

#[test]
fn every_text_is_there_and_has_no_blank_at_either_end_and_no_full_stop() {
    for text in in_every_language(&messages()).chain(in_every_language(&slip::all())) {
        assert!(text.chars().count() >= 3, "{text:?}");
        assert_eq!(text.trim(), text);
        assert!(!text.ends_with(['.', '!', ',', ';', ':']), "{text}");
        assert!(!text.contains("  "), "{text}");
    }
}

#[test]
fn every_text_can_be_shown_in_every_code_page_of_tills() {
    for text in in_every_language(&messages()).chain(in_every_language(&slip::all())) {
        let strange = text.chars().find(|letter| !matches!(letter, ' '..='~') && !LETTERS.contains(*letter));
        assert_eq!(strange, None, "{text}");
    }
}

#[test]
fn a_message_is_at_most_two_short_sentences_without_shouting() {
    for text in in_every_language(&messages()) {
        let sentences: Vec<&str> = text.split(". ").collect();
        assert!(sentences.len() <= 2, "{text}");
        for sentence in sentences {
            let length = sentence.chars().count();
            assert!(length <= SENTENCE_MAX, "{length}: {sentence}");
            let first = sentence.chars().next().unwrap();
            assert!(first.is_uppercase(), "{text}");
        }
        assert!(!text.contains('!'), "{text}");
    }
}

#[test]
fn no_two_messages_are_the_same_in_any_language() {
    for language in Language::ALL {
        let texts: Vec<&str> = messages().iter().map(|text| text.to(language)).collect();
        for (position, text) in texts.iter().enumerate() {
            assert!(!texts[..position].contains(text), "{text}");
        }
    }
}

#[test]
fn no_message_was_left_in_another_language() {
    for text in messages() {
        let spoken = [text.en, text.nb, text.sv, text.da];
        for (position, words) in spoken.iter().enumerate() {
            let twice = spoken[..position].contains(words);
            assert!(!twice || NORWEGIAN_AND_DANISH_ALIKE.contains(words), "{words}");
        }
    }
}

/// Texts that are the same words in Norwegian and Danish.
const NORWEGIAN_AND_DANISH_ALIKE: [&str; 1] = ["Følg terminalen"];

#[test]
fn a_heading_fits_the_narrowest_paper_and_a_label_leaves_room_for_its_value() {
    for text in in_every_language(&slip::all()) {
        assert!(text.chars().count() <= 24, "{text}");
    }
    for text in in_every_language(&[
        slip::TILL,
        slip::DATE,
        slip::CARD,
        slip::NUMBER,
        slip::kind(crate::domain::attempt::Kind::Sale),
    ]) {
        assert!(text.chars().count() <= 7, "{text}");
    }
}
