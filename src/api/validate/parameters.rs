//! Parameters: what values they take. What they fill is said in `slots`.

pub(in crate::api) mod re2;

use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::{Bound, DurationForm as Form, Parameter, ParameterType as Word};
use crate::inject::companion::parameter::{DurationForm, LONGEST_VALUE, ParameterType};
use crate::inject::companion::pattern::{Budget, LARGEST_SIZE, Pattern, TooCostly};
use crate::inject::companion::quantity::Quantity;
use crate::inject::companion::value::ValueFault;
use crate::text::characters::breaks_line;

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    let (mut size, mut budget) = (0, Budget::default());
    for (i, parameter) in object.spec.parameters.iter().enumerate() {
        let at = FieldPath::spec("parameters").item(i);
        if found.has_schema_error(&at.member("type")) {
            continue;
        }
        belongs(parameter, &at, found);
        let before = found.problems.len();
        let kind = compile(parameter, &at, found);
        together(&kind, &mut size, &at, found);
        if found.problems.len() > before {
            // Its own bounds are wrong: what they say of values means nothing.
            continue;
        }
        values(parameter, &kind, &mut budget, &at, found);
    }
}

/// The compiled type. What is wrong with it is told, and left out.
pub(in crate::api) fn compile(parameter: &Parameter, at: &FieldPath, found: &mut Report) -> ParameterType {
    match parameter.kind {
        Word::String => ParameterType::String {
            longest: parameter.max_length.map_or(LONGEST_VALUE, usize::from),
            pattern: parameter.pattern.as_deref().and_then(|p| pattern(p, &at.member("pattern"), found)),
            words: parameter.words.iter().map(|w| w.as_str().into()).collect(),
        },
        Word::Integer => {
            let (minimum, maximum) = bounds(parameter, at, found, |bound| match bound {
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
            let (minimum, maximum) = bounds(parameter, at, found, |bound| match bound {
                Bound::Number(number) => Quantity::parse(&number.to_string()),
                Bound::Text(text) => Quantity::parse(text),
            });
            ParameterType::Quantity { minimum, maximum }
        }
        Word::Port => ParameterType::Port,
        Word::Path => ParameterType::Path { below: parameter.below.as_deref().map(Into::into) },
        Word::SecretKey => ParameterType::SecretKey,
    }
}

fn pattern(source: &str, at: &FieldPath, found: &mut Report) -> Option<Pattern> {
    Pattern::new(source).map_err(|fault| found.error(at, fault.to_string())).ok()
}

/// The patterns of a companion are bounded together, for one Pod can make a review use them all.
fn together(kind: &ParameterType, size: &mut u32, at: &FieldPath, found: &mut Report) {
    let ParameterType::String { pattern: Some(pattern), .. } = kind else { return };
    *size += pattern.size();
    if *size > LARGEST_SIZE {
        let (own, size) = (pattern.size(), *size);
        let message = format!(
            "invalid value: the patterns of a companion together must compile to at most {LARGEST_SIZE} KiB, and with this one of {own} KiB they need {size} KiB; lower its repetitions, or bound the length with maxLength"
        );
        found.error(&at.member("pattern"), message);
    }
}

fn bounds<T: PartialOrd>(
    parameter: &Parameter,
    at: &FieldPath,
    found: &mut Report,
    read: impl Fn(&Bound) -> Option<T>,
) -> (Option<T>, Option<T>) {
    let form =
        if parameter.kind == Word::Integer { "a whole number without quotes" } else { "a quantity, such as 64Mi" };
    let mut bound = |name: &str, bound: &Option<Bound>| {
        let value = bound.as_ref().and_then(&read);
        if bound.is_some() && value.is_none() {
            found.error(&at.member(name), format!("must be {form}"));
        }
        value
    };
    let (minimum, maximum) = (bound("minimum", &parameter.minimum), bound("maximum", &parameter.maximum));
    if let (Some(least), Some(most)) = (&minimum, &maximum)
        && least > most
    {
        found.error(&at.member("maximum"), "is less than minimum: no value would do");
    }
    (minimum, maximum)
}

/// Fields that mean something for some types only.
fn belongs(parameter: &Parameter, at: &FieldPath, found: &mut Report) {
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
            found.error(&at.member(field), format!("belongs to {types}; remove it"));
        }
    }
    if parameter.below.as_ref().is_some_and(|below| below.chars().any(breaks_line)) {
        found.error(&at.member("below"), "has a control character; remove it");
    }
}

/// Values that the companion itself names must be ones that it takes.
fn values(parameter: &Parameter, kind: &ParameterType, budget: &mut Budget, at: &FieldPath, found: &mut Report) {
    if let Some(default) = &parameter.default {
        if parameter.required {
            found.error(
                &at.member("default"),
                "would never be used, for the parameter is required; remove one of the two",
            );
        }
        if let Err(fault) = kind.parse(default.into(), budget) {
            found.error(&at.member("default"), told(&fault));
        }
    }
    let ParameterType::String { longest, pattern, .. } = kind else { return };
    for (i, word) in parameter.words.iter().enumerate() {
        let at = at.member("enum").item(i);
        match pattern.as_ref().map(|p| p.matches(word, budget)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => found.error(&at, "does not match pattern: it could never be given"),
            Some(Err(TooCostly)) => found.error(
                &at,
                "invalid value: the default and enum are too long to be checked against pattern; remove pattern, which enum makes superfluous",
            ),
        }
        if word.chars().nth(*longest).is_some() {
            found.error(&at, "is longer than maxLength: it could never be given");
        }
        if word.chars().any(breaks_line) {
            found.error(&at, "has a control character: it could never be given");
        }
    }
}

