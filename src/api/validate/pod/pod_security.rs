//! Warnings about violations of the Pod Security Standards: in a namespace that enforces them, the whole Pod would be
//! denied because of the companion.
//!
//! These are the checks of `k8s.io/pod-security-admission/policy` at version 1.37 that look at containers, volumes and
//! annotations. The other ones look at fields of the Pod, which a companion does not set.

#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;

use crate::api::message::{Code, forbidden};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema;
use crate::api::validate::pod::handlers::handlers;
use crate::inject::companion::pod_security::ExemptPods;
use crate::inject::companion::pod_security::PodSecurityLevel::{self, Baseline, Restricted};
use crate::inject::keys::APP_ARMOR;

/// Which levels deny something, and in which Pods they do not.
#[derive(Clone, Copy)]
struct Denial {
    level: PodSecurityLevel,
    exempt: ExemptPods,
    /// The same in words.
    words: &'static str,
}

const RESTRICTED: Denial = Denial { level: Restricted, exempt: ExemptPods::None, words: "level restricted" };
/// Pods in a user namespace may run as root (`relaxPolicyForUserNamespacePod`).
const RESTRICTED_OUTSIDE_USER_NAMESPACES: Denial = Denial {
    level: Restricted,
    exempt: ExemptPods::UserNamespace,
    words: "level restricted, except in Pods with hostUsers: false,",
};
const BASELINE: Denial = Denial { level: Baseline, exempt: ExemptPods::None, words: "levels baseline and restricted" };
/// API servers accept other values in Pods with hostUsers: false only, and there baseline admits them since 1.35.
const PROC_MOUNT: Denial = Denial { words: "level restricted, and baseline before Kubernetes 1.35,", ..RESTRICTED };
const PROBE_HOST: Denial = Denial { words: "levels baseline and restricted, since Kubernetes 1.34,", ..BASELINE };

/// Volume sources that `restricted` admits (`check_restrictedVolumes.go`).
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

/// Capabilities that `baseline` admits (`check_capabilities_baseline.go`).
const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Types of SELinux contexts that `baseline` admits (`check_seLinuxOptions.go`).
const SE_LINUX_TYPES: [&str; 4] = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for each in object.containers() {
        security_context(&each, report);
        ports(&each, report);
    }
    for (i, volume) in object.spec.volumes.iter().enumerate() {
        source(volume.source.keys(), &FieldPath::spec("volumes").item(i), report);
    }
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let source_of = volume.source.iter().flat_map(|s| s.keys());
        source(source_of, &FieldPath::spec("sharedVolumes").item(i).member("source"), report);
    }
    for (key, value) in object.spec.pod_annotations.iter().filter(|(key, _)| key.starts_with(APP_ARMOR)) {
        if !value.is_empty() && value != "runtime/default" && !value.starts_with("localhost/") {
            deny(report, &FieldPath::spec("podAnnotations").member(key), BASELINE, "remove this annotation");
        }
    }
}

fn security_context(each: &ContainerAt, report: &mut Report) {
    let at = each.at.member("securityContext");
    let none = Value::Null;
    let context = each.field("securityContext").unwrap_or(&none);
    missing(context, &at, report);
    user(context, &at, report);
    profiles(context, &at, report);
    isolation(context, &at, report);
    capabilities(&context["capabilities"]["add"], &at.member("capabilities").member("add"), report);
}

/// What `restricted` requires and the container does not set. The Pod's own security context can set two of these
/// fields for all containers, but a companion does not know that of its Pods.
fn missing(context: &Value, at: &FieldPath, report: &mut Report) {
    let drops_all = context["capabilities"]["drop"].as_array().into_iter().flatten().any(|c| c == "ALL");
    let fields = [
        (context["runAsNonRoot"].is_null(), Inherited::FromPod, "runAsNonRoot: true"),
        (context["allowPrivilegeEscalation"].is_null(), Inherited::Never, "allowPrivilegeEscalation: false"),
        (!drops_all, Inherited::Never, "capabilities.drop: [ALL]"),
        (context["seccompProfile"].is_null(), Inherited::FromPod, "seccompProfile.type: RuntimeDefault"),
    ];
    let absent: Vec<_> = fields.into_iter().filter(|(is_absent, ..)| *is_absent).collect();
    let remedy = absent.iter().map(|(.., field)| *field).collect::<Vec<_>>().join(", ");
    let unless = match &absent[..] {
        [] => return,
        _ if absent.iter().any(|(_, inherited, _)| *inherited == Inherited::Never) => "",
        [(_, _, "runAsNonRoot: true")] => " unless its own securityContext sets this field, or it has hostUsers: false",
        [_] => " unless its own securityContext sets this field",
        _ => " unless its own securityContext sets these fields",
    };
    let is_own = absent.iter().any(|(_, inherited, _)| *inherited == Inherited::Never);
    let is_absent = |field: &str| absent.iter().any(|(.., other)| other.starts_with(field));
    let exempt = if is_own {
        ExemptPods::None
    } else {
        ExemptPods::SettingAll {
            run_as_non_root: is_absent("runAsNonRoot"),
            seccomp_profile: is_absent("seccompProfile"),
        }
    };
    let words = RESTRICTED.words;
    let message = Code::PodSecurity.because(format_args!("{words} would deny the Pod{unless}; set {remedy}"));
    report.deny(at, (Restricted, exempt), message);
}

