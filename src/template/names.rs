//! What to say of a helper that does not exist.

use super::helpers::{HELPERS, Helper};

/// How the unknown name was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Inline,
    Block,
}

/// Names the nearest helper, where one is near.
pub(super) fn unknown(written: &str, usage: Use) -> String {
    if written == "log" {
        return "`log` is not accepted: a template writes no logs".into();
    }
    let wanted = match usage {
        Use::Inline => "a helper",
        Use::Block => "a block helper",
    };
    match nearest(written, usage) {
        Some(name) => format!("`{written}` is not {wanted}; did you mean `{name}`?"),
        None => {
            let mut names: Vec<&str> = accepted(usage).collect();
            names.sort_unstable_by_key(|name| name.to_lowercase());
            format!(
                "`{written}` is not {wanted}; accepted are {}",
                names.join(", ")
            )
        }
    }
}

fn accepted(usage: Use) -> impl Iterator<Item = &'static str> {
    let fits = move |helper: &&Helper| match usage {
        Use::Inline => helper.inline,
        Use::Block => helper.has_block_form(),
    };
    HELPERS.iter().filter(fits).map(|helper| helper.name)
}

fn nearest(written: &str, usage: Use) -> Option<&'static str> {
    // A long name would cost time squared, and is near to nothing.
    if written.len() > 40 {
        return None;
    }
    let lower = written.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    let (distance, name) = accepted(usage).map(|name| (distance(name), name)).min()?;
    let begins = name.len() > 2 && lower.starts_with(&name.to_lowercase());
    (distance <= 2 || (begins && distance <= 4)).then_some(name)
}
