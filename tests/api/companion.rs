//! Validation through the public API: a companion as users write it, and as an API server returns it.

use podgraft::internals::api::{Checked, check_companion};
use podgraft::internals::inject::companion::catalog::CatalogEntry;
use podgraft::internals::inject::companion::{Activation, CompanionKind, Placement};
use serde_json::Value;

const GIT_SYNC: &str = r#"
apiVersion: podgraft.dev/v1alpha1
kind: ClusterCompanion
metadata:
  name: git-sync
spec:
  pattern: Sidecar
  description: Keeps a directory of the app in step with a Git repository.
  activation: OnRequest
  containers:
  - name: git-sync
    image: registry.example/git-sync:v4
    env:
    - {name: GITSYNC_ROOT, value: /git}
    ports:
    - containerPort: 9000
  sharedVolumes:
  - name: content
    companion: {mountPath: /git}
    app: {mountPath: /usr/share/nginx/html, readOnly: true}
  files:
  - {path: /etc/git-sync/config, content: "depth = 1", mode: 0o640}
  parameters:
  - {name: repo, type: String, required: true, pattern: "(https?|ssh|git)://.+", env: GITSYNC_REPO}
  - {name: period, type: Duration, default: 10s, env: GITSYNC_PERIOD}
  - {name: path, type: Path, mountPath: content/app}
  - {name: token, type: SecretKey, env: GITSYNC_PASSWORD}
"#;

fn read(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).expect("the text is YAML")
}

fn valid(checked: Checked) -> std::sync::Arc<podgraft::internals::inject::companion::Companion> {
    assert_eq!(checked.problems, []);
    let Some(CatalogEntry::Valid(companion)) = checked.listed else {
        unreachable!("a companion without problems is valid")
    };
    companion
}

#[test]
fn the_git_sync_example_is_valid() {
    let companion = valid(check_companion(&read(GIT_SYNC)));
    assert_eq!((&*companion.name, companion.kind), ("git-sync", CompanionKind::ClusterCompanion));
    assert_eq!((companion.activation, companion.placement), (Activation::OnRequest, Placement::Last));
    assert_eq!(companion.parameters.len(), 4);
    assert!(companion.volumes.iter().any(|v| v.json.contains(r#""mode":416"#)));
}

#[test]
fn json_from_an_api_server_gives_the_same_companion() {
    let written = read(GIT_SYNC);
    let mut stored: Value = serde_json::from_str(&written.to_string()).expect("the text is JSON");
    stored["spec"]["lifecycle"] = "Native".into();
    stored["spec"]["hostNetwork"] = "Refuse".into();
    stored["spec"]["containers"][0]["ports"][0]["protocol"] = "TCP".into();
    stored["metadata"]["resourceVersion"] = "7".into();
    stored["status"] = serde_json::json!({"observedGeneration": 1});
    assert_eq!(valid(check_companion(&stored)).hash, valid(check_companion(&written)).hash);
}

#[test]
fn a_problem_has_a_field_a_message_and_a_remedy() {
    let checked = check_companion(&read(&GIT_SYNC.replace("mountPath: content/app", "mountpath: content/app")));
    let problems: Vec<_> = checked.problems.iter().map(|p| (p.field(), p.message.as_str())).collect();
    assert_eq!(problems, [("spec.parameters[2].mountpath".to_owned(), r#"unknown field; did you mean "mountPath"?"#)]);
    let Some(CatalogEntry::Invalid(invalid)) = checked.listed else { panic!("the companion is valid") };
    assert_eq!(&*invalid.name, "git-sync");
}
