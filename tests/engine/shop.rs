//! A shop with one till and one terminal.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{AlarmKind, Kind};
use pos_bridge::domain::directory::{Credentials, Directory, Profile, Store, Terminal, Till};
use pos_bridge::domain::identifiers::{
    AttemptReference, Handle, OperationId, ProviderTerminalId, Reference, StoreId, TerminalName, TillId,
};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::domain::repeat::{KnownBy, RepeatRules};
use pos_bridge::domain::request::{Details, Naming, SaleRequest};
use pos_bridge::engine::{Engine, Pace, Parts, Patience, Progress, Refusal};
use pos_bridge::journal::{JournalOptions, SqliteJournal};
use pos_bridge::ports::{Begun, Callback, Journal, NewAttempt, NewSale, Provider, Subject, SystemClock};
use pos_bridge::push::HttpPusher;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::provider::Scripted;

/// Waiting for anything takes longer than this only when it never comes.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Shop {
    pub(crate) engine: Engine,
    pub(crate) journal: Arc<SqliteJournal>,
    pub(crate) provider: Arc<Scripted>,
    pub(crate) till: Till,
    folder: TempDir,
}

impl Shop {
    /// A shop that is not open yet. It looks at the provider's record once a minute.
    pub(crate) async fn new(provider: Scripted) -> Self {
        Self::with_profile(provider, Profile::default()).await
    }

