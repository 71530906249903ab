//! Objects with very many keys: the match conditions of webhooks and the policies of hints cost an API server no more for them.

use serde_json::{Map, Value, json};

use crate::cluster::Cluster;
use crate::parts::kubernetes::Kubernetes;
use crate::tests;
use crate::workload::{collection, pod, template, workload};

tests![objects_with_45_000_keys_cost_an_api_server_no_more_with_webhooks_and_policies];

/// As many keys of three and more characters as an object can have.
const KEYS: usize = 45_000;
/// How often each object is posted. The cheapest time counts, because an API server does other things as well.
const TIMES: usize = 5;
/// The most that the CPU time may grow. What is quadratic in the keys grows a hundredfold.
const MOST: f64 = 2.0;
/// The same with the oldest Kubernetes, whose CEL takes twice as long for each key.
const MOST_OLDEST: f64 = 4.0;

// The webhook of opted-in namespaces stays, and does not select the namespace of the objects.
const WITHOUT: [&str; 3] =
    ["webhooks.requested.enabled=false", "webhooks.preview.enabled=false", "hints.enabled=false"];
const WITH: [&str; 1] = ["webhooks.clusterWide.enabled=true"];

async fn objects_with_45_000_keys_cost_an_api_server_no_more_with_webhooks_and_policies(cluster: &Cluster) {
    let namespace = cluster.namespace(json!({})).await;
    let keys: Value = (0..KEYS).map(|i| (format!("k{i:x}"), Value::from(""))).collect::<Map<_, _>>().into();
    let none = json!({});
    let objects = [
        ("annotations of a Pod", "Pod", pod("many", &template(none.clone(), keys.clone()))),
        ("labels of a Pod", "Pod", pod("many", &template(keys.clone(), none.clone()))),
        ("annotations of a template", "Deployment", workload("Deployment", "many", &template(none, keys))),
    ];
    cluster.install(&WITHOUT).await;
    let without = costs(cluster, &namespace, &objects).await;
    cluster.install(&WITH).await;
    let with = costs(cluster, &namespace, &objects).await;
    // It has stopped watching what the policy of an outage reads.
    cluster.restart_apiserver();
    cluster.trusted().await;
    let most = if cluster.parts.kubernetes == Kubernetes::Oldest { MOST_OLDEST } else { MOST };
    for (((what, ..), with), without) in objects.iter().zip(with).zip(without) {
        let ratio = with / without;
        println!("    {KEYS} {what}: {ratio:.2} x the CPU time of the API server without webhooks and hints");
        assert!(ratio <= most, "{what}: {with} ticks with them, {without} without");
    }
}

/// The least CPU time of the API server for each object, in ticks.
async fn costs(cluster: &Cluster, namespace: &str, objects: &[(&str, &str, Value)]) -> Vec<f64> {
    let mut all = Vec::new();
    for (what, kind, object) in objects {
        let path = format!("{}?dryRun=All", collection(kind, namespace));
        let mut least = u64::MAX;
        for _ in 0..TIMES {
            let before = cluster.control_plane().apiserver_ticks();
            cluster.create(&path, object).await.expect(what);
            least = least.min(cluster.control_plane().apiserver_ticks() - before);
        }
        all.push(f64::from(u32::try_from(least.max(1)).expect("less than a year")));
    }
    all
}
