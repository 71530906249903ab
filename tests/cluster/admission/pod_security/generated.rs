//! Valid companions: those of the tree's manifests, and a table of changes to one that `restricted` admits, each alone, and
//! several at random.

use std::path::Path;

use podgraft::internals::api::check_companion;
use serde_json::{Value, json};

use super::volumes::{mounts, sources};
use crate::cluster::tree;

/// Companions at random that change several fields.
const AT_RANDOM: u32 = 500;

/// A container that `restricted` admits.
pub fn restricted(name: &str) -> Value {
    json!({
        "name": name,
        "image": format!("registry.example/{name}:1"),
        "securityContext": {
            "runAsNonRoot": true,
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    })
}

/// All companions that validation accepts.
pub fn companions() -> Vec<Value> {
    let mut companions = Vec::new();
    for folder in ["tests/golden", "tests/policies", "tests/api", "examples", "docs", "benches"] {
        of_manifests(&tree().join(folder), &mut companions);
    }
    let of_tree = companions.len();
    let changes = changes();
    for change in &changes {
        companions.push(changed(&[change]));
    }
    // Marsaglia's xorshift, so that a failure can be repeated.
    let mut seed = 0x9e37_79b9_u32;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as usize % below
    };
    for _ in 0..AT_RANDOM {
        let several: Vec<_> = (0..2 + random(3)).map(|_| &changes[random(changes.len())]).collect();
        companions.push(changed(&several));
    }
    companions.retain(|companion| check_companion(companion).problems.is_empty());
    println!("    {of_tree} companions of the tree, {} changes", changes.len());
    companions
}

fn of_manifests(folder: &Path, companions: &mut Vec<Value>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            of_manifests(&path, companions);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let documents = text.split("\n---\n").filter_map(|text| serde_saphyr::from_str::<Value>(text).ok());
            companions.extend(documents.filter(|document| {
                document["kind"].as_str().is_some_and(|kind| ["ClusterCompanion", "Companion"].contains(&kind))
            }));
        }
    }
}

/// A field of the specification, and its value; without a field, several fields of the specification.
type Change = (String, Value);

fn changed(changes: &[&Change]) -> Value {
    let mut companion = json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": "ClusterCompanion",
        "metadata": {"name": "case"},
        "spec": {
            "pattern": "Sidecar",
            "lifecycle": if changes.len().is_multiple_of(2) { "Container" } else { "Native" },
            "containers": [restricted("one"), restricted("two")],
            "initContainers": [restricted("prepare")],
        },
    });
    for (pointer, value) in changes {
        let mut node = &mut companion["spec"];
        if pointer.is_empty() {
            node.as_object_mut().expect("an object").extend(value.as_object().cloned().unwrap_or_default());
            continue;
        }
        for token in pointer.split('/') {
            node = match token.parse::<usize>() {
                Ok(index) => &mut node[index],
                Err(_) => &mut node[token],
            };
        }
        *node = value.clone();
    }
    companion
}

fn changes() -> Vec<Change> {
    let mut changes = Vec::new();
    for container in ["containers/0", "containers/1", "initContainers/0"] {
        let all = security_contexts().into_iter().chain(ports()).chain(handlers()).chain(probes()).chain(others());
        changes.extend(all.map(|(field, value)| (format!("{container}/{field}"), value)));
    }
    for source in sources() {
        let mut volume = source.clone();
        volume["name"] = "data".into();
        changes.push(("volumes".to_owned(), json!([volume])));
        let sides = json!({"name": "shared", "source": source, "companion": {"mountPath": "/in"}, "app": {"mountPath": "/out"}});
        changes.push(("sharedVolumes".to_owned(), json!([sides])));
    }
    for source in [json!({"emptyDir": {}}), json!({"persistentVolumeClaim": {"claimName": "x"}})] {
        for fields in mounts() {
            let mut container = restricted("one");
            container.as_object_mut().expect("an object").extend(fields.as_object().cloned().unwrap_or_default());
            let mut volume = source.clone();
            volume["name"] = "data".into();
            let prepared = json!({"containers": [container, restricted("two")], "volumes": [volume]});
            changes.push((String::new(), prepared));
        }
    }
    for profile in ["unconfined", "runtime/default", "localhost/profile", "", "unknown"] {
        let annotation = json!({"container.apparmor.security.beta.kubernetes.io/one": profile});
        changes.push(("podAnnotations".to_owned(), annotation));
    }
    changes
}

