//! The examples are valid: every companion passes validation without a warning, and every workload gets what it requests.
//! `examples/check-all.sh` shows that the systems work, with real software.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

const EXAMPLES: [&str; 4] = ["git-sync", "redis", "web-was", "metrics-adapter"];

fn podgraft(arguments: &[&str], example: &str) -> std::process::Output {
    let mut command = Command::cargo_bin("podgraft").expect("the binary is built");
    let folder = folder(example);
    command.args(arguments).arg("-f").arg(folder).output().expect("it runs")
}

fn folder(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_example_is_valid_without_a_warning() {
    for example in EXAMPLES {
        let output = podgraft(&["validate", "--strict"], example);
        assert!(output.status.success(), "{example}:\n{}{}", text(&output.stdout), text(&output.stderr));
    }
}

#[test]
fn every_workload_of_an_example_gets_its_companions_once() {
    for example in EXAMPLES {
        let injected = podgraft(&["inject"], example);
        let talk = text(&injected.stderr);
        assert!(injected.status.success(), "{example}: {talk}");
        assert!(talk.contains(": injected (requested by the Pod)"), "{example}: {talk}");
        assert!(!talk.contains("warning") && !talk.contains("error"), "{example}: {talk}");
        let mut again = Command::cargo_bin("podgraft").expect("the binary is built");
        let again = again.args(["inject", "-o", "jsonpatch", "-f", "-"]); // with the companions, which are part of the output
        let again = again.write_stdin(injected.stdout).output().expect("it runs");
        let patches = text(&again.stdout);
        assert!(again.status.success() && !patches.is_empty(), "{example}: {}", text(&again.stderr));
        assert!(patches.lines().all(|patch| patch == "[]"), "{example} is not idempotent: {patches}");
    }
}

#[test]
fn a_repository_url_that_git_sync_does_not_support_is_denied_with_what_to_use() {
    for url in ["file:///srv/site.git", "git@git.example:site.git", "https://user:secret@git.example/site.git"] {
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: page\n  annotations:\n    podgraft.dev/companions: git-sync\n    \
             podgraft.dev/git-sync.repo: \"{url}\"\nspec:\n  containers:\n  - name: web\n    image: nginx:1.28\n"
        );
        let mut command = Command::cargo_bin("podgraft").expect("the binary is built");
        let command = command.args(["inject", "-f", "-", "--companions"]).arg(folder("git-sync"));
        let output = command.write_stdin(pod).output().expect("it runs");
        let talk = text(&output.stderr);
        assert!(!output.status.success() && talk.contains("never into the URL"), "{url}: {talk}");
        assert!(!talk.contains("secret"), "{url}: {talk}");
    }
}

#[test]
fn an_image_is_named_once_in_its_example() {
    for example in EXAMPLES {
        let app = std::fs::read_to_string(folder(example).join("app.yaml")).expect("an app");
        let companions = std::fs::read_to_string(folder(example).join("companions.yaml")).expect("companions");
        for line in companions.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("image: ")) {
            let image = line.split(['#', ' ']).next().unwrap_or_default();
            assert!(image.contains(':') && !image.ends_with(":latest"), "{example}: {image} has no version");
            assert!(!app.contains(image), "{example}: {image} is also named by the app");
        }
    }
}

/// Values that a script or a configuration would take as its own syntax, or that a program would not start with.
const DENIED: [(&str, &str, &str, &str); 16] = [
    ("web-was", "web-front", "ready", "/;return 200"),
    ("web-was", "web-front", "body", "8m; include /etc/passwd"),
    ("web-was", "web-front", "header-size", "0"),
    ("web-was", "web-front", "timeout", "0s"),
    ("web-was", "web-front", "keep-alive", "-1s"),
    ("web-was", "web-front", "static-path", "/a/../b/"),
    ("web-was", "web-front", "static-path", "/-/"),
    ("web-was", "web-front", "static-path", "/static"),
    ("web-was", "web-front", "trusted-proxies", "10.0.0.0/8 1; }"),
    ("redis", "redis-ambassador", "server2", "a.example:6379 backup"),
    ("redis", "redis-ambassador", "server2", "a.example:65536"),
    ("redis", "redis-ambassador", "check-interval", "0s"),
    ("redis", "redis-ambassador", "idle-timeout", "1000h"),
    ("redis", "redis-ambassador", "idle-timeout", "1000m"),
    ("redis", "redis-ambassador", "server-name", "\"a b\""),
    ("redis", "redis-local", "maxmemory", "64mb 0"),
];

