//! The client-credentials request and its answer, as the mission document gives them.

use super::tokens::Token;
use crate::config::{Gateway, Oauth2Client};
use crate::egress::{BodyUse, Egress, EgressError};
use crate::model::authorization;
use crate::model::{Method, Request, url};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use serde::Deserialize;
use tokio::time::Instant;

/// Most bytes of a token answer; real ones have a few thousand.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Why no token came. Names no credential and no part of the answer.
#[derive(Debug, thiserror::Error)]
pub enum TokenFetchError {
    #[error("the token URL cannot be called: {0}")]
    Url(&'static str),
    #[error("the token URL cannot be called: {0}")]
    Egress(EgressError),
    #[error("the token URL answered {0}")]
    Status(u16),
    #[error("the token URL's answer has no usable `access_token`")]
    NoToken,
}

/// What is read of a token answer. `expires_in` is not: it changes nothing.
#[derive(Deserialize)]
struct Answer {
    access_token: String,
}

/// Fetches a token for `client`, within the attempt's timeout of its own.
pub(super) async fn fetch(
    egress: &Egress,
    client: &Oauth2Client,
    gateway: &Gateway,
) -> Result<Token, TokenFetchError> {
    let request = request(client)?;
    let keep = BodyUse::Capture {
        limit: ANSWER_LIMIT,
    };
    let answer = egress
        .exchange(&request, &gateway.egress, keep, gateway.delivery.timeout)
        .await
        .map_err(TokenFetchError::Egress)?;
    if !(200..300).contains(&answer.status) {
        return Err(TokenFetchError::Status(answer.status));
    }
    let answer: Answer =
        serde_json::from_slice(&answer.body).map_err(|_| TokenFetchError::NoToken)?;
    let header = Some(answer.access_token)
        .filter(|token| !token.is_empty())
        .and_then(|token| authorization("Bearer", &token))
        .ok_or(TokenFetchError::NoToken)?;
    Ok(Token {
        header,
        fetched: Instant::now(),
    })
}

fn request(client: &Oauth2Client) -> Result<Request, TokenFetchError> {
    let (origin, path) = url::parse(&client.token_url).map_err(TokenFetchError::Url)?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("client_id", &client.client_id)
        .append_pair("client_secret", client.client_secret.expose())
        .append_pair("grant_type", "client_credentials");
    if let Some(scope) = &client.scope {
        form.append_pair("scope", scope);
    }
    Ok(Request {
        method: Method::Post,
        origin,
        path,
        headers: vec![
            (USER_AGENT, HeaderValue::from_static(url::USER_AGENT)),
            (
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            ),
            (ACCEPT, HeaderValue::from_static("application/json")),
        ],
        body: Some(Bytes::from(form.finish())),
    })
}
