//! Where an operation stands.

use std::borrow::Cow;

use super::{Text, amount, decline};
use crate::domain::attempt::{Kind, Phase};
use crate::domain::directory::Language;
use crate::domain::money::Money;
use crate::domain::operation::Operation;

/// The text for the cashier.
#[must_use]
pub(in crate::till) fn message(operation: &Operation, language: Language) -> Cow<'static, str> {
    let text = text(operation);
    match operation.approval() {
        Some(approval) if text == APPROVED && approval.amount != operation.money.amount => {
            let taken = Money { amount: approval.amount, ..operation.money };
            Cow::Owned(APPROVED_WITH_MORE.to(language).replace("{amount}", &amount(taken, language)))
        }
        _ => Cow::Borrowed(text.to(language)),
    }
}

fn text(operation: &Operation) -> Text {
    let attempt = &operation.attempt;
    match (&attempt.phase, operation.kind) {
        (Phase::Reserved | Phase::Sending | Phase::Open { .. }, _) if attempt.cancel_wanted => STOPPING,
        (Phase::Reserved | Phase::Sending | Phase::Open { .. }, Kind::Sale) => SALE_PENDING,
        (Phase::Reserved | Phase::Sending | Phase::Open { .. }, Kind::Refund) if attempt.card_present => REFUND_PENDING,
        (Phase::Reserved | Phase::Sending | Phase::Open { .. }, Kind::Refund) => REFUND_PENDING_WITHOUT_CARD,
        (Phase::Unknown { .. }, _) => CHECKING,
        (Phase::Abandoned { .. }, _) => PERSON_DECIDES,
        (Phase::Approved { late: true, approval, .. }, Kind::Sale) if operation.refunded >= approval.amount.minor() => {
            SALE_PAID_BACK_SINCE
        }
        (Phase::Approved { late: true, .. }, Kind::Sale) => SALE_APPROVED_LATE,
        (Phase::Approved { late: true, .. }, Kind::Refund) => REFUND_APPROVED_LATE,
        (Phase::Approved { .. }, _) => APPROVED,
        (Phase::Declined { reason }, kind) => decline::declined(kind, reason),
        (Phase::Cancelled { .. }, _) => CANCELLED,
        (Phase::Failed { reason }, _) => decline::failed(reason),
    }
}

