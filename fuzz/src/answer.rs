//! What must hold of each answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use podgraft::internals::admission::Answer;
use serde_json::Value;

/// The most bytes of a patch.
const LONGEST_PATCH: usize = 4 << 20;

/// A well-formed answer, taken apart.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) allowed: bool,
    pub(super) patch: Option<Vec<Value>>,
    pub(super) warnings: usize,
}

/// Checks that an answer is well-formed: an AdmissionReview with the request's uid, or a short sentence.
pub(super) fn read(answer: &Answer, uid: Option<&str>) -> Reply {
    if answer.status != 200 {
        assert!([400, 503].contains(&answer.status), "status {}", answer.status);
        let text = std::str::from_utf8(&answer.body).unwrap();
        assert!(text.starts_with("podgraft: ") && text.ends_with('\n') && text.chars().count() < 1_024, "{text}");
        return Reply { status: answer.status, allowed: false, patch: None, warnings: 0 };
    }
    let body: Value = serde_json::from_slice(&answer.body).expect("the answer is JSON");
    assert_eq!((&body["apiVersion"], &body["kind"]), (&"admission.k8s.io/v1".into(), &"AdmissionReview".into()));
    let response = &body["response"];
    match uid {
        Some(uid) => assert_eq!(response["uid"], *uid, "the answer has the uid of the request"),
        None => assert!(response["uid"].as_str().is_some_and(|uid| !uid.is_empty())),
    }
    let allowed = response["allowed"].as_bool().expect("allowed or not");
    let warnings = response["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(warnings.len() <= 5);
    for warning in warnings {
        assert!(warning.as_str().unwrap().chars().count() <= 640, "{warning}");
    }
    let patch = response.get("patch").map(|text| patch(text.as_str().unwrap()));
    assert_eq!(patch.is_some(), response.get("patchType") == Some(&"JSONPatch".into()));
    assert!(allowed || patch.is_none(), "nothing is changed in a Pod that is denied");
    let message = response["status"]["message"].as_str();
    assert_eq!(message.is_none(), allowed, "a denial has a reason");
    assert!(message.is_none_or(|text| text.starts_with("podgraft: ") && text.chars().count() <= 512));
    Reply { status: 200, allowed, patch, warnings: warnings.len() }
}

fn patch(text: &str) -> Vec<Value> {
    let bytes = STANDARD.decode(text).expect("the patch is base64");
    assert!(bytes.len() <= LONGEST_PATCH, "a patch of {} bytes", bytes.len());
    serde_json::from_slice(&bytes).expect("the patch is a list of operations")
}

/// Checks that a patch only adds, except to podgraft's own keys, and applies it.
pub(super) fn apply(operations: &[Value], pod: &Value) -> Value {
    assert!(!operations.is_empty(), "a patch changes something");
    let mut patched = pod.clone();
    for operation in operations {
        let path = operation["path"].as_str().unwrap();
        if operation["op"] == "add" {
            let at_item = path.rsplit('/').next().is_some_and(|last| last == "-" || last.parse::<usize>().is_ok());
            let present = patched.pointer(path).is_some_and(|value| !value.is_null()) && !at_item;
            assert!(!present || is_our_own(path), "{path} is replaced");
        } else {
            assert!(operation["op"] == "remove" || operation["op"] == "replace", "{operation}");
            assert!(is_our_own(path), "{operation}");
        }
        let single = serde_json::from_value(Value::Array(vec![operation.clone()])).expect("an operation of RFC 6902");
        let single: json_patch::Patch = single;
        json_patch::patch(&mut patched, &single).unwrap_or_else(|error| panic!("{operation}: {error}"));
    }
    patched
}

/// Whether a path is one of the annotations or labels that podgraft may overwrite.
fn is_our_own(path: &str) -> bool {
    let Some(key) = path.strip_prefix("/metadata/") else { return false };
    ["annotations/podgraft.dev~1status", "annotations/podgraft.dev~1skipped"].contains(&key)
        || key.starts_with("labels/companions.podgraft.dev~1")
}
