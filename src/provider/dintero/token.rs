//! The access token: kept in memory only, renewed at half its life by one caller at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex as AsyncMutex;
use url::Url;

use super::classify::{self, unusable};
use super::credential_backoff::CredentialBackoff;
use super::settings::Settings;
use super::wire::{TokenReply, TokenRequest};
use crate::domain::attempt::Reason;
use crate::ports::ReadError;
use crate::provider::client::{Client, Connection, Exchanged, REPLY_MAX, Reply};
use crate::provider::clock::ProviderClock;

/// How long a failed renewal is left alone while the old token still works.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// Why there is no token. Nothing of the call that needed it was sent.
#[derive(Debug, Clone)]
pub(super) enum TokenError {
    /// No usable answer.
    Unreachable { cause: String, retry_after: Option<Duration> },
    /// The credentials were refused.
    Refused(Reason),
}

impl From<TokenError> for ReadError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unreachable { cause, retry_after } => Self::Unreachable { cause, retry_after },
            TokenError::Refused(reason) => Self::Refused(format!("{}: {}", reason.code, reason.text)),
        }
    }
}

/// A token and its life.
#[derive(Debug)]
pub(super) struct Token {
    secret: SecretString,
    renew_at: Instant,
    expires_at: Instant,
}

impl Token {
    fn new(secret: SecretString, now: Instant, life: Duration) -> Self {
        Self { secret, renew_at: now + life / 2, expires_at: now + life }
    }

    pub(super) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// What is known of the token.
#[derive(Debug, Default)]
struct State {
    token: Option<Arc<Token>>,
    /// Dintero wants no request for a token before.
    not_before: Option<Instant>,
    /// A renewal failed: while the token works, the next one waits until then.
    renewal_paused_until: Option<Instant>,
}

/// What to do for the next call.
#[derive(Debug)]
enum Step {
    Use(Arc<Token>),
    /// It still works, but one caller should renew it.
    RenewBeside(Arc<Token>),
    Fetch,
    /// Dintero wants to be left alone for so long.
    Wait(Duration),
}

impl State {
    fn step(&self, now: Instant) -> Step {
        let wait = self.not_before.and_then(|until| until.checked_duration_since(now)).filter(|wait| !wait.is_zero());
        let pause_renewal = wait.is_some() || self.renewal_paused_until.is_some_and(|until| now < until);
        match (&self.token, wait) {
            (Some(token), _) if now < token.renew_at => Step::Use(Arc::clone(token)),
            (Some(token), _) if now < token.expires_at && pause_renewal => Step::Use(Arc::clone(token)),
            (Some(token), _) if now < token.expires_at => Step::RenewBeside(Arc::clone(token)),
            (_, Some(wait)) => Step::Wait(wait),
            (_, None) => Step::Fetch,
        }
    }

    fn learn(&mut self, outcome: &Result<Arc<Token>, TokenError>, now: Instant) {
        match outcome {
            Ok(token) => *self = Self { token: Some(Arc::clone(token)), ..Self::default() },
            Err(TokenError::Unreachable { retry_after: Some(wait), .. }) => self.not_before = Some(now + *wait),
            Err(_) => self.renewal_paused_until = Some(now + RENEWAL_PAUSE),
        }
    }
}

/// Where tokens come from.
#[derive(Debug)]
pub(super) struct Tokens {
    client: Arc<Client>,
    clock: Arc<ProviderClock>,
    endpoint: Url,
    audience: String,
    client_id: String,
    client_secret: SecretString,
    state: Mutex<State>,
    backoff: CredentialBackoff,
    renewing: AsyncMutex<()>,
}

impl Tokens {
    pub(super) fn new(
        settings: &Settings,
        endpoint: Url,
        client: Arc<Client>,
        clock: Arc<ProviderClock>,
        backoff: CredentialBackoff,
    ) -> Self {
        Self {
            client,
            clock,
            endpoint,
            // Always this address, whichever host the token is asked from (Dintero's authentication guide).
            audience: format!("https://api.dintero.com/v1/accounts/{}", settings.account_id),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            state: Mutex::default(),
            backoff,
            renewing: AsyncMutex::default(),
        }
    }

    /// A token that works as far as is known.
    pub(super) async fn current(&self) -> Result<Arc<Token>, TokenError> {
        match self.step() {
            Step::Use(token) => Ok(token),
            Step::RenewBeside(token) => Ok(self.renew_beside(token).await),
            Step::Fetch | Step::Wait(_) => self.fetch_once().await,
        }
    }

    /// Another token than this one, which was refused.
    pub(super) async fn instead_of(&self, refused: &Arc<Token>) -> Result<Arc<Token>, TokenError> {
        self.change(|state| {
            if state.token.as_ref().is_some_and(|token| Arc::ptr_eq(token, refused)) {
                state.token = None;
            }
        });
        self.current().await
    }

    /// A new token, whatever there is.
    pub(super) async fn renew(&self) -> Result<Arc<Token>, TokenError> {
        let _renewing = self.renewing.lock().await;
        match self.step() {
            Step::Wait(wait) => Err(paused(wait)),
            _ => self.fetch().await,
        }
    }

