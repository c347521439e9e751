//! Why a request is not done. None of these says that nothing was taken: a refused question proves nothing of a sale.

use super::Text;
use super::outcome::PERSON_DECIDES;
use crate::domain::directory::Language;
use crate::domain::operation::Retry;
use crate::till::problem::{Code, InTheWay, Problem};

/// What stands for the holding till in [`BUSY_WITH`].
const TILL: &str = "{till}";
/// What stands for the older sale's number in [`OLDER_SALE_PAID`].
const SALE: &str = "{sale}";

/// The text for the cashier.
pub(in crate::till) fn message(problem: &Problem, language: Language) -> String {
    match (problem.code, problem.retry, problem.in_the_way.as_deref()) {
        (_, _, Some(InTheWay::OlderSalePaid(sale))) => OLDER_SALE_PAID.to(language).replace(SALE, sale.as_str()),
        (_, _, Some(InTheWay::BackOfficeOnly)) => BACK_OFFICE_ONLY.to(language).to_owned(),
        (_, _, Some(InTheWay::AnotherTerminal)) => OTHER_TERMINAL.to(language).to_owned(),
        (Code::TerminalBusy, Retry::Operator, _) => STANDS_STILL.to(language).to_owned(),
        (Code::TerminalBusy, _, Some(InTheWay::Holder(till))) => BUSY_WITH.to(language).replace(TILL, till.as_str()),
        (Code::NotRefundable, Retry::SameReference, _) => NOT_REFUNDABLE_YET.to(language).to_owned(),
        (Code::NotFound, Retry::SameReference, _) => NOT_YET.to(language).to_owned(),
        (Code::NotFound | Code::NotRefundable, Retry::Operator, _) => PERSON_DECIDES.to(language).to_owned(),
        (code, _, _) => text(code).to(language).to_owned(),
    }
}

