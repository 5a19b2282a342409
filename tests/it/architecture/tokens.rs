//! Rust source as far as paths go: words and marks with their lines; comments, strings and
//! character literals are passed over.

use std::iter::Peekable;
use std::str::CharIndices;

/// One word or mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An identifier or keyword; a raw identifier without its `r#`.
    Word(&'a str),
    /// `::`
    PathSep,
    /// Any other mark.
    Mark(char),
}

/// The tokens of `source`, each with its line, from 1.
pub(super) fn tokens(source: &str) -> Vec<(usize, Token<'_>)> {
    let mut reader = Reader {
        source,
        chars: source.char_indices().peekable(),
        line: 1,
    };
    let mut found = Vec::new();
    while let Some((at, c)) = reader.next() {
        let line = reader.line;
        match c {
            '/' if reader.peek() == Some('/') => reader.skip_line(),
            '/' if reader.peek() == Some('*') => reader.skip_block(),
            '"' => reader.skip_string(),
            '\'' => reader.skip_quote(),
            ':' if reader.peek() == Some(':') => {
                reader.next();
                found.push((line, Token::PathSep));
            }
            c if is_word(c) => {
                let word = reader.word(at);
                if !reader.skip_prefixed(word) {
                    found.push((line, Token::Word(word)));
                }
            }
            c if c.is_whitespace() => {}
            c => found.push((line, Token::Mark(c))),
        }
    }
    found
}

struct Reader<'a> {
    source: &'a str,
    chars: Peekable<CharIndices<'a>>,
    line: usize,
}

// === impl Reader ===

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(usize, char)> {
        let next = self.chars.next();
        if let Some((_, '\n')) = next {
            self.line += 1;
        }
        next
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    /// What is left to read.
    fn rest(&mut self) -> &'a str {
        self.chars.peek().map_or("", |(at, _)| &self.source[*at..])
    }

    /// The word that begins at `start`, its first character being read already.
    fn word(&mut self, start: usize) -> &'a str {
        while self.peek().is_some_and(is_word) {
            self.next();
        }
        let end = self.source.len() - self.rest().len();
        &self.source[start..end]
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.next();
        }
    }

    /// A block comment, whose `/` is read; such comments nest.
    fn skip_block(&mut self) {
        self.next();
        let mut depth = 1;
        while depth > 0 {
            match (self.next().map(|(_, c)| c), self.peek()) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (Some(_), _) => continue,
                (None, _) => return,
            }
            self.next();
        }
    }

    /// A string, whose opening quote is read.
    fn skip_string(&mut self) {
        while let Some((_, c)) = self.next() {
            match c {
                '\\' => drop(self.next()),
                '"' => return,
                _ => {}
            }
        }
    }

    /// A character literal or a lifetime, whose quote is read.
    fn skip_quote(&mut self) {
        let mut ahead = self.rest().chars();
        match (ahead.next(), ahead.next()) {
            (Some('\\'), _) => {
                self.next();
                self.next();
                while self.next().is_some_and(|(_, c)| c != '\'') {}
            }
            (Some(_), Some('\'')) => {
                self.next();
                self.next();
            }
            // A lifetime: its name is read as a word, which no path can begin with by mistake,
            // because keywords cannot name one.
            _ => {}
        }
    }

    /// Whether `word` began a literal (`r"…"`, `b"…"`, `br#"…"#`, `b'…'`), which is passed over then.
    fn skip_prefixed(&mut self, word: &str) -> bool {
        let rest = self.rest();
        if matches!(word, "b" | "c") && rest.starts_with('"') {
            self.next();
            self.skip_string();
            return true;
        }
        if word == "b" && rest.starts_with('\'') {
            self.next();
            self.skip_quote();
            return true;
        }
        let hashes = rest.chars().take_while(|c| *c == '#').count();
        let raw = matches!(word, "r" | "br" | "cr");
        if !raw || !rest[hashes..].starts_with('"') {
            // `r#name`: the `r` is no word of its own.
            return raw && hashes == 1;
        }
        let end = format!("\"{}", "#".repeat(hashes));
        for _ in 0..=hashes {
            self.next();
        }
        while !self.rest().is_empty() && !self.rest().starts_with(&end) {
            self.next();
        }
        for _ in 0..=hashes {
            self.next();
        }
        true
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
