//! What is asked of one container of a companion.

mod env;
mod mounts;
pub(in crate::policies) mod resources;
mod security;

use serde_json::Value;

use super::on_create::Validation;
use super::required::{Required, RequiredContainer};
use crate::inject::companion::Placement;
use crate::inject::companion::declared::DeclaredContainer;
use crate::policies::cel::conform;
use crate::policies::cel::conform::Condition;
use crate::policies::cel::literal;

/// Every member that a container can have. Whatever else a later API server knows cannot have been declared.
const MEMBERS: [&str; 25] = [
    "name",
    "image",
    "command",
    "args",
    "workingDir",
    "ports",
    "envFrom",
    "env",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "volumeMounts",
    "volumeDevices",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "imagePullPolicy",
    "securityContext",
    "stdin",
    "stdinOnce",
    "tty",
];

/// The container that `at` holds is as declared.
pub(in crate::policies) fn check(
    required: Required<'_>,
    container: RequiredContainer<'_>,
    at: &str,
    checks: &mut Vec<Validation>,
) {
    let (compiled, declared) = (container.compiled, container.declared);
    let mut check = |conditions: Vec<Condition>, what: &str| {
        let complaint = format!("container {} {what}", compiled.name);
        let pieces = pieces(conditions).into_iter();
        checks.extend(pieces.map(|expression| Validation { expression, complaint: complaint.clone() }));
    };
    let members = |keys: &[&str]| -> Vec<Condition> {
        keys.iter().flat_map(|key| conform::member(at, key, declared.compared.get(*key))).collect()
    };
    let image = format!("{}.orValue('') == {}", conform::optional(at, "image"), literal::text(&compiled.image));
    check(vec![image], "has another image than the companion declares");
    check(vec![pull_policy(at, declared)], "is not pulled as the companion declares");
    check(restart(required, container, at), "is not restarted as the companion needs it");
    let mut runs = runs(at, declared);
    runs.push(format!("{at}.all(k, k in {})", literal::texts(MEMBERS)));
    check(runs, "does not run what the companion declares: command, args and workingDir must be the same");
    check(env::conditions(required, container, at), "has another environment than the companion declares");
    for (parameter, name) in env::parameters(required) {
        let message = parameter.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
        let what = format!(
            "has a variable {name} with a value that parameter {} does not accept, or has it twice{message}",
            parameter.name
        );
        check(env::of_parameter(at, parameter, name), &what);
    }
    check(ports(at, declared), "has other ports than the companion declares");
    check(
        members(&["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"]),
        "has other probes or hooks than the companion declares",
    );
    check(security::conditions(at, declared), "has another securityContext than the companion declares");
    let mut mounts = mounts::conditions(required, container, at);
    mounts.extend(members(&["volumeDevices"]));
    mounts.extend(last_words(at, declared));
    check(mounts, "has other mounts than the companion declares");
    let mut resources = resources::conditions(at, declared);
    resources.extend(resources::resizing(at, declared));
    check(resources, "has other resources than the companion declares: they may be larger, and nothing may be added");
}

/// How long an expression becomes by joining, about. The API server takes its time over long ones: twice as long takes
/// four times as much.
const LONG: usize = 1_500;

/// Conditions of a container in a few expressions that must all hold.
fn pieces(conditions: Vec<Condition>) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for condition in conditions {
        match pieces.last_mut().filter(|last| last.len() + condition.len() < LONG) {
            Some(last) => {
                last.push_str(" && ");
                last.push_str(&condition);
            }
            None => pieces.push(condition),
        }
    }
    pieces
}

/// The declared policy, or `Always`, which the AlwaysPullImages admission plugin writes. With `Never` a container whose
/// image the node does not have would never start.
fn pull_policy(at: &str, declared: &DeclaredContainer) -> Condition {
    let accepted = literal::texts([declared.image_pull_policy.as_deref().unwrap_or("IfNotPresent"), "Always"]);
    format!("{}.orValue('Always') in {accepted}", conform::optional(at, "imagePullPolicy"))
}

fn restart(required: Required<'_>, container: RequiredContainer<'_>, at: &str) -> Vec<Condition> {
    let native = required.companion.placement != Placement::Container;
    let restart = if native && !container.completes {
        format!("{}.orValue('') == 'Always'", conform::optional(at, "restartPolicy"))
    } else {
        format!("!{}.hasValue()", conform::optional(at, "restartPolicy"))
    };
    vec![restart, format!("{}.orValue([]).size() == 0", conform::optional(at, "restartPolicyRules"))]
}

fn runs(at: &str, declared: &DeclaredContainer) -> Vec<Condition> {
    let empty = |key: &str| match key {
        "command" | "args" => Value::Array(Vec::new()),
        "workingDir" => Value::String(String::new()),
        _ => Value::Bool(false),
    };
    let keys = ["command", "args", "workingDir", "stdin", "stdinOnce", "tty"];
    let value = |key: &str| declared.compared.get(key).cloned().unwrap_or_else(|| empty(key));
    keys.iter().flat_map(|key| conform::member(at, key, Some(&value(key)))).collect()
}

/// Where the container leaves its last words: kubelets mount an empty file there, over whatever stood there.
fn last_words(at: &str, declared: &DeclaredContainer) -> Vec<Condition> {
    let defaults = [
        ("terminationMessagePath", "/dev/termination-log", &declared.termination_message_path),
        ("terminationMessagePolicy", "File", &declared.termination_message_policy),
    ];
    let is = |(key, default, declared): (&str, &str, &Option<Box<str>>)| {
        let wanted = literal::text(declared.as_deref().unwrap_or(default));
        format!("{}.orValue({}) == {wanted}", conform::optional(at, key), literal::text(default))
    };
    defaults.into_iter().map(is).collect()
}

/// In Pods of the node's network the API server gives every port a hostPort.
fn ports(at: &str, declared: &DeclaredContainer) -> Vec<Condition> {
    let ports = &declared.ports;
    let mut conditions = vec![format!("{}.orValue([]).size() == {}", conform::optional(at, "ports"), ports.len())];
    for (i, port) in ports.iter().enumerate() {
        let at = format!("{at}.ports[{i}]");
        conditions.extend(conform::item(&at, "ports", port, &["hostPort"]));
        let host = port.get("hostPort").filter(|p| !p.is_null()).unwrap_or(&Value::Null);
        let host = literal::scalar(host).filter(|host| host != "null").unwrap_or_else(|| "0".to_owned());
        conditions.push(format!(
            "({at}.?hostPort.orValue(0) == {host} || (variables.pod.spec.?hostNetwork.orValue(false) && {at}.hostPort == {at}.containerPort))"
        ));
    }
    conditions
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inject::companion::declared::COMPARED_FIELDS;
    use crate::policies::versions::Version;

    #[test]
    fn every_field_that_can_be_declared_has_a_rule() {
        let version = Version::read(json!({
            "apiVersion": "podgraft.dev/v1alpha1",
            "kind": "ClusterCompanion",
            "metadata": {"name": "guard"},
            "spec": {
                "pattern": "Sidecar",
                "activation": "ClusterWide",
                "required": true,
                "containers": [{"name": "guard", "image": "guard:1"}],
            },
        }));
        let version = version.unwrap();
        let required = Required::of(&version.companion).unwrap();
        let mut checks = Vec::new();
        check(required, required.containers().next().unwrap(), "c", &mut checks);
        for field in COMPARED_FIELDS {
            let optional = conform::optional("c", field);
            assert!(checks.iter().any(|check| check.expression.contains(&optional)), "no rule compares {field}");
        }
    }
}
