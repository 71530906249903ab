//! Companions, as JSON text.

use super::{Shape, deep, list, long};

/// A ClusterCompanion with more of a spec, and more of its container.
fn companion(spec: &str, container: &str) -> String {
    format!(
        r#"{{"apiVersion":"podgraft.dev/v1alpha1","kind":"ClusterCompanion","metadata":{{"name":"c"}},"spec":{{"pattern":"Sidecar",{spec}"containers":[{{"name":"c","image":"i:1"{container}}}]}}}}"#
    )
}

fn with(field: &str, items: &str) -> String {
    companion(&format!(r#""{field}":[{items}],"#), "")
}

fn container(field: &str, items: &str) -> String {
    companion("", &format!(r#","{field}":[{items}]"#))
}

/// Parameters, each with more fields.
fn parameters(n: usize, more: &str) -> String {
    with("parameters", &list(n, |i| format!(r#"{{"name":"p{i}","type":"String","env":"P{i}"{more}}}"#)))
}

/// A pattern that is short, and large once it is compiled.
pub(crate) fn costly_pattern() -> String {
    format!("(?:{}){{1,900}}", "x*y*".repeat(60))
}

/// A Companion with so many costly patterns.
pub(crate) fn with_costly_patterns(count: usize) -> String {
    let pattern = costly_pattern();
    let parameters: Vec<String> = (0..count)
        .map(|i| format!(r#"{{"name":"p{i}","type":"String","env":"P{i}","pattern":"{pattern}"}}"#))
        .collect();
    with("parameters", &parameters.join(","))
}

/// All ideas.
pub(crate) const SHAPES: &[Shape] = &[
    // Wide.
    ("containers", |n| with("initContainers", &list(n, |i| format!(r#"{{"name":"i{i}","image":"i:1"}}"#)))),
    ("variables", |n| container("env", &list(n, |i| format!(r#"{{"name":"V{i}","value":"x"}}"#)))),
    ("references between variables", |n| {
        container("env", &list(n, |i| format!(r#"{{"name":"V{i}","value":"$(V{})"}}"#, i + 1)))
    }),
    ("references to itself", |n| {
        container("env", &list(n, |i| format!(r#"{{"name":"V{i}","value":"$(V{i})$(V{i})"}}"#)))
    }),
    ("arguments", |n| container("args", &list(n, |i| format!(r#""--x{i}=$(V{i})""#)))),
    ("shells", |n| container("command", &list(n, |_| r#""sh","-c""#.into()))),
    ("shells with an option", |n| container("command", &list(n, |_| r#""dash","+O""#.into()))),
    ("one variable in many words", |n| {
        companion(
            r#""parameters":[{"name":"a","type":"String","env":"A"}],"#,
            &format!(r#","command":["sh","-x",{}]"#, list(n, |_| r#""$(A)""#.into())),
        )
    }),
    ("ports", |n| container("ports", &list(n, |i| format!(r#"{{"containerPort":{}}}"#, 1 + i % 65_535)))),
    ("mounts", |n| container("volumeMounts", &list(n, |i| format!(r#"{{"name":"v{i}","mountPath":"/m/{i}"}}"#)))),
    ("volumes", |n| with("volumes", &list(n, |i| format!(r#"{{"name":"v{i}","emptyDir":{{}}}}"#)))),
    ("one volume again and again", |n| with("volumes", &list(n, |_| r#"{"name":"v","emptyDir":{}}"#.into()))),
    ("shared volumes", |n| {
        with(
            "sharedVolumes",
            &list(n, |i| {
                format!(r#"{{"name":"v{i}","companion":{{"mountPath":"/a/{i}"}},"app":{{"mountPath":"/b/{i}"}}}}"#)
            }),
        )
    }),
    ("files", |n| with("files", &list(n, |i| format!(r#"{{"path":"/f/{i}","content":""}}"#)))),
    ("endpoints", |n| with("listens", &list(n, |i| format!(r#"{{"name":"e{i}","port":{}}}"#, 1 + i % 65_535)))),
    ("parameters", |n| parameters(n, "")),
    ("patterns", |n| parameters(n, r#","pattern":"[a-z]{1,60}""#)),
    ("words", |n| {
        with(
            "parameters",
            &format!(r#"{{"name":"a","type":"String","env":"A","enum":[{}]}}"#, list(n, |i| format!(r#""w{i}""#))),
        )
    }),
    ("selector requirements", |n| {
        companion(
            &format!(
                r#""podSelector":{{"matchExpressions":[{}]}},"#,
                list(n, |i| format!(r#"{{"key":"k{i}","operator":"In","values":["a"]}}"#))
            ),
            "",
        )
    }),
    ("annotations", |n| {
        companion(&format!(r#""podAnnotations":{{{}}},"#, list(n, |i| format!(r#""a/b{i}":"x""#))), "")
    }),
    // Faults of one kind, again and again.
    ("unknown fields", |n| companion(&format!("{},", list(n, |i| format!(r#""x{i}":0"#))), "")),
    ("unknown fields of a container", |n| companion("", &format!(",{}", list(n, |i| format!(r#""x{i}":0"#))))),
    ("wrong types", |n| container("env", &list(n, |_| "0".into()))),
    ("wrong types below each other", |n| {
        container("env", &list(n, |_| r#"{"name":[],"value":{},"valueFrom":0}"#.into()))
    }),
    ("equal names", |n| container("env", &list(n, |_| r#"{"name":"A","value":"x"}"#.into()))),
    ("invalid names", |n| container("env", &list(n, |i| format!(r#"{{"name":"={i}","value":"x"}}"#)))),
    ("mounts of nothing", |n| {
        container("volumeMounts", &list(n, |i| format!(r#"{{"name":"n{i}","mountPath":"x:{i}"}}"#)))
    }),
    ("invalid parameters", |n| with("parameters", &list(n, |_| r#"{"name":"A","type":"Text","minimum":"x"}"#.into()))),
    ("invalid patterns", |n| {
        with("parameters", &list(n, |i| format!(r#"{{"name":"p{i}","type":"String","env":"P{i}","pattern":"("}}"#)))
    }),
    // Long, and escaped.
    ("a long name", |n| companion("", "").replace(r#""name":"c"}"#, &format!(r#""name":"{}"}}"#, long(n, "c")))),
    ("a long description", |n| companion(&format!(r#""description":"{}","#, long(n, "d")), "")),
    ("a long unknown field", |n| companion(&format!(r#""{}":0,"#, long(n, "y")), "")),
    ("a long word instead of a known one", |n| companion("", "").replace("Sidecar", &long(n, "S"))),
    ("a long image", |n| companion("", "").replace("i:1", &long(n, "i/"))),
    ("a long argument", |n| container("args", &format!(r#""{}""#, long(n, "$(A)")))),
    ("a long pattern", |n| {
        with("parameters", &format!(r#"{{"name":"a","type":"String","env":"A","pattern":"{}"}}"#, long(n, "(a|b)")))
    }),
    ("a long default", |n| {
        with("parameters", &format!(r#"{{"name":"a","type":"String","env":"A","default":"{}"}}"#, long(n, "d")))
    }),
    ("a long file", |n| with("files", &format!(r#"{{"path":"/f","content":"{}"}}"#, long(n, "f")))),
    ("a long path", |n| with("files", &format!(r#"{{"path":"{}","content":""}}"#, long(n, "/f")))),
    ("escapes in a file", |n| with("files", &format!(r#"{{"path":"/f","content":"{}"}}"#, long(n, r"\u0001")))),
    ("escapes in unknown fields", |n| companion(&format!("{},", list(n, |i| format!(r#""\u0001{i}":0"#))), "")),
    ("escapes in a value", |n| container("env", &format!(r#"{{"name":"A","value":"{}"}}"#, long(n, r"\u0001")))),
    // Deep and small.
    ("deep", |n| companion(&format!(r#""x":{},"#, deep(n)), "")),
    ("deep objects", |n| companion(&format!(r#""x":{}0{},"#, r#"{"a":"#.repeat(n / 6), "}".repeat(n / 6)), "")),
    ("many small numbers", |n| companion(&format!(r#""x":[{}],"#, list(n, |_| "0".into())), "")),
    ("many empty objects", |n| companion(&format!(r#""x":[{}],"#, list(n, |_| "{}".into())), "")),
    ("many empty texts", |n| container("args", &list(n, |_| r#""""#.into()))),
];
