//! A checked value of a parameter, and what can be wrong with one.

use std::borrow::Cow;

/// A checked value. It is written as one whole JSON value, so it cannot change the shape of what is injected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// The text of an environment variable.
    Text(Cow<'a, str>),
    /// A port, 1 to 65535.
    Port(u16),
    /// A path, absolute and normalized.
    Path(Cow<'a, str>),
    /// A key of a Secret. podgraft never reads the Secret.
    SecretKey {
        /// The Secret's name.
        secret: Cow<'a, str>,
        /// The key in the Secret.
        key: Cow<'a, str>,
    },
}

/// What is wrong with a value. The value itself is never repeated, because it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueFault {
    /// More than this many characters.
    TooLong(usize),
    /// A control character or a line separator.
    ControlCharacter,
    /// Too long to be checked against its pattern within the budget of one review.
    TooCostly,
    /// The value does not match this pattern.
    Pattern(Box<str>),
    /// The value is not in this `enum`.
    NotOneOf(Box<[Box<str>]>),
    /// The value does not have this form, the form of its type.
    Syntax(&'static str),
    /// Less than this minimum.
    BelowMinimum(Box<str>),
    /// More than this maximum.
    AboveMaximum(Box<str>),
    /// A duration that is not a whole number of this unit.
    NotWhole(&'static str),
    /// A path that is not below this declared parent.
    NotBelow(Box<str>),
    /// A path that conflicts with this mount of the companion.
    MeetsMount(Box<str>),
    /// A port on which the companion itself listens.
    MeetsPort(u16),
}
