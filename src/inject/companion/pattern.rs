//! Patterns of parameters: regular expressions that must match a whole value, and whose memory and time are bounded.
//!
//! The length of an expression bounds nothing, because repetition multiplies: `(?:…){1,900}` has a dozen characters and
//! needs megabytes. What counts is the compiled automaton, so a pattern knows its *size*, the smallest power of two, in
//! KiB, that the automaton fits into. Memory is bounded by the size, and time by size times characters.

mod compiled;
mod groups;
#[cfg(test)]
mod tests;

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

/// The largest size that the patterns of one companion may have together, in KiB.
pub const LARGEST_SIZE: u32 = 256;
/// The longest source of a pattern, in characters.
pub const LONGEST_SOURCE: usize = 256;
/// What matching may cost in one review: size in KiB times characters, summed over all values.
pub const MAX_WORK: u32 = 65_536;

/// A regular expression that must match a whole value. It keeps its source and size only: the automaton is compiled at
/// first use, and kept for as long as there is room for it.
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
    /// It uses the flag `x`, which RE2 does not know; and comments could hide where its groups are.
    Verbose,
    /// It is no regular expression, in the words of its compiler.
    Syntax(String),
}

/// A value that is too long to be checked against its pattern, within what one review may spend on matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooCostly;

/// What matching may still cost.
#[derive(Debug)]
pub struct Budget(u32);

impl Default for Budget {
    fn default() -> Self {
        Budget(MAX_WORK)
    }
}

impl Pattern {
    /// Measures an expression in the syntax that RE2 and Rust have in common, and forgets its automaton again.
    ///
    /// # Errors
    /// It is no such expression, or too large.
    pub fn new(source: &str) -> Result<Self, PatternFault> {
        if source.chars().nth(LONGEST_SOURCE).is_some() {
            return Err(PatternFault::TooLong);
        }
        // The source is parsed as it stands as well: put into a group, `a)|(b` would be an expression.
        check_syntax(source)?;
        let whole = whole(source).ok_or(PatternFault::Verbose)?;
        check_syntax(&whole)?;
        let mut sizes = std::iter::successors(Some(1), |size| Some(size * 2)).take_while(|size| *size <= LARGEST_SIZE);
        let compiled = sizes.find_map(|size| Some((size, build(&whole, size).ok()?)));
        let (size, regex) = compiled.ok_or(PatternFault::TooLarge)?;
        // Each group that captures multiplies what a match needs: one that was overlooked would void the bounds.
        if regex.captures_len() != 1 {
            return Err(PatternFault::Syntax("its groups cannot be told apart".to_owned()));
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

    /// Whether it matches the whole text, which is paid for out of the budget.
    ///
    /// # Errors
    /// What is left of the budget does not pay for it; nothing is taken then.
    pub fn matches(&self, text: &str, budget: &mut Budget) -> Result<bool, TooCostly> {
        let characters = u32::try_from(text.chars().count()).map_err(|_| TooCostly)?;
        let cost = self.size.checked_mul(characters).ok_or(TooCostly)?;
        budget.0 = budget.0.checked_sub(cost).ok_or(TooCostly)?;
        Ok(compiled::is_match(self, text))
    }

    /// The automaton; `None` cannot happen, since it was compiled when it was measured.
    fn compile(&self) -> Option<Regex> {
        build(&whole(&self.source)?, self.size).ok()
    }
}

/// The expression that is matched: anchored as a whole, and without captures, which nobody reads.
fn whole(source: &str) -> Option<String> {
    Some(format!(r"\A(?:{})\z", groups::without_captures(source)?))
}

fn build(source: &str, size: u32) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(source).size_limit((size as usize) << 10).build()
}

/// Parses an expression without compiling it: no automaton fits into nothing, so the only error of an expression that
/// can be parsed is the one about the limit.
fn check_syntax(source: &str) -> Result<(), PatternFault> {
    match (build(source, 0), build("", 0)) {
        (Err(fault), Err(limit)) if fault != limit => Err(PatternFault::Syntax(fault.to_string())),
        _ => Ok(()),
    }
}

impl fmt::Display for PatternFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternFault::TooLong => write!(f, "may not be more than {LONGEST_SOURCE} characters"),
            PatternFault::TooLarge => write!(
                f,
                "invalid value: must compile to at most {LARGEST_SIZE} KiB, and needs more; lower its repetitions, or bound the length with maxLength"
            ),
            PatternFault::Verbose => {
                f.write_str("forbidden: the flag x is not a part of RE2; write it without blanks and comments")
            }
            PatternFault::Syntax(fault) => write!(f, "must be a regular expression: {fault}"),
        }
    }
}
