//! Parameters: their types, bounds and defaults. `bindings` has the rules about slots.

pub(in crate::api) mod bindings;
pub(in crate::api) mod re2;
#[cfg(test)]
mod tests;

use crate::api::message::{Message, forbidden, invalid};
use crate::api::object::CompanionObject;
use crate::api::parameter_type;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::{Parameter, ParameterType as Word};
use crate::inject::companion::parameter::ParameterType;
use crate::inject::companion::pattern::{Budget, LARGEST_SIZE, TooCostly};
use crate::inject::companion::value::ValueFault;
use crate::text::characters::breaks_line;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let (mut size, mut budget) = (0, Budget::default());
    for (i, parameter) in object.spec.parameters.iter().enumerate() {
        let at = FieldPath::spec("parameters").item(i);
        if report.has_schema_error(&at.member("type")) {
            continue;
        }
        fields_of_other_types(parameter, &at, report);
        let before = report.problems.len();
        let kind = parameter_type::compile(parameter, &at, report);
        total_size(&kind, &mut size, &at, report);
        if report.problems.len() > before {
            // With invalid bounds, no statement about values is possible.
            continue;
        }
        values(parameter, &kind, &mut budget, &at, report);
    }
}

/// Bounds the size of all patterns of a companion together, because one Pod can make a review use all of them.
fn total_size(kind: &ParameterType, size: &mut u32, at: &FieldPath, report: &mut Report) {
    let ParameterType::String { pattern: Some(pattern), .. } = kind else { return };
    *size += pattern.size();
    if *size > LARGEST_SIZE {
        let (own, size) = (pattern.size(), *size);
        let message = format_args!(
            "the patterns of a companion together must compile to at most {LARGEST_SIZE} KiB, but with this pattern ({own} KiB) they need {size} KiB; reduce its repetitions, or limit the length with maxLength"
        );
        report.error(&at.member("pattern"), invalid(message));
    }
}

/// Fields that only some types have.
fn fields_of_other_types(parameter: &Parameter, at: &FieldPath, report: &mut Report) {
    let kind = parameter.kind;
    let ordered = matches!(kind, Word::Integer | Word::Quantity);
    for (field, there, right, types) in [
        ("pattern", parameter.pattern.is_some(), kind == Word::String, "type String"),
        ("maxLength", parameter.max_length.is_some(), kind == Word::String, "type String"),
        ("enum", !parameter.words.is_empty(), kind == Word::String, "type String"),
        ("as", parameter.form.is_some(), kind == Word::Duration, "type Duration"),
        ("minimum", parameter.minimum.is_some(), ordered, "types Integer and Quantity"),
        ("maximum", parameter.maximum.is_some(), ordered, "types Integer and Quantity"),
        ("below", parameter.below.is_some(), kind == Word::Path, "type Path"),
    ] {
        if there && !right {
            report.error(
                &at.member(field),
                forbidden(format_args!("only {types} may have this field; remove this field")),
            );
        }
    }
    if parameter.below.as_ref().is_some_and(|below| below.chars().any(breaks_line)) {
        report.error(&at.member("below"), invalid("must not contain control characters"));
    }
}

/// Values in the declaration itself, the default and the enum, must be valid values.
fn values(parameter: &Parameter, kind: &ParameterType, budget: &mut Budget, at: &FieldPath, report: &mut Report) {
    if let Some(default) = &parameter.default {
        if parameter.required {
            let message = "a required parameter never uses its default; remove one of the two";
            report.error(&at.member("default"), forbidden(message));
        }
        if let Err(fault) = kind.parse(default.into(), budget) {
            report.error(&at.member("default"), message_of(&fault));
        }
    }
    let ParameterType::String { longest, pattern, .. } = kind else { return };
    for (i, word) in parameter.words.iter().enumerate() {
        let at = at.member("enum").item(i);
        match pattern.as_ref().map(|p| p.matches(word, budget)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => report.error(&at, invalid("must match pattern; otherwise no Pod can use this value")),
            Some(Err(TooCostly)) => {
                let message = "the default and enum are too long to be checked against pattern; remove pattern, which enum makes redundant";
                report.error(&at, invalid(message));
            }
        }
        if word.chars().nth(*longest).is_some() {
            report.error(&at, invalid("must not be longer than maxLength; otherwise no Pod can use this value"));
        }
        if word.chars().any(breaks_line) {
            report.error(&at, invalid("must not contain control characters; otherwise no Pod can use this value"));
        }
    }
}

/// The message for an invalid default. The value is not repeated, because it may be a secret.
fn message_of(fault: &ValueFault) -> Message {
    match fault {
        ValueFault::TooLong(most) => invalid(format_args!("must have at most {most} characters")),
        ValueFault::ControlCharacter => invalid("must not contain control characters or line separators"),
        ValueFault::TooCostly => invalid("must be shorter, to be checked against pattern"),
        ValueFault::Pattern(pattern) => invalid(format_args!("must match {pattern} as a whole")),
        ValueFault::NotOneOf(words) => invalid(format_args!("must be one of {}", words.join(", "))),
        ValueFault::Syntax(form) => invalid(format_args!("must be {form}")),
        ValueFault::BelowMinimum(minimum) => invalid(format_args!("must be at least {minimum}")),
        ValueFault::AboveMaximum(maximum) => invalid(format_args!("must be at most {maximum}")),
        ValueFault::NotWhole(unit) => invalid(format_args!("must be a whole number of {unit}")),
        ValueFault::NotBelow(parent) => invalid(format_args!("must be below {parent}")),
        ValueFault::MeetsMount(path) => invalid(format_args!("must not overlap with the companion's own mount {path}")),
        ValueFault::MeetsPort(port) => invalid(format_args!("must not be {port}, a port of the companion itself")),
    }
}
