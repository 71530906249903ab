//! Compiles the declared type of a parameter. Validation checks defaults with the compiled type, and the compiled
//! companion holds it.

use super::message::{Message, forbidden, invalid};
use super::path::FieldPath;
use super::report::Report;
use super::slots::quantity_of_bound;
use super::v1alpha1::{Bound, DurationForm as Form, Parameter, ParameterType as Word};
use crate::inject::companion::parameter::{DurationForm, LONGEST_VALUE, ParameterType};
use crate::inject::companion::pattern::{LARGEST_SIZE, LONGEST_SOURCE, Pattern, PatternFault};

/// The compiled type. Invalid bounds and patterns are reported and left out.
pub(super) fn compile(parameter: &Parameter, at: &FieldPath, report: &mut Report) -> ParameterType {
    match parameter.kind {
        Word::String => ParameterType::String {
            longest: parameter.max_length.map_or(LONGEST_VALUE, usize::from),
            pattern: parameter.pattern.as_deref().and_then(|p| pattern(p, &at.member("pattern"), report)),
            words: parameter.words.iter().map(|w| w.as_str().into()).collect(),
        },
        Word::Integer => {
            let (minimum, maximum) = bounds(parameter, at, report, |bound| match bound {
                Bound::Number(number) => Some(*number),
                Bound::Text(_) => None,
            });
            ParameterType::Integer { minimum, maximum }
        }
        Word::Boolean => ParameterType::Boolean,
        Word::Duration => ParameterType::Duration(match parameter.form {
            None => DurationForm::Text,
            Some(Form::Seconds) => DurationForm::Seconds,
            Some(Form::Milliseconds) => DurationForm::Milliseconds,
        }),
        Word::Quantity => {
            let (minimum, maximum) = bounds(parameter, at, report, quantity_of_bound);
            ParameterType::Quantity { minimum, maximum }
        }
        Word::Port => ParameterType::Port,
        Word::Path => ParameterType::Path { below: parameter.below.as_deref().map(Into::into) },
        Word::SecretKey => ParameterType::SecretKey,
    }
}

fn pattern(source: &str, at: &FieldPath, report: &mut Report) -> Option<Pattern> {
    Pattern::new(source).map_err(|fault| report.error(at, message_of(&fault))).ok()
}

fn message_of(fault: &PatternFault) -> Message {
    match fault {
        PatternFault::TooLong => invalid(format_args!("must have at most {LONGEST_SOURCE} characters")),
        PatternFault::TooLarge => invalid(format_args!(
            "must compile to at most {LARGEST_SIZE} KiB; lower its repetitions or bound the length with maxLength"
        )),
        PatternFault::Verbose => {
            forbidden("RE2 does not have the flag x; write the pattern without blanks and comments")
        }
        PatternFault::Syntax(fault) => invalid(format_args!("must be a regular expression: {fault}")),
    }
}

fn bounds<T: PartialOrd>(
    parameter: &Parameter,
    at: &FieldPath,
    report: &mut Report,
    read: impl Fn(&Bound) -> Option<T>,
) -> (Option<T>, Option<T>) {
    let form = if parameter.kind == Word::Integer {
        "an integer without quotes"
    } else {
        "a quantity of at least 0, such as 64Mi"
    };
    let mut bound = |name: &str, bound: &Option<Bound>| {
        let value = bound.as_ref().and_then(&read);
        if bound.is_some() && value.is_none() {
            report.error(&at.member(name), invalid(format_args!("must be {form}")));
        }
        value
    };
    let (minimum, maximum) = (bound("minimum", &parameter.minimum), bound("maximum", &parameter.maximum));
    if let (Some(least), Some(most)) = (&minimum, &maximum)
        && least > most
    {
        report.error(&at.member("maximum"), invalid("must be greater than or equal to minimum"));
    }
    (minimum, maximum)
}
