//! The messages of mistakes that users make: what, where, and how to fix it. The golden is `tests/cli/messages.txt`.

mod transcripts;

use std::fmt::Write as _;
use std::fs;

use super::{COMPANION, Folder, deployment, golden};

/// A mistake: a name, a command, and the file `in.yaml` that it reads.
struct Case {
    name: &'static str,
    command: &'static str,
    text: String,
}

fn cases() -> Vec<Case> {
    let web = || deployment("web", "logger");
    let annotated =
        |line: &str| web().replace("companions: logger\n", &format!("companions: logger\n        {line}\n"));
    let case = |name, command, text: String| Case { name, command, text };
    let inject = "inject -c companion.yaml in.yaml";
    let pod = |name: &str, rest: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n  - name: app\n    image: app:1\n{rest}"
        )
    };
    let rollout = web().replace("apps/v1", "argoproj.io/v1alpha1").replace("Deployment", "Workflow");
    vec![
        case("a number in an annotation", inject, annotated("podgraft.dev/logger.count: 8")),
        case("a number in the annotation of another tool", inject, annotated("example.com/build: 0777")),
        case("a list of companions", inject, deployment("web", "[logger]")),
        case(
            "a boolean in the label",
            inject,
            web().replace("      annotations:", "      labels: {podgraft.dev/inject: true}\n      annotations:"),
        ),
        case("yes as a name", inject, pod("yes", "")),
        case(
            "on as the name of a variable",
            "explain in.yaml",
            pod("web", "    env:\n    - name: ON\n      value: x\n"),
        ),
        case(
            "a port in quotes",
            "validate -c companion.yaml in.yaml",
            pod("web", "    ports:\n    - containerPort: \"8080\"\n"),
        ),
        case("a list that is a mapping", inject, pod("web", "    env: {A: b}\n")),
        case("no companions", "inject in.yaml", web()),
        case("no companions and no request", "inject in.yaml", pod("web", "")),
        case("an unknown companion", inject, deployment("web", "loger")),
        case("names without commas", inject, deployment("web", "logger clock")),
        case("a companion for other Pods", "inject -c other.yaml in.yaml", deployment("web", "other")),
        case(
            "a companion for other namespaces",
            "inject -c other.yaml -n shop in.yaml",
            deployment("web", "elsewhere"),
        ),
        case("an unknown parameter", inject, annotated("podgraft.dev/logger.cuont: \"8\"")),
        case(
            "an annotation on the wrong object",
            inject,
            web().replace("  name: web\n", "  name: web\n  annotations: {podgraft.dev/companions: logger}\n"),
        ),
        case("an annotation where there is no Pod template", inject, rollout.replace("containers:", "steps:")),
        case(
            "an annotation on an object without a Pod template",
            inject,
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  name: build\n  annotations:\n    podgraft.dev/companions: logger\n".to_owned(),
        ),
        case(
            "an annotation on a kind without Pods",
            inject,
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations:\n    podgraft.dev/companions: logger\n".to_owned(),
        ),
        case(
            "annotations without metadata",
            inject,
            web().replace("    spec:\n", "    annotations: {podgraft.dev/companions: logger}\n    spec:\n"),
        ),
        case(
            "a value that makes a request larger than its limit",
            "inject -c large.yaml in.yaml",
            annotated("podgraft.dev/logger.memory: 64Mi"),
        ),
        case(
            "a value of the wrong type, before it is sent to a server",
            "probe --ca companion.yaml in.yaml",
            annotated("podgraft.dev/logger.count: 8"),
        ),
        case("a Pod that exists", inject, pod("web", "status: {phase: Running}\n").replace(
            "  name: web\n",
            "  name: web\n  annotations: {podgraft.dev/companions: logger}\n",
        )),
        case("containers without commas", inject, annotated("podgraft.dev/containers: app web")),
        case("a misspelled kind", "validate -c companion.yaml in.yaml", web().replace("Deployment", "Deploymnet")),
        case("a path that does not exist", "inject missing.yaml", String::new()),
        case("a URL", "inject https://example.com/web.yaml", String::new()),
        case("nothing at all", "inject in.yaml", String::new()),
        case("nothing to explain", "explain in.yaml", "# nothing\n".to_owned()),
        case("a list instead of an object", "inject in.yaml", "- kind: Pod\n".to_owned()),
        case("a separator with text after it", "inject in.yaml", "---apiVersion: v1\nkind: Pod\n".to_owned()),
        case("values of a chart", "inject in.yaml", "image: x\n".to_owned()),
        case("a tab", inject, web().replace("  template:", "\ttemplate:")),
        case("a template", inject, web().replace("app:1", "{{ .Values.image }}")),
        case("a template with an action", inject, format!("{{{{- if .Values.on }}}}\n{}{{{{- end }}}}\n", web())),
        case("one blank too many", inject, web().replace("metadata:\n  name: web", " metadata:\n  name: web")),
        case("a second colon", inject, web().replace("app:1", "app: 1")),
        case("a merge conflict", inject, web().replace("spec:\n  sel", "<<<<<<< HEAD\nspec:\n  sel")),
        case("text after JSON", inject, "{\"apiVersion\": \"v1\"} and more\n".to_owned()),
        case("a missing comma", inject, "a: {b: 1\nc: 2\n".to_owned()),
        case("a line between two levels", inject, "a:\n    b: 1\n  c: 2\n".to_owned()),
        case(
            "a key twice",
            inject,
            format!("{}---\n{}", web(), web().replace("  name: web\n", "  name: web\n  name: shop\n")),
        ),
        case("a key twice in another document", inject, format!("{}---\napiVersion: v1\nkind: X\na: 1\na: 2\n", web())),
        case("a status that was changed", "uninject in.yaml", annotated("podgraft.dev/status: \"{nonsense\"")),
        case(
            "a status that was changed, before uninject",
            "validate -c companion.yaml in.yaml",
            annotated("podgraft.dev/status: \"{nonsense\""),
        ),
        case(
            "a status that lists what is not there",
            "uninject in.yaml",
            annotated("podgraft.dev/status: '{\"logger\":{\"kind\":\"ClusterCompanion\",\"hash\":\"0123456789abcdef\",\"initContainers\":[\"logger\"]}}'"),
        ),
        case("an invalid namespace", "inject -n Bad_NS in.yaml", web()),
        case("an invalid automatic companion", "inject -c broken.yaml in.yaml", pod("web", "")),
        case("an invalid automatic companion, explained", "explain -c broken.yaml in.yaml", pod("web", "")),
        case(
            "an automatic companion of an unknown kind",
            "validate -c automatic.yaml in.yaml",
            rollout.replace("podgraft.dev/companions", "example.com/companions"),
        ),
    ]
}

