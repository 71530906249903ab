//! What a review of a workload reports happens to the Pods that real controllers create from it.

mod counts;
mod fate;
mod post;
mod requirements;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::support::verdict::{Verdict, of_workload};
use crate::support::workloads::{self, Case};
use crate::tests;
use counts::Counts;
use fate::Fate;
use requirements::the_api_server_denies_the_pods_without_the_fields_that_a_companion_requires;

tests![
    what_is_reported_of_a_workload_happens_to_its_pods needs NewestFields,
    the_api_server_denies_the_pods_without_the_fields_that_a_companion_requires needs NewestFields,
];

/// How many workloads are created, and the seed of their generator.
const COUNT: usize = 440;
const SEED: u8 = 7;

/// How many of them are created at the same time.
const HANDS: usize = 8;

/// How many disagreements are printed.
const FEW: usize = 10;

/// A workload in the cluster, under a name of its own.
struct Created {
    name: String,
    namespace: String,
    case: Case,
    offline: Verdict,
}

async fn what_is_reported_of_a_workload_happens_to_its_pods(cluster: &Cluster) {
    for companion in workloads::companions() {
        cluster.companion(&companion).await;
    }
    let mut namespaces = Vec::new();
    for metadata in workloads::namespaces() {
        namespaces.push(cluster.namespace(metadata).await);
    }
    let names: [&str; 4] = std::array::from_fn(|index| &*namespaces[index]);
    let offline = workloads::cluster(&workloads::named(names));
    let created = workloads::cases(SEED, COUNT).into_iter().enumerate().map(|(number, mut case)| {
        let (namespace, name) = (namespaces[case.namespace].clone(), format!("w{number:03}"));
        post::rename(&mut case.workload, &name);
        let offline = of_workload(&case.workload, &namespace, &offline);
        Created { name, namespace, case, offline }
    });
    let posted = stream::iter(created).map(|created| async {
        let fate = post::post(cluster, &created).await;
        (created, fate)
    });
    let mut all: Vec<(Created, Option<Fate>)> = posted.buffer_unordered(HANDS).collect().await;
    fate::wait_for_controllers(cluster, &namespaces, &mut all).await;
    post::remove(cluster, &namespaces).await;
    report(&all);
}

/// Prints the counts, and fails with what happened otherwise than it was reported.
fn report(all: &[(Created, Option<Fate>)]) {
    let mut counts = Counts::default();
    let mut disagreements = Vec::new();
    for (created, fate) in all {
        let fate = fate.as_ref().unwrap_or(&Fate::Unknown);
        counts.count(&created.case, &created.offline, fate);
        let Err(why) = fate::agrees(&created.offline, fate) else { continue };
        disagreements.push(format!("{why}\n{}\n{:#?}", created.case.workload, created.offline));
    }
    println!("{counts}");
    let few = disagreements.iter().take(FEW).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(disagreements.is_empty(), "{} of {} disagree:\n\n{few}", disagreements.len(), all.len());
    counts.expect_all();
}

/// The kind of a workload.
fn kind(workload: &Value) -> &str {
    workload["kind"].as_str().expect("a kind")
}
