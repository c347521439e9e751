//! What stands on a receipt that is composed here. Labels stay short: the narrowest paper has 24 characters.

use super::Text;
use crate::domain::attempt::Kind;
use crate::domain::operation::Status;

texts! {
    CUSTOMER {
        en: "CUSTOMER RECEIPT",
        nb: "KUNDENS KVITTERING",
        sv: "KUNDENS KVITTO",
        da: "KUNDENS KVITTERING",
    }
    MERCHANT {
        en: "MERCHANT RECEIPT",
        nb: "BUTIKKENS KVITTERING",
        sv: "BUTIKENS KVITTO",
        da: "BUTIKKENS KVITTERING",
    }
    COPY {
        en: "*** COPY ***",
        nb: "*** KOPI ***",
        sv: "*** KOPIA ***",
        da: "*** KOPI ***",
    }
    REFUND {
        en: "*** REFUND ***",
        nb: "*** REFUSJON ***",
        sv: "*** ÅTERBETALNING ***",
        da: "*** REFUNDERING ***",
    }
    SIMULATED {
        en: "*** SIMULATED ***",
        nb: "*** SIMULERT ***",
        sv: "*** SIMULERAT ***",
        da: "*** SIMULERET ***",
    }
    NO_MONEY_MOVED {
        en: "No money was moved",
        nb: "Ingen penger er flyttet",
        sv: "Inga pengar har flyttats",
        da: "Ingen penge er flyttet",
    }
    TILL {
        en: "Till",
        nb: "Kasse",
        sv: "Kassa",
        da: "Kasse",
    }
    REFERENCE {
        en: "Reference",
        nb: "Referanse",
        sv: "Referens",
        da: "Reference",
    }
    DATE {
        en: "Date",
        nb: "Dato",
        sv: "Datum",
        da: "Dato",
    }
    TERMINAL {
        en: "Terminal",
        nb: "Terminal",
        sv: "Terminal",
        da: "Terminal",
    }
    CARD {
        en: "Card",
        nb: "Kort",
        sv: "Kort",
        da: "Kort",
    }
    NUMBER {
        en: "Number",
        nb: "Nummer",
        sv: "Nummer",
        da: "Nummer",
    }
    READ_BY {
        en: "Read by",
        nb: "Lest med",
        sv: "Läst med",
        da: "Læst med",
    }
    ADDED {
        en: "Added",
        nb: "Tillegg",
        sv: "Tillägg",
        da: "Tillæg",
    }
    IN_ALL {
        en: "TOTAL",
        nb: "TOTALT",
        sv: "TOTALT",
        da: "I ALT",
    }
    TRANSACTION {
        en: "Transaction",
        nb: "Transaksjon",
        sv: "Transaktion",
        da: "Transaktion",
    }
}

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
    let words = [Kind::Sale, Kind::Refund].map(kind).into_iter();
    let outcomes = Status::ALL.into_iter().filter_map(outcome);
    let entries = ["chip", "contactless", "magstripe"].into_iter().filter_map(entry_method);
    ALL.iter().copied().chain(words).chain(outcomes).chain(entries).collect()
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
