//! The credential that a webhook asks for: none, Basic, or an OAuth 2.0 token.
//!
//! Not here: the round that a 401 starts. The pipeline goes it, with `Authenticator::forget`.

mod oauth2;
mod tokens;

use crate::config::{Auth, Gateway, Oauth2Client};
use crate::egress::Egress;
use crate::telemetry::{Telemetry, TokenFetch};
use http::HeaderValue;
use std::sync::Arc;
use tokens::{Token, Tokens};

pub use oauth2::TokenFetchError;

/// Hands out credentials. Clones share the token cache.
#[derive(Debug, Clone)]
pub struct Authenticator {
    egress: Egress,
    tokens: Tokens,
    telemetry: Telemetry,
}

/// What goes into `Authorization`, and where it came from.
#[derive(Debug, Clone)]
pub struct Credential {
    header: HeaderValue,
    /// The cached token it stands on, with its client; so that a 401 drops this token and no
    /// newer one.
    token: Option<(Arc<Oauth2Client>, Arc<Token>)>,
}

// === impl Authenticator ===

impl Authenticator {
    /// An authenticator that fetches through `egress`, with an empty cache.
    pub fn new(egress: Egress, telemetry: Telemetry) -> Self {
        Self {
            egress,
            tokens: Tokens::new(),
            telemetry,
        }
    }

    /// The credential that `auth` asks for; `None` where it asks for none.
    ///
    /// A token that is not cached is fetched, once for all steps that wait for it.
    ///
    /// # Errors
    /// A [`TokenFetchError`], which every waiting step gets. The next step fetches anew.
    pub async fn credential(
        &self,
        auth: &Auth,
        gateway: &Gateway,
    ) -> Result<Option<Credential>, Arc<TokenFetchError>> {
        match auth {
            Auth::None => Ok(None),
            Auth::Basic(header) => Ok(Some(Credential {
                header: header.clone(),
                token: None,
            })),
            Auth::Oauth2(client) => {
                let lifetime = gateway.oauth2.token_lifetime;
                let fetch = self.fetch(client, gateway);
                let token = Box::pin(self.tokens.get(client, lifetime, fetch)).await?;
                Ok(Some(Credential {
                    header: token.header.clone(),
                    token: Some((client.clone(), token)),
                }))
            }
        }
    }

    async fn fetch(
        &self,
        client: &Oauth2Client,
        gateway: &Gateway,
    ) -> Result<Token, TokenFetchError> {
        let token = oauth2::fetch(&self.egress, client, gateway).await;
        self.telemetry.token_fetch(match token {
            Ok(_) => TokenFetch::Fetched,
            Err(_) => TokenFetch::Failed,
        });
        token
    }

    /// Drops the token under `credential` from the cache, unless a newer one stands there.
    pub async fn forget(&self, credential: &Credential) {
        if let Some((client, token)) = &credential.token {
            self.tokens.forget(client, token).await;
        }
    }
}

// === impl Credential ===

impl Credential {
    /// The value of `Authorization`; sensitive, so that whoever shows a request masks it.
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }
}
