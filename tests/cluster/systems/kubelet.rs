//! What only a kubelet shows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{IDLE, companion, shell};
use crate::cluster::{Cluster, printed};
use crate::node::NAME;
use crate::node::pods::name;
use crate::suite::Test;
use crate::tests;
use crate::workload::{collection, workload};

tests![
    the_token_of_the_pod_is_hidden_from_its_companion,
    a_companion_reads_variables_from_a_file_of_its_own_volume,
    a_rotated_secret_reaches_a_companion_without_a_restart,
];

/// Those that change the node.
pub fn tests_alone() -> Vec<Test> {
    alone::tests()
}

/// Where Kubernetes mounts the token of a Pod's ServiceAccount.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A Deployment of one Pod with a companion, until it is Ready.
async fn deployed(cluster: &Cluster, companion: &Value) -> (String, String) {
    cluster.companion(companion).await;
    let town = cluster.namespace(json!({})).await;
    let deployment = workload("Deployment", "asks", &shell(name(companion)));
    cluster.create(&collection("Deployment", &town), &deployment).await.expect("a Deployment");
    let pods = cluster.ready_pods(&town, "app=asks", 1).await;
    (town, name(&pods[0]).to_owned())
}

async fn the_token_of_the_pod_is_hidden_from_its_companion(cluster: &Cluster) {
    let (town, pod) = deployed(cluster, &companion("masked", IDLE)).await;
    assert!(cluster.exec(&town, &pod, "web", &["ls", TOKEN]).contains("token"), "the app has its token");
    // Its hidden entries are those that the kubelet has in every volume of this kind.
    assert_eq!(cluster.exec(&town, &pod, "masked", &["ls", TOKEN]), "", "the companion has no token");
}

async fn a_companion_reads_variables_from_a_file_of_its_own_volume(cluster: &Cluster) {
    let mut object = companion("prepared", &format!("echo \"got $ENDPOINT\"; {IDLE}"));
    let spec = &mut object["spec"];
    spec["volumes"] = json!([{"name": "found", "emptyDir": {}}]);
    let script = "echo \"ENDPOINT='somewhere:1234'\" >/found/variables.env";
    spec["initContainers"] = json!([{
        "name": "prepared-find",
        "image": spec["containers"][0]["image"],
        "command": ["/bin/sh", "-c", script],
        "volumeMounts": [{"name": "found", "mountPath": "/found"}],
    }]);
    let from_file = json!({"volumeName": "found", "path": "variables.env", "key": "ENDPOINT"});
    spec["containers"][0]["env"] = json!([{"name": "ENDPOINT", "valueFrom": {"fileKeyRef": from_file}}]);
    let (town, pod) = deployed(cluster, &object).await;
    assert_eq!(cluster.logs(&town, &pod, "prepared"), "got somewhere:1234\n");
}

async fn a_rotated_secret_reaches_a_companion_without_a_restart(cluster: &Cluster) {
    let mut object = companion("rotated", IDLE);
    object["spec"]["volumes"] = json!([{"name": "key", "secret": {"secretName": "rotated", "optional": true}}]);
    object["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "key", "mountPath": "/key", "readOnly": true}]);
    let (town, pod) = deployed(cluster, &object).await;
    let secrets = format!("/api/v1/namespaces/{town}/secrets");
    let secret = |value: &str| json!({"metadata": {"name": "rotated"}, "data": {"password": STANDARD.encode(value)}});
    cluster.create(&secrets, &secret("first")).await.expect("a Secret");
    for value in ["first", "second"] {
        cluster.merge(&format!("{secrets}/rotated"), &secret(value)).await.expect("a new value");
        cluster
            .eventually("the new value in the companion", async || {
                let read = ["sh", "-c", "cat /key/password || true"];
                (cluster.exec(&town, &pod, "rotated", &read) == value).then_some(())
            })
            .await;
    }
    let pods = cluster.pods(&town, "app=asks").await;
    assert_eq!(pods[0]["status"]["initContainerStatuses"][0]["restartCount"], 0, "{}", pods[0]["status"]);
}

mod alone {
    use super::*;

    tests![a_pod_whose_companion_has_the_token_mask_and_files_is_drained_as_it_is];

    async fn a_pod_whose_companion_has_the_token_mask_and_files_is_drained_as_it_is(cluster: &Cluster) {
        let mut movable = companion("movable", IDLE);
        movable["spec"]["files"] = json!([{"path": "/etc/movable", "content": "x"}]);
        let mut stays = movable.clone();
        stays["metadata"]["name"] = "stays".into();
        stays["spec"]["containers"][0]["name"] = "stays".into();
        stays["spec"]["volumes"] = json!([{"name": "own", "emptyDir": {}}]);
        stays["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "own", "mountPath": "/own"}]);
        let (movable, stays) = (deployed(cluster, &movable).await, deployed(cluster, &stays).await);
        let drain = |town: &str| cluster.kubectl(["drain", NAME, "--pod-selector", town, "--timeout=5m"]);
        mark(cluster, &movable).await;
        mark(cluster, &stays).await;
        let refused = drain(&format!("town={}", stays.0));
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        let drained = drain(&format!("town={}", movable.0));
        printed(cluster.kubectl(["uncordon", NAME]));
        assert!(!refused.status.success() && why.contains("local storage"), "{why}");
        let evicted = printed(drained);
        assert!(evicted.contains(&movable.1), "{evicted}");
    }

    async fn mark(cluster: &Cluster, (town, pod): &(String, String)) {
        let labels = json!({"metadata": {"labels": {"town": town}}});
        cluster.merge(&format!("{}/{pod}", collection("Pod", town)), &labels).await.expect("a label");
    }
}
