//! Warnings about valid specifications that are probably mistakes.

use serde_json::Value;

use crate::api::message::{Code, Message};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots;
use crate::api::v1alpha1::{EnvVar, Lifecycle, Pattern};
use crate::inject::companion::CompanionKind;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    startup_probes(object, report);
    for each in object.containers() {
        image(&each, report);
        requests(object, &each, report);
        for (i, variable) in each.container.env.iter().enumerate() {
            secret(variable, &each.at.member("env").item(i), report);
        }
        if object.kind == CompanionKind::ClusterCompanion {
            references_outside(&each, report);
        }
    }
    for (i, variable) in object.spec.app.iter().flat_map(|app| &app.env).enumerate() {
        secret(variable, &FieldPath::spec("app").member("env").item(i), report);
    }
    if object.kind == CompanionKind::ClusterCompanion {
        volumes(object, report);
    }
}

fn is_needed(reference: &Value) -> bool {
    !reference.is_null() && reference["optional"] != true
}

/// Volumes of a ClusterCompanion whose source must exist in the namespace of each Pod.
fn volumes(object: &CompanionObject, report: &mut Report) {
    for (i, volume) in object.spec.volumes.iter().enumerate() {
        for source in ["configMap", "secret", "persistentVolumeClaim"] {
            if volume.source.get(source).is_some_and(is_needed) {
                report.warn(&FieldPath::spec("volumes").item(i).member(source), external_reference());
            }
        }
    }
}

fn external_reference() -> Message {
    let message = "must exist in the namespace of every Pod that gets the companion, or the Pod does not start; use spec.files or a SecretKey parameter";
    Code::ExternalReference.because(message)
}

/// Startup probes: an ambassador needs one, because "started" is not "ready"; that of an adapter must not depend on
/// the app.
fn startup_probes(object: &CompanionObject, report: &mut Report) {
    let spec = &object.spec;
    if spec.lifecycle != Lifecycle::Native || report.has_schema_error(&FieldPath::spec("pattern")) {
        return;
    }
    let mut probed = object.containers().filter(|e| !e.list.is_init() && e.field("startupProbe").is_some()).peekable();
    match spec.pattern {
        Pattern::Ambassador if probed.peek().is_none() => {
            let message = "no container has a startupProbe, so the app can start before the ambassador is ready; add a startupProbe";
            report.warn(&FieldPath::spec("containers"), Code::Recommended.because(message));
        }
        Pattern::Adapter => {
            for each in probed {
                let message = "the app starts only after this probe succeeds, so a probe that needs the app would block the Pod forever; use a readinessProbe";
                report.warn(&each.at.member("startupProbe"), Code::Discouraged.because(message));
            }
        }
        _ => {}
    }
}

fn image(each: &ContainerAt, report: &mut Report) {
    let image = each.container.image.as_str();
    let name = image.rsplit('/').next().unwrap_or(image);
    let tag = name.split_once(':').map(|(_, tag)| tag);
    if !image.contains('@') && tag.is_none_or(|tag| tag == "latest") {
        report.warn(&each.at.member("image"), Code::MutableTag.fix("pin a version or a digest"));
    }
}

/// Requests of cpu and memory. A limit without a request is the request.
fn requests(object: &CompanionObject, each: &ContainerAt, report: &mut Report) {
    let declared = |list: &str, resource: &str| {
        let resources = each.field("resources");
        resources.is_some_and(|resources| resources[list].get(resource).is_some_and(|amount| !amount.is_null()))
    };
    let filled =
        |list: &str, resource: &str| slots::filler(&object.spec, &each.container.name, list, resource).is_some();
    for resource in ["cpu", "memory"] {
        if ["requests", "limits"].iter().any(|list| declared(list, resource) || filled(list, resource)) {
            continue;
        }
        let at = each.at.member("resources").member("requests").member(resource);
        report.warn(&at, without_request(resource, each));
    }
}