const fn text(code: Code) -> Text {
    match code {
        Code::InvalidRequest => Text {
            en: "The till's request is not valid. Call the manager",
            nb: "Forespørselen fra kassen er ugyldig. Tilkall leder",
            sv: "Kassans begäran är ogiltig. Kontakta chefen",
            da: "Kassens forespørgsel er ugyldig. Tilkald lederen",
        },
        Code::Unauthorized => Text {
            en: "This till is not known. Call the manager",
            nb: "Denne kassen er ukjent. Tilkall leder",
            sv: "Den här kassan är okänd. Kontakta chefen",
            da: "Denne kasse er ukendt. Tilkald lederen",
        },
        Code::Forbidden => Text {
            en: "Not allowed from this till. Call the manager",
            nb: "Ikke tillatt fra denne kassen. Tilkall leder",
            sv: "Inte tillåtet från den här kassan. Kontakta chefen",
            da: "Ikke tilladt fra denne kasse. Tilkald lederen",
        },
        Code::NotFound => Text {
            en: "Not found. Check the number",
            nb: "Ikke funnet. Sjekk nummeret",
            sv: "Hittades inte. Kontrollera numret",
            da: "Ikke fundet. Tjek nummeret",
        },
        Code::MethodNotAllowed => Text {
            en: "The till asked in a wrong way. Call the manager",
            nb: "Kassen spurte på feil måte. Tilkall leder",
            sv: "Kassan frågade på fel sätt. Kontakta chefen",
            da: "Kassen spurgte forkert. Tilkald lederen",
        },
        Code::RequestTimeout => Text {
            en: "The till's request came too slowly. Try again",
            nb: "Forespørselen fra kassen kom for sent. Prøv igjen",
            sv: "Kassans begäran kom för sent. Försök igen",
            da: "Kassens forespørgsel kom for sent. Prøv igen",
        },
        Code::ReferenceConflict => Text {
            en: "This number belongs to another payment. Check the amount",
            nb: "Nummeret hører til en annen betaling. Sjekk beløpet",
            sv: "Numret hör till en annan betalning. Kontrollera beloppet",
            da: "Nummeret hører til en anden betaling. Tjek beløbet",
        },
        Code::NotResolvable => Text {
            en: "Nothing to decide now. Look at the payment again",
            nb: "Ingenting å avgjøre nå. Se på betalingen igjen",
            sv: "Inget att avgöra nu. Titta på betalningen igen",
            da: "Intet at afgøre nu. Se på betalingen igen",
        },
        Code::PayloadTooLarge => Text {
            en: "The till's request is too long. Call the manager",
            nb: "Forespørselen fra kassen er for lang. Tilkall leder",
            sv: "Kassans begäran är för lång. Kontakta chefen",
            da: "Kassens forespørgsel er for lang. Tilkald lederen",
        },
        Code::UnsupportedMediaType => Text {
            en: "The till speaks another format. Call the manager",
            nb: "Kassen bruker et annet format. Tilkall leder",
            sv: "Kassan använder ett annat format. Kontakta chefen",
            da: "Kassen bruger et andet format. Tilkald lederen",
        },
        Code::RefundExceeds => Text {
            en: "More than is left to refund. Check the amount",
            nb: "Mer enn det som kan refunderes. Sjekk beløpet",
            sv: "Mer än vad som kan återbetalas. Kontrollera beloppet",
            da: "Mere end der kan refunderes. Tjek beløbet",
        },
        Code::NotRefundable => Text {
            en: "This sale cannot be refunded. Check the sale",
            nb: "Dette salget kan ikke refunderes. Sjekk salget",
            sv: "Det här köpet kan inte återbetalas. Kontrollera köpet",
            da: "Dette salg kan ikke refunderes. Tjek salget",
        },
        Code::UnknownTerminal => Text {
            en: "This till cannot use that terminal. Choose another one",
            nb: "Kassen kan ikke bruke den terminalen. Velg en annen",
            sv: "Kassan kan inte använda den terminalen. Välj en annan",
            da: "Kassen kan ikke bruge den terminal. Vælg en anden",
        },
        Code::TerminalBusy => Text {
            en: "The terminal is in use. Wait and try again",
            nb: "Terminalen er i bruk. Vent og prøv igjen",
            sv: "Terminalen används. Vänta och försök igen",
            da: "Terminalen er i brug. Vent og prøv igen",
        },
        Code::RateLimited => Text {
            en: "Too many requests. Wait a moment and try again",
            nb: "For mange forespørsler. Vent litt og prøv igjen",
            sv: "För många anrop. Vänta en stund och försök igen",
            da: "For mange forespørgsler. Vent lidt og prøv igen",
        },
        Code::InternalError => Text {
            en: "Something went wrong here. Ask again with the same number",
            nb: "Noe gikk galt her. Spør igjen med samme nummer",
            sv: "Något gick fel här. Fråga igen med samma nummer",
            da: "Noget gik galt her. Spørg igen med samme nummer",
        },
        Code::Overloaded => Text {
            en: "Too many tills ask at once. Wait a moment and try again",
            nb: "For mange kasser spør samtidig. Vent litt og prøv igjen",
            sv: "För många kassor frågar samtidigt. Vänta och försök igen",
            da: "For mange kasser spørger på én gang. Vent og prøv igen",
        },
        Code::StorageUnavailable => Text {
            en: "No payments can be taken now. Wait, else call the manager",
            nb: "Ingen betaling er mulig nå. Vent litt, ellers tilkall leder",
            sv: "Ingen betalning är möjlig nu. Vänta, annars kontakta chefen",
            da: "Ingen betaling er mulig nu. Vent lidt, ellers tilkald lederen",
        },
        Code::StorageStalled => Text {
            en: "Not known yet. Ask again with the same number",
            nb: "Ikke kjent ennå. Spør igjen med samme nummer",
            sv: "Inte känt ännu. Fråga igen med samma nummer",
            da: "Ikke kendt endnu. Spørg igen med samme nummer",
        },
        Code::ShuttingDown => Text {
            en: "Payments are starting up. Wait a moment and try again",
            nb: "Betalingen starter opp. Vent litt og prøv igjen",
            sv: "Betalningen startar. Vänta en stund och försök igen",
            da: "Betalingen starter op. Vent lidt og prøv igen",
        },
    }
}

