//! What works, and mostly is a mistake.

use serde_json::Value;

use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots;
use crate::api::v1alpha1::{EnvVar, Lifecycle, Pattern};
use crate::inject::companion::CompanionKind;

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    start(object, found);
    for each in object.containers() {
        image(&each, found);
        resources(object, &each, found);
        for (i, variable) in each.container.env.iter().enumerate() {
            secret(variable, &each.at.member("env").item(i), found);
        }
        if object.kind == CompanionKind::ClusterCompanion {
            references_outside(&each, found);
        }
    }
    for (i, variable) in object.spec.app.iter().flat_map(|app| &app.env).enumerate() {
        secret(variable, &FieldPath::spec("app").member("env").item(i), found);
    }
    if object.kind == CompanionKind::ClusterCompanion {
        for (i, volume) in object.spec.volumes.iter().enumerate() {
            let of_namespace = ["configMap", "secret", "persistentVolumeClaim"].into_iter();
            for source in
                of_namespace.filter(|s| volume.source.get(*s).is_some_and(|v| v["optional"] != true && !v.is_null()))
            {
                found.warn(&FieldPath::spec("volumes").item(i).member(source), ELSEWHERE);
            }
        }
    }
}

const ELSEWHERE: &str = "must exist in the namespace of every Pod that gets the companion, or the Pod does not start; use files, or a SecretKey parameter";

/// "Started" is not "ready", and what waits for the app must not keep it waiting.
fn start(object: &CompanionObject, found: &mut Report) {
    let spec = &object.spec;
    if spec.lifecycle != Lifecycle::Native || found.has_schema_error(&FieldPath::spec("pattern")) {
        return;
    }
    let mut probed = object.containers().filter(|e| !e.init && e.field("startupProbe").is_some()).peekable();
    match spec.pattern {
        Pattern::Ambassador if probed.peek().is_none() => {
            let message = "no container has a startupProbe: the app is started when the ambassador is, not when it is ready; add one";
            found.warn(&FieldPath::spec("containers"), message);
        }
        Pattern::Adapter => {
            for each in probed {
                let message = "a native container must pass it before the app starts: if it needs the app, the Pod waits for ever; use a readinessProbe";
                found.warn(&each.at.member("startupProbe"), message);
            }
        }
        _ => {}
    }
}

fn image(each: &ContainerAt, found: &mut Report) {
    let image = each.container.image.as_str();
    let name = image.rsplit('/').next().unwrap_or(image);
    let tag = name.split_once(':').map(|(_, tag)| tag);
    if !image.contains('@') && tag.is_none_or(|tag| tag == "latest") {
        found.warn(&each.at.member("image"), "moves without notice; give it a tag other than latest, or a digest");
    }
}

fn resources(object: &CompanionObject, each: &ContainerAt, found: &mut Report) {
    let declared =
        |list: &str| each.raw.get("resources").is_some_and(|r| r[list].as_object().is_some_and(|r| !r.is_empty()));
    let filled = object.spec.parameters.iter().filter_map(|p| slots::target(p.resource.as_deref()?));
    let filled = filled.into_iter().any(|(container, ..)| container == each.container.name);
    if !filled && !declared("requests") && !declared("limits") {
        let message = "has neither requests nor limits: a quota of the namespace can refuse the Pod, and the node may evict it first; set requests";
        found.warn(&each.at.member("resources"), message);
    }
}

/// A secret that stands in the open. The value is not repeated.
fn secret(variable: &EnvVar, at: &FieldPath, found: &mut Report) {
    let name = variable.name.to_ascii_uppercase();
    let telling = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL"].iter().any(|word| name.contains(word))
        || name == "KEY"
        || name.ends_with("_KEY")
        || name.ends_with("APIKEY");
    let elsewhere = ["_FILE", "_PATH", "_DIR", "_NAME"].iter().any(|end| name.ends_with(end));
    let literal = variable.value.as_deref().is_some_and(|v| !v.is_empty() && !v.starts_with('/') && !v.contains("$("));
    if telling && !elsewhere && literal {
        let message =
            "looks like a secret that everybody can read here and in the Pod; use a SecretKey parameter, or valueFrom";
        found.warn(&at.member("value"), message);
    }
}

