//! A review of the creation of a Pod.

use podgraft::internals::admission;
use podgraft::internals::inject;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use serde_json::Value;

use super::answer::{self, Reply};
use super::snapshot::{UID, plain_value, pod_review, snapshot};

/// Any bytes as the body of a review, and as the Pod of one.
pub fn review(bytes: &[u8]) {
    let uid = uid_of(bytes);
    let whole = ask(bytes, snapshot(), uid.as_deref());
    if whole.status != 200 || uid.is_none() {
        check(bytes, snapshot());
    }
}

/// Checks everything that must hold of a Pod, given as JSON text.
pub(super) fn check(pod: &[u8], snapshot: &Snapshot) {
    let reply = ask(&pod_review(pod), snapshot, None);
    let (Some(operations), Some(before)) = (&reply.patch, plain_value(pod)) else { return };
    let after = answer::apply(operations, &before);
    let again = ask(&pod_review(after.to_string().as_bytes()), snapshot, Some(UID));
    assert!(again.allowed && again.patch.is_none(), "injecting again changes {after}");
    removed_again(after, &before);
}

/// Reviews twice: the same bytes have the same answer.
fn ask(body: &[u8], snapshot: &Snapshot, uid: Option<&str>) -> Reply {
    let answer = admission::review(body, Webhook::Requested, snapshot, |_| {});
    let again = admission::review(body, Webhook::Requested, snapshot, |_| {});
    assert!(answer.status == again.status && answer.body == again.body, "two answers to one review");
    answer::read(&answer, uid)
}

/// What the uid of a review is where serde_json can read all of it.
fn uid_of(bytes: &[u8]) -> Option<String> {
    plain_value(bytes)?["request"]["uid"].as_str().filter(|uid| !uid.is_empty()).map(Into::into)
}

/// Removing what was injected gives the Pod as it was, where nothing was there before that looks injected and where
/// an API server would take it.
fn removed_again(mut injected: Value, before: &Value) {
    if has_own_keys(&before["metadata"]) || !names_are_unique(&before["spec"]) {
        return;
    }
    assert_eq!(inject::uninject(&mut injected), Ok(true));
    assert_eq!(without_empty(injected), without_empty(before.clone()), "removing gives the Pod as it was");
}

/// Whether there are keys that podgraft writes, which `uninject` always removes.
fn has_own_keys(metadata: &Value) -> bool {
    let keys = |map: &str| metadata[map].as_object().into_iter().flatten().map(|(key, _)| key.clone());
    let is_own = |key: String| {
        ["podgraft.dev/status", "podgraft.dev/skipped"].contains(&&*key) || key.starts_with("companions.podgraft.dev/")
    };
    keys("annotations").chain(keys("labels")).any(is_own)
}

/// Whether names are there, and there once: the status refers to things by their names.
fn names_are_unique(spec: &Value) -> bool {
    let items = |of: &Value, list: &str| of[list].as_array().cloned().unwrap_or_default();
    let containers = [items(spec, "initContainers"), items(spec, "containers")].concat();
    let inside = containers.iter().all(|container| {
        unique(&items(container, "env"), "name") && unique(&items(container, "volumeMounts"), "mountPath")
    });
    inside
        && unique(&containers, "name")
        && ["volumes", "imagePullSecrets"].iter().all(|of| unique(&items(spec, of), "name"))
}

fn unique(items: &[Value], key: &str) -> bool {
    let mut seen = std::collections::HashSet::new();
    items.iter().all(|item| item[key].as_str().is_some_and(|name| !name.is_empty() && seen.insert(name)))
}

/// A Pod in which null, empty and absent are equal.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(key, member)| (key, without_empty(member)));
            members.filter(|(_, member)| !is_empty(member)).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(without_empty).collect::<Vec<_>>().into(),
        other => other,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
