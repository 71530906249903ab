//! Work of reviews in which every list is as long as it can be.

use podgraft::internals::admission;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use serde_json::json;

use crate::counted;
use crate::support::{self, review_of};

/// A ClusterCompanion with more of a specification.
fn companion(name: &str, more: &str) -> String {
    format!(
        "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {{name: {name}}}\nspec:\n  pattern: Sidecar\n  containers:\n  - {{name: {name}, image: \"registry.example/{name}:v1\"}}\n{more}\n"
    )
}

fn sidecars(companions: &[(&str, &str)]) -> Snapshot {
    support::snapshot_of(&companions.iter().map(|(name, more)| companion(name, more)).collect::<Vec<_>>().join("---\n"))
}

const TWO_SHARED: &str = "  sharedVolumes:
  - {name: content, companion: {mountPath: /git}, app: {mountPath: /srv/www}}
  - {name: keys, companion: {mountPath: /git-keys/own}, app: {mountPath: /srv/keys, readOnly: true}}
  parameters:
  - {name: path, type: Path, mountPath: content/app}
  - {name: keys-in, type: Path, mountPath: keys/companion, below: /git-keys}
  - {name: in, type: Path, mountPath: content/companion, below: /git-keys}";

/// A Pod that asks for `sync`, as text: a list of this length is built faster so.
fn review_of_text(annotations: &str, containers: &str) -> String {
    let pod = format!(r#"{{"metadata":{{"annotations":{{{annotations}}}}},"spec":{{"containers":[{containers}]}}}}"#);
    review_of(&json!("the Pod"), "team").to_string().replace("\"the Pod\"", &pod)
}

/// Each list is as long as a body allows, and each is looked up in another one.
#[test]
fn work_is_proportional_where_every_list_is_full() {
    let companions: Vec<(String, String)> = (0..2_000)
        .map(|i| {
            (
                format!("other-{i}"),
                "  podSelector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}]}".to_owned(),
            )
        })
        .chain([("sync".to_owned(), TWO_SHARED.to_owned())])
        .collect();
    let companions: Vec<(&str, &str)> = companions.iter().map(|(name, more)| (&**name, &**more)).collect();
    let snapshot = sidecars(&companions);
    let list = |count: usize, each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<Vec<_>>().join(",");
    let asks = r#""podgraft.dev/companions":"sync""#;
    let long = |i: usize| format!("{i:a>63}");
    let containers = list(4_096, &|i| format!(r#"{{"name":"{}"}}"#, long(i)));
    let names = list(16, &|i| long(100_000 + i));
    let status = list(256, &|e| {
        format!(r#"\"c{e}\":{{\"containers\":[{}]}}"#, list(16, &|i| format!(r#"\"{}\""#, long(50_000 + i))))
    });
    let volumes = list(4_096, &|i| format!(r#"{{"name":"v{i}","emptyDir":{{}}}}"#));
    let mounts =
        list(4_096, &|i| format!(r#"{{"name":"{i}","volumeMounts":[{{"name":"v4095","mountPath":"/srv/www"}}]}}"#));
    let resources = list(4_096, &|i| {
        format!(
            r#"{{"name":"{i}","resources":{{"requests":{{"cpu":1,"memory":"1Gi"}},"limits":{{"hugepages-15Mi":0}}}}}}"#
        )
    });
    let sizes = list(64, &|i| format!(r#""hugepages-{i}Mi":1"#));
    let parameters = list(100_000, &|i| format!(r#""podgraft.dev/sync.p{i}":"""#));
    let unknown = list(100_000, &|i| format!(r#""podgraft.dev/othe-{i}.p":"""#));
    let strangers = list(16, &|i| format!("othe-{i}"));
    let labels = list(200_000, &|i| format!(r#""l{i}":"x""#));
    for (what, body) in [
        ("names", review_of_text(&format!(r#"{asks},"podgraft.dev/containers":"{names}""#), &containers)),
        ("a status", review_of_text(&format!(r#"{asks},"podgraft.dev/status":"{{{status}}}""#), &containers)),
        ("mounts", review_of_text(asks, &format!(r#"{mounts}],"volumes":[{volumes}"#))),
        ("resources", review_of_text(asks, &format!(r#"{resources}],"resources":{{"requests":{{{sizes}}}}},"x":["#))),
        ("parameters", review_of_text(&format!("{asks},{parameters}"), r#"{"name":"app"}"#)),
        ("unknown companions", review_of_text(&format!("{asks},{unknown}"), r#"{"name":"app"}"#)),
        ("labels", {
            let body = review_of_text(&format!(r#""podgraft.dev/companions":"{strangers}""#), r#"{"name":"app"}"#);
            body.replace(r#"{"annotations""#, &format!(r#"{{"labels":{{"a":"b","c":"",{labels}}},"annotations""#))
        }),
    ] {
        counted(what, &body, &snapshot, || admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {}));
    }
}
