//! What stands on a receipt that is composed here. Labels stay short: the narrowest paper has 24 characters.

use super::Text;
use crate::domain::attempt::Kind;
use crate::domain::operation::Status;

pub(in crate::till) const CUSTOMER: Text =
    Text { en: "CUSTOMER RECEIPT", nb: "KUNDENS KVITTERING", sv: "KUNDENS KVITTO", da: "KUNDENS KVITTERING" };
pub(in crate::till) const MERCHANT: Text =
    Text { en: "MERCHANT RECEIPT", nb: "BUTIKKENS KVITTERING", sv: "BUTIKENS KVITTO", da: "BUTIKKENS KVITTERING" };

pub(in crate::till) const COPY: Text =
    Text { en: "*** COPY ***", nb: "*** KOPI ***", sv: "*** KOPIA ***", da: "*** KOPI ***" };
pub(in crate::till) const REFUND: Text =
    Text { en: "*** REFUND ***", nb: "*** REFUSJON ***", sv: "*** ÅTERBETALNING ***", da: "*** REFUNDERING ***" };
pub(in crate::till) const SIMULATED: Text =
    Text { en: "*** SIMULATED ***", nb: "*** SIMULERT ***", sv: "*** SIMULERAT ***", da: "*** SIMULERET ***" };
pub(in crate::till) const NO_MONEY_MOVED: Text = Text {
    en: "No money was moved",
    nb: "Ingen penger er flyttet",
    sv: "Inga pengar har flyttats",
    da: "Ingen penge er flyttet",
};

pub(in crate::till) const TILL: Text = Text { en: "Till", nb: "Kasse", sv: "Kassa", da: "Kasse" };
pub(in crate::till) const REFERENCE: Text = Text { en: "Reference", nb: "Referanse", sv: "Referens", da: "Reference" };
pub(in crate::till) const DATE: Text = Text { en: "Date", nb: "Dato", sv: "Datum", da: "Dato" };
pub(in crate::till) const TERMINAL: Text = Text { en: "Terminal", nb: "Terminal", sv: "Terminal", da: "Terminal" };
pub(in crate::till) const CARD: Text = Text { en: "Card", nb: "Kort", sv: "Kort", da: "Kort" };
pub(in crate::till) const NUMBER: Text = Text { en: "Number", nb: "Nummer", sv: "Nummer", da: "Nummer" };
pub(in crate::till) const READ_BY: Text = Text { en: "Read by", nb: "Lest med", sv: "Läst med", da: "Læst med" };
pub(in crate::till) const TRANSACTION: Text =
    Text { en: "Transaction", nb: "Transaksjon", sv: "Transaktion", da: "Transaktion" };

/// What the amount is of.
pub(in crate::till) const fn kind(kind: Kind) -> Text {
    match kind {
        Kind::Sale => Text { en: "SALE", nb: "KJØP", sv: "KÖP", da: "KØB" },
        Kind::Refund => Text { en: "REFUND", nb: "REFUSJON", sv: "RETUR", da: "RETUR" },
    }
}

/// How the card was read; `None` for a word of the provider's that is newer than this program.
pub(in crate::till) fn entry_method(word: &str) -> Option<Text> {
    Some(match word {
        "chip" => Text { en: "Chip", nb: "Chip", sv: "Chip", da: "Chip" },
        "contactless" => Text { en: "Contactless", nb: "Kontaktløst", sv: "Kontaktlöst", da: "Kontaktløst" },
        "magstripe" => Text { en: "Magnetic stripe", nb: "Magnetstripe", sv: "Magnetremsa", da: "Magnetstribe" },
        _ => return None,
    })
}

/// What came of it; `None` while that is not proven, because then there is nothing to print.
pub(in crate::till) const fn outcome(status: Status) -> Option<Text> {
    match status {
        Status::Approved => Some(Text { en: "APPROVED", nb: "GODKJENT", sv: "GODKÄNT", da: "GODKENDT" }),
        Status::Declined => Some(Text { en: "DECLINED", nb: "AVVIST", sv: "NEKAT", da: "AFVIST" }),
        Status::Cancelled => Some(Text { en: "CANCELLED", nb: "AVBRUTT", sv: "AVBRUTET", da: "AFBRUDT" }),
        Status::Failed => Some(Text { en: "NOT STARTED", nb: "IKKE STARTET", sv: "INTE STARTAT", da: "IKKE STARTET" }),
        Status::Pending | Status::Unknown => None,
    }
}

/// Every text of this file, for the tests.
#[cfg(test)]
pub(super) fn all() -> Vec<Text> {
    let headings = [CUSTOMER, MERCHANT, COPY, REFUND, SIMULATED, NO_MONEY_MOVED];
    let labels = [TILL, REFERENCE, DATE, TERMINAL, CARD, NUMBER, READ_BY, TRANSACTION];
    let words = [Kind::Sale, Kind::Refund].map(kind).into_iter();
    let outcomes = Status::ALL.into_iter().filter_map(outcome);
    let entries = ["chip", "contactless", "magstripe"].into_iter().filter_map(entry_method);
    headings.into_iter().chain(labels).chain(words).chain(outcomes).chain(entries).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proven_outcome_can_be_printed_and_no_other() {
        for status in Status::ALL {
            assert_eq!(outcome(status).is_some(), status.is_final(), "{status:?}");
        }
    }
}
