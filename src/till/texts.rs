//! What the cashier reads: short, calm, and what to do next.

use crate::domain::attempt::{Kind, Phase};
use crate::domain::directory::Language;
use crate::domain::operation::Operation;

/// Everything that a cashier has to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Situation {
    SalePending,
    RefundPending,
    Stopping,
    Checking,
    PersonDecides,
    Approved,
    ApprovedLate,
    SaleDeclined,
    RefundDeclined,
    Cancelled,
    NotSent,
    Failed,
}

impl Situation {
    #[cfg(test)]
    const ALL: [Self; 12] = [
        Self::SalePending,
        Self::RefundPending,
        Self::Stopping,
        Self::Checking,
        Self::PersonDecides,
        Self::Approved,
        Self::ApprovedLate,
        Self::SaleDeclined,
        Self::RefundDeclined,
        Self::Cancelled,
        Self::NotSent,
        Self::Failed,
    ];

    fn of(operation: &Operation) -> Self {
        let attempt = &operation.attempt;
        match (&attempt.phase, operation.kind) {
            (Phase::Reserved | Phase::Sending | Phase::Open { .. }, _) if attempt.cancel_wanted => Self::Stopping,
            (Phase::Reserved | Phase::Sending | Phase::Open { .. }, Kind::Sale) => Self::SalePending,
            (Phase::Reserved | Phase::Sending | Phase::Open { .. }, Kind::Refund) => Self::RefundPending,
            (Phase::Unknown { .. }, _) => Self::Checking,
            (Phase::Abandoned { .. }, _) => Self::PersonDecides,
            (Phase::Approved { late: true, .. }, _) => Self::ApprovedLate,
            (Phase::Approved { .. }, _) => Self::Approved,
            (Phase::Declined { .. }, Kind::Sale) => Self::SaleDeclined,
            (Phase::Declined { .. }, Kind::Refund) => Self::RefundDeclined,
            (Phase::Cancelled { .. }, _) => Self::Cancelled,
            (Phase::Failed { reason }, _) if reason.code == "not_sent" => Self::NotSent,
            (Phase::Failed { .. }, _) => Self::Failed,
        }
    }

    /// English, Norwegian, Swedish, Danish.
    const fn texts(self) -> [&'static str; 4] {
        match self {
            Self::SalePending => ["Follow the terminal", "Følg terminalen", "Följ terminalen", "Følg terminalen"],
            Self::RefundPending => [
                "Refund under way. Ask again in a moment",
                "Refusjonen er under behandling. Spør igjen om litt",
                "Återbetalningen behandlas. Fråga igen om en stund",
                "Refunderingen er i gang. Spørg igen om lidt",
            ],
            Self::Stopping => [
                "Stopping. Wait for the result",
                "Avbryter. Vent på resultatet",
                "Avbryter. Vänta på resultatet",
                "Afbryder. Vent på resultatet",
            ],
            Self::Checking => [
                "Checking the result. Do not pay again; ask again in a moment",
                "Sjekker resultatet. Ikke betal på nytt; spør igjen om litt",
                "Kontrollerar resultatet. Betala inte igen; fråga igen om en stund",
                "Kontrollerer resultatet. Betal ikke igen; spørg igen om lidt",
            ],
            Self::PersonDecides => [
                "Result not known. Look at the terminal's receipt and call the person in charge",
                "Resultatet er ukjent. Se på terminalens kvittering og tilkall ansvarlig",
                "Resultatet är okänt. Se på terminalens kvitto och kontakta ansvarig",
                "Resultatet er ukendt. Se på terminalens kvittering og tilkald den ansvarlige",
            ],
            Self::Approved => ["Approved", "Godkjent", "Godkänt", "Godkendt"],
            Self::ApprovedLate => [
                "Approved late: the money was taken. Give the goods or refund it",
                "Godkjent i ettertid: pengene er trukket. Gi ut varene eller refunder",
                "Godkänt i efterhand: pengarna är dragna. Lämna ut varorna eller återbetala",
                "Godkendt senere: pengene er trukket. Udlever varerne eller refunder",
            ],
            Self::SaleDeclined => [
                "Declined. Nothing was taken; try another card",
                "Avvist. Ingenting er trukket; prøv et annet kort",
                "Nekad. Inget har dragits; prova ett annat kort",
                "Afvist. Intet er trukket; prøv et andet kort",
            ],
            Self::RefundDeclined => [
                "Refund declined. Nothing was paid back; try again or pay back in another way",
                "Refusjonen ble avvist. Ingenting er betalt tilbake; prøv igjen eller betal tilbake på annen måte",
                "Återbetalningen nekades. Inget har betalats tillbaka; försök igen eller betala tillbaka på annat sätt",
                "Refunderingen blev afvist. Intet er betalt tilbage; prøv igen eller betal tilbage på anden måde",
            ],
            Self::Cancelled => [
                "Cancelled. No money was moved",
                "Avbrutt. Ingen penger er flyttet",
                "Avbruten. Inga pengar har flyttats",
                "Afbrudt. Ingen penge er flyttet",
            ],
            Self::NotSent => [
                "The payment service was not reached. No money was moved; try again",
                "Fikk ikke kontakt med betalingstjenesten. Ingen penger er flyttet; prøv igjen",
                "Betaltjänsten kunde inte nås. Inga pengar har flyttats; försök igen",
                "Ingen kontakt med betalingstjenesten. Ingen penge er flyttet; prøv igen",
            ],
            Self::Failed => [
                "Not started. No money was moved; try again or call the person in charge",
                "Ikke startet. Ingen penger er flyttet; prøv igjen eller tilkall ansvarlig",
                "Inte startad. Inga pengar har flyttats; försök igen eller kontakta ansvarig",
                "Ikke startet. Ingen penge er flyttet; prøv igen eller tilkald den ansvarlige",
            ],
        }
    }
}

/// The text for the cashier.
#[must_use]
pub(super) fn message(operation: &Operation, language: Language) -> &'static str {
    let [english, norwegian, swedish, danish] = Situation::of(operation).texts();
    match language {
        Language::English => english,
        Language::Norwegian => norwegian,
        Language::Swedish => swedish,
        Language::Danish => danish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_situation_has_a_short_text_in_every_language_and_no_two_are_the_same() {
        for language in 0..4 {
            let texts = Situation::ALL.map(|situation| situation.texts()[language]);
            for (position, text) in texts.iter().enumerate() {
                assert!((4..=110).contains(&text.chars().count()), "{text}");
                assert!(!texts[..position].contains(text), "{text}");
            }
        }
        assert_eq!(Situation::Approved.texts()[0], "Approved");
    }
}