#[test]
fn each_message_has_the_error_its_position_and_a_remedy() {
    let other = COMPANION
        .replace("name: logger", "name: other")
        .replace("spec:\n", "spec:\n  podSelector: {matchLabels: {app: other}}\n");
    let elsewhere = COMPANION
        .replace("name: logger", "name: elsewhere")
        .replace("spec:\n", "spec:\n  namespaceSelector: {matchLabels: {team: other}}\n");
    // Without warnings of its own.
    let complete = COMPANION.trim_end().to_owned()
        + "\n    resources: {requests: {cpu: 5m, memory: 8Mi}, limits: {memory: 16Mi}}\n    securityContext: {runAsNonRoot: true, runAsUser: 65532, \
           allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}\n";
    let counted = format!("{complete}  parameters:\n  - {{name: count, type: Integer, default: \"1\", env: COUNT}}\n");
    let large = format!(
        "{complete}  parameters:\n  - {{name: memory, type: Quantity, default: 8Mi, resource: logger/requests.memory}}\n"
    );
    let broken = COMPANION.replace("Sidecar", "Sidcar\n  activation: ClusterWide");
    let automatic = complete.replace("spec:\n", "spec:\n  activation: ClusterWide\n");
    let folder = Folder::new()
        .with("companion.yaml", &counted)
        .with("automatic.yaml", &automatic)
        .with("other.yaml", &format!("{other}---\n{elsewhere}"))
        .with("large.yaml", &large)
        .with("broken.yaml", &broken);
    let mut page = String::new();
    for case in cases() {
        fs::write(folder.0.path().join("in.yaml"), &case.text).unwrap();
        let run = folder.run(case.command);
        let _ = write!(
            page,
            "# {}: {}\n{}{}exit code {}\n\n",
            case.name,
            case.command,
            run.out_of_mistake(),
            run.err,
            run.code
        );
    }
    golden::check("tests/cli/messages.txt", &page);
}

impl super::Run {
    /// What `validate` and `explain` print; manifests are left out.
    fn out_of_mistake(&self) -> &str {
        if self.out.contains("\napiVersion") || self.out.starts_with("apiVersion") { "" } else { &self.out }
    }
}
