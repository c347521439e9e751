//! Alarms, notes and bookings.

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Alarm, AlarmKind};
use pos_bridge::domain::directory::Terminal;
use pos_bridge::domain::identifiers::{OperationId, TerminalName};
use pos_bridge::domain::operation::{Operation, Status};
use pos_bridge::ports::{AlarmState, Callback, JournalError, LostPayment, RaisedAlarm, Refunded, whole_milliseconds};

use super::{Pages, Standing};

type Result<T> = std::result::Result<T, JournalError>;

impl Pages {
    pub(crate) fn note_refunded(
        &mut self,
        sale: OperationId,
        refunded: Refunded,
        alarm: Option<Alarm>,
        now: Timestamp,
    ) -> Result<bool> {
        let operation = self.operation(sale).ok_or(JournalError::NotFound)?;
        let sent_back = self.sent_back(sale);
        let head = self.head(sale);
        let Some(elsewhere) = refunded.news_elsewhere(sent_back, head.refunded) else { return Ok(false) };
        (head.refunded, head.updated_at) = (elsewhere, whole_milliseconds(now));
        if let Some(alarm) = alarm {
            let subject = sale.to_string();
            let of_kind = |it: &&mut Standing| it.subject == subject && it.raised.alarm.kind == alarm.kind;
            self.alarms.iter_mut().filter(of_kind).for_each(|older| older.acknowledged = true);
            self.raise_on(&operation, alarm, now);
        }
        Ok(true)
    }

    pub(super) fn stands(&self, subject: &str, kind: AlarmKind) -> bool {
        self.alarms
            .iter()
            .any(|alarm| !alarm.acknowledged && alarm.subject == subject && alarm.raised.alarm.kind == kind)
    }

    pub(super) fn raise_on(&mut self, operation: &Operation, alarm: Alarm, now: Timestamp) {
        let freezes = alarm.kind.freezes_terminal().then(|| operation.device());
        let terminal = Some(operation.terminal.clone());
        self.push_alarm(operation.id.to_string(), alarm, (Some(operation.id), terminal, freezes), now);
    }

    fn push_alarm(
        &mut self,
        subject: String,
        alarm: Alarm,
        (operation, terminal, freezes): (Option<OperationId>, Option<TerminalName>, Option<String>),
        now: Timestamp,
    ) {
        let id = i64::try_from(self.alarms.len()).unwrap() + 1;
        let known = operation.and_then(|id| self.operation(id));
        let known_as = known.map(|operation| (operation.till.clone(), operation.reference.clone()));
        let raised = RaisedAlarm { id, alarm, operation, known_as, terminal, raised_at: whole_milliseconds(now) };
        self.alarms.push(Standing { subject, raised, freezes, acknowledged: false });
    }

    pub(crate) fn raise(&mut self, operation: OperationId, alarm: Alarm, now: Timestamp) -> Result<bool> {
        let operation = self.operation(operation).ok_or(JournalError::NotFound)?;
        let subject = operation.id.to_string();
        let known = self.alarms.iter().any(|known| known.subject == subject && known.raised.alarm == alarm);
        if known || self.stands(&subject, alarm.kind) {
            return Ok(false);
        }
        self.raise_on(&operation, alarm, now);
        Ok(true)
    }

    pub(crate) fn raise_lost(&mut self, payment: LostPayment) -> AlarmState {
        let subject = payment.reference.to_string();
        let same = |alarm: &&Standing| alarm.subject == subject && alarm.raised.alarm.kind == payment.alarm.kind;
        if let Some(known) = self.alarms.iter().find(same) {
            return if known.acknowledged { AlarmState::Acknowledged } else { AlarmState::Standing };
        }
        let terminal = payment.terminal.as_ref();
        let place = (None, terminal.map(|terminal| terminal.name.clone()), terminal.map(Terminal::device));
        self.push_alarm(subject, payment.alarm, place, payment.now);
        AlarmState::Raised
    }

    pub(crate) fn told(&mut self, operation: OperationId, attempt: u32, status: Status, now: Timestamp) {
        let Some(known) = self.operation(operation) else { return };
        let is_new = known.told_at.is_none() && status.is_final();
        if is_new && known.attempt.number == attempt && known.status() == status {
            self.head(operation).told_at = Some(whole_milliseconds(now));
        }
    }

    pub(crate) fn acknowledge(&mut self, operation: OperationId, now: Timestamp) -> Result<Operation> {
        let known = self.operation(operation).ok_or(JournalError::NotFound)?;
        let Some(booked) = known.acknowledged(whole_milliseconds(now)) else { return Ok(known) };
        let head = self.head(operation);
        (head.acknowledged_at, head.updated_at) = (booked.acknowledged_at, booked.updated_at);
        Ok(booked)
    }

    pub(crate) fn keep_callback(&mut self, callback: Callback) -> bool {
        self.callbacks.insert((callback.provider, callback.delivery))
    }
}
