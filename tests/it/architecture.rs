//! The law of the house: a module uses only modules declared below it in `src/lib.rs`; every file
//! says what it is for, and none is too long to read.
//!
//! Read from the source text, not from the compiler: what is judged is each path that begins at
//! the crate's root, by `crate::`, by enough `super::`, or by `stepgate::` in `main.rs`.

mod tokens;

use std::fs;
use std::path::{Path, PathBuf};
use tokens::{Token, tokens};

/// Longest source file, in lines.
const LONGEST: usize = 400;

/// The modules of the crate in the order of `src/lib.rs`: each may use those after it.
struct Law {
    order: Vec<String>,
}

/// One file as it is judged: where it stands, and its text.
struct Reading<'a> {
    law: &'a Law,
    /// As it is named in a fault: `src/config/load.rs`.
    file: &'a str,
    tokens: Vec<(usize, Token<'a>)>,
    faults: Vec<String>,
}

// === impl Law ===

impl Law {
    /// Reads the order of the `mod` lines of `lib`, the text of `src/lib.rs`.
    fn read(lib: &str) -> Self {
        let tokens = tokens(lib);
        let order = tokens.windows(3).filter_map(|three| match three {
            [
                (_, Token::Word("mod")),
                (_, Token::Word(name)),
                (_, Token::Mark(';')),
            ] => Some((*name).to_owned()),
            _ => None,
        });
        Self {
            order: order.collect(),
        }
    }

    /// Every fault of one file, `file` being its path from the checkout.
    fn judge(&self, file: &str, source: &str) -> Vec<String> {
        let mut reading = Reading {
            law: self,
            file,
            tokens: tokens(source),
            faults: Vec::new(),
        };
        reading.shape(source);
        // The root itself names every module; that is no use of them.
        if file != "src/lib.rs" {
            reading.paths();
        }
        reading.faults
    }
}

// === impl Reading ===

impl<'a> Reading<'a> {
    /// The modules that the file stands in, outermost first; none for `main.rs`.
    fn place(&self) -> Vec<&'a str> {
        let path = self.file.trim_start_matches("src/").trim_end_matches(".rs");
        match path {
            "main" => Vec::new(),
            path => path.split('/').collect(),
        }
    }

    fn fault(&mut self, line: usize, what: &str) {
        self.faults.push(format!("{}:{line}: {what}", self.file));
    }

    fn shape(&mut self, source: &str) {
        if !source.starts_with("//! ") {
            self.fault(1, "does not begin with a `//!` head");
        }
        let lines = source.lines().count();
        if lines > LONGEST {
            self.fault(lines, &format!("is {lines} lines long, over {LONGEST}"));
        }
        if self.file.ends_with("/mod.rs") {
            self.fault(1, "is a mod.rs; name the file after its module");
        }
        let declared = |name: &str| self.law.order.iter().any(|known| known == name);
        if let [top, ..] = self.place()[..]
            && top != "lib"
            && !declared(top)
        {
            self.fault(
                1,
                &format!("belongs to `{top}`, which src/lib.rs does not declare"),
            );
        }
    }

    fn paths(&mut self) {
        let depth = self.place().len();
        // How many braces are open, and at which of them an inline module began.
        let (mut open, mut inline) = (0_usize, Vec::new());
        for at in 0..self.tokens.len() {
            match self.tokens[at].1 {
                Token::Mark('{') => {
                    open += 1;
                    if at >= 2 && self.word(at - 2) == Some("mod") {
                        inline.push(open);
                    }
                }
                Token::Mark('}') => {
                    inline.pop_if(|began| *began == open);
                    open = open.saturating_sub(1);
                }
                Token::Word(_) if at == 0 || self.tokens[at - 1].1 != Token::PathSep => {
                    self.path(at, depth + inline.len());
                }
                Token::Word(_) | Token::PathSep | Token::Mark(_) => {}
            }
        }
    }

    /// Follows the path that begins at token `at`, `depth` modules below the crate's root.
    fn path(&mut self, mut at: usize, mut depth: usize) {
        let begin = at;
        loop {
            match self.word(at) {
                Some("crate") => depth = 0,
                Some("stepgate") if self.file == "src/main.rs" => depth = 0,
                Some("super") => depth = depth.saturating_sub(1),
                Some("self") => {}
                _ => break,
            }
            at += 1;
            if self.tokens.get(at).map(|t| t.1) != Some(Token::PathSep) {
                return; // `pub(crate)`, a `self` argument
            }
            at += 1;
        }
        if at > begin && depth == 0 {
            self.at_root(at);
        }
    }

    /// Judges what is named at the crate's root: one module, or a group of paths into several.
    fn at_root(&mut self, at: usize) {
        let Some(&(line, token)) = self.tokens.get(at) else {
            return;
        };
        match token {
            Token::Word(name) => self.used(line, name),
            Token::Mark('{') => self.group(at),
            Token::Mark(_) | Token::PathSep => {
                self.fault(
                    line,
                    "takes everything from the crate's root; name the module",
                );
            }
        }
    }

    /// Judges the first name of every path in the group that opens at `at`.
    fn group(&mut self, at: usize) {
        let mut open = 0;
        for at in at..self.tokens.len() {
            match self.tokens[at].1 {
                Token::Mark('{') => open += 1,
                Token::Mark('}') => open -= 1,
                Token::Mark(_) | Token::Word(_) | Token::PathSep => {}
            }
            if open == 0 {
                return;
            }
            let begins = matches!(self.tokens[at].1, Token::Mark('{' | ','));
            let empty = matches!(self.tokens.get(at + 1), Some((_, Token::Mark('}'))));
            if open == 1 && begins && !empty {
                self.at_root(at + 1);
            }
        }
    }

    fn used(&mut self, line: usize, name: &str) {
        let rank = |name: &str| self.law.order.iter().position(|known| known == name);
        let Some(used) = rank(name) else {
            self.fault(
                line,
                &format!("uses `{name}`, which src/lib.rs does not declare"),
            );
            return;
        };
        // `main.rs` stands above all modules.
        let Some(here) = self.place().first().copied() else {
            return;
        };
        if rank(here).is_some_and(|own| used < own) {
            self.fault(
                line,
                &format!("uses `{name}`, which stands above `{here}` in src/lib.rs"),
            );
        }
    }

    fn word(&self, at: usize) -> Option<&'a str> {
        match self.tokens.get(at) {
            Some((_, Token::Word(word))) => Some(word),
            _ => None,
        }
    }
}

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
