//! What the tests of this suite share: companions of all three patterns, Pods that ask for them, and assertions.

use podgraft::internals::admission;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use serde_json::{Value, json};

use crate::support::{Reply, ask, review_of, snapshot_of};

/// Companions of all three patterns, one for each kind of trouble.
pub const COMPANIONS: &str = r#"
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: sync}
spec:
  pattern: Sidecar
  containers:
  - {name: sync, image: "registry.example/sync:v1"}
  sharedVolumes:
  - name: content
    companion: {mountPath: /git}
    app: {mountPath: /srv/www}
  parameters:
  - {name: repo, type: String, pattern: "https?://.+", env: REPO}
  - {name: free, type: String, env: FREE}
---
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: redis}
spec:
  pattern: Ambassador
  containers:
  - name: redis-proxy
    image: registry.example/haproxy:v1
    ports: [{containerPort: 6379}]
  listens:
  - {name: redis, port: 6379, protocol: TCP, env: {host: REDIS_HOST, port: REDIS_PORT}}
---
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: other-redis}
spec:
  pattern: Ambassador
  containers:
  - {name: other-proxy, image: "registry.example/haproxy:v1"}
  listens:
  - {name: redis, port: 6379, protocol: TCP}
---
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata: {name: plain}
spec:
  pattern: Sidecar
  lifecycle: Container
  containers:
  - {name: plain, image: "registry.example/plain:v1", ports: [{containerPort: 9000, hostPort: 9000}]}
---
apiVersion: podgraft.dev/v1alpha1
kind: Companion
metadata: {name: private, namespace: other-team}
spec:
  pattern: Sidecar
  containers:
  - {name: private, image: "registry.example/private:v1"}
"#;

pub fn companions() -> Snapshot {
    snapshot_of(COMPANIONS)
}

pub fn pod(annotations: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"generateName": "web-", "annotations": annotations},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
    })
}

pub fn asking(names: &str) -> Value {
    pod(json!({"podgraft.dev/companions": names}))
}

pub fn post(body: &[u8]) -> Reply {
    Reply::read(&admission::review(body, Webhook::Requested, &companions(), |_| {}))
}

pub fn names(pod: &Value, list: &str) -> Vec<String> {
    pod["spec"][list].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str().map(Into::into)).collect()
}

#[track_caller]
pub fn refused_as_400(body: &[u8]) {
    let reply = post(body);
    assert_eq!(reply.status, 400, "{}", reply.body);
    assert!(reply.body.as_str().is_some_and(|text| text.starts_with("podgraft: not a review: ")), "{}", reply.body);
}

#[track_caller]
pub fn denied(pod: &Value, says: &[&str]) {
    let reply = ask(pod, "team", &companions());
    assert_eq!((reply.status, reply.allowed), (200, false), "{}", reply.body);
    assert!(reply.message.starts_with("podgraft: ") && reply.message.chars().count() <= 512, "{}", reply.message);
    for word in says {
        assert!(reply.message.contains(word), "{word:?} in {:?}", reply.message);
    }
}

#[track_caller]
pub fn unchanged(reply: &Reply) {
    assert_eq!((reply.status, reply.allowed), (200, true), "{}", reply.body);
    assert!(reply.patch.is_none(), "{}", reply.body);
}

#[track_caller]
pub fn injected(pod: &Value) -> Value {
    let reply = ask(pod, "team", &companions());
    assert!(reply.allowed && reply.patch.is_some(), "{}", reply.body);
    reply.apply(pod)
}

/// A ClusterCompanion with more of a specification.
pub fn companion(name: &str, more: &str) -> String {
    format!(
        "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {{name: {name}}}\nspec:\n  pattern: Sidecar\n  containers:\n  - {{name: {name}, image: \"registry.example/{name}:v1\"}}\n{more}\n"
    )
}

/// A snapshot of Sidecars, each with more of a specification.
pub fn sidecars(companions: &[(&str, &str)]) -> Snapshot {
    snapshot_of(&companions.iter().map(|(name, more)| companion(name, more)).collect::<Vec<_>>().join("---\n"))
}

/// A review was answered, and denied the Pod with these words.
#[track_caller]
pub fn is_denied(reply: &Reply, says: &[&str]) {
    assert_eq!((reply.status, reply.allowed), (200, false), "{}", reply.body);
    for word in says {
        assert!(reply.message.contains(word), "{word:?} in {:?}", reply.message);
    }
}

/// A Pod that asks for `sync`, as text: what is not a valid object cannot be built as one.
pub fn review_of_text(annotations: &str, containers: &str) -> String {
    let pod = format!(r#"{{"metadata":{{"annotations":{{{annotations}}}}},"spec":{{"containers":[{containers}]}}}}"#);
    review_of(&json!("the Pod"), "team").to_string().replace("\"the Pod\"", &pod)
}

pub const TWO_SHARED: &str = "  sharedVolumes:
  - {name: content, companion: {mountPath: /git}, app: {mountPath: /srv/www}}
  - {name: keys, companion: {mountPath: /git-keys/own}, app: {mountPath: /srv/keys, readOnly: true}}
  parameters:
  - {name: path, type: Path, mountPath: content/app}
  - {name: keys-in, type: Path, mountPath: keys/companion, below: /git-keys}
  - {name: in, type: Path, mountPath: content/companion, below: /git-keys}";
