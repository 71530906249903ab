use serde_json::{Value, json};

use super::{SchemaOf, conform};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema;

fn check(schema: &Value, value: &Value, expect: &[&str]) {
    let mut found = Report::default();
    conform(value, schema, SchemaOf::Podgraft, &FieldPath::root(), &mut found);
    let told: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told, expect, "{value}");
}

#[test]
fn a_wrong_type_is_told_with_the_way_to_mend_it() {
    check(&json!({"type": "string"}), &json!(1), &["must be a string, not a number; put it in quotes"]);
    check(&json!({"type": "integer"}), &json!("1"), &["must be a whole number, not a string; write it without quotes"]);
    check(&json!({"type": "integer"}), &json!(1.5), &["must be a whole number"]);
    check(&json!({"type": "boolean"}), &json!([]), &["must be true or false, not a list"]);
    check(
        &json!({"x-kubernetes-int-or-string": true}),
        &json!({}),
        &["must be a whole number or a string, not an object"],
    );
}

#[test]
fn bounds_hold_for_numbers_texts_and_lists() {
    check(&json!({"type": "integer", "minimum": 1, "maximum": 9}), &json!(0), &["must be from 1 to 9"]);
    check(
        &json!({"type": "integer", "format": "int32"}),
        &json!(3_000_000_000_i64),
        &["must be from -2147483648 to 2147483647"],
    );
    check(&json!({"type": "string", "maxLength": 2}), &json!("äöü"), &["must have at most 2 characters, and has 3"]);
    check(&json!({"type": "string", "minLength": 1}), &json!(""), &["must not be empty"]);
    check(&json!({"type": "array", "items": {}, "minItems": 1}), &json!([]), &["must have at least 1 item"]);
    check(
        &json!({"type": "array", "items": {}, "maxItems": 1}),
        &json!([1, 2]),
        &["must have at most 1 items, and has 2"],
    );
    check(
        &json!({"type": "string", "enum": ["Native"]}),
        &json!("native"),
        &["must be one of Native; did you mean Native?"],
    );
}

#[test]
fn an_unknown_field_is_told_with_the_nearest_known_one() {
    let schema = json!({"type": "object", "properties": {"image": {"type": "string"}}});
    check(&schema, &json!({"imagee": "x"}), &["imagee: unknown field; did you mean image?"]);
    check(&schema, &json!({"unheard": "x"}), &["unheard: unknown field; remove it"]);
}

#[test]
fn what_stands_twice_is_told_where_it_stands_the_second_time() {
    let schema = json!({"type": "array", "items": {"type": "object", "properties": {"p": {"default": "TCP"}}},
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n", "p"]});
    let schema = {
        let mut schema = schema;
        schema["items"]["properties"]["n"] = json!({"type": "integer"});
        schema
    };
    check(&schema, &json!([{"n": 1}, {"n": 1, "p": "TCP"}, {"n": 1, "p": "UDP"}]), &["[1].n: is there twice: 1"]);
}

#[test]
fn null_counts_as_absent() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    check(&schema, &json!({"a": null}), &["a: is missing"]);
}

#[test]
fn every_pattern_of_the_schema_compiles_and_has_words() {
    fn each(schema: &Value, count: &mut usize) {
        if let Some(pattern) = schema["pattern"].as_str() {
            assert!(schema::PATTERNS.contains_key(pattern), "{pattern}");
            assert!(!crate::api::v1alpha1::in_words(pattern).starts_with("text that"), "{pattern}");
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
