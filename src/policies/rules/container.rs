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
        keys.iter().flat_map(|key| conform::member(at, key, declared.members.get(*key))).collect()
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
    let context = declared.members.get("securityContext");
    check(security::conditions(at, context), "has another securityContext than the companion declares");
    let mut mounts = mounts::conditions(required, container, at);
    mounts.extend(members(&["volumeDevices"]));
    mounts.extend(last_words(at, declared));
    check(mounts, "has other mounts than the companion declares");
    let mut resources = resources::conditions(at, declared.members.get("resources"));
    resources.extend(resources::resizing(at, declared.members.get("resizePolicy")));
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
    let declared = declared.members.get("imagePullPolicy").and_then(Value::as_str).filter(|policy| !policy.is_empty());
    let accepted = literal::texts([declared.unwrap_or("IfNotPresent"), "Always"]);
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
    let value = |key: &str| declared.members.get(key).filter(|v| !v.is_null()).cloned().unwrap_or_else(|| empty(key));
    keys.iter().flat_map(|key| conform::member(at, key, Some(&value(key)))).collect()
}

/// Where the container leaves its last words: kubelets mount an empty file there, over whatever stood there.
fn last_words(at: &str, declared: &DeclaredContainer) -> Vec<Condition> {
    let defaults = [("terminationMessagePath", "/dev/termination-log"), ("terminationMessagePolicy", "File")];
    let text = |key: &str| declared.members.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let is = |(key, default): (&str, &str)| {
        let (there, wanted) = (conform::optional(at, key), literal::text(text(key).unwrap_or(default)));
        format!("{there}.orValue({}) == {wanted}", literal::text(default))
    };
    defaults.into_iter().map(is).collect()
}

/// In Pods of the node's network the API server gives every port a hostPort.
fn ports(at: &str, declared: &DeclaredContainer) -> Vec<Condition> {
    let ports = declared.members.get("ports").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut conditions = vec![format!("{}.orValue([]).size() == {}", conform::optional(at, "ports"), ports.len())];
    for (i, port) in ports.iter().enumerate() {
        let at = format!("{at}.ports[{i}]");
        let empty = serde_json::Map::new();
        let declared = port.as_object().unwrap_or(&empty);
        conditions.extend(conform::item(&at, "ports", declared, &["hostPort"]));
        let host = declared.get("hostPort").filter(|p| !p.is_null()).unwrap_or(&Value::Null);
        let host = literal::scalar(host).filter(|host| host != "null").unwrap_or_else(|| "0".to_owned());
        conditions.push(format!(
            "({at}.?hostPort.orValue(0) == {host} || (variables.pod.spec.?hostNetwork.orValue(false) && {at}.hostPort == {at}.containerPort))"
        ));
    }
    conditions
}
