//! Where the origin of a webhook's endpoint ends, templates and all.

use crate::cli::demo::endpoint::Path;

/// A URL that may hold templates, cut where its origin ends.
pub(super) struct Url<'a> {
    pub(super) host: &'a str,
    /// From the end of the authority.
    pub(super) rest: &'a str,
}

// === impl Url ===

impl<'a> Url<'a> {
    /// Cuts `url`; none where it has no scheme.
    pub(super) fn split(url: &'a str) -> Option<Self> {
        let (_, from_host) = url.split_once("://")?;
        let mut inside = 0_usize;
        let end = from_host.char_indices().find(|(at, c)| {
            match c {
                '{' => inside += 1,
                '}' => inside = inside.saturating_sub(1),
                _ => {}
            }
            inside == 0 && matches!(from_host.as_bytes()[*at], b'/' | b'?' | b'#')
        });
        let (authority, rest) = from_host.split_at(end.map_or(from_host.len(), |(at, _)| at));
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let host = host.split_once(':').map_or(host, |(host, _)| host);
        Some(Self { host, rest })
    }

    /// The path, as far as it is literal.
    pub(super) fn path(&self) -> Path {
        let path = self.rest.split(['?', '#']).next().unwrap_or_default();
        let (literal, open) = path
            .split_once("{{")
            .map_or((path, false), |(path, _)| (path, true));
        let literal = if literal.is_empty() { "/" } else { literal };
        Path {
            literal: literal.to_owned(),
            open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_where_its_origin_ends() {
        for (url, host, rest) in [
            ("https://api.example.com/a?b#c", "api.example.com", "/a?b#c"),
            ("https://api.example.com", "api.example.com", ""),
            (
                "https://api.example.com?a={{b}}",
                "api.example.com",
                "?a={{b}}",
            ),
            ("http://me:secret@a.example:8443/x", "a.example", "/x"),
            (
                "https://{{lookup hosts \"a/b\"}}.example.com/x",
                "{{lookup hosts \"a/b\"}}.example.com",
                "/x",
            ),
        ] {
            let cut = Url::split(url).unwrap();
            assert_eq!((cut.host, cut.rest), (host, rest), "{url}");
        }
        assert!(Url::split("api.example.com/a").is_none());
    }

    #[test]
    fn a_path_is_literal_up_to_its_first_template() {
        for (url, literal, open) in [
            ("https://a/b/c?d={{e}}", "/b/c", false),
            ("https://a/b/{{c}}/d", "/b/", true),
            ("https://a", "/", false),
        ] {
            let literal = literal.to_owned();
            assert_eq!(
                Url::split(url).unwrap().path(),
                Path { literal, open },
                "{url}"
            );
        }
    }
}
