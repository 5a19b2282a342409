//! Where a webhook's requests go, as far as that is known before a step comes.

use crate::model::{Origin, url};
use crate::template::Template;

/// The origin that `endpoint` has whatever its values are: the one of every request that is
/// rendered from it. None where a value decides, and where there can be no request.
pub(super) fn literal(endpoint: &Template) -> Option<Origin> {
    let prefix = endpoint.literal_prefix();
    let end = if endpoint.is_literal() {
        prefix.len()
    } else {
        let start = prefix.find("://")? + "://".len();
        start + prefix[start..].find(['/', '?', '#'])? + 1
    };
    let (origin, _) = url::parse(&prefix[..end]).ok()?;
    Some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Place;

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
            let found = literal(&template).map(|origin| origin.to_string());
            assert_eq!(found.as_deref(), origin, "{endpoint}");
        }
    }
}
