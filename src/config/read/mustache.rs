//! Which parts of a template's source are literal text, without parsing it.

use crate::template::end_of_long;

/// Splits `source` into runs, each either literal text or one `{{…}}`.
pub(super) fn runs(source: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find("{{") {
        let (text, mustache) = rest.split_at(start);
        let end = end_of(mustache);
        if !text.is_empty() {
            runs.push(Run::Text(text));
        }
        runs.push(Run::Mustache(&mustache[..end]));
        rest = &mustache[end..];
    }
    if !rest.is_empty() {
        runs.push(Run::Text(rest));
    }
    runs
}

/// A part of a template's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run<'a> {
    Text(&'a str),
    Mustache(&'a str),
}

/// Where the mustache at the head of `text` ends; the end of the text if it is never closed.
fn end_of(text: &str) -> usize {
    let comment = ["{{!--", "{{~!--"]
        .iter()
        .any(|head| text.starts_with(head));
    if comment && let Some(end) = end_of_long(text) {
        return end;
    }
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if text[at..].starts_with("}}") => {
                // A triple closes with three.
                let braces = text[at..].bytes().take_while(|b| *b == b'}').count();
                let opened = text.bytes().take_while(|b| *b == b'{').count();
                return at + braces.min(opened);
            }
            None => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_in_quotes_and_comments_do_not_end_a_mustache() {
        for (source, expected) in [
            ("", vec![]),
            ("a", vec![Run::Text("a")]),
            (
                "a{{b}}c",
                vec![Run::Text("a"), Run::Mustache("{{b}}"), Run::Text("c")],
            ),
            ("{{{b}}}}", vec![Run::Mustache("{{{b}}}"), Run::Text("}")]),
            ("{{b}}}", vec![Run::Mustache("{{b}}"), Run::Text("}")]),
            (r#"{{b "}}"}}"#, vec![Run::Mustache(r#"{{b "}}"}}"#)]),
            (
                "{{!-- }} --}}c",
                vec![Run::Mustache("{{!-- }} --}}"), Run::Text("c")],
            ),
            ("{{b", vec![Run::Mustache("{{b")]),
        ] {
            assert_eq!(runs(source), expected, "{source}");
        }
    }
}
