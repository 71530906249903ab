//! The same cluster for a person: with podgraft and the companions of the examples, and what to type next.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::cluster::{Cluster, tree};
use crate::control_plane::apart;

/// Installs podgraft, says how to use it, and stays until Ctrl-C.
///
/// # Errors
/// Where the commands to type cannot be written.
pub async fn stay(cluster: &Cluster) -> anyhow::Result<()> {
    println!("installing podgraft with its chart ...");
    if cluster.has_node() {
        cluster.until_node_ready().await;
    }
    cluster.install(&["webhooks.clusterWide.enabled=true"]).await;
    let mut examples: Vec<_> = fs::read_dir(tree().join("examples"))?.flatten().collect();
    examples.sort_by_key(fs::DirEntry::file_name);
    for example in examples.iter().filter(|example| example.path().join("companions.yaml").exists()) {
        cluster.apply_example(&format!("{}/companions.yaml", example.file_name().to_string_lossy()));
    }
    let (kubectl, helm) = (cluster.parts.kubectl.display().to_string(), cluster.parts.helm.display().to_string());
    for (name, program) in [("kubectl", kubectl.as_str()), ("helm", &helm), ("inside", "")] {
        command(&cluster.folder, name, program)?;
    }
    let kubectl = cluster.folder.join("kubectl");
    let kubectl = kubectl.strip_prefix(tree()).unwrap_or(&kubectl).display();
    println!(
        "\nA Kubernetes API server is up, with podgraft and the companions of examples/. In another terminal:\n\n\
         \x20 {kubectl} get clustercompanions                           what can be had\n\
         \x20 {kubectl} apply -f examples/git-sync/app.yaml             a Deployment that asks for one\n\
         \x20 {kubectl} -n pages get pods -o yaml | grep podgraft.dev   what came of it\n\
         \x20 {kubectl} explain clustercompanion.spec                   what a companion can be\n\n\
         {} The logs of all parts are in {}.\n\
         Ctrl-C ends all of it.",
        if cluster.has_node() { NODE } else { NO_NODE },
        cluster.folder.display()
    );
    tokio::signal::ctrl_c().await?;
    Ok(())
}

const NO_NODE: &str = "There is no node for your Pods: they stay Pending.";
const NODE: &str = "Pods run, if their images are in containerd. `target/cluster/inside curl ADDRESS` opens a Pod or a \
                    Service.";

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
