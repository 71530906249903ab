//! Manifests that are injected already, and edited since, and Pods that exist.

use super::{COMPANION, Folder, deployment};

const COMMANDS: [&str; 3] =
    ["inject -c companion.yaml web.yaml", "explain -c companion.yaml web.yaml", "validate -c companion.yaml web.yaml"];

/// A folder with `web.yaml`, injected and then edited, and its text before both.
fn edited(edit: impl Fn(&str) -> String) -> (Folder, String) {
    let companion = COMPANION.to_owned()
        + "  parameters:\n  - {name: color, type: String, default: none, env: COLOR}\n  sharedVolumes:\n  - {name: logs, companion: {mountPath: /logs}, app: {mountPath: /var/log/app}}\n  app: {preStopSleep: 2s}\n";
    let web = deployment("web", "logger\n        podgraft.dev/logger.color: blue");
    let folder = Folder::new().with("companion.yaml", &companion).with("web.yaml", &web);
    let run = folder.run("inject -i -c companion.yaml web.yaml");
    assert_eq!(run.code, 0, "{}", run.err);
    let injected = std::fs::read_to_string(folder.0.path().join("web.yaml")).unwrap();
    let new = edit(&injected);
    assert_ne!(new, injected);
    (folder.with("web.yaml", &new), web)
}

fn each_command_reports(folder: &Folder, message: &str) {
    for command in COMMANDS {
        let run = folder.run(command);
        let all = run.out + &run.err;
        assert!(run.code == 0 && all.contains(message), "{command}: {all}");
    }
}

#[test]
fn a_parameter_that_was_changed_afterwards_is_reported() {
    let (folder, _) = edited(|text| text.replace("logger.color: blue", "logger.color: green"));
    each_command_reports(&folder, "annotation podgraft.dev/logger.color differs from the value in the Pod");
}

#[test]
fn a_companion_of_another_version_is_reported_with_the_remedy_for_a_manifest() {
    let (folder, _) = edited(|text| format!("# of last year\n{text}"));
    let companion = std::fs::read_to_string(folder.0.path().join("companion.yaml")).unwrap();
    let folder = folder.with("companion.yaml", &companion.replace("logger:v1", "logger:v3"));
    let message = "companion logger: injected by another version; run `podgraft uninject` and inject again";
    each_command_reports(&folder, message);
}

#[test]
fn a_request_that_was_removed_afterwards_is_reported() {
    let (folder, _) = edited(|text| text.replace("        podgraft.dev/companions: logger\n", ""));
    each_command_reports(&folder, "companion logger: in the Pod, but no longer requested by the Pod");
}

#[test]
fn after_a_container_was_removed_and_injected_again_all_parts_can_be_removed() {
    let (folder, author) = edited(|text| {
        let start = text.find("      initContainers:\n").unwrap();
        let end = text[start..].find("      volumes:\n").map_or(text.len(), |at| start + at);
        format!("{}{}", &text[..start], &text[end..])
    });
    assert!(!folder.run("inject -c companion.yaml web.yaml -o json").out.is_empty());
    let again = folder.run("inject -i -c companion.yaml web.yaml");
    assert!(again.code == 0 && again.err.contains("injected again"), "{}", again.err);
    let run = folder.run("uninject web.yaml");
    assert_eq!((run.code, &*run.out), (0, &*author), "{}", run.err);
}

#[test]
fn a_pod_that_exists_gets_no_containers_and_the_user_learns_why() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  uid: 5b2c6a0e\n  annotations: {podgraft.dev/companions: logger}\nspec: {containers: [{name: app, image: app:1}]}\n";
    let folder = Folder::new().with("web.yaml", pod);
    let message = "the containers of an existing Pod cannot be changed: only new Pods get companions";
    let inject = folder.run(COMMANDS[0]);
    assert!(
        inject.err.contains(&format!("web.yaml:1:1: warning: pod/web: the Pod exists, and {message}")),
        "{}",
        inject.err
    );
    let page = folder.run(COMMANDS[1]).out;
    assert!(page.contains("an existing Pod never changes, so recreate the Pod to get the companion"), "{page}");
    let json = folder.run("explain -c companion.yaml web.yaml -o json").out;
    let facts: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(facts["workloads"][0]["decision"], "missing", "{json}");
}
