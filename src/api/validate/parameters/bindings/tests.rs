use serde_json::{Value, json};

use crate::api::testing::{check, companion, warns, with};

fn check_parameter(parameter: Value, expect: &[&str]) {
    let expect: Vec<_> = expect.iter().map(|e| format!("spec.parameters[4]{e}")).collect();
    check(companion("/spec/parameters/4", parameter), &expect.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_parameter_fills_exactly_one_slot_of_its_type() {
    check_parameter(json!({"name": "a", "type": "String"}), &[": required value: a parameter sets exactly one of env"]);
    check_parameter(
        json!({"name": "a", "type": "Path", "env": "A", "mountPath": "content/companion", "below": "/git"}),
        &[": forbidden: a parameter sets exactly one of env"],
    );
    check_parameter(
        json!({"name": "a", "type": "String", "mountPath": "content/companion", "below": "/git"}),
        &[
            ".mountPath: forbidden: only a parameter of type Path can set mountPath",
            ".below: forbidden: only type Path",
        ],
    );
    check_parameter(
        json!({"name": "a", "type": "Integer", "resource": "git-sync/limits.cpu"}),
        &[".resource: forbidden: only a parameter of type Quantity can set resource"],
    );
    check_parameter(
        json!({"name": "a", "type": "SecretKey", "listens": "x"}),
        &[
            ".listens: forbidden: only a parameter of type Port can set listens",
            ".listens: not found in spec.listens: \"x\"",
        ],
    );
    check_parameter(json!({"name": "a", "type": "String", "env": 1}), &[".env: invalid value: must be a string"]);
}

#[test]
fn a_path_moves_a_side_of_a_shared_volume() {
    check_parameter(
        json!({"name": "a", "type": "Path", "mountPath": "contents/app"}),
        &[".mountPath: not found in spec.sharedVolumes: \"contents\"; did you mean \"content\"?"],
    );
    check_parameter(
        json!({"name": "a", "type": "Path", "mountPath": "content/pod"}),
        &[".mountPath: invalid value: must be `<shared volume>/app` or"],
    );
    check_parameter(
        json!({"name": "a", "type": "Path", "mountPath": "content/companion"}),
        &[".mountPath: forbidden: a path on the companion's side requires below"],
    );
    check_parameter(json!({"name": "a", "type": "Path", "mountPath": "content/companion", "below": "/git"}), &[]);
    check_parameter(
        json!({"name": "a", "type": "Path", "mountPath": "content/app"}),
        &[".mountPath: duplicate value \"content/app\": also set by parameter path"],
    );
}

#[test]
fn a_port_moves_an_endpoint_that_has_a_variable_for_it() {
    let moved = |listens: Value, parameter: Value, expect: &[&str]| {
        check(with(&[("/spec/listens", listens), ("/spec/parameters/4", parameter)]), expect);
    };
    let endpoint = json!([{"name": "redis", "port": 6379, "env": {"port": "REDIS_PORT"}}]);
    moved(endpoint.clone(), json!({"name": "port", "type": "Port", "listens": "redis"}), &[]);
    moved(endpoint.clone(), json!({"name": "port", "type": "Port", "listens": "redis", "env": "P"}), &[]);
    moved(
        endpoint,
        json!({"name": "port", "type": "Port", "listens": "redi"}),
        &["spec.parameters[4].listens: not found in spec.listens: \"redi\"; did you mean \"redis\"?"],
    );
    moved(
        json!([{"name": "redis", "port": 6379}]),
        json!({"name": "port", "type": "Port", "listens": "redis"}),
        &["spec.parameters[4].listens: forbidden: endpoint redis has no env.port"],
    );
}

#[test]
fn the_default_of_a_port_is_not_another_port_of_the_companion() {
    let object = with(&[
        ("/spec/listens", json!([{"name": "redis", "port": 6379, "env": {"port": "REDIS_PORT"}}])),
        ("/spec/exposes", json!({"port": 9113})),
        ("/spec/parameters/4", json!({"name": "port", "type": "Port", "listens": "redis", "default": "9113"})),
    ]);
    warns(
        object,
        "spec.parameters[4].default: possible conflict: another endpoint or port of the companion has this number",
    );
}

#[test]
fn a_quantity_fills_a_resource_of_a_container() {
    check_parameter(
        json!({"name": "a", "type": "Quantity", "resource": "gitsync/limits.memory"}),
        &[".resource: not found in spec.containers and spec.initContainers: \"gitsync\"; did you mean \"git-sync\"?"],
    );
    check_parameter(
        json!({"name": "a", "type": "Quantity", "resource": "git-sync/limit.memory"}),
        &[".resource: invalid value: must be `<container>/limits.<resource>`"],
    );
    check_parameter(json!({"name": "a", "type": "Quantity", "resource": "git-sync/limits.nvidia.com/gpu"}), &[]);
}
