//! `podgraft explain` as a user who has the role view: the real program, and the real API server.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::cluster::{Cluster, tree};
use crate::tests;
use crate::workload::{collection, template, workload};

tests![a_user_with_the_role_view_gets_every_question_answered_and_others_learn_which_right_they_lack];

/// A user of the cluster, with a kubeconfig.
struct Person(PathBuf);

impl Person {
    /// A user whose role is bound to the user in the whole cluster, or in one namespace.
    async fn with_role(cluster: &Cluster, role: &str, namespace: Option<&str>, user: &str) -> Self {
        let kubeconfig = {
            let control_plane = cluster.control_plane();
            control_plane.credentials.user(user, user, None).expect("a certificate");
            control_plane.credentials.kubeconfig(user).expect("a kubeconfig")
        };
        let binding = json!({
            "metadata": {"name": user},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        });
        let path = match namespace {
            Some(namespace) => format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings"),
            None => "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings".to_owned(),
        };
        cluster.create(&path, &binding).await.expect("a binding");
        Person(kubeconfig)
    }

    fn explain(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_podgraft"));
        command.arg("explain").args(arguments.split_whitespace()).arg("--kubeconfig").arg(&self.0);
        command.current_dir(tree()).output().expect("podgraft runs")
    }

    fn facts(&self, arguments: &str) -> Value {
        let output = self.explain(&format!("{arguments} -o json"));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
    }
}

async fn a_user_with_the_role_view_gets_every_question_answered_and_others_learn_which_right_they_lack(
    cluster: &Cluster,
) {
    let namespace = cluster.namespace(json!({})).await;
    let companion = json!({
        "apiVersion": "podgraft.dev/v1alpha1", "kind": "Companion",
        "metadata": {"name": "explained", "namespace": namespace},
        "spec": {"pattern": "Sidecar", "containers": [{"name": "explained", "image": "registry.example/explained:1"}]},
    });
    cluster.companion(&companion).await;
    let requests = template(json!({}), json!({"podgraft.dev/companions": "explained"}));
    let web = workload("Deployment", "web", &requests);
    cluster.create(&collection("Deployment", &namespace), &web).await.expect("a Deployment");
    let viewer = Person::with_role(cluster, "view", None, &format!("viewer-{namespace}")).await;
    // The controller that aggregates roles needs a moment after the installation.
    let question = format!("deploy/web -n {namespace}");
    cluster.eventually("the aggregated role", async || viewer.explain(&question).status.success().then_some(())).await;

    let facts = viewer.facts(&question);
    let explained = &facts["workloads"][0];
    assert_eq!(
        (&explained["decision"], &explained["companions"][0]["reason"]),
        (&"injected".into(), &"Injected".into())
    );
    let requested = &explained["webhooks"][0];
    assert_eq!(
        (&requested["name"], &requested["matches"]),
        (&"podgraft-requested".into(), &true.into()),
        "{requested}"
    );
    assert_eq!(explained["pod"]["containers"][0]["role"], "native sidecar", "{explained}");
    // The Pods of the Deployment are left out of a list: they are explained by it.
    let listed = viewer.facts(&format!("-n {namespace}"));
    assert_eq!(listed["workloads"].as_array().map(Vec::len), Some(1), "{listed}");

    let without = format!("{question} --set-annotation podgraft.dev/companions-");
    let answer = viewer.explain(&format!("{without} --why-not explained"));
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.contains("set the annotation podgraft.dev/companions=explained of the Pod"), "{answer}");

    let mut next = companion.clone();
    next["spec"]["containers"][0]["image"] = "registry.example/explained:2".into();
    let file = cluster.folder.join(format!("{namespace}.json"));
    std::fs::write(&file, next.to_string()).expect("a file");
    let consequences = viewer.facts(&format!("-n {namespace} --with {}", file.display()));
    assert_eq!(consequences["changed"], json!([format!("{namespace}/deployment/web")]), "{consequences}");

    let narrow = Person::with_role(cluster, "view", Some(&namespace), &format!("narrow-{namespace}")).await;
    let denied = narrow.explain(&question);
    let error = String::from_utf8_lossy(&denied.stderr).into_owned();
    assert!(error.contains("cannot list clustercompanions.podgraft.dev in the whole cluster"), "{error}");
    assert!(error.contains("rbac.clusterCompanionsForAll"), "{error}");
}
