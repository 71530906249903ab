use serde_json::json;

use crate::api::testing::{check, companion, container, warns, with};

#[test]
fn a_port_is_declared_once_by_number_and_protocol() {
    let mut other = container("other", "registry.example/other:v1");
    other["ports"] = json!([{"containerPort": 80}]);
    let ports = |ports| ("/spec/containers/0/ports", ports);
    check(
        with(&[ports(json!([{"containerPort": 80}])), ("/spec/containers/1", other.clone())]),
        &["spec.containers[1].ports[0].containerPort: duplicate value 80: also declared by container git-sync"],
    );
    check(
        with(&[ports(json!([{"containerPort": 80, "protocol": "UDP"}])), ("/spec/containers/1", other.clone())]),
        &[],
    );
    check(with(&[ports(json!([{"containerPort": 80}])), ("/spec/initContainers/0", other)]), &[]);
    check(
        companion("/spec/containers/0/ports", json!([{"containerPort": 80}, {"containerPort": 80}])),
        &["spec.containers[0].ports[1].containerPort: duplicate value 80"],
    );
    check(
        companion("/spec/containers/0/ports", json!([{"containerPort": 0}])),
        &["spec.containers[0].ports[0].containerPort: invalid value: must be between 1 and 65535, inclusive"],
    );
}

#[test]
fn a_ports_name_is_short_and_unique_in_its_container() {
    let ports = json!([{"containerPort": 1, "name": "name-of-16-chars"}]);
    check(
        companion("/spec/containers/0/ports", ports),
        &["spec.containers[0].ports[0].name: invalid value: must have at most 15"],
    );
    let ports = json!([{"containerPort": 1, "name": "80"}, {"containerPort": 2, "name": "a"}, {"containerPort": 3, "name": "a"}]);
    let expected = [
        "spec.containers[0].ports[0].name: invalid value: must be a port name",
        "spec.containers[0].ports[2].name: duplicate value \"a\"",
    ];
    check(companion("/spec/containers/0/ports", ports), &expected);
}

#[test]
fn probes_and_hooks_use_declared_port_names() {
    let probe =
        |port: serde_json::Value| companion("/spec/containers/0/startupProbe", json!({"httpGet": {"port": port}}));
    check(probe(json!(80)), &[]);
    check(
        probe(json!(0)),
        &["spec.containers[0].startupProbe.httpGet.port: invalid value: must be between 1 and 65535, inclusive"],
    );
    check(
        probe(json!("http")),
        &["spec.containers[0].startupProbe.httpGet.port: not found in spec.containers[0].ports: \"http\""],
    );
    let hook = json!({"preStop": {"tcpSocket": {"port": 65536}}});
    check(
        companion("/spec/containers/0/lifecycle", hook),
        &["spec.containers[0].lifecycle.preStop.tcpSocket.port: invalid value: must be between 1 and 65535, inclusive"],
    );
    let named = [
        ("/spec/containers/0/ports", json!([{"containerPort": 80, "name": "http"}])),
        ("/spec/containers/0/readinessProbe", json!({"httpGet": {"port": "http"}})),
    ];
    check(with(&named), &[]);
}

#[test]
fn endpoints_have_different_ports() {
    let listens =
        json!([{"name": "a", "port": 1}, {"name": "b", "port": 1}, {"name": "c", "port": 1, "protocol": "UDP"}]);
    check(
        companion("/spec/listens", listens),
        &["spec.listens[1].port: duplicate value 1: also the port of endpoint a"],
    );
}

#[test]
fn an_adapter_reads_one_input_of_the_app() {
    let adapter = |reads| {
        with(&[
            ("/spec/pattern", json!("Adapter")),
            ("/spec/sharedVolumes/0/app/readOnly", json!(false)),
            ("/spec/reads", reads),
        ])
    };
    check(adapter(json!([{"sharedVolume": "content"}])), &[]);
    check(
        adapter(json!([{}, {"sharedVolume": "content", "port": 1}])),
        &["spec.reads[0]: invalid value: must have exactly one", "spec.reads[1]: invalid value: must have exactly one"],
    );
    check(
        adapter(json!([{"sharedVolume": "contents"}])),
        &["spec.reads[0].sharedVolume: not found in spec.sharedVolumes: \"contents\"; did you mean \"content\"?"],
    );
    let own = [
        ("/spec/pattern", json!("Adapter")),
        ("/spec/reads", json!([{"port": 9113}])),
        ("/spec/exposes", json!({"port": 9113})),
    ];
    check(with(&own), &["spec.reads[0].port: forbidden: the companion itself uses this port"]);
    let locked = [("/spec/pattern", json!("Adapter")), ("/spec/reads", json!([{"sharedVolume": "content"}]))];
    check(with(&locked), &["spec.reads[0].sharedVolume: forbidden: the app cannot write to shared volume content"]);
}

#[test]
fn exposes_names_a_port_that_scrape_jobs_find() {
    check(
        companion("/spec/exposes", json!({"port": 1, "name": "http"})),
        &["spec.exposes.name: invalid value: must be a name that starts with `metrics`"],
    );
    check(
        companion("/spec/exposes", json!({"port": 1, "path": "metrics"})),
        &["spec.exposes.path: invalid value: must be a URL path"],
    );
    let taken = [
        ("/spec/exposes", json!({"port": 1})),
        ("/spec/containers/0/ports", json!([{"containerPort": 2, "name": "metrics"}])),
    ];
    check(with(&taken), &["spec.exposes.name: duplicate value \"metrics\": another port of the first container"]);
    let other = [
        ("/spec/exposes", json!({"port": 1})),
        ("/spec/containers/0/ports", json!([{"containerPort": 1, "name": "http"}])),
    ];
    warns(
        with(&other),
        "spec.exposes.port: discouraged: a container declares this port under a name that does not start with metrics",
    );
    let twice = [("/spec/exposes", json!({"port": 1})), ("/spec/podAnnotations", json!({"prometheus.io/port": "1"}))];
    check(
        with(&twice),
        &[r#"spec.podAnnotations["prometheus.io/port"]: forbidden: spec.exposes sets this annotation"#],
    );
}

#[test]
fn on_the_network_of_the_node_a_host_port_equals_the_port() {
    let ports = |port: u16, host: u16, network: &str| {
        let ports = json!([{"containerPort": port, "hostPort": host}]);
        with(&[("/spec/hostNetwork", json!(network)), ("/spec/containers/0/ports", ports)])
    };
    let message =
        "spec.containers[0].ports[0].hostPort: invalid value: must equal containerPort in Pods with hostNetwork";
    check(ports(9100, 9101, "Allow"), &[message]);
    check(ports(9100, 9100, "Allow"), &[]);
    check(ports(9100, 9101, "Refuse"), &[]);
    let mut moved = ports(9100, 9100, "Allow");
    moved["spec"]["listens"] = json!([{"name": "a", "port": 9100, "env": {"port": "A"}}]);
    moved["spec"]["parameters"] = json!([{"name": "a", "type": "Port", "default": "9100", "listens": "a"}]);
    check(moved, &[message]);
}
