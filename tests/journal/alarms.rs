//! Alarms, and what they stop.

use pos_bridge::domain::attempt::{Alarm, AlarmKind};
use pos_bridge::domain::identifiers::OperationId;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::ports::{Begun, Journal, JournalError, NewRefund};

use crate::fixture::*;

fn alarm(kind: AlarmKind) -> Alarm {
    Alarm { kind, text: format!("{} happened", kind.name()) }
}

#[tokio::test]
async fn an_alarm_stands_once_until_somebody_has_seen_to_it() {
    let fixture = Fixture::new().await;
    let sale = fixture.approved_sale("R-1").await;
    let raise = || fixture.journal.raise(sale.id, alarm(AlarmKind::NotCaptured), now());
    assert_eq!((raise().await, raise().await), (Ok(true), Ok(false)));
    assert_eq!(fixture.journal.raise(sale.id, alarm(AlarmKind::Mismatch), now()).await, Ok(true));
    let standing = fixture.journal.alarms().await.unwrap();
    assert_eq!(
        standing.iter().map(|raised| raised.alarm.clone()).collect::<Vec<_>>(),
        [alarm(AlarmKind::NotCaptured), alarm(AlarmKind::Mismatch)]
    );
    let mut counted = fixture.journal.standing_alarms().await.unwrap();
    counted.sort_by_key(|(kind, _)| kind.name());
    assert_eq!(counted, [(AlarmKind::Mismatch, 1), (AlarmKind::NotCaptured, 1)]);
    assert_eq!((standing[0].operation, standing[0].terminal.clone()), (Some(sale.id), Some(sale.terminal.clone())));

    let seen_to = |id| fixture.journal.acknowledge_alarm(id, "Kari", now());
    assert_eq!((seen_to(standing[0].id).await, seen_to(standing[0].id).await), (Ok(()), Ok(())));
    assert_eq!(seen_to(99).await, Err(JournalError::NotFound));
    assert_eq!(fixture.journal.alarms().await.unwrap().len(), 1);
    assert_eq!(fixture.journal.standing_alarms().await, Ok(vec![(AlarmKind::Mismatch, 1)]));
    assert_eq!(raise().await, Ok(false), "the sweep comes back to it; somebody has seen to it");
    let unknown = fixture.journal.raise(OperationId(number()), alarm(AlarmKind::Orphan), now()).await;
    assert_eq!(unknown, Err(JournalError::NotFound));
}

#[tokio::test]
async fn a_frozen_terminal_takes_nothing_until_somebody_has_looked() {
    let fixture = Fixture::new().await;
    let paid = fixture.approved_sale("R-1").await;
    fixture.journal.raise(paid.id, alarm(AlarmKind::LateApproval), now()).await.unwrap();
    let try_sale = |name: &'static str, on: &'static str| fixture.journal.begin_sale(sale("till-2", name, on, 100));
    let Begun::New(unfrozen) = try_sale("R-2", "front").await.unwrap() else { panic!("this kind freezes nothing") };
    fixture.record(&unfrozen, approved(&unfrozen.attempt)).await;

    fixture.journal.raise(paid.id, alarm(AlarmKind::SeveralPayments), now()).await.unwrap();
    let frozen = Begun::Frozen("several_payments happened".to_owned());
    assert_eq!(try_sale("R-3", "front").await.unwrap(), frozen);
    let at_terminal = NewRefund { route: RefundRoute::Terminal, ..refund("till-1", "F-1", paid.id, Some(1)) };
    assert_eq!(fixture.journal.begin_refund(at_terminal).await.unwrap(), frozen);
    assert!(matches!(fixture.refund(&paid, "F-2", Some(1)).await, Begun::New(_)), "without the terminal");
    assert!(matches!(try_sale("R-4", "back").await.unwrap(), Begun::New(_)), "another terminal");
    assert!(matches!(
        fixture.journal.begin_sale(sale("till-1", "R-1", "front", 10_000)).await.unwrap(),
        Begun::Replayed(_)
    ));
    let uses = fixture.journal.terminals(&["back", "front"].map(terminal)).await.unwrap();
    assert_eq!(uses.iter().map(|known| known.frozen.is_some()).collect::<Vec<_>>(), [false, true]);

    for raised in fixture.journal.alarms().await.unwrap() {
        fixture.journal.acknowledge_alarm(raised.id, "Kari", now()).await.unwrap();
    }
    assert!(matches!(try_sale("R-3", "front").await.unwrap(), Begun::New(_)));
}