/// A HorizontalPodAutoscaler does not count containers that complete.
fn without_request(resource: &str, each: &ContainerAt) -> Message {
    let quota = format_args!("without a {resource} request, a ResourceQuota of the namespace can deny the Pod");
    if each.list.is_init() {
        return Code::Recommended.because(format_args!("{quota}; set requests.{resource}"));
    }
    let autoscaler = format_args!("a HorizontalPodAutoscaler on {resource} stops working");
    Code::Recommended.because(format_args!("{quota}, and {autoscaler}; set requests.{resource}"))
}

/// Literal values that look like secrets. The value is not repeated.
fn secret(variable: &EnvVar, at: &FieldPath, report: &mut Report) {
    let name = variable.name.to_ascii_uppercase();
    let suggestive = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL"].iter().any(|word| name.contains(word))
        || name == "KEY"
        || name.ends_with("_KEY")
        || name.ends_with("APIKEY");
    let elsewhere = ["_FILE", "_PATH", "_DIR", "_NAME"].iter().any(|end| name.ends_with(end));
    let literal = variable.value.as_deref().is_some_and(|v| !v.is_empty() && !v.starts_with('/') && !v.contains("$("));
    if suggestive && !elsewhere && literal {
        let message = "looks like a secret, and everyone who can read the companion or the Pod can read this value; use a SecretKey parameter or valueFrom";
        report.warn(&at.member("value"), Code::Insecure.because(message));
    }
}

