//! What a terminal asks of the people who stand at it, while a payment is under way.

use super::Text;
use crate::domain::directory::Language;
use crate::domain::operation::Operation;
use crate::domain::prompt::Prompt;

/// The text for the cashier; `None` where the one of the operation says all there is. A signature waits for nobody, so
/// it comes before everything else; a payment that is being stopped needs no customer.
#[must_use]
pub(in crate::till) fn message(
    operation: &Operation,
    prompt: Option<Prompt>,
    compares_signature: bool,
    language: Language,
) -> Option<&'static str> {
    let text =
        if compares_signature { COMPARE_SIGNATURE } else { text(prompt.filter(|_| !operation.attempt.cancel_wanted)?) };
    Some(text.to(language))
}

texts! {
    COMPARE_SIGNATURE {
        en: "Compare the signature with the card. Answer on the till",
        nb: "Sammenlign signaturen med kortet. Svar på kassen",
        sv: "Jämför namnteckningen med kortet. Svara i kassan",
        da: "Sammenlign underskriften med kortet. Svar på kassen",
    }
}

/// What the customer is asked for.
const fn text(prompt: Prompt) -> Text {
    match prompt {
        Prompt::PresentCard => Text {
            en: "Ask the customer to present a card or a phone",
            nb: "Be kunden holde frem kort eller telefon",
            sv: "Be kunden visa kort eller telefon",
            da: "Bed kunden vise kort eller telefon",
        },
        Prompt::PresentOneCard => Text {
            en: "Ask the customer to present one card only",
            nb: "Be kunden holde frem bare ett kort",
            sv: "Be kunden visa bara ett kort",
            da: "Bed kunden vise kun et kort",
        },
        Prompt::InsertCard => Text {
            en: "Ask the customer to insert the card",
            nb: "Be kunden sette inn kortet",
            sv: "Be kunden sätta in kortet",
            da: "Bed kunden indsætte kortet",
        },
        Prompt::PresentCardAgain => Text {
            en: "Ask the customer to present the card again",
            nb: "Be kunden holde frem kortet på nytt",
            sv: "Be kunden visa kortet igen",
            da: "Bed kunden vise kortet igen",
        },
        Prompt::UseAnotherCard => Text {
            en: "This card is not taken. Ask for another card",
            nb: "Kortet kan ikke brukes. Be om et annet kort",
            sv: "Kortet kan inte användas. Be om ett annat kort",
            da: "Kortet kan ikke bruges. Bed om et andet kort",
        },
        Prompt::EnterPin => Text {
            en: "Ask the customer to enter the PIN",
            nb: "Be kunden taste PIN-koden",
            sv: "Be kunden slå PIN-koden",
            da: "Bed kunden taste PIN-koden",
        },
        Prompt::Wait => Text {
            en: "The terminal is working. Wait for the result",
            nb: "Terminalen arbeider. Vent på resultatet",
            sv: "Terminalen arbetar. Vänta på resultatet",
            da: "Terminalen arbejder. Vent på resultatet",
        },
        Prompt::RemoveCard => Text {
            en: "Ask the customer to remove the card",
            nb: "Be kunden ta ut kortet",
            sv: "Be kunden ta bort kortet",
            da: "Bed kunden tage kortet ud",
        },
        Prompt::Sign => Text {
            en: "Ask the customer to sign",
            nb: "Be kunden signere",
            sv: "Be kunden skriva under",
            da: "Bed kunden skrive under",
        },
    }
}

/// Every text of this file, for the tests.
#[cfg(test)]
pub(super) fn all() -> Vec<Text> {
    Prompt::ALL.map(text).into_iter().chain(ALL.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::Phase;
    use crate::domain::specimen::operation;

    #[test]
    fn every_prompt_is_told_in_every_language() {
        let open = operation(Phase::Sending);
        for prompt in Prompt::ALL {
            for language in Language::ALL {
                assert!(message(&open, Some(prompt), false, language).is_some(), "{prompt:?} {language:?}");
            }
        }
        assert_eq!(message(&open, Some(Prompt::EnterPin), false, Language::Swedish), Some("Be kunden slå PIN-koden"));
    }

    #[test]
    fn a_signature_comes_before_a_prompt_and_a_wish_to_stop_before_any_but_that() {
        let mut open = operation(Phase::Sending);
        let told = |open: &_, asked| message(open, Some(Prompt::Sign), asked, Language::English);
        assert_eq!(told(&open, false), Some("Ask the customer to sign"));
        assert_eq!(told(&open, true), Some(COMPARE_SIGNATURE.en));
        open.attempt.cancel_wanted = true;
        assert_eq!(told(&open, false), None);
        assert_eq!(told(&open, true), Some(COMPARE_SIGNATURE.en));
    }
}
