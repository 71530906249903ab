//! tumblr/k8s-sidecar-injector.

use serde_json::json;

use super::{check, check_lines, companion, lines, translated_files};

const CONTAINERS: &str = "containers: [{name: logger, image: 'registry.example/logger:3'}]";

/// A profile with more fields.
fn profile(more: &str) -> String {
    format!("name: logger\n{CONTAINERS}\n{more}\n")
}

#[test]
fn a_profile_is_a_companion_on_request() {
    check(&profile(""), &["OnRequest ClusterCompanion logger"]);
    let text = profile(
        "initContainers: [{name: prepare, image: 'registry.example/prepare:1'}]
env: [{name: LOG_SOCKET, value: /log/socket}]
volumes: [{name: log, emptyDir: {}}]
volumeMounts: [{name: log, mountPath: /log/, readOnly: true}]",
    );
    let socket = json!([{"name": "LOG_SOCKET", "value": "/log/socket"}]);
    assert_eq!(
        companion(&text)["spec"],
        json!({
            "pattern": "Sidecar",
            "initContainers": [{"name": "prepare", "image": "registry.example/prepare:1", "env": socket}],
            "containers": [{"name": "logger", "image": "registry.example/logger:3", "env": socket}],
            "sharedVolumes": [{
                "name": "log",
                "companion": {"mountPath": "/log", "readOnly": true},
                "app": {"mountPath": "/log", "readOnly": true},
            }],
            "app": {"env": socket},
        })
    );
}

#[test]
fn a_variable_or_a_mount_of_a_container_replaces_the_common_one() {
    let text = "name: logger
env: [{name: A, value: '1'}]
volumes: [{name: log, configMap: {name: log}}]
volumeMounts: [{name: log, mountPath: /log}]
containers: [{name: logger, image: 'x:1', env: [{name: A, value: '2'}], volumeMounts: [{name: log, mountPath: /own}]}]";
    let spec = &companion(text)["spec"];
    assert_eq!(spec["containers"], json!([{"name": "logger", "image": "x:1", "env": [{"name": "A", "value": "2"}]}]));
    let shared = json!([{
        "name": "log",
        "source": {"configMap": {"name": "log"}},
        "companion": {"mountPath": "/own"},
        "app": {"mountPath": "/log"},
    }]);
    assert_eq!(spec["sharedVolumes"], shared);
}

#[test]
fn a_version_is_a_part_of_the_name() {
    for (name, expected) in [("Logger:v1.2", "logger-v1-2"), ("logger:latest", "logger"), ("logger:", "logger")] {
        check(
            &profile("").replace("name: logger\n", &format!("name: '{name}'\n")),
            &[&*format!("OnRequest ClusterCompanion {expected}")],
        );
    }
    let twice = format!("{}---\n{}", profile(""), profile("").replace("name: logger\n", "name: logger:latest\n"));
    check(
        &twice,
        &[
            "OnRequest ClusterCompanion logger",
            "nothing: configuration logger:latest",
            ": duplicate name: also the name of configuration logger; rename one of the two",
        ],
    );
}

#[test]
fn a_field_of_the_pod_is_reported() {
    for (field, reported) in [
        (
            "hostAliases: [{ip: 127.0.0.1, hostnames: [x]}]",
            "hostAliases: a companion never sets hostAliases, because names that the app looks up",
        ),
        (
            "serviceAccountName: x",
            "serviceAccountName: a companion never sets serviceAccountName, because the ServiceAccount",
        ),
        ("hostNetwork: true", "hostNetwork: a companion never sets hostNetwork, because the app would be"),
        ("hostPID: true", "hostPID: a companion never sets hostPID, because the app would be"),
        ("skipHostNetwork: true", "skipHostNetwork: podgraft denies a Pod with hostNetwork"),
        ("volume-mounts: [{name: x}]", "volume-mounts: unknown field"),
        ("env: {A: b}", "env: invalid value: must be a list"),
        ("volumes: {name: v}", "volumes: invalid value: must be a list"),
        ("volumes: [{name: x, emptyDir: {}}]", "volumes[0]: no container of the companion mounts this volume"),
        ("volumeMounts: [{name: x, mountPath: /x}]", "volumeMounts[0]: not found in volumes"),
    ] {
        check(&profile(field), &["OnRequest ClusterCompanion logger", reported]);
    }
    check(&profile("hostPID: false\nprependContainers: true\nhostAliases: []"), &["OnRequest ClusterCompanion logger"]);
}

#[test]
fn a_mount_that_cannot_be_shared_is_reported() {
    let with = |mounts: &str| profile(&format!("volumes: [{{name: v, emptyDir: {{}}}}]\nvolumeMounts: [{mounts}]"));
    check(
        &with("{name: v, mountPath: /v, subPath: x}"),
        &["OnRequest ClusterCompanion logger", "volumeMounts[0]: the app and a companion share whole volumes"],
    );
    check(
        &with("{name: v, mountPath: /v}, {name: v, mountPath: /w}"),
        &["OnRequest ClusterCompanion logger", "volumeMounts[1]: the app mounts a shared volume at one path"],
    );
    check(
        "name: a\nvolumes: [{name: v, emptyDir: {}}]\nvolumeMounts: [{name: v, mountPath: /v}]\ncontainers:
- {name: a, image: 'x:1', volumeMounts: [{name: v, mountPath: /a}, {name: other, mountPath: /o}]}
- {name: b, image: 'x:1', volumeMounts: [{name: v, mountPath: /b}]}",
        &[
            "OnRequest ClusterCompanion a",
            "containers[0].volumeMounts[1]: not found in volumes",
            "containers[1].volumeMounts[0]: all containers of a companion mount a shared volume",
        ],
    );
}

