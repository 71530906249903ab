//! What the tests share: snapshots from manifests, and reviews of Pods with them.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::pedantic, clippy::panic)]

use podgraft::internals::admission;
use podgraft::internals::admission::Answer;
use podgraft::internals::api;
use podgraft::internals::inject::companion::catalog::{Catalog, CatalogEntry};
use podgraft::internals::inject::request::namespace::{Namespace, Namespaces, Unlisted};
use podgraft::internals::inject::snapshot::{Settings, Snapshot, Webhook};
use serde_json::{Value, json};

pub mod api_server;
pub mod counts;
pub mod created_pod;
pub mod generate;
pub mod golden;
pub mod screens;
pub mod sized;
pub mod verdict;
pub mod volumes;
pub mod workloads;

/// A snapshot of companions and Namespaces, given as manifests. Every companion must be valid.
pub fn snapshot<'m>(manifests: impl IntoIterator<Item = &'m Value>) -> Snapshot {
    let (mut companions, mut namespaces) = (Vec::new(), Vec::new());
    for manifest in manifests {
        if manifest["kind"] == "Namespace" {
            namespaces.push(namespace(manifest));
            continue;
        }
        let gated = api::check_companion(manifest);
        let problems: Vec<String> = gated.problems.iter().map(|p| format!("{}: {}", p.field(), p.message)).collect();
        assert!(problems.is_empty(), "{manifest:#} is invalid: {problems:#?}");
        companions.push((gated.namespace, gated.listed.expect("a valid companion is listed")));
    }
    Snapshot {
        companions: Catalog::new(companions),
        namespaces: Namespaces::new(namespaces, Unlisted::NameOnly),
        settings: Settings { own_namespace: Some("podgraft-system".into()), ..Settings::default() },
        stale: None,
    }
}

/// A snapshot from YAML documents.
pub fn snapshot_of(yaml: &str) -> Snapshot {
    snapshot(&documents(yaml))
}

/// YAML documents as values.
pub fn documents(yaml: &str) -> Vec<Value> {
    yaml.split("\n---\n")
        .map(|document| serde_saphyr::from_str::<Value>(document).unwrap_or_else(|e| panic!("{e}\n{document}")))
        .filter(|value| !value.is_null())
        .collect()
}

/// A Namespace from its manifest.
pub fn namespace(manifest: &Value) -> Namespace {
    let map = |map: &'_ Value| -> Vec<(String, String)> {
        let text = |v: &Value| v.as_str().expect("labels and annotations are texts").to_owned();
        map.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), text(v))).collect()
    };
    let (labels, annotations) = (map(&manifest["metadata"]["labels"]), map(&manifest["metadata"]["annotations"]));
    let pairs = |map: &'_ [(String, String)]| map.iter().map(|(k, v)| (k.clone(), v.clone())).collect::<Vec<_>>();
    let (labels, annotations) = (pairs(&labels), pairs(&annotations));
    Namespace::new(
        manifest["metadata"]["name"].as_str().expect("a Namespace has a name"),
        labels.iter().map(|(k, v)| (&**k, &**v)),
        annotations.iter().map(|(k, v)| (&**k, &**v)),
    )
}

/// The review that an API server sends for the creation of a Pod.
pub fn review_of(pod: &Value, namespace: &str) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
            "requestResource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": namespace,
            "operation": "CREATE",
            "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller", "groups": ["system:authenticated"]},
            "object": pod,
            "oldObject": null,
            "dryRun": false,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
        },
    })
}

/// What the webhook answers for the creation of a Pod.
pub fn ask(pod: &Value, namespace: &str, snapshot: &Snapshot) -> Reply {
    let body = review_of(pod, namespace).to_string();
    Reply::read(&admission::review(body.as_bytes(), Webhook::Requested, snapshot, |_| {}))
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub allowed: bool,
    pub message: String,
    pub patch: Option<Value>,
    pub warnings: Vec<String>,
    pub audit: Value,
    pub body: Value,
}

impl Reply {
    pub fn read(answer: &Answer) -> Self {
        let body: Value = serde_json::from_slice(&answer.body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&answer.body).into_owned()));
        let response = &body["response"];
        let patch = response["patch"].as_str().map(|text| {
            use base64::Engine as _;
            let bytes = base64::engine::general_purpose::STANDARD.decode(text).expect("the patch is base64");
            serde_json::from_slice(&bytes).expect("the patch is JSON")
        });
        assert_eq!(patch.is_some(), response.get("patchType").is_some(), "patchType only with a patch");
        Reply {
            status: answer.status,
            allowed: response["allowed"] == true,
            message: response["status"]["message"].as_str().unwrap_or_default().to_owned(),
            patch,
            warnings: response["warnings"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|w| w.as_str().map(Into::into))
                .collect(),
            audit: response["auditAnnotations"].clone(),
            body,
        }
    }

    /// The Pod as the API server would go on with it.
    pub fn apply(&self, pod: &Value) -> Value {
        let mut pod = pod.clone();
        if let Some(patch) = &self.patch {
            let patch: json_patch::Patch = serde_json::from_value(patch.clone()).expect("the patch is RFC 6902");
            json_patch::patch(&mut pod, &patch).expect("the patch applies");
        }
        pod
    }
}

/// The good companions of a snapshot.
pub fn good(snapshot: &Snapshot) -> usize {
    snapshot.companions.entries().filter(|listed| matches!(listed, CatalogEntry::Valid(_))).count()
}

/// A line of a benchmark: a figure beside what it must reach and what would be better still.
pub fn figure(what: &str, measured: f64, must: f64, stretch: f64) -> String {
    let verdict = match measured {
        m if m <= stretch => "stretch",
        m if m <= must => "must",
        _ => "MISSED",
    };
    format!("{what:<62} {measured:>8.2} {must:>7.2} {stretch:>8.2}  {verdict}")
}