/// References of a ClusterCompanion to objects that must exist in the namespace of each Pod.
fn references_outside(each: &ContainerAt, report: &mut Report) {
    for (i, variable) in each.container.env.iter().enumerate() {
        let from = variable.rest.get("valueFrom").unwrap_or(&Value::Null);
        for reference in ["configMapKeyRef", "secretKeyRef"].into_iter().filter(|r| is_needed(&from[r])) {
            report.warn(&each.at.member("env").item(i).member("valueFrom").member(reference), external_reference());
        }
    }
    for (i, from) in each.field("envFrom").and_then(Value::as_array).into_iter().flatten().enumerate() {
        for reference in ["configMapRef", "secretRef"].into_iter().filter(|r| is_needed(&from[r])) {
            report.warn(&each.at.member("envFrom").item(i).member(reference), external_reference());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check_companion, companion, container, silent, warns, with};

    fn ambassador(probe: Value) -> Value {
        with(&[
            ("/spec/pattern", json!("Ambassador")),
            ("/spec/listens", json!([{"name": "redis", "port": 6379}])),
            ("/spec/containers/0/startupProbe", probe),
        ])
    }

    #[test]
    fn a_native_ambassador_has_a_startup_probe() {
        warns(ambassador(json!(null)), "spec.containers: recommended value: no container has a startupProbe");
        silent(ambassador(json!({"tcpSocket": {"port": 6379}})));
    }

    #[test]
    fn a_native_adapters_startup_probe_must_not_need_the_app() {
        let object = with(&[
            ("/spec/pattern", json!("Adapter")),
            ("/spec/reads", json!([{"port": 80}])),
            ("/spec/containers/0/startupProbe", json!({"tcpSocket": {"port": 80}})),
        ]);
        warns(object, "spec.containers[0].startupProbe: discouraged: the app starts only after this probe succeeds");
    }

    #[test]
    fn an_image_has_a_version_or_a_digest() {
        for mutable in ["git-sync", "registry:5000/git-sync", "git-sync:latest"] {
            warns(
                companion("/spec/containers/0/image", json!(mutable)),
                "spec.containers[0].image: mutable tag; pin a version or a digest",
            );
        }
        silent(companion("/spec/containers/0/image", json!("registry:5000/git-sync@sha256:0123")));
    }

    #[test]
    fn a_container_requests_cpu_and_memory() {
        let resources = |resources: Value| companion("/spec/containers/0/resources", resources);
        let expected = |resource: &str| {
            let message = format!("recommended value: without a {resource} request, a ResourceQuota");
            format!("spec.containers[0].resources.requests.{resource}: {message}")
        };
        for (declared, missing) in [
            (json!({}), &["cpu", "memory"][..]),
            (json!({"requests": {"memory": "32Mi"}, "limits": {"memory": "64Mi"}}), &["cpu"]),
            (json!({"requests": {"cpu": "10m", "memory": null}}), &["memory"]),
            (json!({"limits": {"cpu": "1", "ephemeral-storage": "1Gi"}}), &["memory"]),
            (json!({"limits": {"cpu": "1", "memory": "64Mi"}}), &[]),
        ] {
            let warnings = check_companion(&resources(declared)).warnings;
            assert_eq!(warnings.len(), missing.len(), "{warnings:#?}");
            let is_warned = |m: &&str| warnings.iter().any(|w| w.to_string().starts_with(&expected(m)));
            assert!(missing.iter().all(is_warned));
        }
    }

    #[test]
    fn an_autoscaler_counts_containers_that_do_not_complete() {
        let mut init = container("prepare", "registry.example/prepare:v1");
        init["resources"] = json!({"limits": {"memory": "64Mi"}});
        let quota = "recommended value: without a cpu request, a ResourceQuota of the namespace can deny the Pod";
        warns(
            companion("/spec/initContainers/0", init),
            &format!("spec.initContainers[0].resources.requests.cpu: {quota}; set requests.cpu"),
        );
        warns(
            companion("/spec/containers/0/resources", json!({"limits": {"memory": "64Mi"}})),
            &format!(
                "spec.containers[0].resources.requests.cpu: {quota}, and a HorizontalPodAutoscaler on cpu stops working; set requests.cpu"
            ),
        );
    }

    #[test]
    fn a_request_that_a_parameter_fills_is_set() {
        let filled = json!([
            {"name": "memory", "type": "Quantity", "resource": "git-sync/limits.memory"},
            {"name": "cpu", "type": "Quantity", "resource": "git-sync/requests.cpu"},
        ]);
        silent(with(&[("/spec/containers/0/resources", json!({})), ("/spec/parameters", filled)]));
    }

    #[test]
    fn a_literal_secret_is_warned_about_and_not_repeated() {
        let object = companion("/spec/containers/0/env", json!([{"name": "DB_PASSWORD", "value": "hunter2"}]));
        assert!(!format!("{:?}", check_companion(&object)).contains("/value: hunter2"));
        assert!(!format!("{:?}", check_companion(&object).warnings).contains("hunter2"));
        warns(object, "spec.containers[0].env[0].value: insecure: looks like a secret");
        for fine in [
            json!({"name": "DB_PASSWORD_FILE", "value": "x"}),
            json!({"name": "TOKEN", "value": "/run/token"}),
            json!({"name": "TOKEN", "value": "$(GITSYNC_PASSWORD)"}),
            json!({"name": "MONKEY", "value": "x"}),
        ] {
            silent(companion("/spec/containers/0/env", json!([fine])));
        }
    }

    #[test]
    fn references_to_objects_of_a_namespace_are_warned_about() {
        warns(
            companion("/spec/volumes", json!([{"name": "a", "configMap": {"name": "x"}}])),
            "spec.volumes[0].configMap: external reference: must exist in the namespace",
        );
        warns(
            companion("/spec/containers/0/envFrom", json!([{"secretRef": {"name": "x"}}])),
            "spec.containers[0].envFrom[0].secretRef: external reference: must exist",
        );
        let env = json!([{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "y"}}}]);
        warns(
            companion("/spec/containers/0/env", env.clone()),
            "spec.containers[0].env[0].valueFrom.configMapKeyRef: external reference: must exist",
        );
        silent(with(&[("/kind", json!("Companion")), ("/spec/containers/0/env", env)]));
    }
}
