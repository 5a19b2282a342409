//! The token cache: one fetch at a time per credential, 10 days, forget on 401.

use super::oauth2::TokenFetchError;
use crate::config::Oauth2Client;
use http::HeaderValue;
use moka::future::Cache;
use moka::ops::compute::Op;
use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Credentials kept at most; one is a few hundred bytes, and no gateway has as many.
const CAPACITY: u64 = 100_000;

/// Tokens by the whole credential, secret included: a changed secret is another credential.
#[derive(Debug, Clone)]
pub(super) struct Tokens(Cache<Arc<Oauth2Client>, Arc<Token>>);

/// A token that an authorization server gave.
#[derive(Debug)]
pub(super) struct Token {
    /// `Bearer <token>`.
    pub(super) header: HeaderValue,
    pub(super) fetched: Instant,
}

// === impl Tokens ===

impl Tokens {
    pub(super) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    /// The cached token, or what `fetch` brings. Steps that ask meanwhile wait for the same fetch.
    ///
    /// `expires_in` plays no part: a token serves for `lifetime` or until a 401.
    pub(super) async fn get(
        &self,
        client: &Arc<Oauth2Client>,
        lifetime: Duration,
        fetch: impl Future<Output = Result<Token, TokenFetchError>>,
    ) -> Result<Arc<Token>, Arc<TokenFetchError>> {
        if let Some(token) = self.0.get(client).await {
            if token.fetched.elapsed() < lifetime {
                return Ok(token);
            }
            self.forget(client, &token).await;
        }
        let fetch = async { fetch.await.map(Arc::new) };
        self.0.try_get_with(client.clone(), fetch).await
    }

    /// Drops `token`, unless another one has taken its place.
    pub(super) async fn forget(&self, client: &Arc<Oauth2Client>, token: &Arc<Token>) {
        let entry = self.0.entry_by_ref(client);
        entry
            .and_compute_with(|held| {
                let same = held.is_some_and(|held| Arc::ptr_eq(held.value(), token));
                ready(if same { Op::Remove } else { Op::Nop })
            })
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn client() -> Arc<Oauth2Client> {
        Arc::new(Oauth2Client {
            client_id: "journey".into(),
            client_secret: Secret::new("s"),
            token_url: "https://auth.example/token".into(),
            scope: None,
            refresh_statuses: vec![401],
        })
    }

    fn token() -> Token {
        Token {
            header: HeaderValue::from_static("Bearer t"),
            fetched: Instant::now(),
        }
    }

    /// Asks for the token of `client`, counting in `fetches` the fetches that this takes.
    async fn get(
        tokens: &Tokens,
        client: &Arc<Oauth2Client>,
        lifetime: Duration,
        fetches: &AtomicUsize,
    ) -> Arc<Token> {
        let fetch = async {
            fetches.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(token())
        };
        tokens.get(client, lifetime, fetch).await.unwrap()
    }

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[tokio::test]
    async fn many_steps_wait_for_one_fetch() {
        let (tokens, client, fetches) = (Tokens::new(), client(), AtomicUsize::new(0));
        let steps = (0..50).map(|_| get(&tokens, &client, DAY, &fetches));
        futures_util::future::join_all(steps).await;
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn two_steps_that_see_the_same_401_cause_one_fetch() {
        let (tokens, client, fetches) = (Tokens::new(), client(), AtomicUsize::new(0));
        let rejected = get(&tokens, &client, DAY, &fetches).await;
        tokens.forget(&client, &rejected).await;
        let fresh = get(&tokens, &client, DAY, &fetches).await;
        tokens.forget(&client, &rejected).await;
        let again = get(&tokens, &client, DAY, &fetches).await;
        assert!(Arc::ptr_eq(&fresh, &again));
        assert_eq!(fetches.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_serves_for_its_lifetime_and_no_longer() {
        let (tokens, client, fetches) = (Tokens::new(), client(), AtomicUsize::new(0));
        get(&tokens, &client, 10 * DAY, &fetches).await;
        tokio::time::advance(10 * DAY - Duration::from_secs(1)).await;
        get(&tokens, &client, 10 * DAY, &fetches).await;
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        get(&tokens, &client, 10 * DAY, &fetches).await;
        assert_eq!(fetches.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn another_secret_is_another_credential() {
        let (tokens, fetches) = (Tokens::new(), AtomicUsize::new(0));
        let rotated = Arc::new(Oauth2Client {
            client_secret: Secret::new("rotated"),
            ..(*client()).clone()
        });
        get(&tokens, &client(), DAY, &fetches).await;
        get(&tokens, &rotated, DAY, &fetches).await;
        assert_eq!(fetches.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_failed_fetch_is_not_remembered() {
        let (tokens, client) = (Tokens::new(), client());
        let failed = tokens
            .get(&client, DAY, async { Err(TokenFetchError::NoToken) })
            .await;
        assert_eq!(
            failed.unwrap_err().to_string(),
            TokenFetchError::NoToken.to_string()
        );
        assert!(
            tokens
                .get(&client, DAY, async { Ok(token()) })
                .await
                .is_ok()
        );
    }
}
