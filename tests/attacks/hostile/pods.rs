//! Pods, as JSON text.

use super::{Shape, deep, list, long};

const APP: &str = r#"{"name":"app","image":"app:1"}"#;
const ASKS: &str = r#""podgraft.dev/companions":"sync,redis""#;

/// A Pod with these annotations, these containers, and more of a spec.
fn pod(annotations: &str, containers: &str, more: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"web","annotations":{{{annotations}}}}},"spec":{{"containers":[{containers}]{more}}}}}"#
    )
}

/// A Pod whose annotations are the request and one that has this value.
fn annotated(key: &str, value: &str) -> String {
    pod(&format!(r#"{ASKS},"{key}":"{value}""#), APP, "")
}

fn app(field: &str, items: &str) -> String {
    pod(ASKS, &format!(r#"{{"name":"app","{field}":[{items}]}}"#), "")
}

fn spec(field: &str, items: &str) -> String {
    pod(ASKS, APP, &format!(r#","{field}":[{items}]"#))
}

/// All ideas.
pub(crate) const SHAPES: &[Shape] = &[
    // Wide.
    ("containers", |n| pod(ASKS, &list(n.min(80_000), |i| format!(r#"{{"name":"c{i}"}}"#)), "")),
    ("too many containers", |n| pod(ASKS, &list(n, |_| "{}".into()), "")),
    ("init containers", |n| spec("initContainers", &list(n.min(80_000), |i| format!(r#"{{"name":"i{i}"}}"#)))),
    ("variables", |n| app("env", &list(n, |i| format!(r#"{{"name":"V{i}","value":"x"}}"#)))),
    ("empty variables", |n| app("env", &list(n, |_| "{}".into()))),
    ("mounts", |n| app("volumeMounts", &list(n, |i| format!(r#"{{"name":"v","mountPath":"/m/{i}"}}"#)))),
    ("ports", |n| app("ports", &list(n, |i| format!(r#"{{"containerPort":{}}}"#, 1 + i % 65_535)))),
    ("volumes", |n| spec("volumes", &list(n, |i| format!(r#"{{"name":"v{i}","emptyDir":{{}}}}"#)))),
    ("pull secrets", |n| spec("imagePullSecrets", &list(n, |i| format!(r#"{{"name":"s{i}"}}"#)))),
    ("tolerations", |n| spec("tolerations", &list(n, |_| r#"{"operator":"Exists"}"#.into()))),
    ("annotations", |n| pod(&format!("{ASKS},{}", list(n, |i| format!(r#""a{i}":"""#))), APP, "")),
    ("labels", |n| {
        pod(ASKS, APP, "").replace(
            r#""annotations""#,
            &format!(r#""labels":{{{}}},"annotations""#, list(n, |i| format!(r#""l{i}":"x""#))),
        )
    }),
    ("parameters", |n| pod(&format!("{ASKS},{}", list(n, |i| format!(r#""podgraft.dev/sync.p{i}":"""#))), APP, "")),
    ("parameters of others", |n| pod(&list(n, |i| format!(r#""podgraft.dev/sinc{i}.p":"""#)), APP, "")),
    ("unused parameters", |n| pod(&list(n, |i| format!(r#""podgraft.dev/sync.p{i}":"""#)), APP, "")),
    ("unknown keys", |n| pod(&list(n, |i| format!(r#""podgraft.dev/k{i}":"""#)), APP, "")),
    ("requested names", |n| pod(&format!(r#""podgraft.dev/companions":"{}""#, list(n, |i| format!("n{i}"))), APP, "")),
    ("one name again and again", |n| {
        pod(&format!(r#""podgraft.dev/companions":"{}""#, list(n, |_| "sync".into())), APP, "")
    }),
    ("commas", |n| pod(&format!(r#""podgraft.dev/companions":"{}""#, long(n, ",")), APP, "")),
    ("names of containers", |n| annotated("podgraft.dev/containers", &list(n, |i| format!("n{i}")))),
    ("entries of the status", |n| {
        annotated("podgraft.dev/status", &format!("{{{}}}", list(n, |i| format!(r#"\"c{i}\":{{}}"#))))
    }),
    ("names in the status", |n| {
        annotated(
            "podgraft.dev/status",
            &format!(r#"{{\"sync\":{{\"containers\":[{}]}}}}"#, list(n, |i| format!(r#"\"c{i}\""#))),
        )
    }),
    ("mounts in the status", |n| {
        annotated(
            "podgraft.dev/status",
            &format!(r#"{{\"sync\":{{\"mounts\":{{{}}}}}}}"#, list(n, |i| format!(r#"\"c{i}\":[\"/\"]"#))),
        )
    }),
    // Long.
    ("a long name", |n| pod(ASKS, APP, "").replace("web", &long(n, "w"))),
    ("a long container name", |n| pod(ASKS, &format!(r#"{{"name":"{}"}}"#, long(n, "c")), "")),
    ("a long image", |n| pod(ASKS, &format!(r#"{{"name":"app","image":"{}"}}"#, long(n, "i")), "")),
    ("a long requested name", |n| pod(&format!(r#""podgraft.dev/companions":"{}""#, long(n, "n")), APP, "")),
    ("a long value", |n| annotated("podgraft.dev/sync.free", &long(n, "v"))),
    ("a long value without a match", |n| annotated("podgraft.dev/sync.repo", &long(n, "https://"))),
    ("a long key", |n| annotated(&format!("podgraft.dev/{}", long(n, "k")), "")),
    ("a long parameter name", |n| annotated(&format!("podgraft.dev/sync.{}", long(n, "k")), "")),
    ("a long status", |n| annotated("podgraft.dev/status", &long(n, "s"))),
    ("a long mount path", |n| app("volumeMounts", &format!(r#"{{"name":"v","mountPath":"{}"}}"#, long(n, "/m")))),
    ("a long volume", |n| {
        spec("volumes", &format!(r#"{{"name":"sync-content","x":[{}]}}"#, list(n, |_| r#"{"a":0}"#.into())))
    }),
    // Escapes, which are six bytes for one.
    ("escapes in a value", |n| annotated("podgraft.dev/sync.free", &long(n, r"\u0001"))),
    ("escapes in a requested name", |n| {
        pod(&format!(r#""podgraft.dev/companions":"{}""#, long(n, r"\u0001")), APP, "")
    }),
    ("escapes in keys", |n| pod(&list(n, |i| format!(r#""podgraft.dev/\u0001{i}":"""#)), APP, "")),
    ("escapes in a container name", |n| pod(ASKS, &format!(r#"{{"name":"{}"}}"#, long(n, r"\u0001")), "")),
    ("escapes in the status", |n| annotated("podgraft.dev/status", &long(n, r"\u0001"))),
    ("quotes in the status", |n| annotated("podgraft.dev/status", &format!(r#"{{\"{}\":{{}}}}"#, long(n, r#"\\\""#)))),
    // Deep, small, nearly equal.
    ("deep where nobody reads", |n| spec("x", &deep(n))),
    ("deep in a volume", |n| spec("volumes", &format!(r#"{{"name":"v","x":{}}}"#, deep(n)))),
    ("deep in the status", |n| annotated("podgraft.dev/status", &format!(r#"{{\"sync\":{}}}"#, deep(n)))),
    ("many small numbers", |n| spec("x", &list(n, |_| "0".into()))),
    ("nearly equal keys", |n| {
        pod(&list(n, |i| format!(r#""podgraft.dev/sync.{}":"""#, "a".repeat(1 + i % 250))), APP, "")
    }),
];

/// What a workload adds around its Pods: the idea, and the workload.
pub(crate) const WORKLOADS: &[Shape] = &[
    ("misplaced annotations", |n| workload(&list(n, |i| format!(r#""podgraft.dev/m{i}":"""#)), "")),
    ("misplaced annotations with escapes", |n| workload(&list(n, |i| format!(r#""podgraft.dev/\u0001{i}":"""#)), "")),
    ("a misplaced long annotation", |n| workload(&format!(r#""podgraft.dev/{}":"""#, long(n, "m")), "")),
    ("templates in templates", |n| workload("", &long(n, r#""jobTemplate":{"spec":{"x":{}}},"#))),
];

fn workload(annotations: &str, more: &str) -> String {
    let template = pod(ASKS, APP, "");
    format!(
        r#"{{"kind":"Deployment","apiVersion":"apps/v1","metadata":{{"annotations":{{{annotations}}}}},"spec":{{{more}"template":{template}}}}}"#
    )
}

/// A Deployment of a Pod.
pub(crate) fn deployment(pod: &str) -> String {
    format!(r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web"}},"spec":{{"template":{pod}}}}}"#)
}
