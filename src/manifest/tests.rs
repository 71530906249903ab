use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn only(text: &str) -> Document {
    let mut documents = read(text.as_bytes());
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn value(text: &str) -> Value {
    only(text).value.unwrap_or_default()
}

fn fault(text: &str) -> (usize, usize, String) {
    let fault = read(text.as_bytes()).into_iter().find_map(Result::err).unwrap();
    (fault.at.line, fault.at.column, fault.message)
}

#[test]
fn yaml_has_the_values_that_kubectl_reads() {
    let text =
        "a: yes\nb: 0777\nc: 'on'\nd: !!str 12\ne: 2026-01-01\non: x\n1: y\n1.50: z\nf: !!binary aGk=\ng: ~\nh: 1.10\n";
    let read = value(text);
    assert_eq!(
        read.to_string(),
        r#"{"a":true,"b":511,"c":"on","d":"12","e":"2026-01-01","true":"x","1":true,"1.5":"z","f":"hi","g":null,"h":1.10}"#
    );
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    let text = "base: &b {x: 1, k: 2}\nmore: &m {k: 3, z: 4}\nuse:\n  k: 0\n  <<: [*b, *m]\n  z: 5\nagain: *b\n";
    assert_eq!(value(text)["use"], json!({"k": 2, "z": 5, "x": 1}));
    assert_eq!(value(text)["again"], json!({"x": 1, "k": 2}));
    assert_eq!(value("a: '<<'\n\"<<\": 1\n"), json!({"a": "<<", "<<": 1}));
}

#[test]
fn an_error_has_its_position() {
    assert_eq!(
        fault("a: 1\nb:\n  c: 1\n  c: 2\n"),
        (4, 3, "duplicate key \"c\", first defined in line 3; remove one".into())
    );
    let (line, _, message) = fault("x: 1\n---\n{\"a\": 1,\n \"a\": 2}\n");
    assert_eq!((line, &*message), (4, "duplicate key \"a\", first defined in line 3; remove one"));
    assert_eq!(fault("x: 1\n---\n# c\na: [\n").0, 4);
    let (line, column, message) = fault("{\"a\": 1,\n\"b\": }\n");
    assert_eq!((line, column), (2, 6), "{message}");
    assert!(!message.contains("line"), "{message}");
    assert_eq!(fault("a: .inf\n").1, 4);
    assert_eq!(fault("a: &x [*x]\n").1, 8);
    assert_eq!(fault("? [1]\n: 2\n").1, 3);
    assert_eq!(fault("~: 2\n").1, 1);
    assert_eq!(fault("a: !!int x\n").1, 10);
    assert_eq!(fault("<<: 1\n").2, "invalid value of the merge key `<<`: must be a mapping or a list of mappings");
    let not_utf8 = read(b"a: 1\nb: \xff\n").remove(0).unwrap_err();
    assert_eq!((not_utf8.at.line, not_utf8.at.column), (2, 4));
}

#[test]
fn alias_bombs_are_rejected() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..10 {
        let uses = vec![format!("*a{}", i - 1); 10].join(", ");
        text = format!("{text}a{i}: &a{i} [{uses}]\n");
    }
    assert!(fault(&text).2.contains("aliases add more than"));
    // A long text counts by its length, whether aliases repeat it or anchors around it keep it.
    let long = "x".repeat(20_000);
    let repeated = format!("a: &a {long}\nb: [{}]\n", vec!["*a"; 1_000].join(", "));
    assert!(fault(&repeated).2.contains("aliases add more than"));
    let anchors: Vec<_> = (0..100).map(|i| format!("&a{i} [")).collect();
    let kept = format!("{}{long}{}\n", anchors.concat(), "]".repeat(100));
    assert!(fault(&kept).2.contains("aliases add more than"));
    let usual = format!("a: &a {long}\nb: [*a, *a, *a]\n");
    assert_eq!(value(&usual)["b"][2], json!(long));
    let mut nested = "a0: &a0 [x]\n".to_owned();
    for i in 1..20 {
        let (open, close) = ("[".repeat(100), "]".repeat(100));
        nested = format!("{nested}a{i}: &a{i} {open}*a{}{close}\n", i - 1);
    }
    assert!(fault(&nested).2.contains("nested more than"));
    assert!(read("[".repeat(100_000).as_bytes())[0].is_err());
    assert!(read("- ".repeat(100_000).as_bytes())[0].is_err());
}

#[test]
fn a_pointer_has_a_line_and_a_column() {
    let text = "# one\n---\n# two\nmetadata:\n  name: x\nspec:\n  containers:\n  - name: a\n    image: \"b\"\n    a/b: {c: 1}\n";
    let document = only(text);
    let at = |pointer| {
        let Position { line, column } = document.position(pointer);
        (line, column)
    };
    assert_eq!(at("/metadata/name"), (5, 9));
    assert_eq!(at("/spec/containers"), (7, 3));
    assert_eq!(at("/spec/containers/0"), (8, 5));
    assert_eq!(at("/spec/containers/0/image"), (9, 12));
    assert_eq!(at("/spec/containers/0/a~1b/c"), (10, 14));
    assert_eq!(at("/spec/containers/3/image"), (7, 3));
    assert_eq!(at("/nothing"), (4, 1));
    let json = "{\"a\": 1}\n  {\n\t\"b\": [1,\n  2]}\n";
    let second = read(json.as_bytes()).remove(1).unwrap();
    assert_eq!(second.position("/b/1"), Position { line: 4, column: 3 });
    assert_eq!(second.position("/x"), Position { line: 2, column: 3 });
}

