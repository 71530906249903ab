//! What happens to the Pods of a mistake, which must be what was reported.

use serde_json::Value;

use super::transcript::Mistake;
use crate::cluster::Cluster;
use crate::workload::{collection, containers};

/// What happens to the Pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The API server rejects them.
    Denied,
    /// They have a companion.
    With(String),
    /// They are created without a companion.
    Without(String),
    /// The case is about no Pods.
    None,
}

impl Fate {
    /// What a case declares.
    pub fn of(case: &Mistake) -> Self {
        match case.field("then").unwrap_or("none").split_once(' ') {
            Some(("with", companion)) => Fate::With(companion.to_owned()),
            Some(("without", companion)) => Fate::Without(companion.to_owned()),
            _ if case.field("then") == Some("denied") => Fate::Denied,
            _ => Fate::None,
        }
    }

    /// Waits until it has happened. `failed` is whether the command of the mistake itself failed.
    pub async fn happens(&self, cluster: &Cluster, namespace: &str, failed: bool) {
        let what = format!("{self:?} in {namespace}");
        let pods = async || items(cluster, &collection("Pod", namespace)).await;
        match self {
            Fate::None => {}
            Fate::Denied => {
                let events = format!("/api/v1/namespaces/{namespace}/events?fieldSelector=reason%3DFailedCreate");
                let is_denied = async || (failed || !items(cluster, &events).await.is_empty()).then_some(());
                cluster.eventually(&what, is_denied).await;
                let created = pods().await;
                assert!(created.is_empty(), "{what}: there are {} Pods", created.len());
            }
            Fate::With(companion) | Fate::Without(companion) => {
                let created = cluster.eventually(&what, async || pods().await.into_iter().next()).await;
                let inside = containers(&created).contains(&&**companion);
                assert_eq!(inside, matches!(self, Fate::With(_)), "{what}: {:?}", containers(&created));
            }
        }
    }

    /// Whether what a terminal showed is true of the Pods.
    pub fn agrees(&self, shown: &str) -> bool {
        let says = |words: &str| shown.contains(words);
        match self {
            Fate::Denied => !says("created without companions"),
            Fate::With(_) => !says("will be denied") && !says("created without companions"),
            Fate::Without(_) | Fate::None => !says("will be denied"),
        }
    }
}

async fn items(cluster: &Cluster, path: &str) -> Vec<Value> {
    cluster.get(path).await.expect(path)["items"].as_array().cloned().unwrap_or_default()
}
