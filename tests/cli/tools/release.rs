//! A release: its version, and the archives that krew installs, with krew itself where it is built.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::built;
use crate::Folder;

/// Runs a script of `release/`, without asking Git.
fn script(name: &str, arguments: &[&str]) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("release").join(name);
    let mut command = Command::new("sh");
    command.arg(script).args(arguments).env("COMMIT", "0123abc").env("SOURCE_DATE_EPOCH", "0");
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[test]
fn all_files_name_one_version_and_a_tag_must_be_that_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(script("version.sh", &[]), (true, format!("podgraft {version}, commit 0123abc\n")));
    let (succeeded, printed) = script("version.sh", &["v99.0.0"]);
    assert!(!succeeded && printed.contains(&format!("the tag is v99.0.0, and Cargo.toml has {version}")), "{printed}");
}

#[test]
fn the_crates_of_a_release_are_those_of_the_binary_and_not_those_of_the_tests() {
    let (succeeded, printed) = script("crates.sh", &[]);
    let crates: Vec<&str> = printed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(succeeded && crates.len() > 100, "{printed}");
    for name in ["podgraft", "rustls", "security-framework"] {
        assert!(crates.contains(&name), "{name} is part of a binary");
    }
    for name in ["proptest", "assert_cmd", "windows-sys"] {
        assert!(!crates.contains(&name), "{name} is not part of a binary");
    }
}

/// A folder with `out`, the release of a program for this machine.
fn release(program: &str) -> Folder {
    let folder = Folder::new();
    let mut release = Command::new("sh");
    release.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/krew/release.sh"));
    release.args(["out", &format!("linux/{}={program}", architecture())]).current_dir(folder.0.path());
    assert!(release.status().unwrap().success());
    folder
}

/// This machine's architecture, as krew names it.
fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

fn version() -> String {
    format!("v{}", env!("CARGO_PKG_VERSION"))
}

#[test]
fn the_release_for_krew_has_the_version_checksums_and_the_license() {
    let folder = release("/bin/sh");
    let text = fs::read(folder.0.path().join("out/podgraft.yaml")).unwrap();
    let manifest = podgraft::internals::manifest::read(&text).remove(0).unwrap().value.unwrap();
    assert_eq!((&manifest["kind"], &manifest["spec"]["version"]), (&"Plugin".into(), &(&*version()).into()));
    let platform = &manifest["spec"]["platforms"][0];
    let labels = serde_json::json!({"os": "linux", "arch": architecture()});
    assert_eq!(platform["selector"]["matchLabels"], labels);
    let archive = platform["uri"].as_str().unwrap().rsplit('/').next().unwrap();
    let check =
        format!("echo {}  {archive} | sha256sum --check && tar tzf {archive}", platform["sha256"].as_str().unwrap());
    let output = Command::new("sh").args(["-c", &check]).current_dir(folder.0.path().join("out")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{archive}: OK\nLICENSE\npodgraft\n"));
    assert_eq!(platform["bin"], "podgraft");
}

#[test]
fn krew_installs_the_release_and_kubectl_runs_it() {
    let (Some(krew), Some(kubectl)) = (built("krew-v", "krew"), built("kubernetes-v", "kubectl")) else { return };
    let folder = release(env!("CARGO_BIN_EXE_podgraft"));
    let run = |program: &Path, arguments: &str, root: &str| -> Output {
        let root = folder.0.path().join(root);
        let path = format!("{}:{}", root.join("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(program);
        command.args(arguments.split(' ')).env("KREW_ROOT", root).env("PATH", path);
        // Without it, krew asks the network for a newer krew.
        command.env("KREW_NO_UPGRADE_CHECK", "1").current_dir(folder.0.path()).output().unwrap()
    };
    let archive = format!("out/podgraft_{}_linux_{}.tar.gz", version(), architecture());
    let install = format!("install --manifest=out/podgraft.yaml --archive={archive}");
    let installed = run(&krew, &install, "krew");
    let err = String::from_utf8_lossy(&installed.stderr);
    assert!(installed.status.success() && err.contains("Installed plugin: podgraft"), "{err}");
    assert!(err.contains("kubectl podgraft completion kubectl >"), "the caveats are shown: {err}");
    let printed = run(&kubectl, "podgraft version", "krew");
    assert_eq!(String::from_utf8_lossy(&printed.stdout), format!("podgraft {}\n", env!("CARGO_PKG_VERSION")));

    // krew compares the archive with the checksum in the manifest.
    fs::write(folder.0.path().join(&archive), "another archive").unwrap();
    let refused = run(&krew, &install, "another-krew");
    let err = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && err.contains("checksum does not match"), "{err}");
}
