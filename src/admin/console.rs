//! The console: a page and its parts, built into the binary. Everyone may have it; what it shows it
//! asks for, with the session of whoever signed in.

use crate::web::Reply;
use http::{HeaderName, HeaderValue, StatusCode, header};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The page's own files and nothing else; no page of another site may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Name, type and text of every file.
const FILES: [(&str, &str, &str); 37] = [
    ("api.js", SCRIPT, include_str!("console/api.js")),
    ("banner.js", SCRIPT, include_str!("console/banner.js")),
    (
        "body-sections.js",
        SCRIPT,
        include_str!("console/body-sections.js"),
    ),
    ("charts.js", SCRIPT, include_str!("console/charts.js")),
    ("complete.js", SCRIPT, include_str!("console/complete.js")),
    ("console.css", CSS, include_str!("console/console.css")),
    ("dialog.js", SCRIPT, include_str!("console/dialog.js")),
    ("dom.js", SCRIPT, include_str!("console/dom.js")),
    ("draft.js", SCRIPT, include_str!("console/draft.js")),
    ("exchange.js", SCRIPT, include_str!("console/exchange.js")),
    ("fields.js", SCRIPT, include_str!("console/fields.js")),
    ("helpers.js", SCRIPT, include_str!("console/helpers.js")),
    ("index.html", HTML, include_str!("console/index.html")),
    ("inspector.js", SCRIPT, include_str!("console/inspector.js")),
    (
        "journey-form.js",
        SCRIPT,
        include_str!("console/journey-form.js"),
    ),
    ("journeys.js", SCRIPT, include_str!("console/journeys.js")),
    ("list.js", SCRIPT, include_str!("console/list.js")),
    ("locks.js", SCRIPT, include_str!("console/locks.js")),
    ("main.js", SCRIPT, include_str!("console/main.js")),
    ("parts.css", CSS, include_str!("console/parts.css")),
    ("pending.js", SCRIPT, include_str!("console/pending.js")),
    ("preview.js", SCRIPT, include_str!("console/preview.js")),
    ("routes.js", SCRIPT, include_str!("console/routes.js")),
    ("section.js", SCRIPT, include_str!("console/section.js")),
    ("signin.js", SCRIPT, include_str!("console/signin.js")),
    ("tail.js", SCRIPT, include_str!("console/tail.js")),
    (
        "theme-button.js",
        SCRIPT,
        include_str!("console/theme-button.js"),
    ),
    ("theme.js", SCRIPT, include_str!("console/theme.js")),
    ("tile-form.js", SCRIPT, include_str!("console/tile-form.js")),
    ("traffic.js", SCRIPT, include_str!("console/traffic.js")),
    ("tree.js", SCRIPT, include_str!("console/tree.js")),
    ("trial.js", SCRIPT, include_str!("console/trial.js")),
    (
        "webhook-actions.js",
        SCRIPT,
        include_str!("console/webhook-actions.js"),
    ),
    (
        "webhook-details.js",
        SCRIPT,
        include_str!("console/webhook-details.js"),
    ),
    (
        "webhook-form.js",
        SCRIPT,
        include_str!("console/webhook-form.js"),
    ),
    (
        "webhook-sections.js",
        SCRIPT,
        include_str!("console/webhook-sections.js"),
    ),
    ("webhooks.js", SCRIPT, include_str!("console/webhooks.js")),
];

/// The file at `path`; none for a path that is not the console's.
pub(super) fn file(path: &str) -> Option<Reply> {
    let name = match path.strip_prefix("/console")? {
        "" | "/" => "index.html",
        name => name.strip_prefix('/')?,
    };
    let (_, kind, text) = FILES.iter().find(|(known, _, _)| *known == name)?;
    let reply = Reply {
        content_type: kind,
        ..Reply::text(StatusCode::OK, *text)
    };
    let said: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Another version of the program has other files.
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    let with = |reply: Reply, (name, value)| reply.with(name, HeaderValue::from_static(value));
    Some(said.into_iter().fold(reply, with))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn every_file_of_the_folder_is_served_and_every_file_that_is_named_is_there() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/admin/console");
        let there: BTreeSet<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let served: BTreeSet<_> = FILES
            .iter()
            .map(|(name, _, _)| (*name).to_owned())
            .collect();
        assert_eq!(served, there);
        for (file, _, text) in FILES {
            for named in text
                .split(['"', '\''])
                .filter(|it| it.starts_with("./") || it.starts_with("/console/"))
            {
                let name = named
                    .trim_start_matches("./")
                    .trim_start_matches("/console/");
                assert!(served.contains(name), "{file} names {named}");
            }
        }
    }

    #[test]
    fn only_the_console_s_own_paths_are_files() {
        for (path, found) in [
            ("/console", true),
            ("/console/", true),
            ("/console/main.js", true),
            ("/console/none.js", false),
            ("/console/../admin.rs", false),
            ("/consoles", false),
            ("/", false),
        ] {
            assert_eq!(file(path).is_some(), found, "{path}");
        }
    }
}
