//! Patterns of parameters: regular expressions that must match a whole value, in bounded memory and time.
//!
//! The length of an expression bounds neither, because repetition multiplies: `(?:…){1,900}` has a dozen characters and
//! needs megabytes. So a pattern has a *size*: the smallest power of two, in KiB, that its compiled automaton fits into.
//! The size bounds memory, and size times characters bounds time.

mod compiled;
mod groups;
#[cfg(test)]
mod tests;

use regex_lite::{Regex, RegexBuilder};

/// The largest total size of the patterns of one companion, in KiB.
pub const LARGEST_SIZE: u32 = 256;
/// The longest source of a pattern, in characters.
pub const LONGEST_SOURCE: usize = 256;
/// The budget of one review for matching: size in KiB times characters, summed over all values.
pub const MAX_WORK: u32 = 65_536;

/// A regular expression that must match a whole value. It consists of its source and size: the automaton is compiled at
/// first use, and cached while there is room for it.
#[derive(Debug)]
pub struct Pattern {
    source: Box<str>,
    size: u32,
}

/// Why an expression cannot be a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternFault {
    /// It has more than [`LONGEST_SOURCE`] characters.
    TooLong,
    /// It does not compile to [`LARGEST_SIZE`] KiB or less.
    TooLarge,
    /// It uses the flag `x`, which RE2 does not have; with it, comments could hide groups.
    Verbose,
    /// It is not a regular expression; the message of the compiler.
    Syntax(String),
}

/// A value that is too long to be checked against its pattern within the budget of the review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooCostly;

/// The rest of a review's budget for matching.
#[derive(Debug)]
pub struct Budget(u32);

impl Default for Budget {
    fn default() -> Self {
        Budget(MAX_WORK)
    }
}

impl Pattern {
    /// Measures an expression in the syntax that RE2 and Rust have in common. The automaton is dropped again.
    ///
    /// # Errors
    /// It is not such an expression, or too large.
    pub fn new(source: &str) -> Result<Self, PatternFault> {
        if source.chars().nth(LONGEST_SOURCE).is_some() {
            return Err(PatternFault::TooLong);
        }
        // The source is parsed outside of the group as well: inside a group, `a)|(b` would be an expression.
        check_syntax(source)?;
        let whole = whole(source).ok_or(PatternFault::Verbose)?;
        check_syntax(&whole)?;
        let mut sizes = std::iter::successors(Some(1), |size| Some(size * 2)).take_while(|size| *size <= LARGEST_SIZE);
        let compiled = sizes.find_map(|size| Some((size, build(&whole, size).ok()?)));
        let (size, regex) = compiled.ok_or(PatternFault::TooLarge)?;
        // Each capturing group multiplies the memory of a match, so an overlooked one would break the bounds.
        if regex.captures_len() != 1 {
            return Err(PatternFault::Syntax("its groups cannot be made non-capturing".to_owned()));
        }
        Ok(Pattern { source: source.into(), size })
    }

    /// The expression as it was declared.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The smallest power of two, in KiB, that its automaton fits into.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Whether it matches the whole text. The cost is taken from the budget.
    ///
    /// # Errors
    /// The cost exceeds the budget, from which nothing is taken then.
    pub fn matches(&self, text: &str, budget: &mut Budget) -> Result<bool, TooCostly> {
        let characters = u32::try_from(text.chars().count()).map_err(|_| TooCostly)?;
        let cost = self.size.checked_mul(characters).ok_or(TooCostly)?;
        budget.0 = budget.0.checked_sub(cost).ok_or(TooCostly)?;
        Ok(compiled::is_match(self.key(), text, || self.compile()))
    }

    fn key(&self) -> compiled::Key<'_> {
        compiled::Key { source: &self.source, size: self.size }
    }

    /// The automaton. It was compiled when the pattern was measured, so it is never `None`.
    fn compile(&self) -> Option<Regex> {
        build(&whole(&self.source)?, self.size).ok()
    }
}

/// The expression that is matched: anchored at both ends, without captures, which are not used.
fn whole(source: &str) -> Option<String> {
    Some(format!(r"\A(?:{})\z", groups::without_captures(source)?))
}

fn build(source: &str, size: u32) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(source).size_limit((size as usize) << 10).build()
}

/// Parses an expression without compiling it. With a limit of 0 bytes, the only error of an expression that can be parsed is
/// the one about the limit.
fn check_syntax(source: &str) -> Result<(), PatternFault> {
    match (build(source, 0), build("", 0)) {
        (Err(fault), Err(limit)) if fault != limit => Err(PatternFault::Syntax(fault.to_string())),
        _ => Ok(()),
    }
}
