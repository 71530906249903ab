//! What is required of one container of a companion.

mod env;
mod mounts;
pub(in crate::policies) mod resources;
mod security;

use serde_json::Value;

use super::required::{Required, RequiredContainer};
use super::validation::Validation;
use crate::inject::companion::Placement;
use crate::inject::companion::declared::DeclaredContainer;
use crate::policies::cel::conform;
use crate::policies::cel::conform::Condition;
use crate::policies::cel::literal;

/// The fields of core/v1 Container. A field of a later version cannot have been declared, so a Pod must not have it.
const FIELDS: [&str; 25] = [
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

/// The container in the expression `at` is as declared.
pub(in crate::policies) fn validate(
    required: Required<'_>,
    container: RequiredContainer<'_>,
    at: &str,
    validations: &mut Vec<Validation>,
) {
    let (compiled, declared) = (container.compiled, container.declared);
    let mut add = |conditions: Vec<Condition>, fields: &str, must: &str| {
        let message = format!("invalid {fields} of container {}: must {must}", compiled.name);
        let expressions = joined(conditions).into_iter();
        validations.extend(expressions.map(|expression| Validation { expression, message: message.clone() }));
    };
    let fields = |keys: &[&str]| -> Vec<Condition> {
        keys.iter().flat_map(|key| conform::member(at, key, declared.compared.get(*key))).collect()
    };
    let image = format!("{}.orValue('') == {}", conform::optional(at, "image"), literal::text(&compiled.image));
    add(vec![image], "image", "be the declared one");
    add(vec![pull_policy(at, declared)], "imagePullPolicy", "be the declared one, or Always");
    add(restart(required, container, at), "restartPolicy", "be Always in a native sidecar, and unset in others");
    let mut process = process(at, declared);
    process.push(format!("{at}.all(k, k in {})", literal::texts(FIELDS)));
    add(process, "command, args, workingDir or other field", "be as declared");
    add(env::conditions(required, container, at), "env", "be as declared");
    for (parameter, name) in env::parameters(required) {
        let message = parameter.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
        let must = format!("have a value that parameter {} accepts, and be set only once{message}", parameter.name);
        add(env::of_parameter(at, parameter, name), &format!("env {name}"), &must);
    }
    add(ports(at, declared), "ports", "be as declared");
    add(
        fields(&["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"]),
        "probes or lifecycle",
        "be as declared",
    );
    add(security::conditions(at, declared), "securityContext", "be as declared");
    let mut mounts = mounts::conditions(required, container, at);
    mounts.extend(fields(&["volumeDevices"]));
    mounts.extend(termination_message(at, declared));
    add(mounts, "volumeMounts, volumeDevices or terminationMessagePath", "be as declared");
    let mut resources = resources::conditions(at, declared);
    resources.extend(resources::resizing(at, declared));
    add(resources, "resources", "be at least as declared, with no other extended resources or claims");
}

/// About the longest expression that is made by joining, in bytes. The time that an API server takes to check one grows
/// with the square of its length.
const JOINED: usize = 1_500;

/// The conditions in as few expressions as [`JOINED`] allows. All of them must hold.
fn joined(conditions: Vec<Condition>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    for condition in conditions {
        match joined.last_mut().filter(|last| last.len() + condition.len() < JOINED) {
            Some(last) => {
                last.push_str(" && ");
                last.push_str(&condition);
            }
            None => joined.push(condition),
        }
    }
    joined
}

/// The declared policy, or `Always`, which the AlwaysPullImages admission plugin sets. With `Never` a container would not
/// start on a node that does not have its image.
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
    let mut conditions = vec![restart];
    conditions.extend(match container.declared.compared.get("restartPolicyRules") {
        Some(rules) => conform::member(at, "restartPolicyRules", Some(rules)),
        None => vec![format!("{}.orValue([]).size() == 0", conform::optional(at, "restartPolicyRules"))],
    });
    conditions
}

fn process(at: &str, declared: &DeclaredContainer) -> Vec<Condition> {
    let empty = |key: &str| match key {
        "command" | "args" => Value::Array(Vec::new()),
        "workingDir" => Value::String(String::new()),
        _ => Value::Bool(false),
    };
    let keys = ["command", "args", "workingDir", "stdin", "stdinOnce", "tty"];
    let value = |key: &str| declared.compared.get(key).cloned().unwrap_or_else(|| empty(key));
    keys.iter().flat_map(|key| conform::member(at, key, Some(&value(key)))).collect()
}

/// Kubelets mount an empty file at the termination message path, and hide what is there.
fn termination_message(at: &str, declared: &DeclaredContainer) -> Vec<Condition> {
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

/// In Pods with hostNetwork the API server gives every port a hostPort.
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
        let mut validations = Vec::new();
        validate(required, required.containers().next().unwrap(), "c", &mut validations);
        for field in COMPARED_FIELDS {
            let optional = conform::optional("c", field);
            assert!(validations.iter().any(|v| v.expression.contains(&optional)), "no rule compares {field}");
        }
    }
}
