//! `[auth]`.

use super::endpoint::Literal;
use crate::config::fingerprint::Shape;
use crate::config::read::field::Field;
use crate::config::read::gateway::STATUSES;
use crate::config::read::reference;
use crate::config::read::table::Table;
use crate::config::{Auth, Oauth2Client};
use crate::model::authorization;
use http::HeaderValue;
use std::sync::Arc;

/// What `type` says.
#[derive(Clone, Copy)]
enum Kind {
    None,
    Basic,
    Oauth2,
}

const KINDS: [(&str, Kind); 3] = [
    ("none", Kind::None),
    ("basic", Kind::Basic),
    ("oauth2", Kind::Oauth2),
];

/// Reads the table: the credential, and its token URL to be judged. After a fault it reads as a
/// credential that is there, so that no further fault follows from its being missing.
pub(super) fn read(table: &Table<'_>, shape: &mut Shape) -> (Auth, Option<Literal>) {
    let kind = match table.field("type") {
        None if table.is_empty() => Some(Kind::None),
        None => table.need("type", "one of \"none\", \"basic\", \"oauth2\"", |_| None),
        Some(field) => field.choice(&KINDS),
    };
    match kind {
        Some(Kind::None) => {
            shape.auth = vec!["none".into()];
            (Auth::None, None)
        }
        Some(Kind::Basic) => (basic(table, shape).unwrap_or_else(faulty), None),
        Some(Kind::Oauth2) => {
            let read = oauth2(table, shape);
            read.map_or_else(|| (faulty(), None), |(auth, url)| (auth, Some(url)))
        }
        // Its keys cannot be judged without its type.
        None => {
            table.entries();
            (faulty(), None)
        }
    }
}

/// Stands for a credential that has a fault, and is never used.
fn faulty() -> Auth {
    Auth::Basic(HeaderValue::from_static(""))
}

fn basic(table: &Table<'_>, shape: &mut Shape) -> Option<Auth> {
    let token = table.need("token", "a secret", reference::read)?;
    shape.auth = vec!["basic".into(), token.origin];
    let header = authorization("Basic", token.secret.expose())
        .expect("no control character: refused when the secret was read");
    Some(Auth::Basic(header))
}

fn oauth2(table: &Table<'_>, shape: &mut Shape) -> Option<(Auth, Literal)> {
    let client_id = table.need("client_id", "a string", Field::name);
    let client_secret = table.need("client_secret", "a secret", reference::read);
    let token_url = table.need("token_url", "a URL", token_url);
    let scope = table.get("scope", Field::name);
    let refresh_statuses = table.get("refresh_statuses", |field| {
        field.list(|item| item.number(STATUSES))
    });
    let (client_id, secret, (token_url, literal)) = (client_id?, client_secret?, token_url?);
    shape.auth = vec![
        "oauth2".into(),
        client_id.to_owned(),
        secret.origin,
        token_url.clone(),
    ];
    shape.auth.extend(scope.map(str::to_owned));
    let client = Oauth2Client {
        client_id: client_id.to_owned(),
        client_secret: secret.secret,
        token_url,
        scope: scope.map(str::to_owned),
        refresh_statuses: refresh_statuses.unwrap_or_else(|| vec![401]),
    };
    Some((Auth::Oauth2(Arc::new(client)), literal))
}

/// A literal URL: no template, since the client's secret goes there.
fn token_url(field: Field<'_>) -> Option<(String, Literal)> {
    let text = field.clone().name()?;
    if text.contains("{{") {
        return field.refuse("found an expression; expected a literal URL");
    }
    let literal = Literal::of(&field, text);
    if literal.is_hopeless() {
        return field.refuse("not a URL; expected one such as \"https://auth.example.com/token\"");
    }
    Some((text.to_owned(), literal))
}
