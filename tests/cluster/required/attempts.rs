//! What the policies of required companions accept and deny, in `attempts.yaml`: a change of a Pod that podgraft injected,
//! sent to the API server as a dry run. podgraft finds its companion in such a Pod and has nothing to add, so that the
//! policies alone decide. Each attempt shows what it says, because the Pod without the change is accepted.

use std::collections::BTreeMap;

use podgraft::internals::manifest;
use serde_json::{Value, json};

use super::policies_stand;
use crate::cluster::Cluster;
use crate::parts::kubernetes::Capability;
use crate::tests;
use crate::workload::collection;

tests![policies_accept_what_injection_writes_and_deny_everything_else];

const ATTEMPTS: &str = include_str!("attempts.yaml");
const COMPANIONS: [&str; 4] = [
    include_str!("../../policies/everything.yaml"),
    include_str!("../../policies/every-type.yaml"),
    include_str!("../../policies/token.yaml"),
    include_str!("../../policies/ambassador.yaml"),
];
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

async fn policies_accept_what_injection_writes_and_deny_everything_else(cluster: &Cluster) {
    for companion in COMPANIONS.map(document) {
        cluster.companion(&companion).await;
        policies_stand(cluster, companion["metadata"]["name"].as_str().expect("a name")).await;
    }
    let pods = collection("Pod", &cluster.namespace(json!({})).await);
    let written = document(ATTEMPTS);
    let mut injected = BTreeMap::new();
    let pods_of_attempts = written["pods"].as_object().expect("Pods").iter();
    for (name, pod) in pods_of_attempts.filter(|(name, _)| knows_fields_of(cluster, &written, name)) {
        injected.insert(name.as_str(), cluster.create(&pods, pod).await.expect(name));
    }
    let attempts = written["attempts"].as_array().expect("attempts");
    assert!(attempts.len() >= 60, "{} attempts", attempts.len());
    let mut wrong = Vec::new();
    for attempt in attempts.iter().filter(|attempt| is_possible(cluster, &written, attempt)) {
        let pod = &injected[attempt["pod"].as_str().expect("a Pod")];
        wrong.extend(tried(cluster, &pods, pod, attempt).await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether this API server knows all fields of an attempt, and of its Pod.
fn is_possible(cluster: &Cluster, written: &Value, attempt: &Value) -> bool {
    let has_all = attempt["newest"] != true || cluster.parts.kubernetes.has(Capability::NewestFields);
    has_all && knows_fields_of(cluster, written, attempt["pod"].as_str().expect("a Pod"))
}

fn knows_fields_of(cluster: &Cluster, written: &Value, pod: &str) -> bool {
    let newest = written["newest"].as_array().expect("Pods");
    !newest.iter().any(|name| name == pod) || cluster.parts.kubernetes.has(Capability::NewestFields)
}

/// Makes one attempt; what is wrong with what came of it.
async fn tried(cluster: &Cluster, pods: &str, pod: &Value, attempt: &Value) -> Option<String> {
    let patch = patch(pod, &attempt["patch"]);
    let answer = match attempt["update"].as_str() {
        Some(subresource) => {
            let path = format!("{pods}/{}/{subresource}", pod["metadata"]["name"].as_str().expect("a name"));
            cluster.json_patch(&format!("{}?dryRun=All", path.trim_end_matches('/')), &patch).await
        }
        None => {
            let mut changed = json!({"metadata": {"name": "changed"}, "spec": pod["spec"]});
            for field in ["labels", "annotations"] {
                changed["metadata"][field] = pod["metadata"][field].clone();
            }
            let patch: json_patch::Patch = serde_json::from_value(patch).expect("a JSON patch");
            json_patch::patch(&mut changed, &patch).expect("a patch that fits");
            cluster.create(&format!("{pods}?dryRun=All"), &changed).await
        }
    };
    let accepted = answer.status.is_success();
    let message = answer.body["message"].as_str().unwrap_or_default();
    // An expression that fails also denies, and would deny honest Pods as well.
    let by_policy = message.contains("podgraft") && !message.contains("resulted in error");
    let right = accepted == (attempt["accepted"] == true) && (accepted || by_policy);
    (!right).then(|| format!("{}: {} {message}", attempt["holds"], answer.status))
}

fn document(text: &str) -> Value {
    manifest::read(text.as_bytes()).into_iter().next().and_then(|d| d.ok()?.value).expect("a document")
}

/// The patch with its places looked up in the Pod, and its texts in full length.
fn patch(pod: &Value, patch: &Value) -> Value {
    let mut patch = patch.clone();
    for operation in patch.as_array_mut().expect("operations") {
        operation["path"] = place(pod, operation["path"].as_str().expect("a path")).into();
        if let Some(value) = operation.get_mut("value") {
            lengthen(value);
        }
    }
    patch
}

fn place(pod: &Value, path: &str) -> String {
    let volume = |is: fn(&Value) -> bool| {
        let volumes = pod["spec"]["volumes"].as_array().expect("volumes");
        format!("/spec/volumes/{}", volumes.iter().position(is).expect("the volume"))
    };
    let mount = |container: &str| {
        let mounts = pod.pointer(&format!("{container}/volumeMounts")).and_then(Value::as_array).expect("mounts");
        let at = mounts.iter().position(|mount| mount["mountPath"] == TOKEN_PATH).expect("a mount at the token's path");
        format!("{container}/volumeMounts/{at}")
    };
    let found = match path.split('/').next().unwrap_or_default() {
        "MASKMOUNT" => mount("/spec/initContainers/0"),
        "TOKENMOUNT" => mount("/spec/containers/1"),
        "MASKVOLUME" => volume(|v| v["name"].as_str().is_some_and(|name| name.ends_with("-no-token"))),
        "TOKENVOLUME" => volume(|v| v["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access-"))),
        "DRIVERVOLUME" => volume(|v| v["csi"].is_object()),
        "SCRATCHVOLUME" => volume(|v| v["ephemeral"].is_object()),
        _ => {
            let mut keys = pod["metadata"]["annotations"].as_object().into_iter().flat_map(|a| a.keys());
            let key = keys.find(|key| key.ends_with(".podgraft.dev/ledger.0")).map(|key| key.replace('/', "~1"));
            return path.replace("FILEKEY", &key.unwrap_or_default());
        }
    };
    path.split_once('/').map_or(found.clone(), |(_, rest)| format!("{found}/{rest}"))
}

/// `<1025 t>` is a text of 1025 characters.
fn lengthen(value: &mut Value) {
    match value {
        Value::String(text) => {
            let parts = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).and_then(|t| t.split_once(' '));
            if let Some((Ok(count), unit)) = parts.map(|(count, unit)| (count.parse(), unit)) {
                *text = unit.repeat(count);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(lengthen),
        Value::Object(members) => members.values_mut().for_each(lengthen),
        _ => {}
    }
}
