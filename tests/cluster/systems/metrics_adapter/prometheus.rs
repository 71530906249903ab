//! A real Prometheus in the cluster, with the job and the alert rules of the example.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::cluster::{Cluster, printed, tree};
use crate::images;

/// Where it runs.
pub const NAMESPACE: &str = "monitoring";

/// Starts it, and waits until it is ready.
pub async fn start(cluster: &Cluster) {
    let namespace =
        json!({"metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    cluster.create("/api/v1/namespaces", &namespace).await.expect("a namespace");
    let rules = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "rules"},
        "data": {"rules.yml": rules()},
    });
    let job = example("prometheus.yaml");
    let text = format!("{job}\n---\n{rules}\n---\n{}", include_str!("prometheus.yaml"));
    let image = images::prometheus_name().expect("the name of an image");
    cluster.apply_manifests(NAMESPACE, &text, &[("prom/prometheus", &image)]);
    // The applications start beside it, on a machine that may be small.
    let ready = ["wait", "--for=condition=Ready", "pods", "--all", "--timeout=5m", "--namespace", NAMESPACE];
    printed(cluster.kubectl(ready));
}

/// The rules of the README, which fire as soon as their expression has been true for a second.
fn rules() -> String {
    let readme = example("README.md");
    let block = readme.split_once("Alert rules:").and_then(|(_, rest)| rest.split("```").nth(1)).expect("alert rules");
    let rules = block.trim_start_matches("yaml\n").replace("for: 1m", "for: 1s");
    let indented: Vec<String> = rules.lines().map(|line| format!("  {line}\n")).collect();
    format!("groups:\n- name: podgraft\n  rules:\n{}", indented.concat())
}

/// The names of the metrics that the README promises.
pub fn promised() -> Vec<String> {
    let readme = example("README.md");
    let names = readme.lines().filter_map(|line| line.strip_prefix("| `app_")?.split_once('`'));
    names.map(|(name, _)| format!("app_{name}")).collect()
}

fn example(file: &str) -> String {
    fs::read_to_string(tree().join("examples/metrics-adapter").join(file)).expect("a file of the example")
}

/// The series of an instant query.
pub async fn query(cluster: &Cluster, expression: &str) -> Vec<Value> {
    let encoded: String = expression.bytes().map(encoded).collect();
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/prometheus:9090/proxy/api/v1/query?query={encoded}");
    let mut result = cluster.get(&path).await.expect(expression);
    result["data"]["result"].as_array_mut().map(std::mem::take).unwrap_or_default()
}

/// The page for people.
pub async fn page(cluster: &Cluster) -> String {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/prometheus:9090/proxy/consoles/index.html");
    cluster.get(&path).await.expect("a page").as_str().unwrap_or_default().to_owned()
}

/// RFC 3986, section 2.1.
fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

/// The values of an instant query, by one label, or by several with slashes between them (`pod/alertname`).
pub async fn values(cluster: &Cluster, labels: &str, expression: &str) -> BTreeMap<String, f64> {
    let series = query(cluster, expression).await;
    let value = |one: &Value| {
        let value = one["value"][1].as_str().and_then(|value| value.parse().ok());
        let names = labels.split('/').map(|label| one["metric"][label].as_str().unwrap_or_default());
        (names.collect::<Vec<_>>().join("/"), value.unwrap_or(f64::NAN))
    };
    series.iter().map(value).collect()
}
