//! Other tools, where they are installed: Helm 4 with the plugin, and shells that load the completion.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{COMPANION, Folder, deployment};

/// The Helm that the cluster's tests build.
fn helm() -> Option<PathBuf> {
    let cache = Path::new(&std::env::var_os("HOME")?).join(".cache/podgraft");
    let built = fs::read_dir(cache).ok()?.flatten().filter(|e| e.file_name().to_string_lossy().starts_with("helm-v4"));
    built.map(|entry| entry.path().join("helm")).find(|helm| helm.is_file())
}

#[test]
fn helm_4_renders_through_the_plugin_and_installs_nothing_that_is_denied() {
    let Some(helm) = helm() else {
        eprintln!("not checked: there is no Helm in ~/.cache/podgraft; `cargo test --test cluster` builds it");
        return;
    };
    let plugin = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/helm/plugin.yaml")).unwrap();
    let folder = Folder::new()
        .with("plugins/podgraft/plugin.yaml", &plugin)
        .with("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n")
        .with("chart/templates/web.yaml", &format!("# kept\n{}", deployment("web", "{{ .Values.companion }}")));
    let bin = Path::new(env!("CARGO_BIN_EXE_podgraft")).parent().unwrap().display().to_string();
    let render = |companion: &str| {
        let mut command = Command::new(&helm);
        command.args([
            "template",
            "web",
            "chart",
            "--set",
            &format!("companion={companion}"),
            "--post-renderer",
            "podgraft",
        ]);
        command.args(["--post-renderer-args=-c", "--post-renderer-args=companion.yaml"]);
        command.env("HELM_PLUGINS", folder.0.path().join("plugins")).current_dir(folder.0.path());
        command.env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap())).output().unwrap()
    };
    let good = render("logger");
    let out = String::from_utf8_lossy(&good.stdout);
    assert!(
        good.status.success() && out.contains("# kept\n") && out.contains("image: registry.example/logger:v1"),
        "{out}"
    );
    let bad = render("nonsense");
    assert!(!bad.status.success() && bad.stdout.is_empty());
}

#[test]
fn the_bash_completion_loads_and_completes_values() {
    let folder = Folder::new().with("in.yaml", COMPANION);
    let podgraft = env!("CARGO_BIN_EXE_podgraft");
    let script = format!(
        "source <({podgraft} completion bash); COMP_WORDS=(podgraft inject -o ''); COMP_CWORD=3; \
         _podgraft podgraft '' -o; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.0.path()).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(out, "yaml\njson\njsonpatch\ndiff\n", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_zsh_and_fish_completions_load() {
    let folder = Folder::new();
    let podgraft = env!("CARGO_BIN_EXE_podgraft");
    for (shell, script) in [
        (
            "zsh",
            format!("autoload -U compinit; compinit -u -D; source <({podgraft} completion zsh); whence -w _podgraft"),
        ),
        ("fish", format!("{podgraft} completion fish | source; complete -C 'podgraft inject --output-'")),
    ] {
        match Command::new(shell).args(["-c", &script]).current_dir(folder.0.path()).output() {
            Ok(output) => {
                let out = String::from_utf8_lossy(&output.stdout);
                assert!(
                    output.status.success() && !out.is_empty(),
                    "{shell}: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            Err(_) => eprintln!("not checked: {shell} is not installed"),
        }
    }
}
