//! Other tools, where they are installed: both versions of Helm, kustomize, kubectl, krew and shells.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{COMPANION, Folder, deployment};

mod release;

/// A program that `cargo test --test cluster -- build` builds; `None`, with a note, if it was not.
fn built(folder: &str, program: &str) -> Option<PathBuf> {
    let cache = Path::new(&std::env::var_os("HOME")?).join(".cache/podgraft");
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(folder));
    let found = folders.map(|entry| entry.path().join(program)).find(|program| program.is_file());
    if found.is_none() {
        eprintln!(
            "not checked: there is no {program} in ~/.cache/podgraft; `cargo test --test cluster -- build` builds it"
        );
    }
    found
}

/// A folder with a chart whose value `companion` is requested, and with the plugin.
fn chart() -> Folder {
    let folder = Folder::new()
        .with("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n")
        .with("chart/templates/web.yaml", &format!("# kept\n{}", deployment("web", "{{ .Values.companion }}")));
    let plugins = folder.0.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/helm"), plugins.join("podgraft")).unwrap();
    folder
}

/// Runs another tool with podgraft in its PATH.
fn run_tool(program: &Path, folder: &Folder, arguments: &str) -> Output {
    let bin = Path::new(env!("CARGO_BIN_EXE_podgraft")).parent().unwrap().display().to_string();
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace()).current_dir(folder.0.path());
    command.env("HELM_PLUGINS", folder.0.path().join("plugins"));
    command.env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap())).output().unwrap()
}

fn renders_and_applies_nothing_that_is_denied(helm: &Path, post_renderer: &str) {
    let folder = chart();
    let render = |companion| {
        run_tool(
            helm,
            &folder,
            &format!("template web chart --set companion={companion} --post-renderer podgraft {post_renderer}"),
        )
    };
    let good = render("logger");
    let out = String::from_utf8_lossy(&good.stdout);
    let err = String::from_utf8_lossy(&good.stderr);
    assert!(good.status.success() && out.contains("# kept\n"), "{out}{err}");
    assert!(out.contains("image: registry.example/logger:v1"), "{out}");
    let bad = render("nonsense");
    let err = String::from_utf8_lossy(&bad.stderr);
    assert!(!bad.status.success() && bad.stdout.is_empty());
    assert!(err.contains("companion \"nonsense\" not found"), "{err}");
}

#[test]
fn helm_4_renders_through_the_plugin_and_installs_nothing_that_is_denied() {
    let Some(helm) = built("helm-v4", "helm") else { return };
    let arguments = "--post-renderer-args=-c --post-renderer-args=companion.yaml";
    renders_and_applies_nothing_that_is_denied(&helm, arguments);
}

#[test]
fn helm_3_renders_through_podgraft_and_installs_nothing_that_is_denied() {
    let Some(helm) = built("helm3-v3", "helm3") else { return };
    let arguments = "--post-renderer-args=inject --post-renderer-args=-f --post-renderer-args=- \
                     --post-renderer-args=-c --post-renderer-args=companion.yaml";
    renders_and_applies_nothing_that_is_denied(&helm, arguments);
}

#[test]
fn kustomize_runs_the_function_and_its_failure_fails_the_build() {
    let Some(kustomize) = built("kustomize-v5", "kustomize") else { return };
    let indented = COMPANION.trim_end().replace('\n', "\n    ");
    let build = |companions: &str| {
        let folder = Folder::new()
            .with("web.yaml", &deployment("web", companions))
            .with("kustomization.yaml", "resources: [web.yaml]\ntransformers: [podgraft.yaml]\n")
            .with("podgraft.yaml", &format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: podgraft\n  annotations:\n    \
                 config.kubernetes.io/function: \"exec: {{path: ./podgraft}}\"\ndata:\n  namespace: shop\n  companions: |\n    {indented}\n"
            ));
        symlink(env!("CARGO_BIN_EXE_podgraft"), folder.0.path().join("podgraft")).unwrap();
        run_tool(&kustomize, &folder, "build --enable-alpha-plugins --enable-exec .")
    };
    let good = build("logger");
    let out = String::from_utf8_lossy(&good.stdout);
    assert!(out.contains("image: registry.example/logger:v1"), "{out}{}", String::from_utf8_lossy(&good.stderr));
    let bad = build("nonsense");
    let err = String::from_utf8_lossy(&bad.stderr);
    assert!(
        !bad.status.success() && bad.stdout.is_empty() && err.contains("companion \"nonsense\" not found"),
        "{err}"
    );
}

