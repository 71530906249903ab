//! Security contexts of containers, as API servers accept them (`ValidateSecurityContext` in Kubernetes'
//! `pkg/apis/core/validation`). What levels of Pod Security require is in `pod_security`.

use serde_json::Value;

use crate::api::message::{forbidden, invalid, required, unsupported};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::inject::names::is_descending_path;

const PROFILES: [&str; 3] = ["RuntimeDefault", "Localhost", "Unconfined"];
const PROC_MOUNTS: [&str; 2] = ["Default", "Unmasked"];

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for each in object.containers() {
        container(&each, report);
    }
    check_user_namespace(object, report);
}

/// No Pod has containers of both kinds: `Unmasked` requires `hostUsers: false`, which excludes devices (`validateHostUsers`).
fn check_user_namespace(object: &CompanionObject, report: &mut Report) {
    let has_device = |each: &ContainerAt| {
        each.field("volumeDevices").and_then(Value::as_array).is_some_and(|devices| !devices.is_empty())
    };
    if !object.containers().any(|each| has_device(&each)) {
        return;
    }
    for each in object.containers() {
        if each.field("securityContext").is_some_and(|context| context["procMount"] == "Unmasked") {
            let message = "Unmasked requires hostUsers: false in the Pod, and volumeDevices of the companion are forbidden there; remove one of the two";
            report.error(&each.at.member("securityContext").member("procMount"), forbidden(message));
        }
    }
}

fn container(each: &ContainerAt, report: &mut Report) {
    let Some(context) = each.field("securityContext") else { return };
    let at = each.at.member("securityContext");
    if let Some(mount) = context["procMount"].as_str().filter(|mount| !PROC_MOUNTS.contains(mount)) {
        report.error(&at.member("procMount"), unsupported(mount, &PROC_MOUNTS, None));
    }
    for field in ["seccompProfile", "appArmorProfile"] {
        profile(field, &context[field], &at.member(field), report);
    }
    if context["windowsOptions"]["hostProcess"] == true {
        let message = "API servers require all containers of such a Pod to be hostProcess containers, which run on Windows; remove this field";
        report.error(&at.member("windowsOptions").member("hostProcess"), forbidden(message));
    }
}

fn profile(field: &str, profile: &Value, at: &FieldPath, report: &mut Report) {
    let Some(kind) = profile["type"].as_str() else { return };
    if !PROFILES.contains(&kind) {
        return report.error(&at.member("type"), unsupported(kind, &PROFILES, None));
    }
    let file = profile["localhostProfile"].as_str();
    let at = at.member("localhostProfile");
    match file {
        None if kind == "Localhost" => {
            report.error(&at, required("type Localhost names a profile of the node; set this field"));
        }
        Some(_) if kind != "Localhost" => {
            report.error(&at, forbidden("only type Localhost names a profile; remove this field"));
        }
        Some(file) if field == "seccompProfile" && !is_descending_path(file) => {
            report.error(&at, invalid("must be a relative path without `..`"));
        }
        Some(name) if field == "appArmorProfile" && (name.is_empty() || name.trim() != name) => {
            report.error(&at, invalid("must be the name of a profile, without spaces around it"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, companion, with};

    fn of(field: &str, value: Value) -> Value {
        companion(&format!("/spec/containers/0/securityContext/{field}"), value)
    }

    #[test]
    fn an_unmasked_proc_and_a_device_are_in_no_pod_together() {
        let with_device = |container: usize, mount: &str| {
            let containers = json!([
                {"name": "git-sync", "image": "x:1", "securityContext": {"procMount": mount}},
                {"name": "other", "image": "x:1"},
            ]);
            let device = json!([{"name": "disk", "devicePath": "/dev/disk"}]);
            with(&[
                ("/spec/containers", containers),
                (&format!("/spec/containers/{container}/volumeDevices"), device),
                ("/spec/volumes", json!([{"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}}])),
            ])
        };
        let expected = "spec.containers[0].securityContext.procMount: forbidden: Unmasked requires hostUsers: false";
        check(with_device(0, "Unmasked"), &[expected]);
        check(with_device(1, "Unmasked"), &[expected]);
        check(with_device(1, "Default"), &[]);
    }

    #[test]
    fn values_are_ones_that_api_servers_accept() {
        let local = |file: &str| json!({"type": "Localhost", "localhostProfile": file});
        for (field, value, expected) in [
            (
                "procMount",
                json!("unmasked"),
                "procMount: unsupported value: \"unmasked\"; supported: Default, Unmasked",
            ),
            ("seccompProfile", json!({"type": "runtime"}), "seccompProfile.type: unsupported value: \"runtime\""),
            ("appArmorProfile", json!({"type": ""}), "appArmorProfile.type: unsupported value: \"\""),
            (
                "seccompProfile",
                json!({"type": "Localhost"}),
                "seccompProfile.localhostProfile: required value: type Localhost names",
            ),
            (
                "appArmorProfile",
                json!({"type": "RuntimeDefault", "localhostProfile": "a"}),
                "appArmorProfile.localhostProfile: forbidden: only type Localhost",
            ),
            ("seccompProfile", local("/a"), "seccompProfile.localhostProfile: invalid value: must be a relative path"),
            ("seccompProfile", local("a/../b"), "seccompProfile.localhostProfile: invalid value: must be a relative"),
            ("appArmorProfile", local(" a"), "appArmorProfile.localhostProfile: invalid value: must be the name"),
            (
                "windowsOptions",
                json!({"hostProcess": true}),
                "windowsOptions.hostProcess: forbidden: API servers require all containers",
            ),
        ] {
            check(of(field, value), &[&format!("spec.containers[0].securityContext.{expected}")]);
        }
        for (field, value) in [
            ("procMount", json!("Unmasked")),
            ("seccompProfile", local("a/b.json")),
            ("appArmorProfile", local("/a")),
            ("windowsOptions", json!({"hostProcess": false})),
        ] {
            check(of(field, value), &[]);
        }
    }
}
