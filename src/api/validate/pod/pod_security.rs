//! Warnings about violations of the Pod Security Standards: in a namespace that enforces them, the whole Pod would be
//! denied because of the companion.

use std::fmt;

use serde_json::Value;

use crate::api::message::{Code, Message};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;

const RESTRICTED: &str = "level restricted";
const BASELINE: &str = "levels baseline and restricted";

/// Volume sources that `restricted` allows.
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for each in object.containers() {
        container(&each, report);
    }
    for (i, volume) in object.spec.volumes.iter().enumerate() {
        source(volume.source.keys(), &FieldPath::spec("volumes").item(i), report);
    }
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let source_of = volume.source.iter().flat_map(|s| s.keys());
        source(source_of, &FieldPath::spec("sharedVolumes").item(i).member("source"), report);
    }
}

fn container(each: &ContainerAt, report: &mut Report) {
    let at = each.at.member("securityContext");
    let none = Value::Null;
    let context = each.field("securityContext").unwrap_or(&none);
    let missing = missing(context);
    if !missing.is_empty() {
        report.warn(&at, violates(RESTRICTED, format_args!("set {}", missing.join(", "))));
    }
    let added = context["capabilities"]["add"].as_array().into_iter().flatten();
    if added.into_iter().any(|c| c != "NET_BIND_SERVICE") {
        report.warn(&at.member("capabilities").member("add"), violates(RESTRICTED, "add at most NET_BIND_SERVICE"));
    }
    if context["privileged"] == true {
        report.warn(&at.member("privileged"), violates(BASELINE, "remove this field"));
    }
    if !context["procMount"].is_null() && context["procMount"] != "Default" {
        report.warn(&at.member("procMount"), violates(BASELINE, "remove this field"));
    }
    if !context["runAsGroup"].is_null() {
        let message = "with its own primary group, the companion often cannot read the app's files; remove runAsGroup unless the companion needs it";
        report.warn(&at.member("runAsGroup"), Code::Discouraged.because(message));
    }
    for (i, _) in each.container.ports.iter().enumerate().filter(|(_, p)| p.host_port.is_some()) {
        let remedy = "remove this field; a host port also limits such Pods to one per node";
        report.warn(&each.at.member("ports").item(i).member("hostPort"), violates(BASELINE, remedy));
    }
}

/// What a container must set itself: podgraft adds no user, and the Pod's security context is its author's choice.
fn missing(context: &Value) -> Vec<&'static str> {
    let dropped = context["capabilities"]["drop"].as_array().into_iter().flatten().any(|c| c == "ALL");
    let profile = context["seccompProfile"]["type"].as_str();
    [
        (context["runAsNonRoot"] == true, "runAsNonRoot: true"),
        (context["runAsUser"].as_i64().is_some_and(|user| user > 0), "runAsUser: a non-zero UID"),
        (context["allowPrivilegeEscalation"] == false, "allowPrivilegeEscalation: false"),
        (dropped, "capabilities.drop: [ALL]"),
        (matches!(profile, Some("RuntimeDefault" | "Localhost")), "seccompProfile.type: RuntimeDefault"),
    ]
    .into_iter()
    .filter_map(|(there, what)| (!there).then_some(what))
    .collect()
}

fn violates(levels: &str, remedy: impl fmt::Display) -> Message {
    Code::PodSecurity.because(format_args!("{levels} would deny the Pod; {remedy}"))
}

fn source<'k>(keys: impl Iterator<Item = &'k String>, at: &FieldPath, report: &mut Report) {
    for key in keys.filter(|key| !VOLUMES.contains(&key.as_str())) {
        let levels = if key == "hostPath" { BASELINE } else { RESTRICTED };
        report.warn(&at.member(key), violates(levels, "use another source"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{companion, git_sync, silent, warns, with};

    #[test]
    fn a_companion_that_restricted_allows_has_no_warning() {
        silent(git_sync());
    }

    #[test]
    fn a_container_without_a_security_context_violates_restricted() {
        let expected = "spec.containers[0].securityContext: violates Pod Security: level restricted would deny the Pod; set runAsNonRoot: true, runAsUser: a non-zero UID, allowPrivilegeEscalation: false, capabilities.drop: [ALL], seccompProfile.type: RuntimeDefault";
        warns(companion("/spec/containers/0/securityContext", json!(null)), expected);
        let root = companion("/spec/containers/0/securityContext/runAsUser", json!(0));
        warns(
            root,
            "spec.containers[0].securityContext: violates Pod Security: level restricted would deny the Pod; set runAsUser",
        );
    }

    #[test]
    fn other_violations_are_reported_at_their_fields() {
        for (place, value, field) in [
            ("securityContext/capabilities/add", json!(["NET_ADMIN"]), "securityContext.capabilities.add"),
            ("securityContext/privileged", json!(true), "securityContext.privileged"),
            ("securityContext/procMount", json!("Unmasked"), "securityContext.procMount"),
            ("securityContext/runAsGroup", json!(1), "securityContext.runAsGroup"),
            ("ports", json!([{"containerPort": 80, "hostPort": 80}]), "ports[0].hostPort"),
        ] {
            warns(companion(&format!("/spec/containers/0/{place}"), value), &format!("spec.containers[0].{field}: "));
        }
    }

    #[test]
    fn volumes_of_the_node_violate_restricted() {
        let volumes = json!([{"name": "a", "hostPath": {"path": "/var"}}]);
        warns(
            companion("/spec/volumes", volumes),
            "spec.volumes[0].hostPath: violates Pod Security: levels baseline and restricted",
        );
        let source = json!({"nfs": {"server": "x", "path": "/"}});
        warns(
            with(&[("/spec/sharedVolumes/0/source", source)]),
            "spec.sharedVolumes[0].source.nfs: violates Pod Security: level restricted",
        );
    }
}