#[test]
fn a_profile_without_containers_is_not_translated() {
    check(
        "name: env1\nenv: [{name: A, value: x}]",
        &["nothing: configuration env1", ": required value: a companion has at least one container"],
    );
}

#[test]
fn a_profile_that_would_be_an_invalid_companion_is_not_translated() {
    check(
        "name: x\ncontainers: [{name: a, image: 'x:1', imagePullPolicy: always}]",
        &[
            "nothing: configuration x",
            "containers[0].imagePullPolicy: the companion would be invalid: unsupported value",
        ],
    );
}

#[test]
fn a_problem_of_the_companion_is_reported_at_the_field_of_the_configuration_if_that_has_the_value() {
    // Native sidecars become containers, so the companion has other indexes.
    check(
        "name: x
initContainers:
- {name: once, image: 'x:1'}
- {name: native, image: 'x:1', restartPolicy: Always, imagePullPolicy: always}
- {name: other, restartPolicy: Always}
containers: [{name: a, image: 'x:1'}]",
        &[
            "nothing: configuration x",
            "initContainers[2].image: the companion would be invalid: required value",
            "initContainers[1].imagePullPolicy: the companion would be invalid: unsupported value",
        ],
    );
    check(
        "name: x\ncontainers: [{name: a, image: 'x:1', readinessProbe: {httpGet: {path: /}}}]",
        &[
            "nothing: configuration x",
            "containers[0].readinessProbe.httpGet.port: the companion would be invalid: required value",
        ],
    );
    // The variable for all containers is added to this one, which has none at this index.
    check(
        "name: x\nenv: [{name: B}, {name: A B}]\ncontainers: [{name: a, image: 'x:1', env: [{name: C}]}]",
        &[
            "nothing: configuration x",
            "containers[0]: the companion would be invalid: spec.containers[0].env[2].name: invalid value",
            "env[1].name: the companion would be invalid: invalid value",
        ],
    );
}

#[test]
fn a_profile_inherits_from_a_file() {
    let base = (
        "dir/sub/base.yaml",
        "name: base\nenv: [{name: A, value: '1'}]\ncontainers: [{name: a, image: 'x:1'}, {name: b, image: 'x:1'}]",
    );
    let child = (
        "dir/a.yaml",
        "name: child\ninherits: ./sub/../sub/base.yaml\ncontainers: [{name: b, image: 'x:2'}, {name: c, image: 'x:1'}]",
    );
    let all = translated_files(&[child, base]);
    check_lines(&lines(&all), &["OnRequest ClusterCompanion child", "OnRequest ClusterCompanion base"]);
    let spec = &all[0].companion.as_ref().unwrap()["spec"];
    let images: Vec<_> = spec["containers"].as_array().unwrap().iter().map(|c| (&c["name"], &c["image"])).collect();
    assert_eq!(json!(images), json!([["a", "x:1"], ["b", "x:2"], ["c", "x:1"]]));
    assert_eq!(spec["app"]["env"][0]["name"], "A");
    check_lines(
        &lines(&translated_files(&[child])),
        &["nothing: configuration child", "inherits: not found among the manifests"],
    );
    let itself = translated_files(&[("a.yaml", "name: a\ninherits: a.yaml\ncontainers: [{name: b, image: 'x:2'}]")]);
    check_lines(&lines(&itself), &["nothing: configuration a", "inherits: the configuration inherits from itself"]);
}

#[test]
fn the_texts_of_a_config_map_are_profiles() {
    let text = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\ndata:
  one: |
    name: logger
    containers: [{name: a, image: 'x:1'}]
    hostPID: true
  two: 'name: a, not a profile'
  three: |
    name: child
    inherits: base.yaml
  other: |
    name: app
    env: production";
    check(
        text,
        &[
            "OnRequest ClusterCompanion logger",
            "data.one.hostPID: a companion never sets",
            "nothing: configuration child",
            "data.three.inherits: only a file can inherit from another file",
        ],
    );
}

#[test]
fn a_text_of_a_config_map_that_cannot_be_read_is_reported_if_it_has_containers() {
    let with = |text: &str| format!("kind: ConfigMap\napiVersion: v1\nmetadata: {{name: x}}\ndata: {{a: {text:?}}}\n");
    check(&with("name: a\ncontainers: [{name: a"), &["nothing: ConfigMap x", "data.a: cannot be read: line "]);
    check(
        &with("name: a\nname: b\ncontainers: [{name: a, image: 'x:1'}]"),
        &["nothing: ConfigMap x", "data.a: cannot be read: line 2, column 1: duplicate key \"name\""],
    );
    check(&with("name: [a"), &[]);
}

#[test]
fn a_helm_template_is_not_translated() {
    check(
        &profile("env: [{name: A, value: '{{ .Values.a }}'}]"),
        &["nothing: configuration logger", "env[0].value: the text is a Helm template"],
    );
    check(&profile("env: [{name: A, value: '{{ .Node }}'}]"), &["OnRequest ClusterCompanion logger"]);
}
