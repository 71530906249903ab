//! Helm with podgraft as its post-renderer: the lines of `docs/tools.md`, as a user pastes them into a terminal.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::cluster::{Cluster, printed, tree};
use crate::tests;
use crate::workload::{collection, companion, containers};

tests![helm_installs_what_podgraft_has_injected_and_fails_with_its_message];

/// A chart with one Deployment, which requests the companion of a value.
const WEB: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  selector:
    matchLabels: {app: {{ .Release.Name }}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
      annotations: {podgraft.dev/companions: {{ .Values.companion }}}
    spec:
      containers:
      - name: web    # the author's comment
        image: registry.example/web:1
"#;

async fn helm_installs_what_podgraft_has_injected_and_fails_with_its_message(cluster: &Cluster) {
    let rendered = companion("rendered");
    cluster.companion(&rendered).await;
    let (helm_3, helm_4) = (&cluster.parts.helm_3, &cluster.parts.helm);
    for (name, helm, lines) in documented().iter().zip([helm_4, helm_3, helm_4]).map(|((n, l), h)| (n, h, l)) {
        let terminal = Terminal::new(cluster, &name.replace(' ', "-"), helm, &rendered);
        let namespace = cluster.namespace(json!({})).await;
        let lines = lines.replace("shop", &namespace);
        printed(terminal.run(&lines));
        expect_injected(cluster, &namespace, name).await;

        // The plugin of Helm 4 is installed already.
        let again: Vec<&str> = lines.lines().filter(|line| !line.starts_with("helm plugin")).collect();
        let absent = again.join("\n").replace("web ./chart", "absent ./chart --set companion=absent");
        let failed = terminal.run(&absent);
        let error = String::from_utf8_lossy(&failed.stderr).into_owned();
        assert!(!failed.status.success(), "{name}");
        assert!(error.contains("companion \"absent\" not found"), "{name}: {error}");
        let path = format!("{}/absent", collection("Deployment", &namespace));
        assert_eq!(cluster.get(&path).await.status, 404, "{name}");
    }
}

/// The blocks of the section about Helm, each with what it is for.
fn documented() -> [(&'static str, String); 3] {
    let page = fs::read_to_string(tree().join("docs/tools.md")).expect("the page");
    let section = page.split("\n## ").find(|section| section.starts_with("Helm\n")).expect("a section");
    let mut blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    let mut next = || blocks.next().expect("a block").to_owned();
    [("a pipe", next()), ("Helm 3", next()), ("Helm 4", next())]
}

/// The workload arrives with its companion, and its Pod is admitted as it is.
async fn expect_injected(cluster: &Cluster, namespace: &str, name: &str) {
    let deployment = cluster.get(&format!("{}/web", collection("Deployment", namespace))).await.expect("a Deployment");
    let template = &deployment["spec"]["template"];
    assert_eq!(containers(template), ["rendered", "web"], "{name}");
    let pods = collection("Pod", namespace);
    let pod = cluster
        .eventually("the Pod of the Deployment", async || {
            cluster.get(&pods).await.body["items"].as_array()?.first().cloned()
        })
        .await;
    assert_eq!(containers(&pod), ["rendered", "web"], "{name}");
    assert_eq!(pod["metadata"]["annotations"], template["metadata"]["annotations"], "{name}: nothing is added again");
}

/// A folder with the chart, the companions and the plugin, in which a user types.
struct Terminal<'c> {
    cluster: &'c Cluster,
    folder: PathBuf,
}

impl<'c> Terminal<'c> {
    fn new(cluster: &'c Cluster, name: &str, helm: &Path, companion: &Value) -> Self {
        let folder = cluster.folder.join("post-renderer").join(name);
        let write = |file: &str, text: &str| {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, text).expect("a file");
        };
        write("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
        write("chart/values.yaml", "companion: rendered\n");
        write("chart/templates/web.yaml", WEB);
        write("companions/rendered.json", &companion.to_string());
        fs::create_dir_all(folder.join("bin")).expect("a folder");
        let podgraft = Path::new(env!("CARGO_BIN_EXE_podgraft"));
        for (name, program) in [("helm", helm), ("kubectl", &cluster.parts.kubectl), ("podgraft", podgraft)] {
            symlink(program, folder.join("bin").join(name)).expect("a link");
        }
        symlink(tree().join("plugins"), folder.join("plugins")).expect("a link");
        Terminal { cluster, folder }
    }

    fn run(&self, lines: &str) -> Output {
        let path = format!("{}:{}", self.folder.join("bin").display(), std::env::var("PATH").unwrap_or_default());
        let mut bash = Command::new("bash");
        bash.args(["-c", &format!("set -e -o pipefail\n{lines}")]).current_dir(&self.folder).env("PATH", path);
        bash.env("KUBECONFIG", self.cluster.folder.join("admin.kubeconfig"));
        let own = ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "KUBECACHEDIR"];
        bash.envs(own.map(|name| (name, self.folder.join(name.to_lowercase()))));
        bash.output().expect("bash runs")
    }
}
