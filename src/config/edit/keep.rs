//! Which secrets a draft keeps, and whether it may: a secret goes to the origin that it was entered
//! for, and to no other.

use crate::model::url;
use serde_json::{Map, Value as Json};

/// A secret that a draft keeps: a JSON pointer into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept(pub String);

/// Whether `value` says that a secret stays as it is.
pub(super) fn is_kept(value: &Json) -> bool {
    let set = value.as_object().filter(|table| table.len() == 1);
    let set = set.and_then(|table| table.get("set")?.as_str());
    matches!(set, Some("literal" | "env" | "file"))
}

/// Whether requests of `new` go to another origin than those of `old`, or its tokens are fetched
/// from another. An origin that a value decides is another each time.
pub fn origins_differ(old: &Map<String, Json>, new: &Map<String, Json>) -> bool {
    let endpoint = |webhook: &Map<String, Json>| {
        let inkit = webhook.get("destination").and_then(Json::as_str) == Some("inkit");
        let endpoint = webhook.get("endpoint").and_then(Json::as_str);
        // The one that an Inkit webhook has is not written in it.
        if inkit {
            Some("inkit".to_owned())
        } else {
            endpoint.and_then(origin)
        }
    };
    let token = |webhook: &Map<String, Json>| {
        let auth = webhook.get("auth")?;
        auth.get("token_url")?
            .as_str()
            .map(|url| origin(url).unwrap_or_default())
    };
    let (before, after) = (endpoint(old), endpoint(new));
    before.is_none() || before != after || token(old) != token(new)
}

/// Scheme, host and port of `endpoint`, as far as it is literal.
fn origin(endpoint: &str) -> Option<String> {
    let literal = endpoint.split("{{").next().unwrap_or_default();
    let start = literal.find("://")? + "://".len();
    let ended = literal[start..]
        .find(['/', '?', '#'])
        .map(|at| &literal[..start + at]);
    let whole = (literal.len() == endpoint.len()).then_some(literal);
    let (origin, _) = url::parse(ended.or(whole)?).ok()?;
    Some(origin.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn webhook(endpoint: &str, token_url: Option<&str>) -> Map<String, Json> {
        let auth = token_url.map_or(json!({}), |url| json!({ "token_url": url }));
        let webhook = json!({ "endpoint": endpoint, "auth": auth });
        webhook.as_object().unwrap().clone()
    }

    #[test]
    fn an_origin_is_another_by_scheme_host_and_port_and_by_that_of_the_token_url() {
        let old = webhook("https://a.example/x?y={{z}}", None);
        for (endpoint, differs) in [
            ("https://a.example/other", false),
            ("https://A.example:443", false),
            ("https://a.example:8443/x", true),
            ("http://a.example/x", true),
            ("https://b.example/x", true),
            ("https://a.example{{x}}", true),
            ("{{url}}", true),
            ("nonsense", true),
        ] {
            assert_eq!(
                origins_differ(&old, &webhook(endpoint, None)),
                differs,
                "{endpoint}"
            );
        }
        let old = webhook("https://a.example/", Some("https://t.example/token"));
        for (token_url, differs) in [
            (Some("https://t.example/other"), false),
            (Some("https://u.example/token"), true),
            (None, true),
        ] {
            let new = webhook("https://a.example/", token_url);
            assert_eq!(origins_differ(&old, &new), differs, "{token_url:?}");
        }
    }
}
