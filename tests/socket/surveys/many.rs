//! The preview of a companion by a whole server, while it reviews Pods. `make explain-many` prints how many reviews it answers
//! meanwhile in a cluster with 5 000 workloads.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use podgraft::internals::admission::Answer;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{deployment, namespace, sync};
use crate::client::{Client, Tls, post};
use crate::client_ca::{Ca, NAME};
use crate::process::Served;
use crate::support::api_server::ApiServer;
use crate::support::{Reply, review_of};

/// How many workloads the cluster has.
const WORKLOADS: usize = 5_000;

/// What happened during one preview.
struct Observed {
    warnings: Vec<String>,
    took: Duration,
    /// The reviews of Pods meanwhile, and those in the same time without a preview.
    during: Reviews,
    alone: Reviews,
}

/// How many reviews were answered one after the other, each with a patch, and how long the slowest took.
#[derive(Debug, Default)]
struct Reviews {
    count: usize,
    slowest: Duration,
}

fn configurations() -> Vec<Value> {
    let mutating =
        ["requested", "opted-in", "cluster-wide", "opted-out"].map(|name| ("MutatingWebhookConfiguration", name));
    let all = mutating.into_iter().chain([("ValidatingWebhookConfiguration", "preview")]);
    let object = |(kind, name)| {
        let metadata = json!({"name": format!("podgraft-{name}"), "resourceVersion": "1"});
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": metadata, "webhooks": []})
    };
    all.map(object).collect()
}

/// Previews the next version of a companion in a cluster with these workloads, and reviews Pods for as long as that takes. With a
/// CA, the client presents a certificate of it.
async fn observe(workloads: Vec<Value>, delay: Duration, client_ca: Option<&Ca>) -> Observed {
    let mut stored = sync(false);
    stored["metadata"] = json!({"name": "sync", "generation": 1, "uid": "c-1", "resourceVersion": "7"});
    let objects = [configurations(), vec![stored, namespace("shop")], workloads].concat();
    let api_server = ApiServer::slow(objects, &[], delay);
    let folder = tempfile::tempdir().unwrap();
    api_server.kubeconfig(folder.path());
    let path = folder.path().join("client-ca.crt");
    let mut flags = vec!["--preview-existing-workloads".to_owned()];
    if let Some(ca) = client_ca {
        fs::write(&path, &ca.pem).unwrap();
        flags.extend([format!("--client-ca={}", path.display()), format!("--client-name={NAME}")]);
    }
    let served = Served::in_cluster(folder, &flags.iter().map(String::as_str).collect::<Vec<_>>());
    let mut tls = Tls::trusting(&served.authority);
    tls.identity = client_ca.map(|ca| ca.client(NAME, &[]));
    let to = served.admission;
    let mut reviewing = Reviewing { client: tls.connect(to).await.unwrap(), tls: &tls, to };
    let mut previewing = tls.connect(to).await.unwrap();
    let pod = json!({"metadata": {"name": "p", "annotations": {"podgraft.dev/companions": "sync"}},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]}});
    let review = review_of(&pod, "shop").to_string();
    let mut preview = review_of(&sync(true), "");
    preview["request"]["kind"] = json!({"group": "podgraft.dev", "version": "v1alpha1", "kind": "ClusterCompanion"});
    preview["request"]["userInfo"] = json!({"username": "dev"});
    let (ended, mut end) = oneshot::channel();
    let began = Instant::now();
    let preview = tokio::spawn(async move {
        previewing.send(post("/preview", &preview.to_string())).await.unwrap();
        let reply = previewing.reply().await.unwrap();
        let took = began.elapsed();
        ended.send(()).unwrap();
        (reply, took)
    });
    let (mut during, mut alone) = (Reviews::default(), Reviews::default());
    while end.try_recv().is_err() {
        during.add(&mut reviewing, &review).await;
    }
    let (reply, took) = preview.await.unwrap();
    let began = Instant::now();
    while began.elapsed() < took {
        alone.add(&mut reviewing, &review).await;
    }
    let warnings = Reply::read(&Answer { status: reply.status, body: reply.body.into_bytes() }).warnings;
    Observed { warnings, took, during, alone }
}

impl Reviews {
    async fn add(&mut self, reviewer: &mut Reviewing<'_>, review: &str) {
        let sent = Instant::now();
        let reply = reviewer.client.post(review).await.unwrap();
        assert!(reply.status == 200 && reply.body.contains("JSONPatch"), "{reply:?}");
        (self.count, self.slowest) = (self.count + 1, self.slowest.max(sent.elapsed()));
        if reply.closes() {
            reviewer.client = reviewer.tls.connect(reviewer.to).await.unwrap();
        }
    }
}

/// A client that reviews Pods. A server closes a connection after some reviews.
struct Reviewing<'t> {
    client: Client,
    tls: &'t Tls,
    to: SocketAddr,
}

/// What is true however fast the machine is.
#[track_caller]
fn expect_incomplete(observed: &Observed) {
    let first = &observed.warnings[0];
    assert!(first.contains("the time limit of a preview was reached"), "{:?}", observed.warnings);
    assert!(first.ends_with("run `podgraft explain --with FILE -A`, which reviews and lists all"), "{first}");
    expect_reviews(observed);
}

#[track_caller]
fn expect_reviews(observed: &Observed) {
    assert!(observed.during.count >= 10, "{:?} during the preview", observed.during);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviews_are_answered_while_a_preview_waits_for_a_slow_api_server() {
    let workloads = vec![deployment("shop", "web", 8080, "sync")];
    let observed = observe(workloads, Duration::from_millis(400), None).await;
    expect_incomplete(&observed);
    let more = observed.warnings.iter().any(|warning| warning.contains("Pods of deployment shop/web"));
    assert!(!more, "workloads are named only with --client-ca: {:?}", observed.warnings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workloads_are_named_to_an_api_server_that_presents_a_certificate() {
    let workloads = || vec![deployment("shop", "web", 8080, "sync")];
    let counts = "podgraft: of 1 workload, 1 would be denied, and 0 would change at the next rollout";
    let named = observe(workloads(), Duration::ZERO, Some(&Ca::new())).await.warnings;
    assert_eq!(named[0], counts);
    assert!(
        named[1].starts_with("podgraft: Pods of deployment shop/web would be denied: companion sync: "),
        "{named:?}"
    );
    let counted = observe(workloads(), Duration::ZERO, None).await.warnings;
    assert!(counted[0].starts_with(&format!("{counts}; run `podgraft explain")), "{counted:?}");
    assert!(!counted.concat().contains("shop/web"), "{counted:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a target of its own, because it takes long: make explain-many"]
async fn the_preview_of_a_companion_with_5000_workloads_stays_within_its_time() {
    let of = |i: usize| deployment("shop", &format!("w-{i}"), if i.is_multiple_of(7) { 8080 } else { 80 }, "sync");
    for (delay, what) in [(Duration::ZERO, "a fast API server"), (Duration::from_millis(150), "pages that take 150 ms")]
    {
        let observed = observe((0..WORKLOADS).map(of).collect(), delay, None).await;
        println!(
            "{what}: answered after {} ms; {} reviews of Pods meanwhile, the slowest took {:.1} ms; {} in the same time without a preview, {:.1} ms",
            observed.took.as_millis(),
            observed.during.count,
            observed.during.slowest.as_secs_f64() * 1000.0,
            observed.alone.count,
            observed.alone.slowest.as_secs_f64() * 1000.0,
        );
        observed.warnings.iter().for_each(|warning| println!("  {warning}"));
        expect_reviews(&observed);
        if !delay.is_zero() {
            expect_incomplete(&observed);
        }
    }
}
