//! Values of expressions.

use serde_json::{Value, json};

use crate::migrate::cel::{Lists, is_computed, value};

fn literal(expression: &str) -> Value {
    value(expression, Lists::Absent)
}

#[test]
fn literals_have_their_values() {
    for (expression, expected) in [
        ("Object{spec: Object.spec{a: [1, -2, 2.5, true, null]}}", json!({"spec": {"a": [1, -2, 2.5, true, null]}})),
        (r#" { "a b": 'it"s', "c": "d\n" , } "#, json!({"a b": "it\"s", "c": "d\n"})),
        ("'''a\nb'''", json!("a\nb")),
        ("[1] + ([2] + [3])", json!([1, 2, 3])),
        ("'/a/' + jsonpatch.escapeKey('b/c')", json!("/a/b~1c")),
        ("!has(object.spec.volumes) ? 'absent' : 'present'", json!("absent")),
        ("has(object.spec) && has(object.spec.volumes) ? [1] : [2]", json!([2])),
    ] {
        assert_eq!(literal(expression), expected, "{expression}");
    }
    assert_eq!(value("has(object.spec.volumes) ? [1] : [2]", Lists::Present), json!([1]));
}

#[test]
fn everything_else_is_computed() {
    for expression in [
        "",
        "object.spec",
        "'a' + object.metadata.name",
        "object.metadata.name + 'a'",
        "size(object.spec.volumes) > 0 ? [1] : [2]",
        "has(object.spec.volumes) ? [1]",
        "[1",
        "'a",
        "Object{a 1}",
        "a ? b : c",
        r"'\u0041'",
        "'a' 'b'",
    ] {
        let value = literal(expression);
        assert!(value.as_str().is_some_and(is_computed), "{expression}: {value}");
    }
    let inside = literal("{'a': object.x[?'b'].orValue({}), 'b': [f(1, 2), 3]}");
    assert!(is_computed(inside["a"].as_str().unwrap()) && is_computed(inside["b"][0].as_str().unwrap()));
    assert_eq!(inside["b"][1], 3);
}

#[test]
fn a_deep_expression_is_computed_without_deep_recursion() {
    let value = literal(&("[".repeat(100_000) + &"]".repeat(100_000)));
    assert!(value.is_array());
}
