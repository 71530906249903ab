//! The same cluster for a person: with podgraft and the systems of the examples, what to open and what to type.

pub mod outside;
mod pages;

use std::fs;
use std::future::pending;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::cluster::{Cluster, printed, tree};
use crate::control_plane::apart;
use crate::systems::metrics_adapter::prometheus;

/// Where this machine's browser and Git find the systems, if no other program has this port.
pub const PORT: u16 = 8080;

/// Where the files of this cluster are: the argument after `up`, or else `target/cluster`.
pub fn folder() -> String {
    std::env::args().nth(2).unwrap_or_else(|| "target/cluster".to_owned())
}

/// Installs podgraft, says how to use it, and stays until the process outside ends it.
///
/// # Errors
/// Where the commands to type cannot be written.
pub async fn stay(cluster: &Cluster, listener: TcpListener) -> anyhow::Result<()> {
    println!("installing podgraft with its chart ...");
    if cluster.has_node() {
        cluster.until_node_ready().await;
    }
    cluster.install(&["webhooks.clusterWide.enabled=true"]).await;
    cluster.apply_companions_of_examples();
    cluster.caught_up().await;
    let (kubectl, helm) = (cluster.parts.kubectl.display().to_string(), cluster.parts.helm.display().to_string());
    for (name, program) in [("kubectl", kubectl.as_str()), ("helm", &helm), ("inside", "")] {
        command(&cluster.folder, name, program)?;
    }
    if cluster.has_node() {
        println!("starting the systems of examples/ ...");
        start_systems(cluster).await;
        let port = listener.local_addr()?.port();
        pages::serve(cluster, listener).await?;
        println!("\n{}", SYSTEMS.replace("PORT", &port.to_string()));
    } else {
        println!("\n{API_SERVER}");
    }
    println!("\nThe logs of all parts are in {}. Ctrl-C ends the cluster.", folder());
    pending().await
}

/// Starts the apps of all examples, a Git server with a repository for the first one, and Prometheus.
async fn start_systems(cluster: &Cluster) {
    start_pages(cluster).await;
    for example in ["redis", "web-was", "metrics-adapter"] {
        cluster.apply_example(&format!("{example}/app.yaml"));
    }
    prometheus::start(cluster).await;
    for namespace in ["pages", "visits", "shop", "measured"] {
        let available = ["wait", "--for=condition=Available", "deployments", "--all", "--timeout=5m"];
        printed(cluster.kubectl([&["--namespace", namespace][..], &available[..]].concat()));
    }
}

/// The Git server is first: a person who reads the log of git-sync would wonder about fetches that fail.
async fn start_pages(cluster: &Cluster) {
    let pages = fs::read_to_string(tree().join("examples/git-sync/app.yaml")).expect("an example");
    let (namespace, _) = pages.split_once("\n---\n").expect("several manifests");
    cluster.apply_manifests("pages", namespace, &[]);
    cluster.apply_manifests("pages", include_str!("person/git-server.yaml"), &[]);
    cluster.ready_pods("pages", "app=git-server", 1).await;
    let (repository, own) = ("https://github.com/mdn/beginner-html-site.git", "git://git-server/site.git");
    cluster.apply_manifests("pages", &pages, &[(repository, own)]);
}

/// What to open and to type, with the port as `PORT`.
const SYSTEMS: &str = "\
The four systems of examples/ are running. To open in a browser, or with curl:

  http://pages.localhost:PORT        git-sync: a page of a Git repository
  http://visits.localhost:PORT       redis: a counter in a Redis outside of the Pod, reached on the app's localhost
  http://shop.localhost:PORT         web-was: Tomcat, with nginx as its reverse proxy
  http://orders.localhost:PORT       metrics-adapter: an app that writes a log
  http://catalog.localhost:PORT      metrics-adapter: a Tomcat with a status page

  http://prometheus.localhost:PORT/consoles/index.html
                                     the same metrics of these two apps and of a Redis, and their alerts, in Prometheus

To type in another terminal, as the same user and in this folder. A page that changes within 10 s after a push:

  git clone -c user.name=you -c user.email=you@example.org git://localhost:PORT/site.git target/cluster/site
  echo '<h1>Another page</h1>' >target/cluster/site/index.html
  git -C target/cluster/site commit --all --message='Another page'
  git -C target/cluster/site push
  target/cluster/kubectl -n pages logs -l app=pages -c git-sync

A counter that continues when another Redis becomes the master:

  target/cluster/kubectl -n visits exec store-0 -- redis-cli replicaof store-1.store.visits.svc.cluster.local 6379
  target/cluster/kubectl -n visits exec store-1 -- redis-cli replicaof no one
  curl http://visits.localhost:PORT
  target/cluster/kubectl -n visits logs -l app=visits -c redis-ambassador

What was injected:

  target/cluster/inside target/debug/podgraft status -A
  target/cluster/kubectl get clustercompanions
  target/cluster/kubectl get pods --all-namespaces
  target/cluster/kubectl -n shop get pods -o 'custom-columns=POD:.metadata.name,INJECTED:.spec.initContainers[*].name'

Each folder of examples/ has a README with more to try. Replace kubectl by target/cluster/kubectl, and curl by
target/cluster/inside curl, which reaches ports of `kubectl port-forward` and addresses of Pods and Services.";

/// What to type where there is no node.
const API_SERVER: &str = "\
A Kubernetes API server is up, with podgraft and the companions of examples/. In another terminal, as the same user:

  target/cluster/kubectl get clustercompanions                           the companions
  target/cluster/kubectl apply -f examples/git-sync/app.yaml             a Deployment that requests one
  target/cluster/kubectl -n pages get pods -o yaml | grep podgraft.dev   what was injected
  target/cluster/inside target/debug/podgraft status -A                  which workloads have which companions
  target/cluster/kubectl explain clustercompanion.spec                   the fields of a companion

There is no node for your Pods: they stay Pending.";

/// A command that enters the cluster's network and runs a program there, as the user that started the cluster.
fn command(folder: &Path, name: &str, program: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    let (outside, more) = apart::outside();
    let text = format!(
        "#!/bin/sh\n# {name} for the cluster that `make cluster` runs, in the cluster's network.\n\
         [ -d /proc/{outside} ] || {{ echo 'the cluster has ended; start it again: make cluster' >&2; exit 1; }}\n\
         read -r unshare rest </proc/{outside}/task/{outside}/children\n\
         read -r inside rest </proc/$unshare/task/$unshare/children\n\
         KUBECONFIG={}/admin.kubeconfig exec nsenter --target $inside --net {more} {} \"$@\"\n",
        folder.display(),
        program,
    );
    fs::write(&path, text)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
