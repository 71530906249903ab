//! The terminal of a user: a shell with kubectl, helm and podgraft, and a kubeconfig of the user.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::certificate;
use super::constant::constant;
use crate::cluster::{Cluster, TIMEOUT, tree};

/// Functions that print manifests: commands stay short.
const FUNCTIONS: &str = "tests/mistakes/functions.sh";

/// The users of all cases.
const USERS: [&str; 2] = ["admin", "developer"];

/// A terminal in a namespace.
pub struct Terminal {
    /// The working directory.
    folder: PathBuf,
    namespace: String,
    path: OsString,
}

/// What a command did.
pub struct Shown {
    pub succeeded: bool,
    /// Both output streams, as they were written.
    pub text: String,
}

/// Creates the users and their programs, once for all terminals. A developer has the role edit, and can label namespaces.
pub async fn set_up(cluster: &Cluster) {
    {
        let control_plane = cluster.control_plane();
        control_plane.credentials.user("developer", "developer", None).expect("a certificate");
        control_plane.credentials.kubeconfig("developer").expect("a kubeconfig");
    }
    let rules = json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "patch", "update"]}]);
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let role = json!({"metadata": {"name": "namespace-labels"}, "rules": rules});
    cluster.apply(&format!("{roles}/namespace-labels"), &typed(&role, "ClusterRole")).await.expect("a role");
    for role in ["edit", "namespace-labels"] {
        let name = format!("developer-{role}");
        let binding = json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "developer"}],
        });
        let path = format!("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}");
        cluster.apply(&path, &typed(&binding, "ClusterRoleBinding")).await.expect("a binding");
    }
    rights(cluster).await;
    let programs = programs(cluster);
    std::fs::create_dir_all(&programs).expect("a folder");
    let podgraft = Path::new(env!("CARGO_BIN_EXE_podgraft"));
    for (name, program) in
        [("kubectl", &*cluster.parts.kubectl), ("helm", &*cluster.parts.helm), ("podgraft", podgraft)]
    {
        let link = programs.join(name);
        if !link.exists() {
            symlink(program, link).expect("a link");
        }
    }
}

/// Waits until API servers grant a developer what the roles, and those that the chart adds to them, have.
async fn rights(cluster: &Cluster) {
    for (verb, resource) in
        [("create", "deployments.apps"), ("patch", "namespaces"), ("list", "companions.podgraft.dev")]
    {
        let asks = ["auth", "can-i", verb, resource, "--as", "developer"];
        cluster.eventually(resource, async || cluster.kubectl(asks).status.success().then_some(())).await;
    }
}

fn typed(object: &serde_json::Value, kind: &str) -> serde_json::Value {
    let mut object = object.clone();
    object["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
    object["kind"] = kind.into();
    object
}

fn programs(cluster: &Cluster) -> PathBuf {
    cluster.folder.join("mistakes/bin")
}

impl Terminal {
    /// A terminal in a namespace that exists.
    pub fn new(cluster: &Cluster, namespace: &str) -> Self {
        let folder = cluster.folder.join("mistakes").join(namespace);
        std::fs::create_dir_all(&folder).expect("a folder");
        for user in USERS {
            let kubeconfig = std::fs::read_to_string(cluster.folder.join(format!("{user}.kubeconfig")));
            let own = kubeconfig
                .expect("a kubeconfig")
                .replace("user: test}}]", &format!("user: test, namespace: {namespace}}}}}]"));
            std::fs::write(folder.join(user), own).expect("a kubeconfig");
        }
        let mut path = programs(cluster).into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        Terminal { folder, namespace: namespace.to_owned(), path }
    }

    /// Issues a certificate for podgraft into the working directory.
    pub fn issue_certificate(&self, seconds: u64) {
        certificate::issue(&self.folder, seconds);
    }

    /// Runs a command as a user.
    pub async fn run(&self, user: &str, command: &str) -> Shown {
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("exec 2>&1\n. {}\n{command}", tree().join(FUNCTIONS).display()))
            .current_dir(&self.folder)
            .env("PATH", &self.path);
        shell.env("KUBECONFIG", self.folder.join(user)).env("NAMESPACE", &self.namespace).env("TREE", tree());
        let folders = ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "KUBECACHEDIR"];
        shell.envs(folders.map(|name| (name, self.folder.with_file_name(name))));
        let shell = shell.stdin(Stdio::null()).kill_on_drop(true).output();
        let output = timeout(TIMEOUT, shell).await.unwrap_or_else(|_| panic!("still running: {command}"));
        let output = output.unwrap_or_else(|e| panic!("cannot run a shell: {e}"));
        Shown { succeeded: output.status.success(), text: constant(&String::from_utf8_lossy(&output.stdout)) }
    }

    /// Runs a command again and again until it shows a text, or does not for too long.
    pub async fn run_until(&self, user: &str, command: &str, text: &str) -> Shown {
        let started = Instant::now();
        loop {
            let shown = self.run(user, command).await;
            if shown.text.contains(text) || started.elapsed() > TIMEOUT {
                return shown;
            }
            sleep(Duration::from_millis(300)).await;
        }
    }
}
