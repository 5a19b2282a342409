//! Configuration files as an API has them: a webhook or a journey as JSON with the keys of its TOML.
//!
//! The files stay the only truth. What is shown is read from them, and what comes in is worked into
//! the text that is there, so that comments, order and formatting stay. A secret goes one way:
//! shown as `{"set": …}`, which says that there is one and where it is written, and sent back like
//! that it stays.
//!
//! Not here: whether the text is valid (see `read`) and what serves (see `folder`).

mod apply;
mod files;
mod keep;
mod show;

pub use apply::{ApplyFault, apply};
pub use files::{FileFault, FileKind, Files, Text};
pub use keep::{Kept, origins_differ};
pub use show::show;

use toml_edit::Item;

/// Where a value stands: the keys that lead to it, list places left out.
type Path<'a> = &'a [&'a str];

/// What a secret reads as in JSON: `literal`, `env` or `file`; none for what is no secret.
///
/// In a table of credentials anything that is not known to be harmless is one: a key with a slip of
/// the keyboard may hold one too.
fn secret_at(path: Path<'_>, item: &Item) -> Option<&'static str> {
    let may_be = match path {
        ["auth", name] => ![
            "type",
            "client_id",
            "token_url",
            "scope",
            "refresh_statuses",
        ]
        .contains(name),
        ["inkit", "api_token"] => true,
        // A header's text is a template, which people see; a table refers to a secret.
        ["headers", "value"] => item.is_table_like(),
        _ => false,
    };
    may_be.then(|| match item.as_table_like() {
        Some(table) if table.contains_key("env") => "env",
        Some(table) if table.contains_key("file") => "file",
        Some(_) | None => "literal",
    })
}
