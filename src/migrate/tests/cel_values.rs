//! Values of expressions.

use serde_json::{Value, json};

use crate::migrate::cel::{asked, is_computed, value};

fn literal(expression: &str) -> Value {
    value(expression, &[])
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
    assert_eq!(value("has(object.spec.volumes) ? [1] : [2]", &[&"spec.volumes".to_owned()]), json!([1]));
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
    for deep in ["a?".repeat(100_000), "(a?".repeat(100_000)] {
        assert!(literal(&deep).as_str().is_some_and(is_computed), "{}", &deep[..8]);
    }
    assert!(literal(&("[".repeat(100_000) + &"]".repeat(100_000))).is_array());
}

#[test]
fn each_field_that_choices_depend_on_is_asked_for() {
    let nested = "has(object.a) && !has( object.b ) ? [1] : (has(object.c) ? [2] : [has(object.a) ? 3 : 4])";
    assert_eq!(asked(nested), ["a", "b", "c"]);
    let [a, b, c] = ["a", "b", "c"].map(str::to_owned);
    assert_eq!(value(nested, &[&a]), json!([1]));
    assert_eq!(value(nested, &[&a, &b]), json!([3]));
    assert_eq!(value(nested, &[&b, &c]), json!([2]));
}
