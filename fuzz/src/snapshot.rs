//! The companions that all targets know, and reviews in them.

use std::path::Path;
use std::sync::OnceLock;

use podgraft::internals::inject::snapshot::{Settings, Snapshot};
use podgraft::internals::manifest;
use podgraft::internals::source::files::manifests::Manifests;
use serde_json::{Value, json};

/// The namespace of all Pods.
pub(super) const NAMESPACE: &str = "team";

/// The uid of all reviews that are built here.
pub(super) const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

/// The companions of `snapshot.yaml`.
pub(super) fn snapshot() -> &'static Snapshot {
    static WORLD: OnceLock<Snapshot> = OnceLock::new();
    WORLD.get_or_init(|| of(include_bytes!("snapshot.yaml")))
}

/// The companions of manifests, all of which must be valid.
fn of(bytes: &[u8]) -> Snapshot {
    let mut collection = Manifests::new(NAMESPACE);
    for document in manifest::read(bytes) {
        collection.add(Path::new("snapshot.yaml"), &document.unwrap());
    }
    assert_eq!(collection.report().first_error(), None);
    collection.snapshot(settings())
}

pub(super) fn settings() -> Settings {
    Settings { own_namespace: Some("podgraft-system".into()), ..Settings::default() }
}

/// A review of an object given as JSON text, which need not be valid.
pub(super) fn review_of(object: &[u8], (group, version, kind): (&str, &str, &str)) -> Vec<u8> {
    let of = json!({"group": group, "version": version, "kind": kind});
    let resource =
        json!({"group": group, "version": version, "resource": if kind == "Pod" { "pods" } else { "others" }});
    let head = format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"{UID}","kind":{of},"resource":{resource},"namespace":"{NAMESPACE}","operation":"CREATE","userInfo":{{"username":"dev"}},"object":"#
    );
    [head.as_bytes(), object, b"}}"].concat()
}

/// A review of a Pod given as JSON text.
pub(super) fn pod_review(object: &[u8]) -> Vec<u8> {
    review_of(object, ("", "v1", "Pod"))
}

/// The value of a text where no part of it is ambiguous: no key twice in one object, and no key that serde_json gives
/// a meaning of its own.
pub(super) fn plain_value(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.contains("$serde_json") {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    // A duplicate key, or a number of an unusual form, makes another text of the same value.
    (keys(&value) == keys_in(text)).then_some(value)
}

fn keys(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.values().map(|member| 1 + keys(member)).sum(),
        Value::Array(items) => items.iter().map(keys).sum(),
        _ => 0,
    }
}

/// How many members a valid JSON text has: one for each colon outside strings.
fn keys_in(text: &str) -> usize {
    let (mut colons, mut inside, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        match (inside, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => inside = !inside,
            (false, b':') => colons += 1,
            _ => {}
        }
    }
    colons
}
