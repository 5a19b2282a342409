//! The order of the modules, and one file judged by it.

use super::tokens::{Token, tokens};

/// Longest source file, in lines.
const LONGEST: usize = 400;

/// The modules of the crate in the order of `src/lib.rs`: each may use those after it.
pub(super) struct Law {
    pub(super) order: Vec<String>,
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
    pub(super) fn read(lib: &str) -> Self {
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
    pub(super) fn judge(&self, file: &str, source: &str) -> Vec<String> {
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