fn security_contexts() -> Vec<(&'static str, Value)> {
    let mut changes = vec![
        ("securityContext", json!(null)),
        ("securityContext", json!({})),
        ("securityContext", json!({"privileged": true})),
        ("securityContext/readOnlyRootFilesystem", json!(true)),
    ];
    for (field, values) in [
        ("securityContext/runAsNonRoot", json!([null, false])),
        ("securityContext/runAsUser", json!([null, 0, 1, 65534])),
        ("securityContext/runAsGroup", json!([0, 1])),
        ("securityContext/allowPrivilegeEscalation", json!([null, true])),
        ("securityContext/privileged", json!([null, false])),
        ("securityContext/procMount", json!([null, "Default", "Unmasked"])),
        (
            "securityContext/capabilities",
            json!([null, {}, {"drop": []}, {"drop": ["NET_RAW"]}, {"drop": ["all"]}, {"drop": ["NET_RAW", "ALL"]}]),
        ),
        (
            "securityContext/seccompProfile",
            json!([null, {"type": "Unconfined"}, {"type": "Localhost", "localhostProfile": "a"}]),
        ),
        (
            "securityContext/appArmorProfile",
            json!([{"type": "RuntimeDefault"}, {"type": "Unconfined"}, {"type": "Localhost", "localhostProfile": "a"}]),
        ),
        (
            "securityContext/seLinuxOptions",
            json!([{}, {"level": "s0:c1"}, {"user": "system_u"}, {"role": "system_r"}, {"user": "", "role": "", "type": ""}]),
        ),
        ("securityContext/windowsOptions", json!([{"hostProcess": false}, {"runAsUserName": "ContainerUser"}])),
    ] {
        changes.extend(values.as_array().into_iter().flatten().map(|value| (field, value.clone())));
    }
    for kind in
        ["container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t", "container_logreader_t"]
    {
        changes.push(("securityContext/seLinuxOptions", json!({"type": kind})));
    }
    let admitted = "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT";
    for capability in
        admitted.split(' ').chain(["NET_RAW", "NET_ADMIN", "SYS_TIME", "BPF", "ALL", "CAP_CHOWN", "chown"])
    {
        changes.push(("securityContext/capabilities", json!({"drop": ["ALL"], "add": [capability]})));
    }
    changes
}

fn ports() -> Vec<(&'static str, Value)> {
    let ports = json!([[{"containerPort": 80}], [{"containerPort": 80, "hostPort": 80}], [{"containerPort": 53, "hostPort": 53, "protocol": "UDP"}]]);
    ports.as_array().into_iter().flatten().map(|ports| ("ports", ports.clone())).collect()
}

fn handlers() -> Vec<(&'static str, Value)> {
    let mut changes = Vec::new();
    let handlers = json!([
        {"httpGet": {"port": 80}}, {"httpGet": {"port": 80, "host": ""}}, {"httpGet": {"port": 80, "host": "127.0.0.1"}},
        {"tcpSocket": {"port": 80}}, {"tcpSocket": {"port": 80, "host": "db.shop"}}, {"exec": {"command": ["true"]}}
    ]);
    for handler in handlers.as_array().into_iter().flatten() {
        changes.extend(["livenessProbe", "readinessProbe", "startupProbe"].map(|probe| (probe, handler.clone())));
        changes.extend(["postStart", "preStop"].map(|hook| ("lifecycle", json!({hook: handler}))));
    }
    changes.push(("readinessProbe", json!({"grpc": {"port": 80}})));
    changes.push(("lifecycle", json!({"preStop": {"sleep": {"seconds": 1}}})));
    changes
}

