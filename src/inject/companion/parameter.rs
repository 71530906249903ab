//! Parameters: a typed value, checked once, that fills one typed slot as a whole.

mod number;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use number::DurationForm;

use super::pattern::{Budget, Pattern, TooCostly};
use super::quantity::Quantity;
use super::value::{Value, ValueFault};
use crate::inject::names::{is_normal_path, is_secret_key, is_subdomain, lies_below};
use crate::text::characters::breaks_line;

/// A declared parameter.
#[derive(Debug)]
pub struct Parameter {
    /// `[a-z][a-z0-9-]*`, at most 20 characters.
    pub name: Box<str>,
    /// The values that it accepts.
    pub kind: ParameterType,
    /// Whether the Pod must set it.
    pub required: bool,
    /// The value where the Pod sets none. Validation of the companion has checked it.
    pub default: Option<Box<str>>,
    /// The environment variable of the companion's containers that it fills.
    pub env: Option<Box<str>>,
    /// The path of the file that it fills. Then `env` has the path.
    pub file: Option<Box<str>>,
    /// `message`: added where a value is denied.
    pub message: Option<Box<str>>,
}

/// The values that a parameter accepts.
#[derive(Debug)]
pub enum ParameterType {
    /// No control characters and no line separators.
    String {
        /// The longest value, in characters; at most 1024.
        longest: usize,
        /// Must match the whole value.
        pattern: Option<Pattern>,
        /// The only values allowed; empty allows all.
        words: Box<[Box<str>]>,
    },
    /// A whole number of 64 bits.
    Integer {
        /// The smallest allowed.
        minimum: Option<i64>,
        /// The largest allowed.
        maximum: Option<i64>,
    },
    /// `true` or `false`.
    Boolean,
    /// One number and one unit: `ms`, `s`, `m` or `h`.
    Duration(DurationForm),
    /// A Kubernetes quantity.
    Quantity {
        /// The smallest allowed.
        minimum: Option<Quantity>,
        /// The largest allowed.
        maximum: Option<Quantity>,
    },
    /// 1 to 65535.
    Port,
    /// Absolute and normalized.
    Path {
        /// On the companion's side: the declared parent that it must stay below.
        below: Option<Box<str>>,
    },
    /// `<secret>/<key>` of the Pod's namespace.
    SecretKey,
}

/// The longest value, in characters.
pub const LONGEST_VALUE: usize = 1024;

impl ParameterType {
    /// Reads a value as a user wrote it. The cost of matching a pattern is taken from the budget.
    ///
    /// # Errors
    /// What is wrong with the value, without repeating it.
    pub fn parse<'a>(&self, text: Cow<'a, str>, budget: &mut Budget) -> Result<Value<'a>, ValueFault> {
        let longest = if let ParameterType::String { longest, .. } = self { *longest } else { LONGEST_VALUE };
        if text.chars().nth(longest).is_some() {
            return Err(ValueFault::TooLong(longest));
        }
        if text.chars().any(breaks_line) {
            return Err(ValueFault::ControlCharacter);
        }
        match self {
            ParameterType::String { pattern, words, .. } => string(text, pattern.as_ref(), words, budget),
            ParameterType::Integer { minimum, maximum } => number::integer(text, *minimum, *maximum),
            ParameterType::Boolean => match &*text {
                "true" | "false" => Ok(Value::Text(text)),
                _ => Err(ValueFault::Syntax("true or false")),
            },
            ParameterType::Duration(form) => number::duration(text, *form),
            ParameterType::Quantity { minimum, maximum } => quantity(text, minimum.as_ref(), maximum.as_ref()),
            ParameterType::Port => number::port(&text).map(Value::Port),
            ParameterType::Path { below } => path(text, below.as_deref()),
            ParameterType::SecretKey => secret_key(&text),
        }
    }

    /// Reads the companion's own default. Validation of the companion has matched it against the pattern, so it is not
    /// matched again.
    ///
    /// # Errors
    /// Those of `parse`.
    pub fn parse_default<'a>(&self, text: &'a str) -> Result<Value<'a>, ValueFault> {
        match self {
            ParameterType::String { .. } => Ok(Value::Text(text.into())),
            other => other.parse(text.into(), &mut Budget::default()),
        }
    }
}

fn string<'a>(
    text: Cow<'a, str>,
    pattern: Option<&Pattern>,
    words: &[Box<str>],
    budget: &mut Budget,
) -> Result<Value<'a>, ValueFault> {
    if let Some(pattern) = pattern {
        match pattern.matches(&text, budget) {
            Ok(true) => {}
            Ok(false) => return Err(ValueFault::Pattern(pattern.source().into())),
            Err(TooCostly) => return Err(ValueFault::TooCostly),
        }
    }
    if !words.is_empty() && !words.iter().any(|word| **word == *text) {
        return Err(ValueFault::NotOneOf(words.into()));
    }
    Ok(Value::Text(text))
}

fn quantity<'a>(
    text: Cow<'a, str>,
    minimum: Option<&Quantity>,
    maximum: Option<&Quantity>,
) -> Result<Value<'a>, ValueFault> {
    let amount = Quantity::parse(&text).ok_or(ValueFault::Syntax("a quantity of at least 0, such as 64Mi or 250m"))?;
    if let Some(minimum) = minimum.filter(|m| amount < **m) {
        return Err(ValueFault::BelowMinimum(minimum.as_str().into()));
    }
    if let Some(maximum) = maximum.filter(|m| amount > **m) {
        return Err(ValueFault::AboveMaximum(maximum.as_str().into()));
    }
    Ok(Value::Text(text))
}

fn path<'a>(text: Cow<'a, str>, below: Option<&str>) -> Result<Value<'a>, ValueFault> {
    if !is_normal_path(&text) {
        return Err(ValueFault::Syntax("an absolute path without `..`, `:`, duplicate or trailing slashes"));
    }
    if let Some(parent) = below.filter(|parent| !lies_below(&text, parent)) {
        return Err(ValueFault::NotBelow(parent.into()));
    }
    Ok(Value::Path(text))
}

fn secret_key<'a>(text: &str) -> Result<Value<'a>, ValueFault> {
    let (secret, key) = text
        .split_once('/')
        .filter(|(secret, key)| is_subdomain(secret) && is_secret_key(key))
        .ok_or(ValueFault::Syntax("<secret>/<key>, the name of a Secret in the Pod's namespace and a key in it"))?;
    Ok(Value::SecretKey { secret: secret.to_owned().into(), key: key.to_owned().into() })
}