texts! {
    BUSY_WITH {
        en: "The terminal is used by {till}. Wait and try again",
        nb: "Terminalen brukes av {till}. Vent og prøv igjen",
        sv: "Terminalen används av {till}. Vänta och försök igen",
        da: "Terminalen bruges af {till}. Vent og prøv igen",
    }
    OLDER_SALE_PAID {
        en: "Sale {sale} was paid after all. Give its goods or refund it first",
        nb: "Salg {sale} ble betalt likevel. Lever varene eller refunder det først",
        sv: "Köp {sale} blev betalt ändå. Lämna varorna eller återbetala först",
        da: "Salg {sale} blev betalt alligevel. Udlever varerne eller refunder først",
    }
    NOT_REFUNDABLE_YET {
        en: "Cannot be refunded yet. Wait and try again",
        nb: "Kan ikke refunderes ennå. Vent og prøv igjen",
        sv: "Kan inte återbetalas ännu. Vänta och försök igen",
        da: "Kan ikke refunderes endnu. Vent og prøv igen",
    }
    BACK_OFFICE_ONLY {
        en: "This sale cannot be refunded at the till. Call the manager",
        nb: "Dette salget kan ikke refunderes i kassen. Tilkall leder",
        sv: "Det här köpet kan inte återbetalas i kassan. Kontakta chefen",
        da: "Dette salg kan ikke refunderes ved kassen. Tilkald lederen",
    }
    OTHER_TERMINAL {
        en: "This terminal cannot refund it. Choose another one",
        nb: "Denne terminalen kan ikke refundere det. Velg en annen",
        sv: "Den här terminalen kan inte återbetala det. Välj en annan",
        da: "Denne terminal kan ikke refundere det. Vælg en anden",
    }
    STANDS_STILL {
        en: "The terminal must be checked first. Call the manager",
        nb: "Terminalen må sjekkes først. Tilkall leder",
        sv: "Terminalen måste kontrolleras först. Kontakta chefen",
        da: "Terminalen skal tjekkes først. Tilkald lederen",
    }
    NOT_YET {
        en: "Nothing to print yet. Wait for the result",
        nb: "Ingenting å skrive ut ennå. Vent på resultatet",
        sv: "Inget att skriva ut ännu. Vänta på resultatet",
        da: "Intet at udskrive endnu. Vent på resultatet",
    }
}

/// Every text of this file, for the tests.
#[cfg(test)]
pub(super) fn all() -> Vec<Text> {
    Code::ALL.map(text).into_iter().chain(ALL.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identifiers::{Reference, TillId};

    #[test]
    fn a_busy_terminal_names_what_is_in_the_way_in_every_language() {
        let busy = |retry| Problem {
            retry,
            in_the_way: Some(Box::new(InTheWay::Holder(TillId::new("till-2").unwrap()))),
            ..Problem::new(Code::TerminalBusy, "who, in full")
        };
        for language in Language::ALL {
            let told = message(&busy(Retry::SameReference), language);
            assert!(told.contains(" till-2.") && !told.contains('{'), "{told}");
            let frozen = message(&busy(Retry::Operator), language);
            assert!(!frozen.contains("till-2") && !frozen.contains('{'), "{frozen}");
        }
        let paid = Problem {
            retry: Retry::Operator,
            in_the_way: Some(Box::new(InTheWay::OlderSalePaid(Reference::new("R-1").unwrap()))),
            ..Problem::new(Code::TerminalBusy, "which, in full")
        };
        for language in Language::ALL {
            let told = message(&paid, language);
            assert!(told.contains(" R-1 ") && !told.contains('{'), "{told}");
        }
        assert_eq!(
            message(&Problem::new(Code::TerminalBusy, ""), Language::English),
            "The terminal is in use. Wait and try again"
        );
    }
}
