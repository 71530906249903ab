use proptest::prelude::*;
use serde_json::{Value, json};

use crate::json::Token;
use crate::manifest::{Document, read};

fn only(text: &str) -> Document {
    read(text.as_bytes()).remove(0).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The text after a patch; `None` where it cannot be kept.
fn edit(text: &str, patch: &Value) -> Option<String> {
    let document = only(text);
    let mut patched = document.value.clone().unwrap();
    let parsed: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
    json_patch::patch(&mut patched, &parsed).unwrap();
    document.edited(&patched, patch.as_array().unwrap())
}

fn add(path: &str, value: &Value) -> Value {
    json!({"op": "add", "path": path, "value": value})
}

fn remove(path: &str) -> Value {
    json!({"op": "remove", "path": path})
}

#[test]
fn additions_are_inserted_where_an_author_would_write_them() {
    let item = json!({"name": "x"});
    for (text, path, expect) in [
        // A key after the last one, before comments about the next one.
        ("a:\n  b: 1 # c\n\n# next\nd: 2\n", "/a/m", "a:\n  b: 1 # c\n  m:\n    name: x\n\n# next\nd: 2\n"),
        // Items with the indentation of their siblings, before the comment of the first one.
        ("l:\n# why\n- a\n", "/l/0", "l:\n- name: x\n# why\n- a\n"),
        // Comments above the content belong to the document.
        ("# é\n# why\n- a\n", "/0", "# é\n# why\n- name: x\n- a\n"),
        ("---\n# why\n- a\n", "/0", "---\n- name: x\n# why\n- a\n"),
        ("l:\n    -   a\n", "/l/-", "l:\n    -   a\n    -   name: x\n"),
        ("- - a\n", "/0/0", "- - name: x\n  - a\n"),
        ("- - a\n  - b\n", "/0/1", "- - a\n  - name: x\n  - b\n"),
        // Block scalars keep their values.
        ("a:\n  t: |+\n    x\n\nb: 1\n", "/a/m", "a:\n  t: |+\n    x\n\n  m:\n    name: x\nb: 1\n"),
        ("a:\n  t: >-\n    x\n\n\nb: 1\n", "/a/m", "a:\n  t: >-\n    x\n  m:\n    name: x\n\n\nb: 1\n"),
        // Flow collections stay flow.
        ("a: {b: 1}  # c\n", "/a/m", "a: {b: 1, m: {name: x}}  # c\n"),
        ("a: [ 1, ]\n", "/a/-", "a: [ 1, {name: x}, ]\n"),
        ("a: [1]\n", "/a/0", "a: [{name: x}, 1]\n"),
        ("a: {\n  b: 1,\n}\n", "/a/m", "a: {\n  b: 1,\n  m: {name: x},\n}\n"),
        ("a: {\n  b: 1  # c\n}\n", "/a/m", "a: {\n  b: 1,  # c\n  m: {name: x}\n}\n"),
        ("{\"a\":[1]}\n", "/a/-", "{\"a\":[1,{\"name\":\"x\"}]}\n"),
        ("{\n\t\"a\": 1\n}", "/m", "{\n\t\"a\": 1,\n\t\"m\": {\n\t\t\"name\": \"x\"\n\t}\n}"),
        (
            "{\n  a: [{\n    b: \"c\",\n  }],\n}\n",
            "/a/-",
            "{\n  a: [{\n    b: \"c\",\n  }, {\n    name: \"x\",\n  }],\n}\n",
        ),
        // Null and empty values are opened in place.
        ("a:\nb: 1\n", "/a", "a:\n  name: x\nb: 1\n"),
        ("a: ~   # c\nb: 1\n", "/a", "a:   # c\n  name: x\nb: 1\n"),
        ("a: {b: []}\n", "/a/b/-", "a: {b: [{name: x}]}\n"),
        ("a: {b}\n", "/a/b", "a: {b: {name: x}}\n"),
        // The end of the file and of the document are kept.
        ("a: 1", "/m", "a: 1\nm:\n  name: x"),
        ("a: 1\r\n# end\r\n", "/m", "a: 1\r\nm:\r\n  name: x\r\n# end\r\n"),
    ] {
        let patch = json!([add(path, &item)]);
        assert_eq!(edit(text, &patch).as_deref(), Some(expect), "{text}");
    }
}

#[test]
fn an_addition_does_not_change_aliases_of_its_node() {
    for (text, path, expect) in [
        ("a: &l\n- 1\nb: *l\nc: *l\n", "/a/-", "a: &l\n- 1\n- 2\nb:\n- 1\nc:\n- 1\n"),
        ("a: &l\n- 1\nb: *l # c\n", "/b/-", "a: &l\n- 1\nb: # c\n- 1\n- 2\n"),
        ("a: &l [1]\nb: [*l, *l]\n", "/b/0/-", "a: &l [1]\nb: [[1, 2], *l]\n"),
        ("a: &o\n  l: [1]\nb: {<<: *o, c: 1}\n", "/b/l/-", "a: &o\n  l: [1]\nb: {<<: *o, c: 1, l: [1, 2]}\n"),
        ("a: &o\n  l: [1]\nb:\n  <<: *o\n", "/a/l/-", "a: &o\n  l: [1, 2]\nb:\n  <<:\n    l:\n    - 1\n"),
        ("- &o\n  l: &i [1]\n- *o\n- *i\n", "/0/l/-", "- &o\n  l: &i [1, 2]\n- l:\n  - 1\n- - 1\n"),
    ] {
        assert_eq!(edit(text, &json!([add(path, &json!(2))])).as_deref(), Some(expect), "{text}");
    }
}

#[test]
fn a_removal_deletes_only_the_lines_of_its_value() {
    for (text, paths, expect) in [
        ("a: 1\n# of b\nb:\n- 1\n\n# of c\nc: 2\n", &["/b"][..], "a: 1\n# of b\n\n# of c\nc: 2\n"),
        ("l:\n- a: 1\n  b: 2\n- c\n", &["/l/0/a"], "l:\n- b: 2\n- c\n"),
        ("l:\n- a\n- b # c\n- |\n  d\n- e\n", &["/l/1", "/l/1"], "l:\n- a\n- e\n"),
        ("a:\n  b: 1\nc: 2\n", &["/a/b"], "a: {}\nc: 2\n"),
        ("a: {b: 1, c: 2, d: 3}\n", &["/a/c"], "a: {b: 1, d: 3}\n"),
        ("a: {b: 1, c: 2, d: 3}\n", &["/a/b", "/a/d"], "a: {c: 2}\n"),
        ("{\n  \"a\": 1,\n  \"b\": 2\n}\n", &["/b"], "{\n  \"a\": 1\n}\n"),
        ("{\n  \"a\": 1,\n  \"b\": 2\n}\n", &["/a"], "{\n  \"b\": 2\n}\n"),
        ("a: 1\nb: 2", &["/b"], "a: 1"),
        ("a: 1\r\nb: 2\r\nc: 3", &["/b", "/c"], "a: 1"),
    ] {
        let patch = Value::Array(paths.iter().map(|path| remove(path)).collect());
        assert_eq!(edit(text, &patch).as_deref(), Some(expect), "{text}");
    }
}

#[test]
fn a_value_can_be_replaced_in_place() {
    let patch = json!([{"op": "replace", "path": "/a/b", "value": "x: y"}]);
    assert_eq!(edit("a:\n  b: 1 # c\n  d: 2\n", &patch).unwrap(), "a:\n  b: 'x: y' # c\n  d: 2\n");
    assert_eq!(edit("{\"a\":{\"b\":1}}", &patch).unwrap(), "{\"a\":{\"b\":\"x: y\"}}");
    let both = json!([remove("/a/b"), add("/a/m", &json!(1))]);
    assert_eq!(edit("{\"a\":{\"b\":1,\"c\":2}}", &both).unwrap(), "{\"a\":{\"c\":2,\"m\":1}}");
    assert_eq!(edit("a:\n  b: 1\n", &both).unwrap(), "a:\n  m: 1\n");
}

#[test]
fn an_edit_that_the_text_does_not_allow_is_none() {
    let patch = json!([add("/b/m", &json!(1))]);
    assert_eq!(edit("k: &k b\n*k : {c: 1}\n", &patch), None);
    assert_eq!(edit("a: 1\n", &json!([add("", &json!({}))])), None);
}

/// The pointers of all collections in a value.
fn collections(value: &Value, at: &str, found: &mut Vec<(String, bool, usize)>) {
    match value {
        Value::Object(members) => {
            found.push((at.to_owned(), true, members.len()));
            for (key, value) in members {
                collections(value, &format!("{at}/{}", Token(key)), found);
            }
        }
        Value::Array(items) => {
            found.push((at.to_owned(), false, items.len()));
            for (index, value) in items.iter().enumerate() {
                collections(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

    #[test]
    fn an_edited_text_has_the_patched_value_or_there_is_none(
        text in "(a: |b: |- |\n|\n  |\n    |c|\\[|\\]|\\{|\\}|, |1|# x|'y'|\"z\"|&q |\\*q|<<: |\\||>-|!t |\\? |: |é🦀|~|\r\n|\t){0,16}"
    ) {
        for document in read(text.as_bytes()).into_iter().flatten() {
            let Some(value) = &document.value else { continue };
            let mut found = Vec::new();
            collections(value, "", &mut found);
            for (at, is_object, count) in found {
                let mut patches = vec![json!([add(&format!("{at}/{}", if is_object { "new" } else { "-" }), &json!({"é": [1]}))])];
                if !is_object {
                    patches.push(json!([add(&format!("{at}/0"), &json!("x\ny\n"))]));
                    patches.extend((0..count).map(|index| json!([remove(&format!("{at}/{index}"))])));
                }
                for patch in patches {
                    // It compares what it wrote with the patched value on its own.
                    let edited = edit(document.text(), &patch);
                    prop_assert!(edited.as_ref().is_none_or(|edited| *edited != document.text()), "{text}");
                    let above = &document.text()[..document.content()];
                    prop_assert!(edited.is_none_or(|edited| edited.starts_with(above)), "{text}");
                }
            }
        }
    }
}