/// Probes that API servers accept or reject for their numbers and requests.
fn probes() -> Vec<(&'static str, Value)> {
    let mut changes = Vec::new();
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        for (number, values) in [
            ("initialDelaySeconds", [-1, 0]),
            ("periodSeconds", [-1, 0]),
            ("timeoutSeconds", [-1, 5]),
            ("successThreshold", [-1, 2]),
            ("failureThreshold", [-1, 0]),
            ("terminationGracePeriodSeconds", [0, 5]),
        ] {
            changes.extend(values.map(|value| (field, json!({"tcpSocket": {"port": 80}, number: value}))));
        }
    }
    let actions = json!([
        {}, {"exec": {}}, {"exec": {"command": []}}, {"tcpSocket": {"port": 80}, "grpc": {"port": 80}},
        {"httpGet": {"port": 80, "scheme": "HTTPS"}}, {"httpGet": {"port": 80, "scheme": "ftp"}},
        {"httpGet": {"port": 80, "httpHeaders": [{"name": "X A", "value": "b"}]}}, {"httpGet": {"port": 80, "path": ""}}
    ]);
    changes.extend(actions.as_array().into_iter().flatten().map(|action| ("livenessProbe", action.clone())));
    changes
}

/// Fields of containers that API servers accept with some values only.
fn others() -> Vec<(&'static str, Value)> {
    let policy = |resource: &str, restart: &str| json!([{"resourceName": resource, "restartPolicy": restart}]);
    let cpu = json!({"resourceName": "cpu", "restartPolicy": "NotRequired"});
    let mut changes: Vec<(&'static str, Value)> = vec![
        ("resizePolicy", policy("cpu", "NotRequired")),
        ("resizePolicy", policy("memory", "RestartContainer")),
        ("resizePolicy", policy("memory", "Always")),
        ("resizePolicy", policy("ephemeral-storage", "NotRequired")),
        ("resizePolicy", json!([cpu, cpu])),
        ("lifecycle", json!({})),
        ("lifecycle", json!({"preStop": {}})),
        ("lifecycle", json!({"preStop": {"sleep": {"seconds": 60}}})),
        ("lifecycle", json!({"preStop": {"sleep": {"seconds": -1}}})),
        ("lifecycle", json!({"postStart": {"sleep": {"seconds": 0}}})),
        ("securityContext/procMount", json!("unmasked")),
        ("securityContext/windowsOptions", json!({"hostProcess": true})),
        ("securityContext/seccompProfile", json!({"type": "Localhost"})),
        ("securityContext/seccompProfile", json!({"type": "Localhost", "localhostProfile": "/a"})),
        ("securityContext/seccompProfile", json!({"type": "RuntimeDefault", "localhostProfile": "a"})),
        ("securityContext/appArmorProfile", json!({"type": "Localhost"})),
        ("securityContext/appArmorProfile", json!({"type": "Localhost", "localhostProfile": " a"})),
        ("securityContext/appArmorProfile", json!({"type": "default"})),
    ];
    for from in [
        json!({}),
        json!({"configMapRef": {"name": "a"}}),
        json!({"configMapRef": {"name": "a"}, "secretRef": {"name": "a"}}),
        json!({"secretRef": {"name": "A_b"}}),
        json!({"secretRef": {"name": "a", "optional": true}, "prefix": "a.b-c"}),
        json!({"secretRef": {"name": "a"}, "prefix": "A="}),
    ] {
        changes.push(("envFrom", json!([from])));
    }
    for path in
        ["metadata.name", "metadata.nam", "metadata.labels", "metadata.labels['a']", "spec.host", "status.podIPs"]
    {
        changes.push(("env", json!([{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": path}}}])));
    }
    for resource in ["cpu", "limits.cpu", "limits.gpu", "requests.hugepages-2Mi", "limits.ephemeral-storage"] {
        changes.push(("env", json!([{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": resource}}}])));
    }
    changes
}