    /// The same, where the till has this profile.
    pub(crate) async fn with_profile(provider: Scripted, profile: Profile) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = JournalOptions::at(folder.path().join("journal.db"));
        let journal = Arc::new(SqliteJournal::open(options).await.unwrap());
        let provider = Arc::new(provider);
        let (store, terminal) = (StoreId::new("oslo-center").unwrap(), TerminalName::new("front").unwrap());
        let till = Till {
            id: TillId::new("till-1").unwrap(),
            terminal: terminal.clone(),
            terminals: Vec::new(),
            credentials: Credentials::default(),
            profile,
        };
        let directory = Directory {
            stores: vec![Store {
                id: store.clone(),
                payout_destination_id: "seller-1".into(),
                currency: Currency::from_code("NOK").unwrap(),
                time_zone: "Europe/Oslo".into(),
            }],
            terminals: [("front", "T0292"), ("back", "T0293")].map(|(name, id)| machine(name, id, &store)).into(),
            tills: vec![till.clone()],
        };
        let dintero = Arc::clone(&provider) as Arc<dyn Provider>;
        let pusher = Arc::new(HttpPusher::new(&directory, &[]).unwrap());
        let engine = Engine::new(Parts {
            directory,
            pusher,
            journal: Arc::clone(&journal) as Arc<dyn Journal>,
            providers: HashMap::from([(ProviderName::Dintero, dintero)]),
            clock: Arc::new(SystemClock),
            pace: Pace {
                poll_interval: Duration::from_secs(60),
                recovery_patience: Duration::from_millis(100),
                away_pause: Duration::from_millis(50),
                ..Pace::default()
            },
        });
        Self { engine, journal, provider, till, folder }
    }

    /// A shop that sells.
    pub(crate) async fn open(provider: Scripted) -> Self {
        Self::new(provider).await.opened().await
    }

    pub(crate) async fn opened(self) -> Self {
        self.engine.recover().await.unwrap();
        self.ready().await;
        self
    }

    pub(crate) async fn ready(&self) {
        eventually("the shop to open", async || self.engine.unready().is_empty().then_some(())).await;
    }

    /// From now on the journal takes everything but the time of a comparison.
    pub(crate) async fn refuse_to_note_sweeps(&self) {
        let options = SqliteConnectOptions::new().filename(self.folder.path().join("journal.db"));
        let mut journal = SqliteConnection::connect_with(&options).await.unwrap();
        let refuse = "CREATE TRIGGER full BEFORE INSERT ON sweep BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
        sqlx::query(refuse).execute(&mut journal).await.unwrap();
        journal.close().await.unwrap();
    }

    /// The provider calls back about an attempt.
    pub(crate) async fn called_back(&self, about: AttemptReference) {
        let callback = Callback {
            provider: ProviderName::Dintero,
            delivery: format!("about {about}"),
            about: Some(Subject::Attempt(about)),
            query: String::new(),
            received_at: Timestamp::now(),
        };
        self.engine.called_back(callback).await.unwrap();
    }

    /// The provider calls back about a payment, and does not say which attempt it means.
    pub(crate) async fn called_back_about_payment(&self, payment: &str) {
        let callback = Callback {
            provider: ProviderName::Dintero,
            delivery: format!("about {payment}"),
            about: Some(Subject::Payment(Handle::new(payment).unwrap())),
            query: String::new(),
            received_at: Timestamp::now(),
        };
        self.engine.called_back(callback).await.unwrap();
    }

    /// Until the provider's list was read so often.
    pub(crate) async fn listed(&self, times: usize) {
        let mut listed = self.provider.listed.subscribe();
        tokio::time::timeout(PATIENCE, listed.wait_for(|listed| *listed >= times)).await.expect("no sweep").unwrap();
    }

    pub(crate) async fn pay(&self, reference: &str) -> Result<Progress, Refusal> {
        self.sell(self.sale(reference)).await
    }

    pub(crate) fn sale(&self, reference: &str) -> SaleRequest {
        let money = Money { amount: Amount::new(10_000).unwrap(), currency: Currency::from_code("NOK").unwrap() };
        let naming = Naming::Reference(Reference::new(reference).unwrap());
        SaleRequest { naming, money, terminal: None, details: Details::default() }
    }

    pub(crate) async fn sell(&self, sale: SaleRequest) -> Result<Progress, Refusal> {
        self.engine.pay(&self.till, sale, patience()).await
    }

    /// A sale that the journal holds, begun at that time on a terminal that need not be there any more.
    pub(crate) async fn begun_on(&self, terminal: Terminal, reference: &str, now: Timestamp) -> Operation {
        self.begun(terminal, reference, now, false).await
    }

    /// The same, of which nothing was sent yet.
    pub(crate) async fn reserved(&self, terminal: Terminal, reference: &str) -> Operation {
        self.begun(terminal, reference, Timestamp::now(), true).await
    }

    async fn begun(&self, terminal: Terminal, reference: &str, now: Timestamp, is_prepared: bool) -> Operation {
        let attempt = NewAttempt {
            operation: OperationId(Ulid::generate()),
            reference: AttemptReference::new(Ulid::generate()),
            asked_terminal: terminal.name.clone(),
            terminal,
            expires_at: now + SignedDuration::from_secs(300),
            horizon: now + SignedDuration::from_secs(420),
            may_grow: false,
            simulated: true,
            details: Details::default(),
            till: self.till.id.clone(),
            till_reference: Reference::new(reference).unwrap(),
            known_by: KnownBy::Reference,
            rules: RepeatRules::default(),
            now,
        };
        let money = Money { amount: Amount::new(10_000).unwrap(), currency: Currency::from_code("NOK").unwrap() };
        let begun = self.journal.begin_sale(NewSale { attempt, money, is_prepared }).await.unwrap();
        let Begun::New(operation) = begun else { panic!("not new: {begun:?}") };
        operation
    }

    pub(crate) async fn cancel(&self, reference: &str) -> Operation {
        self.engine.cancel(&self.till, Kind::Sale, &Reference::new(reference).unwrap()).await.unwrap()
    }

    pub(crate) async fn compare_signature(&self, reference: &str, accepted: bool) -> Result<Operation, Refusal> {
        let reference = Reference::new(reference).unwrap();
        self.engine.compare_signature(&self.till, Kind::Sale, &reference, accepted).await
    }

    pub(crate) async fn find(&self, reference: &str) -> Operation {
        self.engine.find(&self.till, Kind::Sale, &Reference::new(reference).unwrap()).await.unwrap()
    }

    pub(crate) async fn alarms(&self) -> Vec<AlarmKind> {
        self.engine.alarms().await.unwrap().into_iter().map(|raised| raised.alarm.kind).collect()
    }
}

pub(crate) fn patience() -> Patience {
    Patience::starting_now(Duration::from_secs(5), CancellationToken::new())
}

fn machine(name: &str, id: &str, store: &StoreId) -> Terminal {
    Terminal {
        name: TerminalName::new(name).unwrap(),
        provider: ProviderName::Dintero,
        store: store.clone(),
        terminal_id: ProviderTerminalId::new(id).unwrap(),
        tips: false,
        unlinked_refund: name == "front",
    }
}

/// Asks again until the question is answered with something.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