texts! {
    SALE_PENDING {
        en: "Follow the terminal",
        nb: "Følg terminalen",
        sv: "Följ terminalen",
        da: "Følg terminalen",
    }
    REFUND_PENDING {
        en: "Refund under way. Follow the terminal",
        nb: "Refusjonen pågår. Følg terminalen",
        sv: "Återbetalningen pågår. Följ terminalen",
        da: "Refunderingen er i gang. Følg terminalen",
    }
    REFUND_PENDING_WITHOUT_CARD {
        en: "Refund under way. Wait for the result",
        nb: "Refusjonen pågår. Vent på resultatet",
        sv: "Återbetalningen pågår. Vänta på resultatet",
        da: "Refunderingen er i gang. Vent på resultatet",
    }
    STOPPING {
        en: "Stopping. Wait for the result",
        nb: "Avbryter. Vent på resultatet",
        sv: "Avbryter. Vänta på resultatet",
        da: "Afbryder. Vent på resultatet",
    }
    CHECKING {
        en: "Checking the result. Do not pay again; ask again in a moment",
        nb: "Sjekker resultatet. Ikke betal på nytt; spør igjen om litt",
        sv: "Kontrollerar resultatet. Betala inte igen; fråga igen om en stund",
        da: "Kontrollerer resultatet. Betal ikke igen; spørg igen om lidt",
    }
    PERSON_DECIDES {
        en: "Result not known. Keep the terminal's receipt and call the manager",
        nb: "Resultatet er ukjent. Ta vare på terminalens kvittering og tilkall leder",
        sv: "Resultatet är okänt. Spara terminalens kvitto och kontakta chefen",
        da: "Resultatet er ukendt. Gem terminalens kvittering og tilkald lederen",
    }
    APPROVED {
        en: "Approved",
        nb: "Godkjent",
        sv: "Godkänt",
        da: "Godkendt",
    }
    APPROVED_WITH_MORE {
        en: "Approved: {amount} in all, with what the customer added",
        nb: "Godkjent: {amount} i alt, med det kunden la til",
        sv: "Godkänt: {amount} totalt, med kundens tillägg",
        da: "Godkendt: {amount} i alt, med kundens tillæg",
    }
    SALE_APPROVED_LATE {
        en: "Approved late: the money was taken. Give the goods or refund it",
        nb: "Godkjent i ettertid: pengene er trukket. Gi ut varene eller refunder",
        sv: "Godkänt i efterhand: pengarna är dragna. Lämna ut varorna eller återbetala",
        da: "Godkendt senere: pengene er trukket. Udlever varerne eller refunder",
    }
    SALE_PAID_BACK_SINCE {
        en: "Approved late, and all of it paid back since. Nothing to do",
        nb: "Godkjent i ettertid, og alt er betalt tilbake siden. Ingenting å gjøre",
        sv: "Godkänt i efterhand, och allt är återbetalt sedan dess. Inget att göra",
        da: "Godkendt senere, og alt er betalt tilbage siden. Intet at gøre",
    }
    REFUND_APPROVED_LATE {
        en: "Refund approved late: the money was paid back. Do not pay it again",
        nb: "Refusjon godkjent i ettertid: pengene er betalt tilbake. Ikke betal igjen",
        sv: "Återbetalning godkänd i efterhand: pengarna är tillbaka. Betala inte igen",
        da: "Refundering godkendt senere: pengene er betalt tilbage. Betal ikke igen",
    }
    CANCELLED {
        en: "Cancelled. No money was moved",
        nb: "Avbrutt. Ingen penger er flyttet",
        sv: "Avbruten. Inga pengar har flyttats",
        da: "Afbrudt. Ingen penge er flyttet",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::Reason;
    use crate::domain::evidence::Approval;
    use crate::domain::identifiers::Handle;
    use crate::domain::specimen::operation;

    fn approved(late: bool) -> Phase {
        let amount = operation(Phase::Sending).money.amount;
        let approval =
            Approval { transaction: None, amount, captured: true, card: None, receipt: None, several: false };
        Phase::Approved { approval, late, resolution: None }
    }

    #[test]
    fn every_phase_of_a_sale_and_a_refund_has_its_own_text() {
        let reason = || Reason::new("DECLINED", "");
        let table = [
            (Phase::Reserved, "Follow the terminal", "Refund under way. Follow the terminal"),
            (Phase::Sending, "Follow the terminal", "Refund under way. Follow the terminal"),
            (
                Phase::Open { handle: Handle::new("s").unwrap() },
                "Follow the terminal",
                "Refund under way. Follow the terminal",
            ),
            (Phase::Unknown { handle: None, empty_since: None }, CHECKING.en, CHECKING.en),
            (Phase::Abandoned { handle: None }, PERSON_DECIDES.en, PERSON_DECIDES.en),
            (approved(false), "Approved", "Approved"),
            (approved(true), SALE_APPROVED_LATE.en, REFUND_APPROVED_LATE.en),
            (
                Phase::Declined { reason: reason() },
                "Card declined. Try another card",
                "Refund declined. Nothing was paid back; try again or pay back in another way",
            ),
            (Phase::Cancelled { resolution: None }, CANCELLED.en, CANCELLED.en),
            (
                Phase::Failed { reason: reason() },
                "Not started, no money was moved. Check the terminal and try again",
                "Not started, no money was moved. Check the terminal and try again",
            ),
        ];
        for (phase, sale, refund) in table {
            let mut asked = operation(phase);
            assert_eq!(message(&asked, Language::English), sale, "{:?}", asked.attempt.phase);
            asked.kind = Kind::Refund;
            assert_eq!(message(&asked, Language::English), refund, "{:?}", asked.attempt.phase);
        }
    }

    #[test]
    fn nobody_is_sent_to_the_terminal_for_a_refund_that_goes_without_the_card() {
        for phase in [Phase::Reserved, Phase::Sending, Phase::Open { handle: Handle::new("s").unwrap() }] {
            let mut refund = operation(phase);
            refund.kind = Kind::Refund;
            refund.attempt.card_present = false;
            assert_eq!(message(&refund, Language::English), "Refund under way. Wait for the result");
        }
    }

    #[test]
    fn a_late_approval_that_was_paid_back_since_asks_for_nothing_more() {
        let mut sale = operation(approved(true));
        sale.refunded = 39_899;
        assert_eq!(message(&sale, Language::English), SALE_APPROVED_LATE.en);
        sale.refunded = 39_900;
        assert_eq!(message(&sale, Language::English), "Approved late, and all of it paid back since. Nothing to do");
    }

    #[test]
    fn what_the_customer_added_is_told_with_the_whole_amount_in_every_language() {
        let mut sale = operation(approved(false));
        if let Phase::Approved { approval, .. } = &mut sale.attempt.phase {
            approval.amount = approval.amount.plus(4_000).unwrap();
        }
        for (language, told) in Language::ALL.into_iter().zip([
            "Approved: 439.00 NOK in all, with what the customer added",
            "Godkjent: 439,00 NOK i alt, med det kunden la til",
            "Godkänt: 439,00 NOK totalt, med kundens tillägg",
            "Godkendt: 439,00 NOK i alt, med kundens tillæg",
        ]) {
            assert_eq!(message(&sale, language), told);
        }
    }

    #[test]
    fn a_wish_to_stop_is_told_while_it_is_under_way_and_not_after_it() {
        let mut open = operation(Phase::Sending);
        open.attempt.cancel_wanted = true;
        assert_eq!(message(&open, Language::Swedish), "Avbryter. Vänta på resultatet");
        open.attempt.phase = approved(false);
        assert_eq!(message(&open, Language::Swedish), "Godkänt");
    }
}
