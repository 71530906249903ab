//! Regular expressions that mean the same in RE2, which API servers use, and in the `regex` crate's syntax.
//!
//! The pattern of a required companion's parameter is part of its admission policy. If RE2 rejected the pattern or
//! gave it another meaning, the policy would deny every Pod or accept other values than a review does. Patterns have
//! been compiled by podgraft before, so this reader looks for the differences only.

use std::iter::Peekable;
use std::str::Chars;

/// RE2's limit on repetitions, those of nested groups multiplied.
const MAX_REPETITIONS: u64 = 1000;

/// Checks that RE2 reads a pattern as podgraft does.
///
/// # Errors
/// The difference, and what to write instead.
pub(in crate::api) fn check(pattern: &str) -> Result<(), &'static str> {
    let mut reader = Re2Reader { rest: pattern.chars().peekable() };
    reader.alternatives().map(drop)
}

struct Re2Reader<'p> {
    rest: Peekable<Chars<'p>>,
}

impl Re2Reader<'_> {
    /// Reads up to the end of a group, and returns the largest number of repetitions in it. Podgraft's compiler
    /// limits the nesting of groups.
    fn alternatives(&mut self) -> Result<u64, &'static str> {
        let mut most = 1;
        while let Some(c) = self.rest.next() {
            let inner = match c {
                ')' => return Ok(most),
                '(' => match self.group()? {
                    Some(inner) => inner,
                    // A group of flags has nothing to repeat.
                    None => continue,
                },
                '[' => self.class()?,
                '\\' => self.escape(false)?,
                _ => 1,
            };
            most = most.max(self.repetition(inner)?);
        }
        Ok(most)
    }

    fn next_if(&mut self, c: char) -> bool {
        self.rest.next_if_eq(&c).is_some()
    }

    /// Reads a group after its parenthesis; `None` if it only sets flags.
    fn group(&mut self) -> Result<Option<u64>, &'static str> {
        if !self.next_if('?') {
            return self.alternatives().map(Some);
        }
        if self.next_if('P') || self.rest.peek() == Some(&'<') {
            let name: String = self.rest.by_ref().take_while(|c| *c != '>').collect();
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '<';
            if !name.chars().all(is_plain) {
                return Err("the name of a group may have letters, digits and _ only");
            }
            return self.alternatives().map(Some);
        }
        loop {
            match self.rest.next() {
                Some(':') => return self.alternatives().map(Some),
                Some('s' | 'm' | 'U' | '-') => {}
                Some(')') if matches!(self.rest.peek(), Some('*' | '+' | '?' | '{')) => {
                    return Err("flags cannot be repeated");
                }
                Some(')') | None => return Ok(None),
                Some('i') => return Err("the flag i also matches letters outside ASCII in RE2; write [aA] for a"),
                Some(_) => return Err("only the flags s, m and U are known in RE2"),
            }
        }
    }

    fn class(&mut self) -> Result<u64, &'static str> {
        self.next_if('^');
        let mut dashes = false;
        while self.next_if('-') {
            dashes = true;
        }
        // A `]` in first position is a character of the class, unless it follows a dash.
        if !dashes {
            self.next_if(']');
        }
        while let Some(c) = self.rest.next() {
            match c {
                ']' => break,
                '\\' => drop(self.escape(true)?),
                // Podgraft's compiler accepts only named classes here, such as `[:alpha:]`.
                '[' => while self.rest.next().is_some_and(|c| c != ']') {},
                _ => {}
            }
            if c != '[' {
                self.end_of_range()?;
            }
        }
        Ok(1)
    }

    /// Skips the end of a range, which may be a `[` that opens nothing.
    fn end_of_range(&mut self) -> Result<(), &'static str> {
        let mut ahead = self.rest.clone();
        // A dash before the end or before another dash is not a range.
        if ahead.next() != Some('-') || matches!(ahead.next(), Some(']' | '-') | None) {
            return Ok(());
        }
        self.rest.next();
        if self.rest.next() == Some('\\') {
            self.escape(true)?;
        }
        Ok(())
    }

    fn escape(&mut self, in_class: bool) -> Result<u64, &'static str> {
        match self.rest.next() {
            Some('<' | '>') => Err(r"\< and \> are plain characters in RE2; write \b"),
            Some('b') if self.rest.peek() == Some(&'{') => Err(r"\b{...} is unknown in RE2; write \b"),
            Some('b' | 'B' | 'A' | 'z') if in_class => Err("a class cannot have an assertion"),
            Some('u' | 'U') => Err(r"\u is unknown in RE2; write \x{...}"),
            // A code point in braces, not a repetition.
            Some('x') if self.next_if('{') => {
                while self.rest.next().is_some_and(|c| c != '}') {}
                Ok(1)
            }
            _ => Ok(1),
        }
    }

    /// Reads a repetition, if one follows, and returns its count multiplied by that of the part before.
    fn repetition(&mut self, inner: u64) -> Result<u64, &'static str> {
        let times = match self.rest.peek() {
            Some('*' | '+' | '?') => {
                self.rest.next();
                1
            }
            Some('{') => self.counted()?,
            _ => return Ok(inner),
        };
        self.next_if('?');
        if matches!(self.rest.peek(), Some('*' | '+' | '?' | '{')) {
            return Err("a repetition cannot follow another; put a group around the first");
        }
        match inner.checked_mul(times.max(1)).filter(|all| *all <= MAX_REPETITIONS) {
            Some(all) => Ok(all),
            None => Err("repetitions, those of nested groups multiplied, must be at most 1000"),
        }
    }

    fn counted(&mut self) -> Result<u64, &'static str> {
        let text: String = self.rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
        let number = |text: &str| {
            let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
            text.parse::<u64>()
                .ok()
                .filter(|_| plain)
                .ok_or("counts must be plain numbers without leading zeros or spaces")
        };
        match text.split_once(',') {
            None => number(&text),
            Some((least, "")) => number(least),
            Some((least, most)) => number(least).and_then(|_| number(most)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::inject::companion::pattern::Pattern;

    #[test]
    fn patterns_that_mean_the_same_in_both_are_accepted() {
        for pattern in [
            "",
            "[^,]+",
            "(https?|ssh|git)://.+",
            r"[a-z]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]+)*:[0-9]{1,5}",
            r"(?:a{2,3}){10}b*?|\x{1F980}|\x7F|\$\(|[]^a-]|[[:alpha:]_]+\b",
            r"(?P<name>a)(?<other>b)(?s:.)(?m)^x$|(a{10}){100}",
        ] {
            assert!(Pattern::new(pattern).is_ok(), "{pattern} compiles in podgraft");
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn patterns_that_re2_reads_differently_are_rejected() {
        for pattern in [
            "(?i)key",
            "(?i:key)",
            "(?R)a",
            r"\<word\>",
            r"\b{start}a",
            r"\u0041",
            r"[\U00000041]",
            "a**",
            "a+{2}",
            "a{2}{3}",
            "a{1001}",
            "(?:a{40}){40}",
            "a{007}",
            "a(?s)*",
            "[!-[]x**[a]",
            "[+-[]k(?i)b[a]",
        ] {
            assert!(Pattern::new(pattern).is_ok(), "{pattern} compiles in podgraft");
            assert!(check(pattern).is_err(), "{pattern}");
        }
    }
}
