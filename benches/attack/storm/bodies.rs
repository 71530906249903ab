//! What the clients post.

use std::fmt::Write as _;

/// A pattern that is short, and large once it is compiled.
fn costly_pattern() -> String {
    format!("(?:{}){{1,900}}", "x*y*".repeat(60))
}

/// The companions that the server has: the honest client's, and those that hostile requests ask for.
pub(crate) fn companions() -> String {
    let mut yaml = companion("sync", "files: [{path: /etc/sync.conf, content: x}]");
    yaml +=
        &companion("typed", r#"parameters: [{name: text, type: String, env: TEXT, pattern: "[a-z ]{1,900}x{0,90}"}]"#);
    let wide: Vec<String> = (0..12).map(|i| format!("{{name: S{i}, value: {}}}", "s".repeat(2_500))).collect();
    yaml += &companion("settings", &format!("app: {{env: [{}]}}", wide.join(", ")));
    for i in 0..12 {
        let variables: Vec<String> = (0..32).map(|j| format!("{{name: E{i}_{j}, value: e}}")).collect();
        yaml += &companion(&format!("env{i}"), &format!("app: {{env: [{}]}}", variables.join(", ")));
    }
    yaml
}

fn companion(name: &str, more: &str) -> String {
    format!(
        "---\napiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {{name: {name}}}\nspec:\n  pattern: Sidecar\n  containers:\n  - {{name: {name}, image: \"registry.example/{name}:1\"}}\n  {more}\n"
    )
}

/// A Companion whose patterns need far more memory than its text.
pub(crate) fn costly_companion() -> String {
    let pattern = costly_pattern();
    let parameters: Vec<String> =
        (0..30).map(|i| format!(r#"{{"name":"p{i}","type":"String","env":"P{i}","pattern":"{pattern}"}}"#)).collect();
    companion_json(&format!(r#""parameters":[{}],"#, parameters.join(",")), "")
}

/// A Companion whose command is a long list of shells.
pub(crate) fn companion_of_shells() -> String {
    let words = vec![r#""dash","+O""#; 16_000].join(",");
    companion_json("", &format!(r#","command":[{words}]"#))
}

fn companion_json(spec: &str, container: &str) -> String {
    format!(
        r#"{{"apiVersion":"podgraft.dev/v1alpha1","kind":"Companion","metadata":{{"name":"c","namespace":"shop"}},"spec":{{"pattern":"Sidecar",{spec}"containers":[{{"name":"c","image":"i:1"{container}}}]}}}}"#
    )
}

/// The review of an object of some kind.
fn review(object: &str, (group, version, kind): (&str, &str, &str)) -> Vec<u8> {
    let resource = if kind == "Pod" { "pods" } else { "others" };
    format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"1","kind":{{"group":"{group}","version":"{version}","kind":"{kind}"}},"resource":{{"group":"{group}","version":"{version}","resource":"{resource}"}},"namespace":"shop","operation":"CREATE","userInfo":{{"username":"dev"}},"object":{object}}}}}"#
    )
    .into_bytes()
}

/// The review of a Pod with these annotations and so many containers.
pub(crate) fn pod(annotations: &str, containers: usize) -> Vec<u8> {
    let containers: Vec<String> = (0..containers).map(|i| format!(r#"{{"name":"c{i}"}}"#)).collect();
    let object = format!(
        r#"{{"metadata":{{"name":"p","annotations":{{{annotations}}}}},"spec":{{"containers":[{}]}}}}"#,
        containers.join(",")
    );
    review(&object, ("", "v1", "Pod"))
}

/// A Pod that requests these companions.
pub(crate) fn requesting(names: &str, containers: usize) -> Vec<u8> {
    pod(&format!(r#""podgraft.dev/companions":"{names}""#), containers)
}

/// A preview of a companion.
pub(crate) fn preview_of(companion: &str) -> Vec<u8> {
    review(companion, ("podgraft.dev", "v1alpha1", "Companion"))
}

/// A preview of a workload with many misplaced annotations, of a kind with a long name.
pub(crate) fn misplaced() -> Vec<u8> {
    let keys: Vec<String> = (0..9_000).map(|i| format!(r#""podgraft.dev/m-{i}":"""#)).collect();
    let object = format!(r#"{{"metadata":{{"annotations":{{{}}}}}}}"#, keys.join(","));
    review(&object, ("batch", "v1", &"K".repeat(20_000)))
}

/// Reviews that cost much work: names, values for patterns, companions times containers.
pub(crate) fn costly_work() -> Vec<Vec<u8>> {
    let mut names = String::new();
    for i in 0..400_000 {
        let _ = write!(names, "n{i},");
    }
    let asks = r#""podgraft.dev/companions":"sync""#;
    let all: Vec<String> = (0..12).map(|i| format!("env{i}")).collect();
    vec![
        pod(&format!(r#"{asks},"podgraft.dev/containers":"{names}""#), 1),
        pod(&format!(r#""podgraft.dev/companions":"typed","podgraft.dev/typed.text":"{}""#, "xy".repeat(511)), 1),
        requesting(&all.join(","), 4_000),
    ]
}