/// References to objects of the Pod's namespace, where the companion comes from elsewhere.
fn references_outside(each: &ContainerAt, found: &mut Report) {
    let needed = |reference: &Value| !reference.is_null() && reference["optional"] != true;
    for (i, variable) in each.container.env.iter().enumerate() {
        let from = variable.rest.get("valueFrom").unwrap_or(&Value::Null);
        for reference in ["configMapKeyRef", "secretKeyRef"].into_iter().filter(|r| needed(&from[r])) {
            found.warn(&each.at.member("env").item(i).member("valueFrom").member(reference), ELSEWHERE);
        }
    }
    for (i, from) in each.field("envFrom").and_then(Value::as_array).into_iter().flatten().enumerate() {
        for reference in ["configMapRef", "secretRef"].into_iter().filter(|r| needed(&from[r])) {
            found.warn(&each.at.member("envFrom").item(i).member(reference), ELSEWHERE);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check_companion, companion, silent, warns, with};

    fn ambassador(probe: Value) -> Value {
        with(&[
            ("/spec/pattern", json!("Ambassador")),
            ("/spec/listens", json!([{"name": "redis", "port": 6379}])),
            ("/spec/containers/0/startupProbe", probe),
        ])
    }

    #[test]
    fn a_native_ambassador_has_a_startup_probe() {
        warns(ambassador(json!(null)), "spec.containers: no container has a startupProbe");
        silent(ambassador(json!({"tcpSocket": {"port": 6379}})));
    }

    #[test]
    fn a_native_adapters_startup_probe_must_not_need_the_app() {
        let object = with(&[
            ("/spec/pattern", json!("Adapter")),
            ("/spec/reads", json!([{"port": 80}])),
            ("/spec/containers/0/startupProbe", json!({"tcpSocket": {"port": 80}})),
        ]);
        warns(object, "spec.containers[0].startupProbe: a native container must pass it before the app starts");
    }

    #[test]
    fn an_image_does_not_move() {
        for odd in ["git-sync", "registry:5000/git-sync", "git-sync:latest"] {
            warns(companion("/spec/containers/0/image", json!(odd)), "spec.containers[0].image: moves without notice");
        }
        silent(companion("/spec/containers/0/image", json!("registry:5000/git-sync@sha256:0123")));
    }

    #[test]
    fn a_container_says_what_it_needs() {
        warns(
            companion("/spec/containers/0/resources", json!({})),
            "spec.containers[0].resources: has neither requests nor limits",
        );
        let filled = json!({"name": "memory", "type": "Quantity", "resource": "git-sync/limits.memory"});
        silent(with(&[("/spec/containers/0/resources", json!({})), ("/spec/parameters/4", filled)]));
    }

    #[test]
    fn a_secret_in_the_open_is_warned_about_and_not_repeated() {
        let object = companion("/spec/containers/0/env", json!([{"name": "DB_PASSWORD", "value": "hunter2"}]));
        assert!(!format!("{:?}", check_companion(&object)).contains("/value: hunter2"));
        assert!(!format!("{:?}", check_companion(&object).warnings).contains("hunter2"));
        warns(object, "spec.containers[0].env[0].value: looks like a secret");
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
    fn what_stays_in_a_namespace_does_not_travel() {
        warns(
            companion("/spec/volumes", json!([{"name": "a", "configMap": {"name": "x"}}])),
            "spec.volumes[0].configMap: must exist in the namespace",
        );
        warns(
            companion("/spec/containers/0/envFrom", json!([{"secretRef": {"name": "x"}}])),
            "spec.containers[0].envFrom[0].secretRef: must exist",
        );
        let env = json!([{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "y"}}}]);
        warns(
            companion("/spec/containers/0/env", env.clone()),
            "spec.containers[0].env[0].valueFrom.configMapKeyRef: must exist",
        );
        silent(with(&[("/kind", json!("Companion")), ("/spec/containers/0/env", env)]));
    }
}
