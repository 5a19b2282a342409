//! The law of the house: a module uses only modules declared below it in `src/lib.rs`; every file
//! says what it is for, and none is too long to read.
//!
//! Read from the source text, not from the compiler: what is judged is each path that begins at
//! the crate's root, by `crate::`, by enough `super::`, or by `stepgate::` in `main.rs`.

mod law;
mod tokens;

use law::Law;
use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust file under `folder`, sorted.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn no_module_uses_one_declared_above_it_and_every_file_can_be_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let law = Law::read(&fs::read_to_string(root.join("src/lib.rs")).unwrap());

    let mut faults = Vec::new();
    for path in sources(&root.join("src")) {
        let file = path.strip_prefix(root).unwrap().to_str().unwrap();
        faults.extend(law.judge(file, &fs::read_to_string(&path).unwrap()));
    }

    assert!(law.order.len() > 1, "src/lib.rs declares no modules");
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_map_of_the_readme_has_every_module_in_its_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let law = Law::read(&fs::read_to_string(root.join("src/lib.rs")).unwrap());
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let map = readme
        .split("\n## ")
        .find(|part| part.starts_with("The map\n"));

    let rows = map
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    let named: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    let known: Vec<&str> = named
        .into_iter()
        .filter(|name| law.order.iter().any(|module| module == name))
        .collect();
    assert_eq!(known, law.order);
}

/// The faults of `body` under a head, in a crate of `top`, `middle` and `bottom`.
fn judged(file: &str, body: &str) -> Vec<String> {
    let law = Law::read("/// mod not_me;\npub mod top;\n\nmod middle;\n\npub mod bottom;\n");
    law.judge(file, &format!("//! Head.\n{body}"))
}

#[test]
fn a_path_that_points_upward_is_found_however_it_is_written() {
    let up = |line| {
        vec![format!(
            "src/middle.rs:{line}: uses `top`, which stands above `middle` in src/lib.rs"
        )]
    };
    for (body, line) in [
        ("use crate::top::Thing;", 2),
        ("use crate::top;", 2),
        ("pub use crate::{bottom, top};", 2),
        (
            "use crate::{\n    bottom::{self, Deep},\n    top::Thing,\n};",
            4,
        ),
        ("use {crate::bottom, crate::top};", 2),
        ("use super::top::Thing;", 2),
        ("use self::super::top;", 2),
        ("use super::{bottom, top};", 2),
        ("fn f() {\n    crate::top::go();\n}", 3),
        ("fn f(x: &crate :: top :: Thing) {}", 2),
        ("fn f() -> Vec<super::top::Thing> {}", 2),
        ("mod tests {\n    use super::super::top;\n}", 3),
        ("mod tests {\n}\nuse super::top;", 4),
        ("macro_rules! m { () => { $crate::top::go() } }", 2),
        (
            "const Q: char = '\"'; use crate::top; const R: char = '\"';",
            2,
        ),
        ("const Q: char = '\\''; use crate::top;", 2),
        ("fn f<'a>() { let q = 'q'; crate::top::go::<'a>() }", 2),
        ("const Q: &str = r#\"\n\"quoted\" \"#;\nuse crate::top;", 4),
    ] {
        assert_eq!(judged("src/middle.rs", body), up(line), "{body}");
    }
}

#[test]
fn a_path_that_points_downward_or_stays_is_none() {
    for (file, body) in [
        ("src/middle.rs", "use crate::bottom::{Thing, top};"),
        ("src/middle.rs", "use crate::middle::part;"),
        (
            "src/middle.rs",
            "use crate::{bottom::{top, other}, middle,};",
        ),
        (
            "src/middle.rs",
            "mod tests { use super::*; use super::top; }",
        ),
        (
            "src/middle/part.rs",
            "use super::top; pub(crate) fn f(self) {}",
        ),
        (
            "src/middle.rs",
            "// crate::top\n/* /* */ crate::top */ //! [`crate::top`]",
        ),
        (
            "src/middle.rs",
            "const A: &str = \"\\\"crate::top\"; const B: &[u8] = b\"crate::top\";",
        ),
        ("src/middle.rs", "const A: &str = r#\"\"crate::top\"\"#;"),
        (
            "src/middle.rs",
            "use other::top; use other::crate_::top; fn f() { my::super_::top() }",
        ),
        (
            "src/middle.rs",
            "pub(in crate::middle) fn f(self: &Self) {}",
        ),
        (
            "src/main.rs",
            "use stepgate::{bottom, top}; fn main() { stepgate::middle::go() }",
        ),
        ("src/lib.rs", "use crate::top;"),
    ] {
        assert_eq!(judged(file, body), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn a_glob_of_the_root_and_an_unknown_module_are_refused() {
    for (file, body, fault) in [
        (
            "src/middle.rs",
            "use crate::*;",
            "src/middle.rs:2: takes everything from the crate's root; name the module",
        ),
        (
            "src/middle.rs",
            "use super::*;",
            "src/middle.rs:2: takes everything from the crate's root; name the module",
        ),
        (
            "src/middle.rs",
            "use crate::gone::X;",
            "src/middle.rs:2: uses `gone`, which src/lib.rs does not declare",
        ),
        (
            "src/main.rs",
            "use stepgate::gone;",
            "src/main.rs:2: uses `gone`, which src/lib.rs does not declare",
        ),
        (
            "src/gone/part.rs",
            "",
            "src/gone/part.rs:1: belongs to `gone`, which src/lib.rs does not declare",
        ),
    ] {
        assert_eq!(judged(file, body), [fault], "{body}");
    }
}

#[test]
fn a_file_without_a_head_a_mod_rs_and_a_file_over_400_lines_are_refused() {
    let law = Law::read("pub mod top;");
    for (file, source, faults) in [
        (
            "src/top.rs",
            "use std::fmt;\n".to_owned(),
            vec!["src/top.rs:1: does not begin with a `//!` head"],
        ),
        (
            "src/top.rs",
            String::new(),
            vec!["src/top.rs:1: does not begin with a `//!` head"],
        ),
        (
            "src/top/mod.rs",
            "//! Head.\n".to_owned(),
            vec!["src/top/mod.rs:1: is a mod.rs; name the file after its module"],
        ),
        (
            "src/top.rs",
            format!("//! Head.\n{}", "\n".repeat(399)),
            vec![],
        ),
        (
            "src/top.rs",
            format!("//! Head.\n{}", "\n".repeat(400)),
            vec!["src/top.rs:401: is 401 lines long, over 400"],
        ),
    ] {
        assert_eq!(law.judge(file, &source), faults, "{file}");
    }
}
