//! Names and numbers: what each may be, and that it comes out as it went in.

use jiff::Timestamp;
use pos_bridge::domain::identifiers::{
    AttemptReference, Handle, NotOurs, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId,
    TransactionId,
};
use ulid::Ulid;

fn long(characters: usize) -> String {
    "x".repeat(characters)
}

#[test]
fn local_names_are_of_a_small_alphabet() {
    for good in ["front", "till-1", "Kasse_2.B", "7", &long(64)] {
        assert_eq!(TerminalName::new(good).unwrap().as_str(), good);
        assert_eq!(TillId::new(good).unwrap().to_string(), good);
    }
    for bad in ["", "two words", "front/1", "kjøkken", "a\n", &long(65)] {
        assert!(TerminalName::new(bad).is_err() && TillId::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_providers_names_are_printable_and_of_a_sane_length() {
    for good in ["T0292", "T12345678.session", "pi_sandbox_1", "a/b:c!", &long(255)] {
        assert_eq!(Handle::new(good).unwrap().as_str(), good);
        assert_eq!(String::from(TransactionId::new(good).unwrap()), good);
        assert!(StoreId::new(good).is_ok() && ProviderTerminalId::new(good).is_ok());
    }
    for bad in ["", "two words", "tab\t", "tørr", "a\u{7f}", &long(256)] {
        assert!(Handle::new(bad).is_err() && TransactionId::new(bad).is_err(), "{bad:?}");
        assert!(StoreId::new(bad).is_err() && ProviderTerminalId::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_tills_number_is_one_printable_line() {
    for good in ["R-1001", "Kasse 1/Bon 42", "kvittering-æøå", &"ø".repeat(40)] {
        assert_eq!(Reference::new(good).unwrap().as_str(), good);
    }
    for bad in ["", " ", " R-1", "R-1 ", "a\nb", "a\u{200b}b", "a\u{7}b", &"ø".repeat(41)] {
        assert!(Reference::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_number_that_the_bridge_makes_is_known_again() {
    let operation = OperationId(Ulid::from_parts(1_700_000_000_000, 7));
    assert_eq!(Reference::made_for(operation).as_str(), "B-0000000007");
    assert!(Reference::made_for(operation).looks_made());
    for given in ["R-1001", "0000000007", "B-7", "B-00000000077"] {
        assert!(!Reference::new(given).unwrap().looks_made(), "{given}");
    }
}

#[test]
fn an_operations_number_is_read_as_it_is_shown() {
    let operation = OperationId(Ulid::from_parts(1_700_000_000_000, 7));
    assert_eq!(OperationId::parse(&operation.to_string()), Ok(operation));
    assert_eq!(operation.to_string().len(), 26);
    for bad in ["", "R-1001", "01HF7YAT00000000000000000", "01HF7YAT000000000000000000U"] {
        assert!(OperationId::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn an_attempts_reference_is_read_as_it_is_written_and_no_other_is_taken_for_one() {
    let reference = AttemptReference::new(Ulid::from_parts(1, 2));
    let text = String::from(reference);
    assert_eq!(text, "PB-00000000010000000000000002");
    assert_eq!(reference.to_string(), text);
    assert_eq!(AttemptReference::parse(&text), Some(reference));
    assert_eq!(AttemptReference::try_from(text), Ok(reference));
    for other in ["", "PB-", "order-12345", "00000000010000000000000002"] {
        assert_eq!(AttemptReference::parse(other), None, "{other}");
        assert_eq!(AttemptReference::try_from(other.to_owned()), Err(NotOurs), "{other}");
    }
}

/// The sweeps ask for what was made since a moment.
#[test]
fn references_sort_by_the_moment_that_they_were_made() {
    let moment: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
    let millisecond = u64::try_from(moment.as_millisecond()).unwrap();
    let made = |millisecond| AttemptReference::new(Ulid::from_parts(millisecond, 1));
    assert!(made(millisecond - 1) < AttemptReference::first_at(moment));
    assert!(made(millisecond) > AttemptReference::first_at(moment));
    assert_eq!(AttemptReference::first_at(Timestamp::MIN), AttemptReference::new(Ulid::from_parts(0, 0)));
    assert_eq!(made(millisecond).made_at(), Timestamp::from_millisecond(millisecond.try_into().unwrap()).unwrap());
    assert_eq!(made(u64::MAX >> 16).made_at(), Timestamp::UNIX_EPOCH, "of no time that there is");
}

/// What is read from the journal or a file is held to the same rule, and the refusal tells it.
#[test]
fn a_text_that_breaks_the_rule_is_refused_with_the_rule() {
    let till = TillId::new("till-1").unwrap();
    assert_eq!(TillId::try_from(String::from(till.clone())), Ok(till));
    let refused = |text: &str| TillId::try_from(text.to_owned()).unwrap_err().to_string();
    assert_eq!(refused("till 1"), "must be 1 to 64 letters, digits, dots, dashes or underscores");
    let refused = |text: &str| Handle::try_from(text.to_owned()).unwrap_err().to_string();
    assert_eq!(refused("T 1"), "must be 1 to 255 printable characters without spaces");
    let refused = |text: &str| Reference::try_from(text.to_owned()).unwrap_err().to_string();
    assert_eq!(refused("R-1 "), "must be 1 to 40 printable characters, without a space at either end");
}
