//! A provider without idempotency: every order that arrives makes a session of its own, and every refund that arrives is
//! paid out, as often as it comes and however much it is. Its books are the truth.

use std::cmp::Ordering;

use pos_bridge::domain::attempt::Kind;
use pos_bridge::domain::evidence::{
    Approval, Contradiction, Finding, Order, PaymentRecord, PaymentState, SessionRecord, SessionState, Sighting, Terms,
    judge,
};
use pos_bridge::domain::identifiers::{Handle, TransactionId};

use crate::parts;

/// The provider's books.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Books {
    pub(crate) sessions: Vec<Session>,
    /// The runs whose refund was paid out, once for each time.
    pub(crate) refunds: Vec<(u8, i64)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Session {
    pub(crate) run: u8,
    /// Until when a customer can pay it.
    pub(crate) payable_until: u8,
    pub(crate) cancelled: bool,
    pub(crate) payment: Option<Payment>,
    /// The prepared payment that it runs on.
    pub(crate) payment_of: Option<Handle>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Payment {
    Started,
    Approved,
    Declined,
    /// Taken, and told with another amount than was asked.
    Misreported,
}

impl Payment {
    pub(crate) const fn took_money(self) -> bool {
        matches!(self, Self::Approved | Self::Misreported)
    }
}

/// What one answer to a reading holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct View {
    session: Option<(u8, bool)>,
    payments: Vec<(u8, Payment)>,
    refunds: u8,
    /// How much of a prepared payment was given back since a refund of it was sent: of its refunds only that is told.
    grown: Option<i64>,
}

impl Books {
    pub(crate) fn of_run(&self, run: u8) -> impl Iterator<Item = (u8, &Session)> {
        (0..).zip(&self.sessions).filter(move |(_, session)| session.run == run)
    }

    pub(crate) fn is_payable(&self, session: &Session, now: u8) -> bool {
        !session.cancelled && session.payment.is_none() && now < session.payable_until
    }

    pub(crate) fn took_money(&self, run: u8) -> bool {
        self.of_run(run).any(|(_, session)| session.payment.is_some_and(Payment::took_money))
    }

    /// A prepared payment is taken once; whatever stands on it afterwards is refused.
    pub(crate) fn is_taken(&self, payment: Option<&Handle>) -> bool {
        payment.is_some()
            && self.sessions.iter().any(|session| {
                session.payment_of.as_ref() == payment && session.payment.is_some_and(Payment::took_money)
            })
    }

    /// What a reading finds: the session by its handle, the payments by the run's reference.
    pub(crate) fn view(&self, run: u8, sessions: &[u8], handle: Option<&Handle>) -> View {
        let known =
            sessions.iter().copied().find(|number| handle.is_none_or(|handle| parts::handle(*number) == *handle));
        // Without a prepared payment, a session whose handle is not known cannot be looked up.
        let known = known.filter(|number| handle.is_some() || self.sessions[usize::from(*number)].payment_of.is_some());
        let payment = |number: &u8| Some((*number, self.sessions[usize::from(*number)].payment?));
        View {
            session: known.map(|number| (number, self.sessions[usize::from(number)].cancelled)),
            payments: sessions.iter().filter_map(payment).collect(),
            grown: None,
            refunds: u8::try_from(self.refunds.iter().filter(|(paid, _)| *paid == run).count()).unwrap_or(u8::MAX),
        }
    }
}

impl View {
    pub(crate) fn grown_by(self, grown: Option<i64>) -> Self {
        Self { grown, ..self }
    }

    /// What the real judgement makes of it.
    pub(crate) fn finding(&self, kind: Kind, run: u8, order: &Order) -> Finding {
        match kind {
            Kind::Sale => judge(order, &self.sighting(order)),
            Kind::Refund if self.grown.is_some() => self.grown_finding(run, order),
            Kind::Refund if self.refunds == 0 => Finding::Nothing,
            Kind::Refund => Finding::Approved(refund_approval(run, order, self.refunds > 1)),
        }
    }

    fn grown_finding(&self, run: u8, order: &Order) -> Finding {
        let (asked, found) = (order.money.amount.minor(), self.grown.unwrap_or_default());
        match found.cmp(&asked) {
            Ordering::Less => Finding::Nothing,
            Ordering::Equal => Finding::Approved(refund_approval(run, order, false)),
            Ordering::Greater => Finding::Contradiction { what: Contradiction::Amount { asked, found }, handle: None },
        }
    }

    /// The same by somebody who compares nothing (a planted bug).
    pub(crate) fn trusting_finding(&self, run: u8, order: &Order) -> Finding {
        match self.payments.iter().find(|(_, payment)| payment.took_money()) {
            Some((number, _)) => Finding::Approved(approval(order, parts::transaction(*number), false)),
            None => self.finding(Kind::Sale, run, order),
        }
    }

    fn sighting(&self, order: &Order) -> Sighting {
        let session = self.session.map(|(number, cancelled)| SessionRecord {
            handle: parts::handle(number),
            terms: terms(order, 0),
            state: if cancelled { SessionState::Cancelled } else { SessionState::Waiting },
        });
        Sighting {
            session,
            payments: self.payments.iter().map(|(number, payment)| record(*number, *payment, order)).collect(),
        }
    }
}

fn record(number: u8, payment: Payment, order: &Order) -> PaymentRecord {
    let (state, difference) = match payment {
        Payment::Started => (PaymentState::Undecided, 0),
        Payment::Approved => (PaymentState::Approved { captured: true }, 0),
        Payment::Declined => (PaymentState::Declined(parts::reason("declined")), 0),
        Payment::Misreported => (PaymentState::Approved { captured: true }, 1),
    };
    PaymentRecord {
        transaction: parts::transaction(number),
        session: Some(parts::handle(number)),
        terms: terms(order, difference),
        added: 0,
        state,
        card: None,
        receipt: None,
        created_at: None,
    }
}

fn terms(order: &Order, difference: i64) -> Terms {
    Terms {
        reference: order.reference.to_string(),
        amount: order.money.amount.minor() + difference,
        currency: order.money.currency.code().to_owned(),
        terminal: Some(order.terminal.as_str().to_owned()),
    }
}

fn refund_approval(run: u8, order: &Order, several: bool) -> Approval {
    approval(order, TransactionId::new(format!("refund-{run}")).unwrap(), several)
}

pub(crate) fn approval(order: &Order, transaction: TransactionId, several: bool) -> Approval {
    Approval {
        transaction: Some(transaction),
        amount: order.money.amount,
        captured: true,
        card: None,
        receipt: None,
        several,
    }
}
