//! The same cluster for a person: with podgraft and the systems of the examples, what to open and what to type.

mod pages;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::cluster::{Cluster, printed, tree};
use crate::control_plane::apart;
use crate::systems::metrics_adapter::prometheus;

/// Where this machine's browser and Git find the systems, if no other program has this port.
pub const PORT: u16 = 8080;

/// Installs podgraft, says how to use it, and stays until Ctrl-C.
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
    println!("\nThe logs of all parts are in target/cluster. Ctrl-C ends all of it.");
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// Starts the apps of all examples, a Git server with a repository for the first one, and Prometheus.
async fn start_systems(cluster: &Cluster) {
    let pages = fs::read_to_string(tree().join("examples/git-sync/app.yaml")).expect("an example");
    let (repository, own) = ("https://github.com/mdn/beginner-html-site.git", "git://git-server/site.git");
    cluster.apply_manifests("pages", &pages, &[(repository, own)]);
    cluster.apply_manifests("pages", include_str!("person/git-server.yaml"), &[]);
    for example in ["redis", "web-was", "metrics-adapter"] {
        cluster.apply_example(&format!("{example}/app.yaml"));
    }
    prometheus::start(cluster).await;
    for namespace in ["pages", "visits", "shop", "measured"] {
        let available = ["wait", "--for=condition=Available", "deployments", "--all", "--timeout=5m"];
        printed(cluster.kubectl([&["--namespace", namespace][..], &available[..]].concat()));
    }
}

/// What to open and to type, with the port as `PORT`.
const SYSTEMS: &str = "\
The four systems of examples/ are running. To open, in a browser or with curl:

  http://pages.localhost:PORT        git-sync: the page of a Git repository
  http://visits.localhost:PORT       redis: a counter in a Redis outside of the Pod, reached at localhost
  http://shop.localhost:PORT         web-was: nginx before Tomcat
  http://orders.localhost:PORT       metrics-adapter: an app with a log, and http://catalog.localhost:PORT with a status page
  http://prometheus.localhost:PORT   their metrics: app_requests_total, and the alerts of the README

To type, in another terminal, for a page that changes within 10 s after a push:

  git clone git://localhost:PORT/site.git target/cluster/site && cd target/cluster/site
  echo '<h1>Another page</h1>' >index.html
  git commit --all --message='Another page' && git push

To see what was injected, and to change it:

  target/cluster/kubectl get clustercompanions
  target/cluster/kubectl get pods --all-namespaces
  target/cluster/kubectl -n pages logs deployment/pages -c git-sync -f
  target/cluster/kubectl -n pages get pods -o yaml | grep podgraft.dev
  target/cluster/inside curl ADDRESS        a Pod or a Service by its address";

/// What to type where there is no node.
const API_SERVER: &str = "\
A Kubernetes API server is up, with podgraft and the companions of examples/. In another terminal:

  target/cluster/kubectl get clustercompanions                           what can be had
  target/cluster/kubectl apply -f examples/git-sync/app.yaml             a Deployment that requests one
  target/cluster/kubectl -n pages get pods -o yaml | grep podgraft.dev   what was injected
  target/cluster/kubectl explain clustercompanion.spec                   what a companion can be

There is no node for your Pods: they stay Pending.";

/// A command that enters the cluster's network and runs a program there, as the user that started the cluster.
fn command(folder: &Path, name: &str, program: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    let (outside, more) = apart::outside();
    let text = format!(
        "#!/bin/sh\n# {name} for the cluster that `make cluster` runs, in the cluster's network.\n\
         read -r inside rest </proc/{outside}/task/{outside}/children\n\
         KUBECONFIG={}/admin.kubeconfig exec nsenter --target $inside --net {more} {} \"$@\"\n",
        folder.display(),
        program,
    );
    fs::write(&path, text)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
