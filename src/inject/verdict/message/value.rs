//! The sentences about values of parameters, which never repeat the value.

use std::fmt::{Display, Formatter, Result};

use crate::inject::companion::value::ValueFault;

impl Display for ValueFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            ValueFault::TooLong(longest) => write!(f, "too long: may not be more than {longest} characters"),
            ValueFault::ControlCharacter => f.write_str(
                "invalid value: must not contain control characters or line separators, such as a line break",
            ),
            ValueFault::TooCostly => {
                f.write_str("invalid value: too long to be checked against its pattern; shorten it")
            }
            ValueFault::Pattern(pattern) => write!(f, "invalid value: must match {pattern} as a whole"),
            ValueFault::NotOneOf(words) => write!(f, "unsupported value; supported: {}", words.join(", ")),
            ValueFault::Syntax(form) => write!(f, "invalid value: must be {form}"),
            ValueFault::BelowMinimum(minimum) => write!(f, "invalid value: must be at least {minimum}"),
            ValueFault::AboveMaximum(maximum) => write!(f, "invalid value: must be at most {maximum}"),
            ValueFault::NotWhole(unit) => write!(f, "invalid value: must be a whole number of {unit}"),
            ValueFault::NotBelow(parent) => write!(f, "invalid value: must be a path below {parent}"),
            ValueFault::MeetsMount(path) => {
                write!(f, "invalid value: conflicts with the companion's own mount {path}; choose another path")
            }
            ValueFault::MeetsPort(port) => {
                write!(f, "invalid value: conflicts with the companion's own port {port}; choose another port")
            }
        }
    }
}
