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
        let again = again.args(["inject", "-o", "jsonpatch", "-f", "-", "--companions"]).arg(folder(example));
        let again = again.write_stdin(injected.stdout).output().expect("it runs");
        let patches = text(&again.stdout);
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