#[test]
fn a_rewritten_document_keeps_its_separator_and_comments_above() {
    let rewrite = |text: &str| only(text).rewritten(&json!({"b": [1]}));
    assert_eq!(rewrite("# c\n---\n# d\n\na: 1 # e\n"), "# c\n---\n# d\n\nb:\n- 1\n");
    assert_eq!(rewrite("--- {a: 1}\n"), "---\nb:\n- 1\n");
    assert_eq!(rewrite("%YAML 1.1\n--- {a: 1}\n"), "%YAML 1.1\n---\nb:\n- 1\n");
    assert_eq!(rewrite("a: 1\r\nc: 2\r\n"), "b:\r\n- 1\r\n");
    assert_eq!(rewrite("---\n{\"a\": 1}\n"), "---\n{\"b\":[1]}\n");
    assert_eq!(rewrite("{\"a\": 1}\n"), "{\"b\":[1]}\n");
    assert_eq!(rewrite("{\n  \"a\": 1\n}\n\n"), "{\n  \"b\": [\n    1\n  ]\n}\n\n");
}

#[test]
fn the_texts_of_documents_are_the_text_of_the_file() {
    let text = "\u{feff}# only a comment\n---\na: 1\n---\n\n---\nnull\n---\n{\"j\": 1} {\"k\": 2}\n\n--- # end\nb: 2";
    let documents: Vec<_> = read(text.as_bytes()).into_iter().map(Result::unwrap).collect();
    assert_eq!(documents.iter().map(Document::text).collect::<String>(), text);
    let values: Vec<_> = documents.iter().map(|d| d.value.clone()).collect();
    let some = |value| Some(value);
    assert_eq!(
        values,
        [some(json!({"a": 1})), None, None, some(json!({"j": 1})), some(json!({"k": 2})), some(json!({"b": 2}))]
    );
    assert!(only("").value.is_none() && only("# c\n").value.is_none());
}

#[test]
fn yaml_is_written_as_kubectl_writes_it() {
    let value = json!({
        "spec": {"containers": [{"name": "a", "args": ["-c", "echo: x\n  y\n", "* /5"], "env": [], "m": {}}], "l": [[1, 2], {}]},
        "unusual": ["yes", "0o7", "a: b", "10.0.0.1", "", " x", "#", "it's", "tab\there", "no\n", "x\n\n", "x\ny", "\nx"],
        "on": null, "redis://x:1/": 1.10,
    });
    let expect = "spec:\n  containers:\n  - name: a\n    args:\n    - -c\n    - |\n      echo: x\n        y\n    - '* /5'\n    env: []\n    \
        m: {}\n  l:\n  - - 1\n    - 2\n  - {}\nunusual:\n- \"yes\"\n- \"0o7\"\n- 'a: b'\n- 10.0.0.1\n- \"\"\n- ' x'\n- '#'\n- it's\n- \"tab\\there\"\n- |\n  no\n\
        - |+\n  x\n\n- |-\n  x\n  y\n- \"\\nx\"\n\"on\": null\nredis://x:1/: 1.1\n";
    assert_eq!(yaml(&value), expect);
}

fn any_value() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "yes",
        "1e3",
        "0o7",
        "08",
        "1_000",
        "~",
        "null",
        "2026-01-01",
        "=",
        "<<",
        "---",
        "- a",
        "a:",
        "a: b",
        "# c",
        "1:30",
        "|",
        "a\n\n",
        " a\n b",
        "\n",
        "a\n \nb",
        "a\n\tb\n",
        "...",
        "x #y",
        "\u{feff}x",
        "a\r\nb",
        "\u{85}",
        "?",
        "-",
        ":",
        "{}",
    ]);
    let numbers =
        prop::sample::select(vec!["0", "-1", "1.10", "1e3", "123456789012345678901234567890", "-0.5E-7", "0.1"]);
    let text = prop_oneof![words.prop_map(str::to_owned), "[ -~\n\t]{0,12}", any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        numbers.prop_map(|n| Value::Number(n.parse().unwrap())),
        text.clone().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let key = prop_oneof![text.clone(), "[a-z]{130}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_written_value_is_read_back(value in any_value()) {
        let text = yaml(&value);
        let read = compose::value(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(read.to_string(), value.to_string(), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_rejected_and_never_lost(text in "([ -~]{0,6}|\n|---|\\.\\.\\.|: |- |&a |\\*a|\\{|\\[|\"|\u{feff}){0,12}") {
        let documents = read(text.as_bytes());
        if documents.iter().all(Result::is_ok) {
            let joined: String = documents.iter().flatten().map(Document::text).collect();
            prop_assert_eq!(joined, text);
        }
        for document in documents.iter().flatten() {
            let _ = document.position("/a/0");
        }
    }
}
