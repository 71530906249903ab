//! The screens of documents whose commands read a cluster.

use serde_json::{Value, json};

use super::{namespace, run_with, sync, webhooks, workload};
use crate::Folder;
use crate::support::screens::expect_screen;

/// How many workloads of the cluster get the companion: those that use the port of its new version, and the others.
const DENIED: usize = 3;
const CHANGED: usize = 41;
/// How many workloads there are.
const WORKLOADS: usize = 1240;

fn git_sync(port: u16) -> Value {
    let mut companion = sync();
    companion["metadata"]["name"] = "git-sync".into();
    companion["spec"]["parameters"] = json!([]);
    companion["spec"]["containers"][0]["name"] = "git-sync".into();
    companion["spec"]["containers"][0]["ports"][0]["containerPort"] = port.into();
    companion["spec"]["listens"][0]["port"] = port.into();
    companion
}

fn deployment(index: usize) -> Value {
    let name = if index == 0 { "web".to_owned() } else { format!("web-{index}") };
    let requests = json!({"podgraft.dev/companions": "git-sync"});
    let annotations = if index < DENIED + CHANGED { requests } else { json!({}) };
    let mut deployment = workload("Deployment", &name, &annotations);
    if index >= DENIED {
        deployment["spec"]["template"]["spec"]["containers"][0]["ports"] = json!([]);
    }
    deployment
}

#[test]
fn the_screen_of_the_consequences_of_a_companion_is_what_the_command_prints() {
    let objects = (0..WORKLOADS).map(deployment).chain([git_sync(2000), namespace("shop", &json!({}))]);
    let folder = Folder::new().with("next.yaml", &git_sync(8080).to_string());
    let run = run_with(&folder, objects.chain(webhooks()).collect(), &[], "explain --with next.yaml -A");
    assert_eq!(run.code, 1, "{}", run.err);
    expect_screen("docs/explain.md", "podgraft explain --with next.yaml -A", &(run.out + &run.err));
}
