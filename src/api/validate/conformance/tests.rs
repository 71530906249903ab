use serde_json::{Value, json};

use std::collections::BTreeSet;

use super::{SchemaOf, conform};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema;

fn check(schema: &Value, value: &Value, expect: &[&str]) {
    let mut report = Report::default();
    conform(value, schema, SchemaOf::Podgraft, &FieldPath::root(), &mut report);
    let problems: Vec<_> = report.finish().0.iter().map(ToString::to_string).collect();
    assert_eq!(problems, expect, "{value}");
}

#[test]
fn a_wrong_type_is_reported_with_a_remedy() {
    check(
        &json!({"type": "string"}),
        &json!(1),
        &["invalid value: must be a string, not a number; put the value in quotes"],
    );
    check(
        &json!({"type": "integer"}),
        &json!("1"),
        &["invalid value: must be an integer, not a string; remove the quotes"],
    );
    check(&json!({"type": "integer"}), &json!(1.5), &["invalid value: must be an integer"]);
    check(&json!({"type": "boolean"}), &json!([]), &["invalid value: must be a boolean, not a list"]);
    check(
        &json!({"x-kubernetes-int-or-string": true}),
        &json!({}),
        &["invalid value: must be an integer or a string, not an object"],
    );
}

#[test]
fn a_fraction_is_a_quantity_of_kubernetes_but_not_an_integer_or_a_string() {
    let conformed = |field: &str, owner: SchemaOf, value: Value| {
        let (mut report, at) = (Report::default(), FieldPath::spec(field));
        let kept = conform(&value, &json!({"x-kubernetes-int-or-string": true}), owner, &at, &mut report);
        (kept, report.finish().0.first().map(ToString::to_string))
    };
    for number in [json!(0.5), json!(1e3), json!(1e30)] {
        assert_eq!(conformed("cpu", SchemaOf::Kubernetes, number.clone()), (number.clone(), None));
        let fault = "spec.port: invalid value: must be an integer or a string, not a fraction";
        assert_eq!(conformed("port", SchemaOf::Kubernetes, number).1.as_deref(), Some(fault));
    }
    assert_eq!(conformed("maximum", SchemaOf::Podgraft, json!(1e3)), (json!(1000), None));
    let fault = "spec.maximum: invalid value: must be a 64-bit integer or a string, not another number; put the value in quotes";
    for number in [json!(0.5), json!(1e30), json!(u64::MAX)] {
        assert_eq!(conformed("maximum", SchemaOf::Podgraft, number).1.as_deref(), Some(fault));
    }
}

#[test]
fn every_integer_or_string_of_kubernetes_is_a_port_or_a_known_quantity() {
    fn each(schema: &Value, name: &str, found: &mut BTreeSet<String>) {
        if schema["x-kubernetes-int-or-string"] == true {
            found.insert(name.to_owned());
        }
        for (member, property) in schema["properties"].as_object().into_iter().flatten() {
            each(property, member, found);
        }
        for nested in ["items", "additionalProperties"] {
            if schema[nested].is_object() {
                each(&schema[nested], name, found);
            }
        }
    }
    let mut found = BTreeSet::new();
    for schema in [&schema::CONTAINER, &schema::VOLUME] {
        each(schema, "", &mut found);
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["divisor", "limits", "port", "requests", "sizeLimit"]);
}

#[test]
fn numbers_strings_and_lists_are_bounded() {
    check(
        &json!({"type": "integer", "minimum": 1, "maximum": 9}),
        &json!(0),
        &["invalid value: must be between 1 and 9, inclusive"],
    );
    check(
        &json!({"type": "integer", "format": "int32"}),
        &json!(3_000_000_000_i64),
        &["invalid value: must be between -2147483648 and 2147483647, inclusive"],
    );
    check(
        &json!({"type": "string", "maxLength": 2}),
        &json!("äöü"),
        &["invalid value: must have at most 2 characters, but has 3"],
    );
    check(&json!({"type": "string", "minLength": 1}), &json!(""), &["invalid value: must not be empty"]);
    check(
        &json!({"type": "array", "items": {}, "minItems": 1}),
        &json!([]),
        &["invalid value: must have at least 1 item"],
    );
    check(
        &json!({"type": "array", "items": {}, "maxItems": 1}),
        &json!([1, 2]),
        &["invalid value: must have at most 1 items, but has 2"],
    );
    check(
        &json!({"type": "string", "enum": ["Native"]}),
        &json!("native"),
        &["unsupported value: \"native\"; supported: Native; did you mean \"Native\"?"],
    );
}

#[test]
fn an_unknown_field_is_reported_with_the_nearest_known_one() {
    let schema = json!({"type": "object", "properties": {"image": {"type": "string"}}});
    check(&schema, &json!({"imagee": "x"}), &["imagee: unknown field; did you mean \"image\"?"]);
    check(&schema, &json!({"unheard": "x"}), &["unheard: unknown field; remove this field"]);
}

#[test]
fn a_duplicate_is_reported_at_its_second_occurrence() {
    let schema = json!({"type": "array", "items": {"type": "object", "properties": {"p": {"default": "TCP"}}},
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n", "p"]});
    let schema = {
        let mut schema = schema;
        schema["items"]["properties"]["n"] = json!({"type": "integer"});
        schema
    };
    check(
        &schema,
        &json!([{"n": 1}, {"n": 1, "p": "TCP"}, {"n": 1, "p": "UDP"}]),
        &["[1].n: duplicate value 1; change or remove one of the two"],
    );
}

#[test]
fn null_counts_as_absent() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    check(&schema, &json!({"a": null}), &["a: required value; set this field"]);
}

#[test]
fn a_missing_field_is_reported_with_the_words_that_it_can_have() {
    let property = json!({"type": "string", "enum": ["Sidecar", "Adapter"]});
    let schema = json!({"type": "object", "properties": {"a": property}, "required": ["a"]});
    check(&schema, &json!({}), &["a: required value; supported: Sidecar, Adapter; set this field"]);
}

#[test]
fn every_pattern_of_the_schema_compiles_and_is_described() {
    fn each(schema: &Value, count: &mut usize) {
        if let Some(pattern) = schema["pattern"].as_str() {
            assert!(schema::is_match(pattern, "").is_some(), "{pattern}");
            assert!(!crate::api::v1alpha1::describe_pattern(pattern).starts_with("text that"), "{pattern}");
            *count += 1;
        }
        match schema {
            Value::Object(members) => members.values().for_each(|v| each(v, count)),
            Value::Array(items) => items.iter().for_each(|v| each(v, count)),
            _ => {}
        }
    }
    let mut count = 0;
    each(&schema::SPEC, &mut count);
    assert!(count > 20);
}