    /// One caller renews; the others, and that one too should it fail, go on with the token that still works.
    async fn renew_beside(&self, token: Arc<Token>) -> Arc<Token> {
        let Ok(_renewing) = self.renewing.try_lock() else { return token };
        match self.step() {
            Step::Use(renewed) => renewed,
            _ => self.fetch().await.unwrap_or(token),
        }
    }

    /// One caller fetches; the others wait for what it gets.
    async fn fetch_once(&self) -> Result<Arc<Token>, TokenError> {
        let _renewing = self.renewing.lock().await;
        match self.step() {
            Step::Use(token) | Step::RenewBeside(token) => Ok(token),
            Step::Wait(wait) => Err(paused(wait)),
            Step::Fetch => self.fetch().await,
        }
    }

    async fn fetch(&self) -> Result<Arc<Token>, TokenError> {
        let asked = Instant::now();
        if let Some(reason) = self.backoff.resting(asked) {
            return Err(TokenError::Refused(reason));
        }
        let body = TokenRequest { grant_type: "client_credentials", audience: &self.audience };
        let request = self
            .client
            .request(Connection::Pooled, Method::POST, self.endpoint.clone())
            .basic_auth(&self.client_id, Some(self.client_secret.expose_secret()))
            .json(&body);
        let exchanged = self.client.exchange("token", request, REPLY_MAX).await;
        if let Exchanged::Replied(Reply { date: Some(date), .. }) = &exchanged {
            self.clock.observe(*date);
        }
        let outcome = understand(exchanged).map(|reply| {
            Arc::new(Token::new(reply.access_token, asked, Duration::from_secs(u64::from(reply.expires_in))))
        });
        let now = Instant::now();
        self.backoff.learn(&outcome, now);
        self.change(|state| state.learn(&outcome, now));
        outcome
    }

    fn step(&self) -> Step {
        self.state().step(Instant::now())
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn paused(wait: Duration) -> TokenError {
    TokenError::Unreachable {
        cause: "Dintero asked for a pause before the next access token".to_owned(),
        retry_after: Some(wait),
    }
}

fn understand(exchanged: Exchanged) -> Result<TokenReply, TokenError> {
    let unreachable = |cause| TokenError::Unreachable { cause: format!("no access token: {cause}"), retry_after: None };
    let reply = match exchanged {
        Exchanged::Replied(reply) => reply,
        Exchanged::NotConnected(cause) | Exchanged::Broken(cause) => return Err(unreachable(cause)),
    };
    match (reply.status, classify::provider_error(&reply)) {
        (200..=299, _) => serde_json::from_slice(&reply.body).map_err(|_| unreachable(unusable(&reply))),
        (401, reason) => Err(TokenError::Refused(reason.unwrap_or_else(|| classify::plain_reason(&reply)))),
        (400 | 403, Some(reason)) => Err(TokenError::Refused(reason)),
        _ => Err(TokenError::Unreachable {
            cause: format!("no access token: {}", unusable(&reply)),
            retry_after: reply.retry_after,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(life: u64, now: Instant) -> State {
        let token = Token::new(SecretString::from("token"), now, Duration::from_secs(life));
        State { token: Some(Arc::new(token)), ..State::default() }
    }

    #[test]
    fn a_token_is_used_for_half_its_life_then_renewed_beside_its_use_then_fetched() {
        let now = Instant::now();
        let after = |seconds| state(100, now).step(now + Duration::from_secs(seconds));
        assert!(matches!(after(0), Step::Use(_)));
        assert!(matches!(after(49), Step::Use(_)));
        assert!(matches!(after(50), Step::RenewBeside(_)));
        assert!(matches!(after(99), Step::RenewBeside(_)));
        assert!(matches!(after(100), Step::Fetch));
        assert!(matches!(State::default().step(now), Step::Fetch));
    }

    #[test]
    fn a_pause_that_dintero_asked_for_is_kept_and_a_working_token_used_meanwhile() {
        let now = Instant::now();
        let paused = State { not_before: Some(now + Duration::from_secs(200)), ..state(100, now) };
        assert!(matches!(paused.step(now + Duration::from_secs(60)), Step::Use(_)));
        assert!(matches!(paused.step(now + Duration::from_secs(150)), Step::Wait(_)));
        assert!(matches!(paused.step(now + Duration::from_secs(200)), Step::Fetch));
    }

    #[test]
    fn a_failed_renewal_is_not_tried_again_at_once_while_the_token_works() {
        let now = Instant::now();
        let mut state = state(100, now);
        let due = now + Duration::from_secs(50);
        state.learn(&Err(TokenError::Unreachable { cause: "reset".into(), retry_after: None }), due);
        assert!(matches!(state.step(due), Step::Use(_)));
        assert!(matches!(state.step(due + RENEWAL_PAUSE), Step::RenewBeside(_)));
        assert!(matches!(state.step(now + Duration::from_secs(100)), Step::Fetch));
    }

    #[test]
    fn a_token_is_never_shown() {
        let now = Instant::now();
        let token = Token::new(SecretString::from("eyJsecret"), now, Duration::from_secs(1));
        assert!(!format!("{token:?}").contains("eyJsecret"));
    }
}
