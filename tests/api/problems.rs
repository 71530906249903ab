//! Companions whose parts do not fit together, or that run parameters as code.

use podgraft::internals::api;

use crate::support;

/// A ClusterCompanion with more of a specification.
fn companion(name: &str, more: &str) -> String {
    format!(
        "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {{name: {name}}}\nspec:\n  pattern: Sidecar\n  containers:\n  - {{name: {name}, image: \"registry.example/{name}:v1\"}}\n{more}\n"
    )
}

/// The errors and the warnings of a companion.
fn validated(name: &str, more: &str) -> (Vec<String>, Vec<String>) {
    let object = support::documents(&companion(name, more)).remove(0);
    let gated = api::check_companion(&object);
    let words = |problems: &[api::Problem]| problems.iter().map(ToString::to_string).collect();
    (words(&gated.problems), words(&gated.warnings))
}

fn problems(name: &str, more: &str) -> Vec<String> {
    validated(name, more).0
}

#[test]
fn a_companion_that_cannot_be_injected_into_any_pod_is_invalid() {
    let nested = "  sharedVolumes:
  - {name: logs, source: {emptyDir: {}}, companion: {mountPath: /logs}, app: {mountPath: /var/log}}
  - {name: more, companion: {mountPath: /more}, app: {mountPath: /var/log/nginx}}";
    assert!(problems("sync", nested)[0].contains("/var/log"), "{:?}", problems("sync", nested));
    let ports = "  - {name: other, image: \"o:1\", ports: [{containerPort: 80, hostPort: 9000}, {containerPort: 81, hostPort: 9000}]}";
    assert!(problems("sync", ports)[0].contains("hostPort"), "{:?}", problems("sync", ports));
}

#[test]
fn a_companion_that_conflicts_with_its_own_defaults_is_a_warning() {
    let joined = "  sharedVolumes:
  - {name: logs, companion: {mountPath: /logs}, app: {mountPath: /var/log}}
  - {name: more, companion: {mountPath: /more}, app: {mountPath: /var/log/nginx}}";
    let by_default = "  sharedVolumes:
  - {name: logs, companion: {mountPath: /logs}, app: {mountPath: /var/log}}
  - {name: more, companion: {mountPath: /more/x}, app: {mountPath: /more}}
  parameters:
  - {name: path, type: Path, mountPath: more/app, default: /var/log}
  - {name: in, type: Path, mountPath: logs/companion, below: /more, default: /more/x}";
    let port = "  - {name: other, image: \"o:1\", ports: [{containerPort: 6380}]}
  listens: [{name: redis, port: 6379, env: {port: REDIS_PORT}}]
  parameters: [{name: port, type: Port, listens: redis, default: \"6380\"}]";
    for (more, places) in [
        (joined, &["spec.sharedVolumes[1].app.mountPath: possible conflict: this path overlaps with /var/log"][..]),
        (
            by_default,
            &[
                "spec.parameters[0].default: possible conflict: this path overlaps with /var/log",
                "spec.parameters[1].default: possible conflict: this path overlaps with the companion's own mount /more/x",
            ],
        ),
        (
            port,
            &[
                "spec.parameters[0].default: possible conflict: another endpoint or port of the companion has this number",
            ],
        ),
    ] {
        let (problems, warnings) = validated("sync", more);
        assert_eq!(problems, Vec::<String>::new());
        for place in places {
            assert!(warnings.iter().any(|w| w.starts_with(place)), "{place} in {warnings:?}");
        }
    }
}

#[test]
fn a_reference_in_the_script_of_a_probe_is_an_injection() {
    let probing = |command: &str| {
        format!(
            "  - {{name: probed, image: \"registry.example/p:v1\", readinessProbe: {{exec: {{command: {command}}}}}}}\n  parameters:\n  - {{name: repo, type: String, env: REPO}}"
        )
    };
    let told = problems("sync", &probing(r#"[sh, -c, "curl $(REPO)"]"#));
    assert!(told.iter().any(|p| p.contains("readinessProbe.exec.command[2]") && p.contains("injection")), "{told:?}");
    assert_eq!(problems("sync", &probing(r#"[curl, "$(REPO)"]"#)), Vec::<String>::new());
}

#[test]
fn a_shell_after_a_word_that_looks_like_one_is_found() {
    let running = |command: &str| {
        format!(
            "  - {{name: probed, image: \"registry.example/p:v1\", command: {command}}}\n  parameters:\n  - {{name: repo, type: String, env: REPO}}"
        )
    };
    for command in
        [r#"[env, "SHELL=/bin/sh", bash, -c, "curl $(REPO)"]"#, r#"[sh, /wrap.sh, bash, -c, "curl $(REPO)"]"#]
    {
        assert!(problems("sync", &running(command)).iter().any(|p| p.contains("injection")), "{command}");
    }
}

#[test]
fn a_required_companion_has_no_fields_that_api_servers_drop() {
    let misspelt = "  - {name: more, image: \"m:1\", imagePullPolice: Always}";
    let (problems, warnings) = validated("guard", misspelt);
    let names_it = |told: &[String]| told.iter().any(|t| t.contains(r#"; did you mean "imagePullPolicy"?"#));
    assert!(problems.is_empty() && names_it(&warnings), "{problems:?} {warnings:?}");
    let required = format!("{misspelt}\n  activation: ClusterWide\n  required: true");
    let (problems, _) = validated("guard", &required);
    assert!(problems.len() == 1 && names_it(&problems) && problems[0].contains(": unknown field;"), "{problems:?}");
}
