//! Generated workloads of every kind, and the companions and namespaces of the cluster in which they are created.
//!
//! A workload is valid: an API server with this cluster's companions creates it, whatever it then does with its Pods. Only the
//! property without an API server also takes workloads that mount volumes which no one declares.

mod container;
mod kind;
mod metadata;
mod resources;
mod template;
mod volume;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::{documents, snapshot};
use podgraft::internals::inject::snapshot::Snapshot;

/// A workload, and the number of its namespace.
#[derive(Debug, Clone)]
pub struct Case {
    pub workload: Value,
    /// An index into [`namespaces`].
    pub namespace: usize,
}

/// Whether a workload may mount volumes that it does not declare. API servers deny those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undeclared {
    Dropped,
    Kept,
}

/// Workloads of every kind.
pub fn case(undeclared: Undeclared) -> impl Strategy<Value = Case> {
    (template::template(undeclared), kind::kind(), 0..namespaces().len())
        .prop_map(|(template, kind, namespace)| Case { workload: kind.workload(template), namespace })
}

/// So many valid workloads, always the same ones for a seed.
pub fn cases(seed: u8, count: usize) -> Vec<Case> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = case(Undeclared::Dropped);
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a case").current()).collect()
}

/// The companions of the cluster, as manifests.
pub fn companions() -> Vec<Value> {
    documents(include_str!("workloads/companions.yaml"))
}

/// A cluster with these companions and namespaces.
pub fn cluster(namespaces: &[Value]) -> Snapshot {
    snapshot(companions().iter().chain(namespaces))
}

/// The namespaces of the cluster under these names.
pub fn named(names: [&str; 4]) -> [Value; 4] {
    let mut metadata = namespaces();
    for (metadata, name) in metadata.iter_mut().zip(names) {
        metadata["name"] = name.into();
        metadata["labels"]["kubernetes.io/metadata.name"] = name.into();
    }
    metadata.map(|metadata| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
}

/// The labels and annotations of the cluster's namespaces. Each opts in or out in another way.
pub fn namespaces() -> [Value; 4] {
    let labels = |inject: &str| json!({"workloads": "generated", "podgraft.dev/inject": inject});
    [
        json!({"labels": {"workloads": "generated"}}),
        json!({"labels": labels("enabled")}),
        json!({"labels": labels("enabled"), "annotations": {"podgraft.dev/companions": "cache, log-reader, for-deployments"}}),
        json!({"labels": labels("disabled")}),
    ]
}
