//! Values of parameters that were tried and held: each is one whole JSON value of its type, or the Pod is denied.

use podgraft::internals::api;
use podgraft::internals::inject::snapshot::Snapshot;
use serde_json::{Value, json};

use crate::support::{ask, snapshot_of};

const TYPED: &str = r#"
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: typed}
spec:
  pattern: Sidecar
  containers: [{name: typed, image: "registry.example/typed:1"}]
  parameters:
  - {name: text, type: String, env: TEXT}
  - {name: choice, type: String, pattern: "a|ab", env: CHOICE}
  - {name: number, type: Integer, env: NUMBER}
  - {name: flag, type: Boolean, env: FLAG}
  - {name: wait, type: Duration, env: WAIT}
  - {name: size, type: Quantity, minimum: 1Mi, maximum: 2Gi, env: SIZE}
  - {name: port, type: Port, env: PORT}
  - {name: path, type: Path, below: /data, env: AT}
  - {name: key, type: SecretKey, env: KEY}
"#;

fn snapshot() -> Snapshot {
    snapshot_of(TYPED)
}

/// What comes of a value: the variable of the companion, or why the Pod is denied.
fn given(snapshot: &Snapshot, parameter: &str, value: &str) -> Result<Value, String> {
    let annotations = json!({"podgraft.dev/companions": "typed", format!("podgraft.dev/typed.{parameter}"): value});
    let pod = json!({"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": "app"}]}});
    let reply = ask(&pod, "team", snapshot);
    if !reply.allowed {
        assert!(reply.patch.is_none());
        return Err(reply.message);
    }
    let injected = reply.apply(&pod);
    let env = injected["spec"]["initContainers"][0]["env"].as_array().cloned().unwrap_or_default();
    assert_eq!(env.len(), 1, "one variable: {injected}");
    Ok(env[0].get("value").or(env[0].get("valueFrom")).cloned().unwrap_or_default())
}

#[track_caller]
fn denied(parameter: &str, values: &[&str]) {
    let snapshot = snapshot();
    for value in values {
        let message = given(&snapshot, parameter, value).expect_err(&format!("{value:?} is no {parameter}"));
        assert!(message.contains(&format!("podgraft.dev/typed.{parameter}")), "{message}");
    }
}

#[track_caller]
fn accepted(parameter: &str, values: &[&str]) {
    let snapshot = snapshot();
    for value in values {
        assert_eq!(given(&snapshot, parameter, value), Ok(json!(value)), "{value:?} as {parameter}");
    }
}

#[test]
fn every_dollar_of_a_value_is_doubled() {
    let snapshot = snapshot();
    for (value, variable) in [
        ("$(X)", "$$(X)"),
        ("$$(X)", "$$$$(X)"),
        ("$$$(X)", "$$$$$$(X)"),
        ("x$", "x$$"),
        ("$", "$$"),
        ("${X}", "$${X}"),
    ] {
        assert_eq!(given(&snapshot, "text", value), Ok(json!(variable)));
    }
}

