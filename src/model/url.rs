//! URLs as the gateway takes and sends them.

use super::{Origin, Scheme};

/// How the gateway names itself to endpoints.
pub const USER_AGENT: &str = concat!("stepgate/", env!("CARGO_PKG_VERSION"));

/// Splits an absolute `http` or `https` URL into its origin, and path and query as they go on the
/// request line. The fragment is left out: it never goes over the wire.
///
/// The path keeps its spelling (`..` and `%2e` included); only what cannot stand on a request
/// line is percent-encoded.
///
/// # Errors
/// What makes it no URL that may be called, as a sentence without the URL in it.
pub fn parse(text: &str) -> Result<(Origin, String), &'static str> {
    let text = clean(text)?;
    let url = ::url::Url::parse(text).map_err(|_| "it does not parse as an absolute URL")?;
    let scheme = match url.scheme() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ => return Err("its scheme is neither https nor http"),
    };
    let (authority, tail) = parts(text)?;
    if authority.is_empty() {
        return Err("it names no host");
    }
    if authority.contains('@') {
        return Err("it has a user name or password before the host");
    }
    let host = url.host_str().filter(|host| !host.is_empty());
    let origin = Origin {
        scheme,
        host: host.ok_or("it names no host")?.into(),
        port: url.port().unwrap_or(scheme.default_port()),
    };
    Ok((origin, path_of(tail)))
}

/// As [`parse`], of a URL whose origin is known, since no value has a part in it: the path alone.
///
/// # Errors
/// As [`parse`].
pub fn parse_path(text: &str) -> Result<String, &'static str> {
    let (_, tail) = parts(clean(text)?)?;
    Ok(path_of(tail))
}

/// What stands between the scheme and the path, and all from there on.
fn parts(text: &str) -> Result<(&str, &str), &'static str> {
    let (_, rest) = text
        .split_once("://")
        .ok_or("its scheme is not followed by ://")?;
    let ends = |byte| matches!(byte, b'/' | b'?' | b'#');
    let end = rest.bytes().position(ends).unwrap_or(rest.len());
    Ok(rest.split_at(end))
}

/// Without spaces around it, and without what no part of a URL may hold.
fn clean(text: &str) -> Result<&str, &'static str> {
    let text = text.trim_matches(' ');
    let is_plain = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'\\';
    if text.bytes().all(is_plain) {
        return Ok(text);
    }
    if text.chars().any(char::is_control) {
        return Err("it has a control character");
    }
    if text.contains('\\') {
        return Err("it has a backslash");
    }
    Ok(text)
}

/// Path and query as they go on the request line, of what follows the host.
fn path_of(tail: &str) -> String {
    let tail = tail.split('#').next().unwrap_or_default();
    let mut path = String::with_capacity(tail.len() + 1);
    if !tail.starts_with('/') {
        path.push('/');
    }
    let is_fit = |byte: u8| byte.is_ascii_graphic() && !b"\"<>`{}|^".contains(&byte);
    if tail.bytes().all(is_fit) {
        path.push_str(tail);
    } else {
        encode_into(&mut path, tail, is_fit);
    }
    path
}

/// Appends `name=value` to whatever query `path` has.
pub fn append_pair(path: &mut String, name: &str, value: &str) {
    match path.find('?') {
        None => path.push('?'),
        Some(_) if path.ends_with(['?', '&']) => {}
        Some(_) => path.push('&'),
    }
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    encode_into(path, name, unreserved);
    path.push('=');
    encode_into(path, value, unreserved);
}

/// Whether a path is the inspector's: `/inspect/<id>`, with or without a query, and nothing that a
/// server could read as another path.
pub fn is_inspector(path: &str) -> bool {
    // Nearly every path is told by its beginning.
    path.strip_prefix("/inspect/").is_some_and(|rest| {
        let id = rest.split_once('?').map_or(rest, |(id, _)| id);
        !id.is_empty()
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// Appends `text`, each byte that `keep` refuses as `%XX`.
fn encode_into(out: &mut String, text: &str, keep: impl Fn(u8) -> bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(String, String), &'static str> {
        parse(text).map(|(origin, path)| (origin.to_string(), path))
    }

    #[test]
    fn a_url_keeps_its_spelling_but_for_what_no_request_line_can_hold() {
        for (text, origin, path) in [
            ("https://a.example/x?y=1#z", "https://a.example", "/x?y=1"),
            ("https://A.Example", "https://a.example", "/"),
            ("https://a.example:443?q", "https://a.example", "/?q"),
            ("https://a.example:8443/", "https://a.example:8443", "/"),
            ("http://a.example:443/", "http://a.example:443", "/"),
            (
                "https://a.example/a/../b/%2e",
                "https://a.example",
                "/a/../b/%2e",
            ),
            (
                "https://a.example/ü b?q={\"a\"}",
                "https://a.example",
                "/%C3%BC%20b?q=%7B%22a%22%7D",
            ),
            ("https://0x7f.1/", "https://127.0.0.1", "/"),
            ("https://[::1]:9/", "https://[::1]:9", "/"),
        ] {
            assert_eq!(parsed(text), Ok((origin.into(), path.into())), "{text}");
        }
    }

    #[test]
    fn a_known_origin_makes_no_difference_to_the_path_or_to_what_is_refused() {
        for text in [
            "https://a.example/x?y=1#z",
            " https://a.example ",
            "https://a.example?q",
            "https://a.example#q",
            "https://a.example/ü b?q={\"a\"}://x",
            "https://a.example/\r\nX: y",
            "https://a.example/\\b",
            "https://a.example/\u{85}",
        ] {
            let whole = parse(text).map(|(_, path)| path);
            assert_eq!(parse_path(text), whole, "{text}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_and_told_apart() {
        for (text, message) in [
            ("", "it does not parse as an absolute URL"),
            ("/x", "it does not parse as an absolute URL"),
            ("https://", "it does not parse as an absolute URL"),
            ("https://a b/", "it does not parse as an absolute URL"),
            ("https://a:99999/", "it does not parse as an absolute URL"),
            ("https:///a.example/", "it names no host"),
            ("https:a.example", "its scheme is not followed by ://"),
            ("ftp://a.example/", "its scheme is neither https nor http"),
            (
                "https://u:p@a.example/",
                "it has a user name or password before the host",
            ),
            ("https://a.example/\r\nX: y", "it has a control character"),
            ("https://a.example\\@b.example/", "it has a backslash"),
        ] {
            assert_eq!(parsed(text), Err(message), "{text}");
        }
    }

    #[test]
    fn a_parameter_joins_whatever_query_is_there() {
        for (before, after) in [
            ("/x", "/x?a%20b=c@d~%2F"),
            ("/x?", "/x?a%20b=c@d~%2F"),
            ("/x?q=1", "/x?q=1&a%20b=c@d~%2F"),
            ("/x?q=1&", "/x?q=1&a%20b=c@d~%2F"),
        ] {
            let mut path = before.to_owned();
            append_pair(&mut path, "a b", "c@d~/");
            assert_eq!(path, after);
        }
    }

    #[test]
    fn only_the_plain_inspector_path_is_the_inspector() {
        let table = [
            ("/inspect/a1-B_2", true),
            ("/inspect/a?x=/..", true),
            ("/inspect/", false),
            ("/inspect/a/b", false),
            ("/inspect/..", false),
            ("/inspect/%2e%2e", false),
            ("/admin/v1/stats?/inspect/a", false),
        ];
        for (path, inspector) in table {
            assert_eq!(is_inspector(path), inspector, "{path}");
        }
    }
}
