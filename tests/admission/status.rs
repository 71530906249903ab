//! The status annotation, which users can forge.

use serde_json::{Value, json};

use crate::scene::{injected, is_denied, names, pod, sidecars};
use crate::support::ask;

#[test]
fn a_forged_status_neither_prevents_injection_nor_is_kept() {
    for forged in [
        r#"{"sync":{"kind":"ClusterCompanion","hash":"0","initContainers":["sync"]}}"#,
        r#"{"sync":{}}"#,
        r#"{"sync":{"containers":[]}}"#,
        r#"{"sync":null}"#,
        "injected",
        "",
        "{",
        "[]",
    ] {
        let after = injected(&pod(json!({"podgraft.dev/companions": "sync", "podgraft.dev/status": forged})));
        assert_eq!(names(&after, "initContainers"), ["sync"], "{forged}");
        let status: Value =
            serde_json::from_str(after["metadata"]["annotations"]["podgraft.dev/status"].as_str().unwrap()).unwrap();
        assert_eq!(status["sync"]["initContainers"], json!(["sync"]), "{forged}");
        assert_eq!(status["sync"]["hash"].as_str().unwrap().len(), 16, "{forged}");
    }
}

#[test]
fn an_invalid_status_is_replaced() {
    let snapshot = sidecars(&[("sync", "")]);
    for forged in [r#"{"x":{"containers":["app"],"y":[1,]}}"#, r#"{"x":{"containers":["app"],"y":{a:nul}}}"#] {
        let pod = pod(json!({"podgraft.dev/companions": "sync", "podgraft.dev/status": forged}));
        let after = ask(&pod, "team", &snapshot).apply(&pod);
        let status = after["metadata"]["annotations"]["podgraft.dev/status"].as_str().unwrap();
        let status: Value = serde_json::from_str(status).unwrap();
        assert!(status["sync"].is_object() && status.get("x").is_none(), "{status}");
    }
}

#[test]
fn a_forged_status_does_not_make_a_companion_known() {
    let forged = json!({"podgraft.dev/status": "{\"foo\":{}}", "podgraft.dev/foo.bar": "x"});
    is_denied(&ask(&pod(forged), "team", &sidecars(&[])), &["foo"]);
}

#[test]
fn a_required_companion_in_the_pod_is_not_an_app() {
    let snapshot = sidecars(&[
        ("guard", "  activation: ClusterWide\n  required: true\n  lifecycle: Container"),
        ("sync", "  app: {env: [{name: A, value: x}]}"),
    ]);
    let mut pod = pod(json!({"podgraft.dev/companions": "sync"}));
    let guard = json!({"name": "guard", "image": "registry.example/guard:v1"});
    pod["spec"]["containers"].as_array_mut().unwrap().push(guard.clone());
    let patched = ask(&pod, "team", &snapshot).apply(&pod);
    assert_eq!(patched["spec"]["containers"][0]["env"], json!([{"name": "A", "value": "x"}]));
    assert_eq!(patched["spec"]["containers"][1], guard, "its policy would refuse anything else");
}
