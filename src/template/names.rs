//! What to say of a helper that does not exist.

use super::helpers::HELPERS;

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
    match nearest(written) {
        Some(name) => format!("`{written}` is not {wanted}; did you mean `{name}`?"),
        None => {
            let mut names: Vec<&str> = HELPERS.iter().map(|helper| helper.name).collect();
            names.sort_unstable_by_key(|name| name.to_lowercase());
            format!(
                "`{written}` is not {wanted}; accepted are {}",
                names.join(", ")
            )
        }
    }
}

fn nearest(written: &str) -> Option<&'static str> {
    let lower = written.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    // Long names would cost time squared, and are near to nothing.
    let near = HELPERS
        .iter()
        .filter(|_| written.len() <= 40)
        .map(|helper| (distance(helper.name), helper.name));
    let (distance, name) = near.min()?;
    (distance <= 2.max(name.len() / 3)).then_some(name)
}