fn told(fault: &ValueFault) -> String {
    fault.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::validate::testing::{check, check_companion, companion};

    /// A parameter of git-sync's, with what is wrong with it.
    fn told(parameter: Value, expect: &[&str]) {
        let expect: Vec<_> = expect.iter().map(|e| format!("spec.parameters[4].{e}")).collect();
        check(companion("/spec/parameters/4", parameter), &expect.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn a_parameter_has_a_name_and_a_type() {
        told(
            json!({"name": "Repo", "type": "Text", "env": "A"}),
            &["name: must be lower-case letters, digits and hyphens", "type: must be one of String"],
        );
        told(json!({"name": "a".repeat(21), "type": "String", "env": "A"}), &["name: must have at most 20 characters"]);
        told(json!({"name": "repo", "type": "String", "env": "A"}), &["name: is there twice: repo"]);
    }

    #[test]
    fn a_field_belongs_to_its_types() {
        let fields = json!({"name": "a", "type": "Boolean", "env": "A", "pattern": "x", "enum": ["x"], "as": "seconds", "minimum": 1, "maximum": 1, "below": "/x"});
        told(
            fields,
            &[
                "pattern: belongs",
                "enum: belongs",
                "as: belongs",
                "minimum: belongs",
                "maximum: belongs",
                "below: belongs",
            ],
        );
    }

    #[test]
    fn a_pattern_compiles() {
        told(
            json!({"name": "a", "type": "String", "env": "A", "pattern": "("}),
            &["pattern: invalid value: must be a regular expression"],
        );
        told(
            json!({"name": "a", "type": "String", "env": "A", "pattern": "a)|(b"}),
            &["pattern: invalid value: must be a regular expression"],
        );
    }

    #[test]
    fn bounds_are_of_the_type_and_in_order() {
        told(
            json!({"name": "a", "type": "Integer", "env": "A", "minimum": "1"}),
            &["minimum: must be a whole number without quotes"],
        );
        told(json!({"name": "a", "type": "Quantity", "env": "A", "maximum": "much"}), &["maximum: must be a quantity"]);
        told(
            json!({"name": "a", "type": "Integer", "env": "A", "minimum": 2, "maximum": 1}),
            &["maximum: is less than minimum"],
        );
        told(
            json!({"name": "a", "type": "Quantity", "env": "A", "minimum": "1Gi", "maximum": 5}),
            &["maximum: is less than minimum"],
        );
        told(
            json!({"name": "a", "type": "Quantity", "env": "A", "minimum": {}}),
            &["minimum: must be a whole number or a string, not an object"],
        );
    }

    #[test]
    fn a_default_is_a_value_that_the_parameter_takes() {
        let typed = |kind: &str, default: Value| json!({"name": "a", "type": kind, "env": "A", "default": default});
        for (kind, good, odd) in [
            ("Integer", "7", "7.0"),
            ("Boolean", "true", "yes"),
            ("Duration", "10s", "10"),
            ("Quantity", "64Mi", "64MB"),
            ("Port", "80", "0"),
            ("Path", "/a", "a"),
            ("SecretKey", "a/b", "ab"),
            ("String", "x", "a\nb"),
        ] {
            told(typed(kind, good.into()), &[]);
            told(typed(kind, odd.into()), &["default: "]);
        }
        told(typed("Integer", 7.into()), &["default: must be a string, not a number; put it in quotes"]);
        told(
            json!({"name": "a", "type": "String", "env": "A", "required": true, "default": "x"}),
            &["default: would never be used"],
        );
        told(
            json!({"name": "a", "type": "String", "env": "A", "pattern": "[0-9]+", "default": "1x"}),
            &["default: invalid value: must match"],
        );
        told(
            json!({"name": "a", "type": "String", "env": "A", "enum": ["x", "y"], "default": "z"}),
            &["default: unsupported value; supported: x, y"],
        );
        told(
            json!({"name": "a", "type": "Path", "env": "A", "below": "/git", "default": "/x"}),
            &["default: invalid value: must be a path below /git"],
        );
    }

    #[test]
    fn words_can_be_given() {
        told(
            json!({"name": "a", "type": "String", "env": "A", "pattern": "[a-z]", "enum": ["a", "B", "\t"]}),
            &["enum[1]: does not match pattern", "enum[2]: does not match pattern", "enum[2]: has a control character"],
        );
        told(json!({"name": "a", "type": "String", "env": "A", "enum": ["a", "a"]}), &["enum[1]: is there twice"]);
    }

    #[test]
    fn a_default_that_might_be_a_secret_is_not_repeated() {
        let secret = json!({"name": "a", "type": "SecretKey", "env": "A", "default": "hunter2"});
        assert!(
            !format!("{:?}", check_companion(&companion("/spec/parameters/4", secret)).problems).contains("hunter2")
        );
    }
}
