//! API servers that present a client certificate, and podgraft that asks for it.

use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::admission::injection::create;
use crate::cluster::{Cluster, OWN};
use crate::control_plane::credentials::Credentials;
use crate::parts::kubernetes::{Capability, Kubernetes};
use crate::tests;
use crate::workload::{collection, companion, containers, pod, template};

tests![
    an_api_server_with_a_certificate_is_answered,
    an_api_server_whose_certificate_has_another_name_is_not_answered,
    an_api_server_whose_certificate_is_of_another_ca_is_not_answered,
];

/// The name in the certificate that the API server presents to webhooks.
const NAME: &str = "api-server.podgraft";

/// Issues a certificate for the API server's calls of webhooks, of a CA that issues nothing else, and returns the arguments
/// with which an API server presents it. The same file names the folder from which it loads policies.
///
/// # Errors
/// A file cannot be written.
pub fn arguments(folder: &Path, kubernetes: Kubernetes) -> anyhow::Result<Vec<String>> {
    let clients = folder.join(CLIENTS);
    if !clients.exists() {
        std::fs::create_dir(&clients)?;
        Credentials::new(&clients)?.user("webhooks", NAME, None)?;
    }
    let data = |file: &str| {
        let contents = std::fs::read(clients.join(file)).with_context(|| file.to_owned())?;
        anyhow::Ok(STANDARD.encode(contents))
    };
    let user = json!({"client-certificate-data": data("webhooks.crt")?, "client-key-data": data("webhooks.key")?});
    let kubeconfig = clients.join("webhooks.kubeconfig");
    let users = json!([{"name": format!("podgraft.{OWN}.svc"), "user": user}]);
    std::fs::write(&kubeconfig, json!({"apiVersion": "v1", "kind": "Config", "users": users}).to_string())?;
    let plugin = |name: &str| {
        json!({"name": name, "configuration": {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "WebhookAdmissionConfiguration",
            "kubeConfigFile": kubeconfig.display().to_string(),
        }})
    };
    let mut plugins = vec![plugin("MutatingAdmissionWebhook"), plugin("ValidatingAdmissionWebhook")];
    if kubernetes.has(Capability::PolicyFolder) {
        plugins.push(policies(&folder.join(STATIC_POLICIES))?);
    }
    let configuration =
        json!({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration", "plugins": plugins});
    let file = clients.join("admission.yaml");
    std::fs::write(&file, configuration.to_string())?;
    Ok(vec![format!("--admission-control-config-file={}", file.display())])
}

/// The configuration of the plugin that loads policies from a folder, which is made.
fn policies(folder: &Path) -> anyhow::Result<Value> {
    std::fs::create_dir_all(folder)?;
    Ok(json!({"name": "ValidatingAdmissionPolicy", "configuration": {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyConfiguration",
        "staticManifestsDir": folder.display().to_string(),
    }}))
}

/// The folder from which the API server loads policies when it starts, in the cluster's.
pub const STATIC_POLICIES: &str = "static-policies";
/// The folder with the files of that CA, in the cluster's.
const CLIENTS: &str = "webhook-clients";

/// Installs podgraft with these values so that it admits only the API server.
pub async fn install_for_api_server(cluster: &Cluster, values: &[&str]) {
    let client_ca = client_ca(cluster, &ca(cluster), NAME).await;
    let all: Vec<&str> = client_ca.iter().map(String::as_str).chain(values.iter().copied()).collect();
    cluster.install(&all).await;
}

/// Installs podgraft so that it admits only clients with a certificate of this CA, for this name.
async fn install(cluster: &Cluster, ca: &str, name: &str) {
    let values = client_ca(cluster, ca, name).await;
    cluster.install(&values.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

/// The values of the chart that admit only clients with a certificate of this CA, for this name.
async fn client_ca(cluster: &Cluster, ca: &str, name: &str) -> Vec<String> {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "client-ca"},
        "data": {"ca.crt": STANDARD.encode(ca)},
    });
    cluster.apply(&format!("/api/v1/namespaces/{OWN}/secrets/client-ca"), &secret).await.expect("a Secret");
    vec!["clientCA.secretName=client-ca".to_owned(), format!("clientCA.names={{{name}}}")]
}

fn ca(cluster: &Cluster) -> String {
    std::fs::read_to_string(cluster.folder.join(CLIENTS).join("ca.crt")).expect("the CA of webhooks' clients")
}

fn asks() -> Value {
    template(Value::Null, json!({"podgraft.dev/companions": "guarded"}))
}

async fn an_api_server_with_a_certificate_is_answered(cluster: &Cluster) {
    install(cluster, &ca(cluster), NAME).await;
    cluster.companion(&companion("guarded")).await;
    let namespace = cluster.namespace(json!({})).await;
    assert_eq!(containers(&create(cluster, &namespace, "asks", &asks()).await), ["guarded", "web"]);
}

async fn an_api_server_whose_certificate_has_another_name_is_not_answered(cluster: &Cluster) {
    install(cluster, &ca(cluster), "somebody-else").await;
    is_not_answered(cluster).await;
}

async fn an_api_server_whose_certificate_is_of_another_ca_is_not_answered(cluster: &Cluster) {
    // The CA that signs kubelets and users, as far as the API server goes.
    let other = std::fs::read_to_string(cluster.folder.join("ca.crt")).expect("the cluster's CA");
    install(cluster, &other, NAME).await;
    is_not_answered(cluster).await;
}

/// A call that fails is decided by the failure policy, which refuses Pods that ask.
async fn is_not_answered(cluster: &Cluster) {
    let namespace = cluster.namespace(json!({})).await;
    let answer = cluster.create(&collection("Pod", &namespace), &pod("asks", &asks())).await;
    assert_eq!(answer.status, 500, "{:?}", answer.body);
    let message = answer.body["message"].as_str().unwrap_or_default();
    assert!(message.contains("failed calling webhook"), "{message}");
    cluster.install(&[]).await;
}
