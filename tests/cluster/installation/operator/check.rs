//! `podgraft check` on a healthy installation, and on one that is broken in one way after the other.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::broken::{Break, breaks, breaks_while_stopped};
use super::{podgraft, shell, stop};
use crate::cluster::{Cluster, OWN, printed};
use crate::required::make_required;
use crate::support::screens::expect_screen;
use crate::tests;
use crate::workload::companion;

tests![
    a_healthy_installation_prints_nothing_and_exits_with_0,
    each_of_many_broken_installations_gives_its_own_finding,
    what_podgraft_would_fix_at_once_is_found_while_it_is_stopped,
    a_user_who_may_only_view_gets_notes_for_what_was_not_checked,
];

/// An installation with a required companion, and a namespace with a list.
async fn healthy(cluster: &Cluster) {
    let mut audit = companion("checked-audit");
    make_required(&mut audit, "checked-audit");
    cluster.companion(&audit).await;
    cluster.companion(&companion("checked")).await;
    let labels = json!({"podgraft.dev/inject": "enabled"});
    let annotations = json!({"podgraft.dev/companions": "checked"});
    let name = "checked";
    let object = json!({"metadata": {"name": name, "labels": labels, "annotations": annotations}});
    cluster.apply(&format!("/api/v1/namespaces/{name}"), &namespace(&object)).await.expect("a namespace");
    until_silent(cluster, "a healthy installation").await;
}

fn namespace(object: &Value) -> Value {
    let mut object = object.clone();
    object["apiVersion"] = "v1".into();
    object["kind"] = "Namespace".into();
    object
}

async fn a_healthy_installation_prints_nothing_and_exits_with_0(cluster: &Cluster) {
    healthy(cluster).await;
    let run = podgraft(cluster, &["check"]);
    assert_eq!((run.code, &*run.out, &*run.err), (0, "", ""));
    let wide = podgraft(cluster, &["check", "-o", "wide"]);
    println!("{}", wide.out);
    assert_eq!(wide.code, 0, "{}", wide.err);
    expect_screen("docs/operating.md", "podgraft check -o wide", &wide.out.replace("checked-audit", "audit"));
    let json: Value = serde_json::from_str(&podgraft(cluster, &["check", "-o", "json"]).out).expect("JSON");
    assert_eq!((&json["findings"], &json["installation"]["name"]), (&json!([]), &json!("podgraft")));
}

async fn each_of_many_broken_installations_gives_its_own_finding(cluster: &Cluster) {
    healthy(cluster).await;
    let mut seen = BTreeSet::new();
    for broken in breaks() {
        try_one(cluster, &broken, &mut seen).await;
        until_silent(cluster, broken.name).await;
    }
    assert!(seen.len() > 15, "{} findings", seen.len());
}

async fn what_podgraft_would_fix_at_once_is_found_while_it_is_stopped(cluster: &Cluster) {
    healthy(cluster).await;
    let mut seen = BTreeSet::new();
    stop(cluster).await;
    for broken in breaks_while_stopped() {
        try_one(cluster, &broken, &mut seen).await;
    }
    printed(cluster.kubectl(["--namespace", OWN, "scale", "deployment/podgraft", "--replicas=2"]));
    until_silent(cluster, "podgraft runs again").await;
}

/// Breaks the installation, waits for its finding, and fixes it again, by what the finding says where that is a command.
async fn try_one(cluster: &Cluster, broken: &Break, seen: &mut BTreeSet<String>) {
    let before = findings(cluster).0;
    assert!(!before.iter().any(|finding| broken.is(finding)), "{} is found before: {before:?}", broken.name);
    printed(cluster.kubectl(broken.command.split(' ').map(|word| word.replace('\u{a0}', " "))));
    let finding = cluster
        .eventually(broken.name, async || {
            let (now, code) = findings(cluster);
            let finding = now.into_iter().find(|finding| broken.is(finding))?;
            (code == i32::from(broken.severity == "error" || broken.while_stopped)).then_some(finding)
        })
        .await;
    let shown = format!(
        "{}: {}/{}: {}: {}",
        text(&finding, "reason"),
        text(&finding, "kind"),
        text(&finding, "name"),
        text(&finding, "field"),
        text(&finding, "message")
    );
    println!("    {:50} {shown}", broken.name);
    if broken.is_deletion_of_the_requested_webhook() {
        expect_screen("docs/operating.md", "podgraft check", &podgraft(cluster, &["check"]).out);
    }
    assert_eq!(text(&finding, "severity"), broken.severity, "{shown}");
    assert!(seen.insert(format!("{} {} {}", broken.reason, broken.object, broken.field)), "{shown} was seen before");
    let fix = match broken.fix {
        Some(fix) => format!("kubectl {fix}"),
        None => text(&finding, "fix").split("; ").next().unwrap_or_default().to_owned(),
    };
    let fixed = shell(cluster, &fix);
    assert_eq!(fixed.code, 0, "{fix}: {}{}", fixed.out, fixed.err);
}

fn text<'f>(finding: &'f Value, field: &str) -> &'f str {
    finding[field].as_str().unwrap_or_default()
}

fn findings(cluster: &Cluster) -> (Vec<Value>, i32) {
    let run = podgraft(cluster, &["check", "-o", "json"]);
    let mut document: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"));
    let Value::Array(findings) = document["findings"].take() else { panic!("{run:?}") };
    (findings, run.code)
}

async fn until_silent(cluster: &Cluster, after: &str) {
    let mut last = String::new();
    for _ in 0..180 {
        let run = podgraft(cluster, &["check"]);
        if (run.code, &*run.out) == (0, "") {
            return;
        }
        last = format!("{}{}", run.out, run.err);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    panic!("{after}: there are findings: {last}");
}

async fn a_user_who_may_only_view_gets_notes_for_what_was_not_checked(cluster: &Cluster) {
    healthy(cluster).await;
    let binding = json!({
        "metadata": {"name": "checked-viewer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "viewer"}],
    });
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    cluster.create(bindings, &binding).await.expect("a binding");
    let kubeconfig = {
        let control_plane = cluster.control_plane();
        control_plane.credentials.user("viewer", "viewer", None).expect("a certificate");
        control_plane.credentials.kubeconfig("viewer").expect("a kubeconfig")
    };
    let path = kubeconfig.display().to_string();
    let run = podgraft(cluster, &["check", "--kubeconfig", &path]);
    println!("{}", run.out);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(
        run.out.lines().all(|line| line.starts_with("note: NotChecked: ") || line.starts_with("  fix: ")),
        "{}",
        run.out
    );
    assert!(run.out.contains("mutatingwebhookconfiguration/--all"), "{}", run.out);
    cluster.delete(&format!("{bindings}/checked-viewer")).await.expect("deleting the binding");
}
