//! The commands for operators, against an installation by the chart.

pub mod broken;
pub mod check;
pub mod stand_in;
pub mod status;

use std::path::Path;
use std::process::{Command, Output};

use crate::cluster::{Cluster, OWN, printed, tree};

/// What a run of podgraft on the command line came to.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Stops podgraft, and waits for the end of its replicas, which still serve and write while they end.
pub async fn stop(cluster: &Cluster) {
    printed(cluster.kubectl(["--namespace", OWN, "scale", "deployment/podgraft", "--replicas=0"]));
    let path = format!("/api/v1/namespaces/{OWN}/pods?labelSelector=app.kubernetes.io/component=server");
    cluster
        .eventually("the end of all replicas", async || {
            let pods = cluster.get(&path).await.expect("podgraft's Pods");
            pods["items"].as_array().is_some_and(Vec::is_empty).then_some(())
        })
        .await;
}

/// Runs podgraft as the cluster's administrator.
pub fn podgraft(cluster: &Cluster, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podgraft"));
    command.args(arguments).env("KUBECONFIG", cluster.folder.join("admin.kubeconfig")).current_dir(tree());
    run(command)
}

/// Runs a line of a shell, as a person pastes it into a terminal.
pub fn shell(cluster: &Cluster, line: &str) -> Run {
    let folder = cluster.folder.join("bin");
    std::fs::create_dir_all(&folder).expect("a folder");
    let podgraft = Path::new(env!("CARGO_BIN_EXE_podgraft")).to_owned();
    for (name, program) in [("kubectl", &cluster.parts.kubectl), ("helm", &cluster.parts.helm), ("podgraft", &podgraft)]
    {
        let link = folder.join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(program, link).expect("a link");
        }
    }
    let mut command = Command::new("sh");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    command.args(["-c", line]).env("PATH", path).env("KUBECONFIG", cluster.folder.join("admin.kubeconfig"));
    let folders = ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "KUBECACHEDIR"];
    command.envs(folders.map(|name| (name, cluster.folder.join("person").join(name.to_lowercase()))));
    run(command)
}

fn run(mut command: Command) -> Run {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Run { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}
