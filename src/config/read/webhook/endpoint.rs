//! `endpoint`, and what can be known of a URL before a step comes.

use crate::config::read::field::Field;
use crate::config::read::place::Place as FilePlace;
use crate::model::{Origin, url};
use crate::template::{Place, Template};
use ::url::{Host, Url};
use std::net::{IpAddr, SocketAddr};

/// A URL whose origin is literal: it can be judged by the egress rules as it stands.
#[derive(Debug)]
pub(in crate::config) struct Literal {
    pub(in crate::config) key: String,
    pub(in crate::config) place: FilePlace,
    /// None where the text is no URL.
    url: Option<Url>,
}

/// Reads the endpoint. With a secret in the request no value may decide where it goes, so `guarded`
/// demands an origin that is literal, up to the character that ends it.
pub(super) fn read(field: Field<'_>, guarded: bool) -> Option<(Template, Option<Literal>)> {
    let template = field.clone().template(Place::Url)?;
    let source = template.source();
    if source.is_empty() {
        return field.refuse("found \"\"; expected a URL");
    }
    let prefix = literal(&template);
    let whole = prefix.len() == source.len();
    let origin = origin(prefix);
    if guarded && !whole && origin.is_none() {
        return field.refuse_inside(
            source,
            prefix.len(),
            "an expression before the end of the origin, in a request with a secret; \
             expected a literal scheme, host and port, and `/`, `?` or `#` after them",
        );
    }
    let literal = if whole { Some(source) } else { origin };
    let literal = literal.map(|text| Literal::of(&field, text));
    Some((template, literal))
}

/// The literal text that `template` begins with.
fn literal(template: &Template) -> &str {
    let prefix = template.literal_prefix();
    prefix.find("{{").map_or(prefix, |end| &prefix[..end])
}

/// The origin that `endpoint` has whatever its values are: the one of every request that is
/// rendered from it. None where a value decides, and where there can be no request.
pub(super) fn always(endpoint: &Template) -> Option<Origin> {
    let prefix = endpoint.literal_prefix();
    let text = if endpoint.is_literal() {
        prefix
    } else {
        ended(prefix)?
    };
    url::parse(text).ok().map(|(origin, _)| origin)
}

/// `prefix` up to the character that ends its origin.
fn ended(prefix: &str) -> Option<&str> {
    let start = prefix.find("://")? + "://".len();
    let end = start + prefix[start..].find(['/', '?', '#'])? + 1;
    Some(&prefix[..end])
}

/// The part of `prefix` that holds scheme, host and port and the character that ends them.
fn origin(prefix: &str) -> Option<&str> {
    let origin = ended(prefix)?;
    // To a URL parser a backslash ends the host too, and white space is not there.
    let plain = |c: char| c.is_ascii_graphic() && c != '\\' || !c.is_ascii() && !c.is_control();
    let host = Url::parse(origin).is_ok_and(|url| url.has_host());
    (origin.chars().all(plain) && host).then_some(origin)
}

// === impl Literal ===

impl Literal {
    /// `text`, the URL at `field`, or the beginning of it.
    pub(super) fn of(field: &Field<'_>, text: &str) -> Self {
        Self {
            key: field.key(),
            place: field.place(),
            url: Url::parse(text).ok(),
        }
    }

    /// Whether it is a URL that a request can go to, over TLS or not.
    pub(super) fn is_http_url(&self) -> bool {
        let web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        self.url.as_ref().is_some_and(web)
    }

    /// Whether it needs `egress.allow_http`.
    pub(in crate::config) fn is_plain_http(&self) -> bool {
        self.url.as_ref().is_some_and(|url| url.scheme() == "http")
    }

    /// Whether it may lead to the inspector, which is at `admin` and is let through where nothing
    /// else would be. With a value in it, only the origin of a URL is known here.
    pub(in crate::config) fn is_inspector(&self, admin: SocketAddr) -> bool {
        let is_ours = |url: &Url| {
            let may_be = url.path() == "/" || url::is_inspector(url.path());
            may_be && url.scheme() == "http" && url.port_or_known_default() == Some(admin.port())
        };
        // Which addresses are the listener's is for the guard to know.
        let may_be_local = self.address().is_some() || self.name() == Some("localhost");
        may_be_local && self.url.as_ref().is_some_and(is_ours)
    }

    /// Whether no request can ever be made from it.
    pub(in crate::config) fn is_hopeless(&self) -> bool {
        !self.is_http_url()
    }

    /// The host, where it is an address however it is spelled.
    pub(in crate::config) fn address(&self) -> Option<IpAddr> {
        match self.url.as_ref()?.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// The host, where it is a name.
    pub(in crate::config) fn name(&self) -> Option<&str> {
        match self.url.as_ref()?.host()? {
            Host::Domain(name) => Some(name),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_literal_where_no_value_can_change_it() {
        for (endpoint, origin) in [
            ("https://a.example/x", Some("https://a.example")),
            ("https://a.example", Some("https://a.example")),
            ("http://A.example:8080/{{x}}", Some("http://a.example:8080")),
            ("https://a.example?x={{x}}", Some("https://a.example")),
            ("https://a.example{{x}}", None),
            ("https://{{host}}/x", None),
            ("{{url}}", None),
            ("https://a b/{{x}}", None),
            ("nonsense", None),
        ] {
            let template = Template::parse(endpoint, Place::Url).unwrap();
            let found = always(&template).map(|origin| origin.to_string());
            assert_eq!(found.as_deref(), origin, "{endpoint}");
        }
    }
}
