//! Names of volumes in Pods, and what the ServiceAccount admission plugin adds.

use serde_json::{Value, json};

const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The name of the plugin's volume.
const TOKEN: &str = "kube-api-access-x";

/// The names of volumes in all fields of a container that have some.
pub fn names(container: &Value) -> Vec<&str> {
    let items = |list: &str| container[list].as_array().into_iter().flatten();
    let used = items("volumeMounts").chain(items("volumeDevices")).map(|item| &item["name"]);
    let files = items("env").map(|variable| &variable["valueFrom"]["fileKeyRef"]["volumeName"]);
    used.chain(files).filter_map(Value::as_str).collect()
}

/// A container of a patched Pod, and a volume that it names and the Pod does not have; what its author wrote is not
/// looked at.
pub fn missing(patched: &Value, written: &Value) -> Option<String> {
    let volumes = patched["spec"]["volumes"].as_array().into_iter().flatten();
    let volumes: Vec<_> = volumes.filter_map(|volume| volume["name"].as_str()).collect();
    containers(patched).find_map(|(list, container)| {
        let before = containers(written).find(|(l, c)| *l == list && c["name"] == container["name"]);
        let before = before.map(|(_, container)| names(container)).unwrap_or_default();
        let name = names(container).into_iter().find(|name| !volumes.contains(name) && !before.contains(name))?;
        Some(format!("{} names {name}, which is no volume", container["name"]))
    })
}

fn containers(pod: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    let of = |list: &'static str| pod["spec"][list].as_array().into_iter().flatten().map(move |c| (list, c));
    ["initContainers", "containers"].into_iter().flat_map(of)
}

/// A Pod as the ServiceAccount admission plugin leaves it: each container that mounts nothing at the token's path gets the
/// token, if the Pod declares no other preference.
pub fn with_token(pod: &Value) -> Value {
    let mut pod = pod.clone();
    if pod["spec"]["automountServiceAccountToken"] == false {
        return pod;
    }
    let add = |list: &mut Value, item: Value| match list {
        Value::Array(items) => items.push(item),
        other => *other = json!([item]),
    };
    for list in ["initContainers", "containers"] {
        for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
            let covers = |mount: &Value| mount["mountPath"] == TOKEN_PATH;
            if !container["volumeMounts"].as_array().is_some_and(|mounts| mounts.iter().any(covers)) {
                let mount = json!({"name": TOKEN, "mountPath": TOKEN_PATH, "readOnly": true});
                add(&mut container["volumeMounts"], mount);
            }
        }
    }
    let volumes = &mut pod["spec"]["volumes"];
    if !volumes.as_array().into_iter().flatten().any(|volume| volume["name"] == TOKEN) {
        add(volumes, json!({"name": TOKEN, "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}));
    }
    pod
}

/// A container to which the plugin gives the token after it was injected, although its companion does not use one. The plugin
/// mounted a token before if it does so for this ServiceAccount, or if the Pod demands one.
pub fn unmasked(patched: &Value, written: &Value, companions: &[Value]) -> Option<String> {
    let has_token = |container: &Value| names(container).contains(&TOKEN);
    let mounts_tokens = containers(written).any(|(_, container)| has_token(container));
    if !mounts_tokens && written["spec"]["automountServiceAccountToken"] != true {
        return None;
    }
    let uses_token = |name: &str| {
        let mut companion = companions.iter().filter(|c| c["spec"]["serviceAccountToken"] == true);
        companion.any(|c| c["metadata"]["name"] == name.trim_end_matches("-prepare"))
    };
    let patched = with_token(patched);
    let injected = containers(&patched)
        .filter(|(list, c)| !containers(written).any(|(other, before)| other == *list && before["name"] == c["name"]));
    let mut exposed = injected.filter(|(_, container)| has_token(container)).filter_map(|(_, c)| c["name"].as_str());
    exposed.find(|name| !uses_token(name)).map(ToOwned::to_owned)
}
