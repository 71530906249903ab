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
    check_parameter(parameter("a", "(?:a{1000}){100}"), &["pattern: invalid value: must compile to at most 256 KiB"]);
    let three = ["a", "b", "c"].map(|name| parameter(name, "a{3500}"));
    check(
        companion("/spec/parameters", json!(three)),
        &["spec.parameters[2].pattern: invalid value: the patterns of a companion together must compile to at most"],
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
    assert!(!format!("{:?}", check_companion(&companion("/spec/parameters/4", secret)).problems).contains("hunter2"));
}
