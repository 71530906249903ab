//! Parameters: their types, bounds and defaults. `bindings` has the rules about slots.

pub(in crate::api) mod bindings;
pub(in crate::api) mod re2;

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
            "the patterns of a companion together must compile to at most {LARGEST_SIZE} KiB, but with this one of {own} KiB they need {size} KiB; lower its repetitions or bound the length with maxLength"
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
            Some(Ok(false)) => report.error(&at, invalid("must match pattern, or no Pod can give this value")),
            Some(Err(TooCostly)) => {
                let message = "the default and enum are too long to be checked against pattern; remove pattern, which enum makes redundant";
                report.error(&at, invalid(message));
            }
        }
        if word.chars().nth(*longest).is_some() {
            report.error(&at, invalid("must not be longer than maxLength, or no Pod can give this value"));
        }
        if word.chars().any(breaks_line) {
            report.error(&at, invalid("must not contain control characters, or no Pod can give this value"));
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, check_companion, companion};

    /// Checks git-sync with a fifth parameter.
    fn check_parameter(parameter: Value, expect: &[&str]) {
        let expect: Vec<_> = expect.iter().map(|e| format!("spec.parameters[4].{e}")).collect();
        check(companion("/spec/parameters/4", parameter), &expect.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn a_parameter_has_a_name_and_a_type() {
        check_parameter(
            json!({"name": "Repo", "type": "Text", "env": "A"}),
            &[
                "name: invalid value: must be lowercase letters, digits and hyphens",
                "type: unsupported value: \"Text\"; supported: String",
            ],
        );
        check_parameter(
            json!({"name": "a".repeat(21), "type": "String", "env": "A"}),
            &["name: invalid value: must have at most 20 characters"],
        );
        check_parameter(json!({"name": "repo", "type": "String", "env": "A"}), &["name: duplicate value \"repo\""]);
    }

    #[test]
    fn a_field_belongs_to_its_types() {
        let fields = json!({"name": "a", "type": "Boolean", "env": "A", "pattern": "x", "enum": ["x"], "as": "seconds", "minimum": 1, "maximum": 1, "below": "/x"});
        check_parameter(
            fields,
            &[
                "pattern: forbidden: only type",
                "enum: forbidden: only type",
                "as: forbidden: only type",
                "minimum: forbidden: only types",
                "maximum: forbidden: only types",
                "below: forbidden: only type",
            ],
        );
    }

    #[test]
    fn a_pattern_compiles() {
        check_parameter(
            json!({"name": "a", "type": "String", "env": "A", "pattern": "("}),
            &["pattern: invalid value: must be a regular expression"],
        );
        check_parameter(
            json!({"name": "a", "type": "String", "env": "A", "pattern": "a)|(b"}),
            &["pattern: invalid value: must be a regular expression"],
        );
    }

    #[test]
    fn bounds_are_of_the_type_and_in_order() {
        check_parameter(
            json!({"name": "a", "type": "Integer", "env": "A", "minimum": "1"}),
            &["minimum: invalid value: must be an integer without quotes"],
        );
        check_parameter(
            json!({"name": "a", "type": "Quantity", "env": "A", "maximum": "much"}),
            &["maximum: invalid value: must be a quantity"],
        );
        check_parameter(
            json!({"name": "a", "type": "Integer", "env": "A", "minimum": 2, "maximum": 1}),
            &["maximum: invalid value: must be greater than or equal to minimum"],
        );
        check_parameter(
            json!({"name": "a", "type": "Quantity", "env": "A", "minimum": "1Gi", "maximum": 5}),
            &["maximum: invalid value: must be greater than or equal to minimum"],
        );
        check_parameter(
            json!({"name": "a", "type": "Quantity", "env": "A", "minimum": {}}),
            &["minimum: invalid value: must be an integer or a string, not an object"],
        );
    }

    #[test]
    fn a_default_is_a_valid_value() {
        let typed = |kind: &str, default: Value| json!({"name": "a", "type": kind, "env": "A", "default": default});
        for (kind, valid, invalid) in [
            ("Integer", "7", "7.0"),
            ("Boolean", "true", "yes"),
            ("Duration", "10s", "10"),
            ("Quantity", "64Mi", "64MB"),
            ("Port", "80", "0"),
            ("Path", "/a", "a"),
            ("SecretKey", "a/b", "ab"),
            ("String", "x", "a\nb"),
        ] {
            check_parameter(typed(kind, valid.into()), &[]);
            check_parameter(typed(kind, invalid.into()), &["default: "]);
        }
        check_parameter(
            typed("Integer", 7.into()),
            &["default: invalid value: must be a string, not a number; put the value in quotes"],
        );
        check_parameter(
            json!({"name": "a", "type": "String", "env": "A", "required": true, "default": "x"}),
            &["default: forbidden: a required parameter never uses its default"],
        );
        check_parameter(
            json!({"name": "a", "type": "String", "env": "A", "pattern": "[0-9]+", "default": "1x"}),
            &["default: invalid value: must match"],
        );
        check_parameter(
            json!({"name": "a", "type": "String", "env": "A", "enum": ["x", "y"], "default": "z"}),
            &["default: invalid value: must be one of x, y"],
        );
        check_parameter(
            json!({"name": "a", "type": "Path", "env": "A", "below": "/git", "default": "/x"}),
            &["default: invalid value: must be below /git"],
        );
    }

    #[test]
    fn values_of_an_enum_are_valid() {
        check_parameter(
            json!({"name": "a", "type": "String", "env": "A", "pattern": "[a-z]", "enum": ["a", "B", "\t"]}),
            &[
                "enum[1]: invalid value: must match pattern",
                "enum[2]: invalid value: must match pattern",
                "enum[2]: invalid value: must not contain control characters",
            ],
        );
        check_parameter(
            json!({"name": "a", "type": "String", "env": "A", "enum": ["a", "a"]}),
            &["enum[1]: duplicate value"],
        );
    }

    #[test]
    fn bounds_of_a_type_hold_for_its_default() {
        let with = |fields: Value| {
            let mut parameter = json!({"name": "a", "env": "A"});
            parameter.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            parameter
        };
        for (fields, expected) in [
            (json!({"type": "Integer", "minimum": 2, "default": "1"}), "must be at least 2"),
            (json!({"type": "Integer", "maximum": 2, "default": "3"}), "must be at most 2"),
            (json!({"type": "String", "maxLength": 2, "default": "abc"}), "must have at most 2 characters"),
            (json!({"type": "Duration", "as": "seconds", "default": "1500ms"}), "must be a whole number of seconds"),
        ] {
            check_parameter(with(fields), &[&format!("default: invalid value: {expected}")]);
        }
        check_parameter(
            with(json!({"type": "String", "maxLength": 2, "enum": ["abc"]})),
            &["enum[0]: invalid value: must not be longer than maxLength"],
        );
    }

    #[test]
    fn patterns_are_bounded_in_size_and_in_cost() {
        let parameter = |name: &str, pattern: &str| json!({"name": name, "type": "String", "env": name.to_uppercase(), "pattern": pattern});
        check_parameter(parameter("a", "(?x)a b"), &["pattern: forbidden: RE2 does not have the flag x"]);
        check_parameter(
            parameter("a", "(?:a{1000}){100}"),
            &["pattern: invalid value: must compile to at most 256 KiB"],
        );
        let three = ["a", "b", "c"].map(|name| parameter(name, "a{3500}"));
        check(
            companion("/spec/parameters", json!(three)),
            &[
                "spec.parameters[2].pattern: invalid value: the patterns of a companion together must compile to at most",
            ],
        );
        let mut long = parameter("a", "a{3500}");
        long["default"] = json!("a".repeat(1000));
        check_parameter(long, &["default: invalid value: must be shorter"]);
        let mut words = parameter("a", "a{3500}");
        words["enum"] = json!([250, 251, 252].map(|length| "a".repeat(length)));
        check_parameter(
            words,
            &[
                "enum[0]: invalid value: must match pattern",
                "enum[1]: invalid value: must match pattern",
                "enum[2]: invalid value: the default and enum are too long",
            ],
        );
    }

    #[test]
    fn a_default_that_might_be_a_secret_is_not_repeated() {
        let secret = json!({"name": "a", "type": "SecretKey", "env": "A", "default": "hunter2"});
        assert!(
            !format!("{:?}", check_companion(&companion("/spec/parameters/4", secret)).problems).contains("hunter2")
        );
    }
}