#[test]
fn the_output_of_kubectl_kustomize_is_injected_from_a_pipe() {
    let Some(kubectl) = built("kubernetes-v", "kubectl") else { return };
    let folder = Folder::new()
        .with("web.yaml", &deployment("web", "logger"))
        .with("kustomization.yaml", "resources: [web.yaml]\nnamespace: shop\n");
    let rendered = run_tool(&kubectl, &folder, "kustomize .");
    let run = folder.pipe("inject -c companion.yaml -", &String::from_utf8(rendered.stdout).unwrap());
    assert!(run.code == 0 && run.out.contains("namespace: shop") && run.out.contains("logger:v1"), "{}", run.err);
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

/// What a user typed, and words that must complete it.
const COMPLETIONS: [(&str, &[&str]); 7] = [
    ("podgraft v", &["validate", "version"]),
    ("podgraft inject --keep", &["--keep-going"]),
    ("podgraft inject -o ", &["yaml", "json", "jsonpatch", "diff"]),
    ("podgraft status -o ", &["json", "yaml", "wide"]),
    ("podgraft completion ", &["bash", "zsh", "fish"]),
    ("podgraft serve --log-level ", &["warn", "debug"]),
    ("podgraft explain comp", &["companion.yaml"]),
];

/// Runs a script of a shell; `None` if the shell is not installed.
fn run_shell(shell: &str, script: &str) -> Option<String> {
    let folder = Folder::new();
    // A shell that waits for a key is ended.
    let mut command = Command::new("timeout");
    command.args(["60", shell, "-c", script]).current_dir(folder.0.path()).env("HOME", folder.0.path());
    let output = command.output().unwrap();
    if output.status.code() == Some(127) {
        eprintln!("not checked: {shell} is not installed; tests/run/install.sh installs it");
        return None;
    }
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shell}: {err}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_fish_completion_completes_subcommands_flags_values_and_files() {
    let load = format!("{} completion fish | source", env!("CARGO_BIN_EXE_podgraft"));
    for (typed, expected) in COMPLETIONS {
        let Some(out) = run_shell("fish", &format!("{load}; complete -C '{typed}'")) else { return };
        let words: Vec<&str> = out.lines().filter_map(|line| line.split('\t').next()).collect();
        assert!(expected.iter().all(|word| words.contains(word)), "{typed}: {out}");
        assert!(typed.contains("explain") || !words.contains(&"companion.yaml"), "{typed}: files are no values: {out}");
    }
}

#[test]
fn the_zsh_completion_completes_subcommands_flags_values_and_files() {
    // zsh completes only in a terminal, which zpty provides. It lists the words in the order of the alphabet.
    let load = format!("source <({} completion zsh)", env!("CARGO_BIN_EXE_podgraft"));
    for (typed, expected) in COMPLETIONS {
        let script = format!(
            "zmodload zsh/zpty; zpty z zsh -f -i; \
             zpty -w z 'PS1=; autoload -U compinit; compinit -u -D; {load}; echo rea\"\"dy'; zpty -r z out '*ready*'; \
             zpty -n -w z $'{typed}\\t\\t'; zpty -r z out '*{}*'; print -r -- $out; zpty -d z",
            expected.iter().max().unwrap()
        );
        let Some(out) = run_shell("zsh", &script) else { return };
        assert!(expected.iter().all(|word| out.contains(word)), "{typed}: {out}");
    }
}

#[test]
fn kubectl_completes_the_arguments_of_the_plugin() {
    let Some(kubectl) = built("kubernetes-v", "kubectl") else { return };
    let folder = Folder::new();
    let bin = folder.0.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_podgraft"), bin.join("kubectl-podgraft")).unwrap();
    let script = bin.join("kubectl_complete-podgraft");
    fs::write(&script, folder.run("completion kubectl").out).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let complete = |words: &[&str]| {
        let mut command = Command::new(&kubectl);
        command.args(["__complete", "podgraft"]).args(words).current_dir(folder.0.path());
        command.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert_eq!(complete(&["inject", "-o", ""]), "yaml\njson\njsonpatch\ndiff\n:4\n");
    assert_eq!(complete(&["inject", "--output=j"]), "--output=json\n--output=jsonpatch\n:4\n");
    assert_eq!(complete(&["un"]), "uninject\tRemove companions from the Pods of manifests\n:4\n");
    assert!(complete(&["inject", "--keep"]).starts_with("--keep-going\t"));
    assert_eq!(complete(&["completion", "z"]), "zsh\n:4\n");
    // The shell completes paths.
    for words in [&["inject", ""][..], &["inject", "-f", ""], &["inject", "-n", "shop", "--companions", "comp"]] {
        assert_eq!(complete(words), ":0\n", "{words:?}");
    }
    assert_eq!(complete(&["inject", "-n", ""]), ":4\n");
}
