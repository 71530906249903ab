//! A lexer for Rust, just good enough to separate code, strings and comments.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier, a keyword or a number. A raw identifier (`r#match`) is its name alone.
    Word,
    /// One character of punctuation, or a character literal with its quotes.
    Mark,
    /// A string literal, without its quotes, with its escapes.
    Text,
    /// A comment, without its slashes.
    Comment,
}

/// A token of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub text: String,
    /// The line in which it begins, from 1.
    pub line: usize,
}

impl Token {
    pub fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Mark) && self.text == text
    }
}

/// All tokens of a source text.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: text, line: 1 };
    std::iter::from_fn(|| lexer.next()).collect()
}

/// The tokens of a source text without its comments.
pub fn code(text: &str) -> Vec<Token> {
    tokens(text).into_iter().filter(|token| token.kind != Kind::Comment).collect()
}

struct Lexer<'t> {
    rest: &'t str,
    line: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<Token> {
        let blank = self.rest.len() - self.rest.trim_start().len();
        self.take(blank);
        let line = self.line;
        let (kind, text) = self.comment().or_else(|| self.string()).or_else(|| self.character()).or_else(|| {
            let is_raw = |name: &str| name.starts_with(|c: char| c.is_alphabetic() || c == '_');
            self.rest = self.rest.strip_prefix("r#").filter(|name| is_raw(name)).unwrap_or(self.rest);
            let word = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
            let kind = if word > 0 { Kind::Word } else { Kind::Mark };
            let length = word.max(self.rest.chars().next()?.len_utf8());
            Some((kind, self.take(length)))
        })?;
        Some(Token { kind, text, line })
    }

    fn comment(&mut self) -> Option<(Kind, String)> {
        let length = if self.rest.starts_with("//") {
            self.rest.find('\n').unwrap_or(self.rest.len())
        } else if self.rest.starts_with("/*") {
            self.rest.find("*/")? + 2
        } else {
            return None;
        };
        let text = self.take(length);
        Some((Kind::Comment, text.trim_start_matches(['/', '!', '*']).trim().to_owned()))
    }

    fn string(&mut self) -> Option<(Kind, String)> {
        let prefix = ["br", "cr", "b", "c", "r"]
            .into_iter()
            .find(|p| self.rest.strip_prefix(p).is_some_and(|after| after.trim_start_matches('#').starts_with('"')));
        let prefix = prefix.unwrap_or_default();
        let after = &self.rest[prefix.len()..];
        let hashes = after.len() - after.trim_start_matches('#').len();
        let raw = prefix.ends_with('r');
        if !after[hashes..].starts_with('"') || (!raw && hashes > 0) {
            return None;
        }
        let begin = prefix.len() + hashes + 1;
        let inner = &self.rest[begin..];
        let length = if raw { inner.find(&format!("\"{}", "#".repeat(hashes)))? } else { end_of_quoted(inner, '"')? };
        self.take(begin);
        let text = self.take(length);
        self.take(1 + hashes);
        Some((Kind::Text, text))
    }

    /// A character or byte literal; or a lifetime, of which the mark alone is taken.
    fn character(&mut self) -> Option<(Kind, String)> {
        let after = self.rest.strip_prefix('b').unwrap_or(self.rest).strip_prefix('\'')?;
        let begin = self.rest.len() - after.len();
        let mut characters = after.chars();
        let is_literal = matches!((characters.next(), characters.next()), (Some('\\'), _) | (_, Some('\'')));
        let length = if is_literal { begin + end_of_quoted(after, '\'')? + 1 } else { begin };
        Some((Kind::Mark, self.take(length)))
    }

    fn take(&mut self, length: usize) -> String {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken.to_owned()
    }
}

/// Where the quote is that ends a literal with escapes.
fn end_of_quoted(inner: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    inner.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

#[test]
fn strings_comments_and_characters_are_not_code() {
    let text = r##"let a = 'x'; // crate::in_a_comment
        let b: &'static str = "crate::in \"a\" string"; /* crate::too */ let c = r#"raw " text"#; f('\'', b'"')"##;
    let found = tokens(text);
    let of = |kind: Kind| found.iter().filter(|t| t.kind == kind).map(|t| (&*t.text, t.line)).collect::<Vec<_>>();
    assert_eq!(of(Kind::Text), [(r#"crate::in \"a\" string"#, 2), (r#"raw " text"#, 2)]);
    assert_eq!(of(Kind::Comment), [("crate::in_a_comment", 1), ("crate::too */", 2)]);
    assert!(!of(Kind::Word).iter().any(|(word, _)| word.contains("crate")), "{found:?}");
}

#[test]
fn a_raw_identifier_is_one_word() {
    let words: Vec<String> = tokens("crate::r#http::r#\"text\"#").into_iter().map(|token| token.text).collect();
    assert_eq!(words, ["crate", ":", ":", "http", ":", ":", "text"]);
}
