//! What is asked of one container of a companion.

use serde_json::{Map, Value};

use super::create::Check;
use super::declared::{self, Declared};
use super::fit::{self, Condition};
use super::{literal, parameter};
use crate::inject::companion::{Companion, Container, Endpoint, Placement};
use crate::inject::keys::TOKEN_PATH;

/// The container that `at` holds is as declared.
pub(super) fn check(companion: &Companion, container: &Container, init: bool, at: &str, checks: &mut Vec<Check>) {
    let declared = declared::read(container);
    let mut check = |conditions: Vec<Condition>, what: &str| {
        let complaint = format!("container {} {what}", container.name);
        let pieces = pieces(conditions).into_iter();
        checks.extend(pieces.map(|expression| Check { expression, complaint: complaint.clone() }));
    };
    let members = |keys: &[&str]| -> Vec<Condition> {
        keys.iter().flat_map(|key| fit::member(at, key, declared.members.get(*key))).collect()
    };
    let image = format!("{}.orValue('') == {}", fit::optional(at, "image"), literal::text(&container.image));
    check(vec![image], "has another image than the companion declares");
    let is_long_running = companion.containers.iter().any(|c| std::ptr::eq(c, container));
    let restart = if init && is_long_running && companion.placement != Placement::Container {
        format!("{}.orValue('') == 'Always'", fit::optional(at, "restartPolicy"))
    } else {
        format!("!{}.hasValue()", fit::optional(at, "restartPolicy"))
    };
    let rules = format!("{}.orValue([]).size() == 0", fit::optional(at, "restartPolicyRules"));
    check(vec![restart, rules], "is not restarted as the companion needs it");
    let mut runs = runs(at, &declared);
    runs.extend(foreign(at, &declared));
    check(runs, "does not run what the companion declares: command, args and workingDir must be the same");
    check(env(companion, at, &declared), "has another environment than the companion declares");
    check(ports(at, &declared), "has other ports than the companion declares");
    check(
        members(&["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"]),
        "has other probes or hooks than the companion declares",
    );
    check(members(&["securityContext"]), "has another securityContext than the companion declares");
    let mut mounts = mounts(companion, at, &declared);
    mounts.extend(members(&["volumeDevices"]));
    mounts.extend(last_words(at, &declared));
    check(mounts, "has other mounts than the companion declares");
    let resources = resources(at, &declared);
    if !resources.is_empty() {
        check(resources, "has smaller resources than the companion declares");
    }
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

/// Members that are looked at one by one, or that cannot be held: other webhooks and plug-ins may set them.
const APART: [&str; 21] = [
    "name",
    "image",
    "restartPolicy",
    "restartPolicyRules",
    "command",
    "args",
    "workingDir",
    "stdin",
    "stdinOnce",
    "tty",
    "ports",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "securityContext",
    "volumeDevices",
    "resources",
    "imagePullPolicy",
    "terminationMessagePath",
    "terminationMessagePolicy",
];

fn runs(at: &str, declared: &Declared) -> Vec<Condition> {
    let empty = |key: &str| match key {
        "command" | "args" => Value::Array(Vec::new()),
        "workingDir" => Value::String(String::new()),
        _ => Value::Bool(false),
    };
    let keys = ["command", "args", "workingDir", "stdin", "stdinOnce", "tty"];
    let value = |key: &str| declared.members.get(key).filter(|v| !v.is_null()).cloned().unwrap_or_else(|| empty(key));
    keys.iter().flat_map(|key| fit::member(at, key, Some(&value(key)))).collect()
}

/// Where the container leaves its last words: kubelets mount an empty file there, over whatever stood there.
fn last_words(at: &str, declared: &Declared) -> Vec<Condition> {
    let defaults = [("terminationMessagePath", "/dev/termination-log"), ("terminationMessagePolicy", "File")];
    let text = |key: &str| declared.members.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let is = |(key, default): (&str, &str)| {
        let (there, wanted) = (fit::optional(at, key), literal::text(text(key).unwrap_or(default)));
        format!("{there}.orValue({}) == {wanted}", literal::text(default))
    };
    defaults.into_iter().map(is).collect()
}

/// What the companion declares of members that podgraft knows nothing of.
fn foreign(at: &str, declared: &Declared) -> Vec<Condition> {
    let foreign = declared.members.iter().filter(|(key, _)| !APART.contains(&key.as_str()) && *key != "envFrom");
    let fits = |(key, value): (&String, &Value)| {
        let fits = fit::member(at, key, Some(value));
        if key == "resizePolicy" {
            // API servers up to Kubernetes 1.32 drop it, unless they were told not to.
            vec![format!("(!{}.hasValue() || {})", fit::optional(at, key), fit::all(&fits))]
        } else {
            fits
        }
    };
    foreign.flat_map(fits).collect()
}

/// Endpoints, then parameters, then the container's own: each once, and nothing else.
fn env(companion: &Companion, at: &str, declared: &Declared) -> Vec<Condition> {
    let mut conditions = match declared.members.get("envFrom") {
        Some(Value::Array(items)) if !items.is_empty() => fit::member(at, "envFrom", declared.members.get("envFrom")),
        _ => vec![format!("{}.orValue([]).size() == 0", fit::optional(at, "envFrom"))],
    };
    let there = format!("dyn({}.orValue([]))", fit::optional(at, "env"));
    let Some(own) = &declared.env else {
        conditions.push(format!("{there}.size() == 0"));
        return conditions;
    };
    let given: Vec<_> = companion.endpoints.iter().flat_map(of_endpoint).collect();
    let parameters: Vec<_> = companion.parameters.iter().filter_map(|p| Some((p, p.env.as_deref()?))).collect();
    let names = literal::texts(parameters.iter().map(|(_, name)| *name));
    let fixed = given.len() + own.len();
    conditions.push(format!("{there}.filter(e, !(e.name in {names})).size() == {fixed}"));
    let variables = given.iter().enumerate().map(|(i, variable)| (i.to_string(), variable));
    let behind = own.iter().enumerate().map(|(i, v)| (format!("{at}.env.size() - {}", own.len() - i), v));
    for (index, variable) in variables.chain(behind) {
        conditions.extend(fit::item(&format!("{at}.env[{index}]"), "env", variable, &[]));
    }
    for (parameter, name) in parameters {
        let count = if parameter.default.is_some() { "== 1" } else { "<= 1" };
        let name = literal::text(name);
        let is_of_its_kind = fit::all(&parameter::fits(&parameter.kind));
        conditions.push(format!("{there}.filter(e, e.name == {name}).size() {count}"));
        conditions.push(format!("{there}.all(e, e.name != {name} || ({is_of_its_kind}))"));
    }
    conditions
}

fn of_endpoint(endpoint: &Endpoint) -> Vec<Map<String, Value>> {
    let variable = |name: &str, value: String| {
        Map::from_iter([("name".to_owned(), Value::from(name)), ("value".to_owned(), value.into())])
    };
    let host = endpoint.host_env.as_deref().map(|name| variable(name, "127.0.0.1".to_owned()));
    let port = endpoint.port_env.as_deref().map(|name| variable(name, endpoint.port.to_string()));
    host.into_iter().chain(port).collect()
}

/// In Pods of the node's network the API server gives every port a hostPort.
fn ports(at: &str, declared: &Declared) -> Vec<Condition> {
    let ports = declared.members.get("ports").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut conditions = vec![format!("{}.orValue([]).size() == {}", fit::optional(at, "ports"), ports.len())];
    for (i, port) in ports.iter().enumerate() {
        let at = format!("{at}.ports[{i}]");
        let empty = Map::new();
        let declared = port.as_object().unwrap_or(&empty);
        conditions.extend(fit::item(&at, "ports", declared, &["hostPort"]));
        let host = declared.get("hostPort").filter(|p| !p.is_null()).unwrap_or(&Value::Null);
        let host = literal::scalar(host).filter(|host| host != "null").unwrap_or_else(|| "0".to_owned());
        conditions.push(format!(
            "({at}.?hostPort.orValue(0) == {host} || (variables.pod.spec.?hostNetwork.orValue(false) && {at}.hostPort == {at}.containerPort))"
        ));
    }
    conditions
}

/// Shared volumes, then the container's own; and the token, if the companion leaves it in.
fn mounts(companion: &Companion, at: &str, declared: &Declared) -> Vec<Condition> {
    let there = format!("dyn({}.orValue([]))", fit::optional(at, "volumeMounts"));
    let mut paths = Vec::new();
    let mut conditions = Vec::new();
    let own = declared.mounts.as_deref();
    for shared in companion.shared_volumes.iter().filter(|_| own.is_some()) {
        let path = &*shared.companion.path;
        let name = literal::text(&shared.volume.name);
        let read_only = format!("m.?readOnly.orValue(false) == {}", shared.companion.read_only);
        let is_own = format!("(m.name == {name} && m.all(k, k in ['name', 'mountPath', 'readOnly']))");
        let joins = "(m.all(k, k in ['name', 'mountPath', 'readOnly', 'subPath']) && variables.volumes.exists(v, v.name == m.name && (has(v.emptyDir) || has(v.persistentVolumeClaim) || has(v.ephemeral))))";
        let volume = if shared.joins { format!("({is_own} || {joins})") } else { is_own };
        conditions
            .push(format!("{there}.exists_one(m, m.mountPath == {} && {read_only} && {volume})", literal::text(path)));
        paths.push(path);
    }
    for mount in own.into_iter().flatten() {
        let fits = fit::all(&fit::item("m", "volumeMounts", mount, &[]));
        conditions.push(format!("{there}.exists_one(m, {fits})"));
        paths.extend(mount.get("mountPath").and_then(Value::as_str));
    }
    let count = paths.len();
    if paths.contains(&TOKEN_PATH) {
        conditions.push(format!("{there}.size() == {count}"));
        return conditions;
    }
    // The API server mounts the token by itself, out of these; of two sources none can write over the other's files.
    let token = literal::text(TOKEN_PATH);
    conditions.push(format!("{there}.filter(m, m.mountPath != {token}).size() == {count}"));
    conditions.push(format!(
        "{there}.all(m, m.mountPath != {token} || variables.volumes.exists(v, v.name == m.name && {TOKEN}))"
    ));
    conditions
}

/// A volume `v` holds a service account's token, and the authority by which the API server is known.
const TOKEN: &str = "v.?projected.?sources.orValue([]).exists(s, s.?serviceAccountToken.?path.orValue('') == 'token') && v.projected.sources.exists(s, s.?configMap.?name.orValue('') == 'kube-root-ca.crt')";

/// At least what is declared: nobody can starve the companion, and a LimitRange may add what is not declared.
fn resources(at: &str, declared: &Declared) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for list in ["limits", "requests"] {
        let amounts = declared.members.get("resources").and_then(|r| r.get(list)).and_then(Value::as_object);
        for (resource, amount) in amounts.into_iter().flatten().filter(|(_, amount)| !amount.is_null()) {
            let there = format!("{at}.?resources.?{list}[?{}]", literal::text(resource));
            conditions.push(fit::quantity(&there, amount, ">="));
        }
    }
    conditions
}
