//! `[[headers]]`.

use crate::config::fingerprint::Shape;
use crate::config::read::field::Field;
use crate::config::read::mustache::{Run, runs};
use crate::config::read::reference;
use crate::config::{Auth, Header, HeaderContent};
use crate::template::Place;
use http::HeaderName;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use std::collections::HashSet;

/// What a header says, before it is known to be a valid pair.
type Value = (HeaderContent, (&'static str, String));

/// Reads all headers; which names may be used hangs on `auth`. Says too whether one is a secret, be
/// it faulty.
pub(super) fn read(field: Field<'_>, auth: &Auth, shape: &mut Shape) -> (Vec<Header>, bool) {
    let mut seen = HashSet::new();
    let mut has_secret = false;
    let headers = field.list(|item| {
        item.table(|table| {
            let name = table.need("name", "the name of a header", |field| {
                header_name(field, auth, &mut seen)
            });
            has_secret |= table.field("value").is_some_and(|field| field.is_table());
            let value = table.need("value", "a string or a secret", value);
            let (name, (value, (kind, text))) = (name?, value?);
            shape.headers.push((name.as_str().to_owned(), kind, text));
            Some(Header { name, value })
        })
    });
    (headers.unwrap_or_default(), has_secret)
}

fn header_name(
    field: Field<'_>,
    auth: &Auth,
    seen: &mut HashSet<HeaderName>,
) -> Option<HeaderName> {
    let name = field.clone().parsed("the name of a header", |text| {
        HeaderName::from_bytes(text.as_bytes()).ok()
    })?;
    if [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name) {
        return field.refuse(format!(
            "`{name}` is set by the gateway; expected another header"
        ));
    }
    if super::is_credential(auth) && name == AUTHORIZATION {
        return field.refuse("`authorization` is set by `[auth]`; expected another header");
    }
    if !seen.insert(name.clone()) {
        return field.refuse(format!("a second `{name}`; expected each header once"));
    }
    Some(name)
}

fn value(field: Field<'_>) -> Option<Value> {
    if field.is_table() {
        let reference = reference::read(field)?;
        let shape = ("secret", reference.origin);
        return Some((HeaderContent::Secret(reference.secret), shape));
    }
    let template = field.clone().template(Place::Header)?;
    let mut offset = 0;
    for run in runs(template.source()) {
        match run {
            Run::Mustache(text) => offset += text.len(),
            Run::Text(text) => {
                let control = |c: char| c.is_control() && c != '\t';
                if let Some(at) = text.find(control) {
                    return field.refuse_inside(
                        template.source(),
                        offset + at,
                        "found a control character; expected text without any",
                    );
                }
                offset += text.len();
            }
        }
    }
    let shape = ("text", template.source().to_owned());
    Some((HeaderContent::Template(template), shape))
}