#[test]
fn a_value_that_would_become_configuration_is_denied_with_its_parameter() {
    for (example, companion, parameter, value) in DENIED {
        let output = with_annotation(example, companion, parameter, value);
        let talk = text(&output.stderr);
        assert!(!output.status.success(), "{companion}.{parameter}: {value}: {talk}");
        assert!(talk.contains(&format!("podgraft.dev/{companion}.{parameter}")), "{companion}.{parameter}: {talk}");
    }
}

#[test]
fn a_value_that_an_example_documents_is_accepted() {
    let accepted = [
        ("web-was", "web-front", "static-path", "/assets/v1.2/"),
        ("web-was", "web-front", "static-path", "off"),
        ("web-was", "web-front", "trusted-proxies", "10.1.2.3,fd00::/8,192.168.0.0/16"),
        ("web-was", "web-front", "keep-alive", "0"),
        ("redis", "redis-ambassador", "idle-timeout", "999m"),
        ("redis", "redis-ambassador", "server2", "10.1.2.3:65535"),
        ("redis", "redis-ambassador", "server9", "store-8.store.visits.svc.cluster.local:6379"),
        ("redis", "redis-ambassador", "idle-timeout", "99h"),
        ("redis", "redis-ambassador", "password", "store-login/password"),
        ("redis", "redis-ambassador", "certificate", "store-tls/tls.crt"),
    ];
    for (example, companion, parameter, value) in accepted {
        let output = with_annotation(example, companion, parameter, value);
        assert!(output.status.success(), "{companion}.{parameter}: {}", text(&output.stderr));
    }
}

fn with_annotation(example: &str, companion: &str, parameter: &str, value: &str) -> std::process::Output {
    let mut annotations = serde_json::json!({"podgraft.dev/companions": companion});
    if companion == "redis-ambassador" {
        annotations["podgraft.dev/redis-ambassador.server1"] = "a.example:6379".into(); // required
    }
    annotations[format!("podgraft.dev/{companion}.{parameter}")] = value.into();
    let pod = serde_json::json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app", "annotations": annotations},
        "spec": {"containers": [{"name": "app", "image": "registry.example/app:1"}]},
    });
    let mut command = Command::cargo_bin("podgraft").expect("the binary is built");
    command.args(["inject", "-f", "-", "--companions"]).arg(folder(example));
    command.write_stdin(pod.to_string()).output().expect("it runs")
}

#[test]
fn the_cluster_tests_have_the_software_of_each_image_that_an_example_names() {
    let declared = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/parts/images/software.json");
    let declared: serde_json::Value = serde_json::from_slice(&std::fs::read(declared).expect("a file")).expect("JSON");
    for example in EXAMPLES {
        for file in std::fs::read_dir(folder(example)).expect("a folder").map(|entry| entry.expect("a file").path()) {
            let manifest = std::fs::read_to_string(&file).unwrap_or_default();
            let lines = manifest.lines().map(|line| line.trim().trim_start_matches("- "));
            for image in lines.filter_map(|line| line.strip_prefix("image: ")) {
                let repository = image.split(':').next().unwrap_or_default();
                let is_declared = |prefix: &&str| declared.get(format!("{prefix}{repository}")).is_some();
                let is_known = repository.ends_with("prom/prometheus")
                    || ["", "docker.io/", "docker.io/library/"].iter().any(is_declared);
                assert!(is_known, "{}: tests/cluster/parts/images/software.json lacks {image}", file.display());
            }
        }
    }
}