#[test]
fn quotes_braces_and_backslashes_stay_one_json_string() {
    accepted("text", &[r#"""#, r#""}],"x":[{""#, r"\", r"\u0022", r#"\""#, "{}", "[]", "</script>", "\u{7ffff}"]);
}

#[test]
fn a_text_is_one_line_of_at_most_1024_characters() {
    denied(
        "text",
        &["a\nb", "a\rb", "a\0b", "a\tb", "a\u{85}b", "a\u{9b}b", "a\u{7f}b", &"x".repeat(1_025), &"🦀".repeat(1_025)],
    );
    accepted("text", &[&"x".repeat(1_024), &"🦀".repeat(1_024)]);
}

#[test]
fn a_pattern_must_match_the_whole_value() {
    accepted("choice", &["a", "ab"]);
    denied("choice", &["xa", "ax", "abx", "xab", "b", "a|ab", " a", "aab"]);
}

#[test]
fn a_pattern_cannot_leave_its_group() {
    for pattern in
        ["a)|(b", "a)(", "(?x)a # )", "(?=a)", "(?!a)", r"\pL", r"\p{Greek}", "(?<=a)b", r"(a)\1", "a**(", "["]
    {
        let mut companion = crate::support::documents(TYPED).remove(0);
        companion["spec"]["parameters"][1]["pattern"] = pattern.into();
        let checked = api::check_companion(&companion);
        let refused = checked.problems.iter().any(|problem| problem.field() == "spec.parameters[1].pattern");
        // A comment that is closed again is harmless: then nothing outside the group matches either.
        assert!(refused || given(&crate::support::snapshot(&[companion]), "choice", "xb").is_err(), "{pattern}");
        assert!(refused || pattern == "(?x)a # )", "{pattern}");
    }
}

#[test]
fn a_number_has_one_spelling() {
    let odd = [
        "+1",
        "01",
        "0x10",
        "1.0",
        "1e3",
        " 1",
        "1 ",
        "",
        "-",
        "--1",
        "１",
        "٣",
        "1_000",
        "9223372036854775808",
        "NaN",
    ];
    denied("number", &odd);
    accepted("number", &["0", "1", "-1", "9223372036854775807", "-9223372036854775808"]);
    denied("port", &odd);
    denied("port", &["0", "65536", "-1", "65616"]);
    accepted("port", &["1", "80", "65535"]);
    denied("flag", &["True", "TRUE", "yes", "1", "on", "", " true", "true "]);
    accepted("flag", &["true", "false"]);
}

#[test]
fn a_duration_is_one_number_and_one_unit() {
    denied(
        "wait",
        &[
            "1h30m",
            "1.5s",
            "-1s",
            "+1s",
            "1",
            "s",
            "1d",
            "1 s",
            "",
            "0x1s",
            "18446744073709551616s",
            "99999999999999999999ms",
        ],
    );
    accepted("wait", &["0s", "10s", "500ms", "2m", "3h"]);
}

#[test]
fn a_quantity_is_one_of_kubernetes_within_its_bounds() {
    denied(
        "size",
        &[
            "-1Mi", "+64Mi", "0x40Mi", "64mi", "64MI", "64 Mi", " 64Mi", "64Mi ", "", "Mi", "3Gi", "1", "1e", "64MiB",
            "1E9Gi",
        ],
    );
    accepted("size", &["64Mi", "1G", "1Gi", ".1Gi", "100.Mi", "1E9", "1e9", "0.5Gi"]);
}

#[test]
fn a_path_stays_below_its_parent() {
    denied(
        "path",
        &[
            "/data/../etc",
            "/data/x/..",
            "/data/.",
            "/data/./x",
            "/data//x",
            "//data/x",
            "/data/x/",
            "/data/a:b",
            "/database",
            "/datax/y",
            "/",
            "",
            "data/x",
            "../data",
            "/etc",
            "/data/a\nb",
        ],
    );
    accepted("path", &["/data/x", "/data/x/y", "/data/．．", "/data/%2e%2e", r"/data/\..\", "/data/...", "/data/..x"]);
}

#[test]
fn a_secret_key_is_one_secret_and_one_key() {
    denied(
        "key",
        &["a/..", "a/.", "a/b/c", "A/b", "a∕b", "a", "/b", "a/", "", "a/b c", "-a/b", "a./b", "a/b\n", "../b/c"],
    );
    let snapshot = snapshot();
    assert_eq!(given(&snapshot, "key", "a/b"), Ok(json!({"secretKeyRef": {"name": "a", "key": "b"}})));
}

#[test]
fn a_denial_never_repeats_a_value() {
    let snapshot = snapshot();
    for parameter in ["choice", "number", "flag", "wait", "size", "port", "path", "key"] {
        let message = given(&snapshot, parameter, "hunter2-\u{202e}").unwrap_err();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