/// Whether a container that does not set a field has the value of its Pod.
#[derive(PartialEq, Eq)]
enum Inherited {
    FromPod,
    Never,
}

fn user(context: &Value, at: &FieldPath, report: &mut Report) {
    if context["runAsNonRoot"] == false {
        deny(report, &at.member("runAsNonRoot"), RESTRICTED_OUTSIDE_USER_NAMESPACES, "set runAsNonRoot: true");
    }
    if context["runAsUser"] == 0 {
        let remedy = "set another UID, or remove this field if the image has a user that is not root";
        deny(report, &at.member("runAsUser"), RESTRICTED_OUTSIDE_USER_NAMESPACES, remedy);
    }
    if !context["runAsGroup"].is_null() {
        let message = "with its own primary group, the companion often cannot read the app's files; remove runAsGroup unless the companion needs it";
        report.warn(&at.member("runAsGroup"), Code::Discouraged.because(message));
    }
}

fn profiles(context: &Value, at: &FieldPath, report: &mut Report) {
    for profile in ["appArmorProfile", "seccompProfile"] {
        let kind = &context[profile]["type"];
        if kind.is_string() && kind != "RuntimeDefault" && kind != "Localhost" {
            let remedy = "set RuntimeDefault or Localhost";
            deny(report, &at.member(profile).member("type"), BASELINE, remedy);
        }
    }
    let options = at.member("seLinuxOptions");
    let set = |field: &str| context["seLinuxOptions"][field].as_str().filter(|value| !value.is_empty());
    if set("type").is_some_and(|kind| !SE_LINUX_TYPES.contains(&kind)) {
        let remedy = format_args!("remove this field, or set one of {}", SE_LINUX_TYPES.join(", "));
        deny(report, &options.member("type"), BASELINE, remedy);
    }
    for field in ["user", "role"].into_iter().filter(|field| set(field).is_some()) {
        deny(report, &options.member(field), BASELINE, "remove this field");
    }
}

fn isolation(context: &Value, at: &FieldPath, report: &mut Report) {
    if context["allowPrivilegeEscalation"] == true {
        let remedy = "set allowPrivilegeEscalation: false";
        deny(report, &at.member("allowPrivilegeEscalation"), RESTRICTED, remedy);
    }
    if context["allowPrivilegeEscalation"] == false && is_always_privileged(context) {
        let message = "API servers deny false together with privileged: true or capability CAP_SYS_ADMIN; remove that field or this one";
        report.error(&at.member("allowPrivilegeEscalation"), forbidden(message));
    }
    if context["privileged"] == true {
        deny(report, &at.member("privileged"), BASELINE, "remove this field");
    }
    if !context["procMount"].is_null() && context["procMount"] != "Default" {
        let remedy = "remove this field; API servers accept it only in Pods with hostUsers: false";
        deny(report, &at.member("procMount"), PROC_MOUNT, remedy);
    }
}

/// Whether the API server finds that privileges cannot be limited (`ValidateSecurityContext` in Kubernetes'
/// `pkg/apis/core/validation`).
fn is_always_privileged(context: &Value) -> bool {
    let added = context["capabilities"]["add"].as_array().into_iter().flatten();
    context["privileged"] == true || added.into_iter().any(|capability| capability == "CAP_SYS_ADMIN")
}

fn capabilities(added: &Value, at: &FieldPath, report: &mut Report) {
    let added = || added.as_array().into_iter().flatten().filter_map(Value::as_str);
    if added().any(|capability| !CAPABILITIES.contains(&capability)) {
        deny(report, at, BASELINE, "add at most NET_BIND_SERVICE");
    } else if added().any(|capability| capability != "NET_BIND_SERVICE") {
        deny(report, at, RESTRICTED, "add at most NET_BIND_SERVICE");
    }
}

/// Ports of the node, and hosts that the kubelet would connect to instead of the Pod.
fn ports(each: &ContainerAt, report: &mut Report) {
    for (i, _) in each.container.ports.iter().enumerate().filter(|(_, p)| p.host_port.is_some()) {
        let remedy = "remove this field; a host port also limits such Pods to one per node";
        deny(report, &each.at.member("ports").item(i).member("hostPort"), BASELINE, remedy);
    }
    let has_host = |action: &Value| action["host"].as_str().is_some_and(|host| !host.is_empty());
    for handler in handlers(each).filter(|handler| handler.kind != "grpc" && has_host(handler.action)) {
        let remedy = "remove this field, so that the kubelet connects to the Pod";
        deny(report, &handler.at.member("host"), PROBE_HOST, remedy);
    }
}

fn deny(report: &mut Report, at: &FieldPath, denial: Denial, remedy: impl fmt::Display) {
    let Denial { level, exempt, words } = denial;
    report.deny(at, (level, exempt), Code::PodSecurity.because(format_args!("{words} would deny the Pod; {remedy}")));
}

/// API servers drop sources that they do not know, so only known ones violate a level.
fn source<'k>(keys: impl Iterator<Item = &'k String>, at: &FieldPath, report: &mut Report) {
    let is_source = |key: &str| key != "name" && schema::VOLUME["properties"].get(key).is_some();
    for key in keys.filter(|key| is_source(key) && !VOLUMES.contains(&key.as_str())) {
        let levels = if key == "hostPath" { BASELINE } else { RESTRICTED };
        deny(report, &at.member(key), levels, "use another source");
    }
}
