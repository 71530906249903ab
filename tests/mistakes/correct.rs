//! What is not a mistake has no warning: every kind of workload, with every companion of `examples/`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::settled::{caught_up, install, settled};
use crate::cluster::{Cluster, printed, tree};
use crate::support::documents;
use crate::tests;
use crate::workload::{KINDS, workload};

tests![a_correct_workload_of_every_kind_has_no_warning_with_any_companion_of_the_examples];

/// Where a template names its companions.
const REQUEST: &str = "/metadata/annotations/podgraft.dev~1companions";

const EXAMPLES: [&str; 4] = ["git-sync", "redis", "web-was", "metrics-adapter"];

async fn a_correct_workload_of_every_kind_has_no_warning_with_any_companion_of_the_examples(cluster: &Cluster) {
    install(cluster).await;
    settled(cluster).await;
    // The mistakes have a companion of the same name.
    printed(cluster.kubectl(["delete", "clustercompanions", "--all"]));
    cluster.apply_companions_of_examples();
    caught_up(cluster).await;
    let (mut declared, mut requested, mut warnings) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for example in EXAMPLES {
        declared
            .extend(manifests(example, "companions.yaml").iter().map(|companion| text(companion, "/metadata/name")));
        let app = manifests(example, "app.yaml");
        let namespaces = app.iter().filter(|manifest| manifest["kind"] == "Namespace");
        let metadata = namespaces.map(|namespace| json!({"labels": namespace["metadata"]["labels"]})).next();
        let namespace = cluster.namespace(metadata.unwrap_or_default()).await;
        caught_up(cluster).await;
        for template in templates(&app) {
            let names = text(&template, REQUEST);
            requested.extend(names.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
            let file = cluster.folder.join("correct.json");
            std::fs::write(&file, list(&template).to_string()).expect("a file");
            let apply = ["--namespace", &namespace, "apply", "--dry-run=server", "--filename"];
            let applied = cluster.kubectl(apply.into_iter().chain([&*file.display().to_string()]));
            let (out, err) = (String::from_utf8_lossy(&applied.stdout), String::from_utf8_lossy(&applied.stderr));
            assert_eq!(out.lines().count(), KINDS.len(), "{example}: {out}{err}");
            warnings.extend(err.lines().map(|line| format!("{example}: {names}: {line}")));
        }
    }
    assert_eq!(warnings, [""; 0]);
    assert_eq!(requested, declared, "every companion of the examples is requested by an app");
}

/// The Pod templates of an example; those that request the shared Redis also with the one inside the Pod.
fn templates(app: &[Value]) -> Vec<Value> {
    let templates = app.iter().map(|manifest| &manifest["spec"]["template"]).filter(|template| template.is_object());
    let mut templates: Vec<Value> = templates.cloned().collect();
    if let Some(shared) = templates.iter().find(|template| text(template, REQUEST) == "redis-ambassador") {
        let mut local = shared.clone();
        local["metadata"]["annotations"] = json!({"podgraft.dev/companions": "redis-local"});
        templates.push(local);
    }
    templates
}

/// A workload of each kind with this template.
fn list(template: &Value) -> Value {
    let items = KINDS.map(|(kind, path)| {
        let mut object = workload(kind, &kind.to_lowercase(), template);
        object["kind"] = kind.into();
        let mut segments = path.split('/').skip(2);
        let group_version: Vec<&str> = segments.by_ref().take_while(|segment| *segment != "namespaces").collect();
        object["apiVersion"] = group_version.join("/").into();
        object
    });
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

fn manifests(example: &str, file: &str) -> Vec<Value> {
    let path = tree().join("examples").join(example).join(file);
    documents(&std::fs::read_to_string(path).expect("an example"))
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
