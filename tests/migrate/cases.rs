//! Goldens: `cases/<system>.yaml`, and next to it what is written, with the messages as comments.

use std::fs;
use std::path::{Path, PathBuf};

use podgraft::internals::manifest;
use serde_json::Value;

use super::support::golden;
use super::{Run, injected, podgraft};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate/cases")
}

fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = files.filter_map(|file| Some(file.strip_suffix(".yaml")?.to_owned()));
    let mut names: Vec<String> = names.filter(|name| !name.contains('.')).collect();
    names.sort();
    assert!(names.len() >= 5, "the cases were found");
    names
}

fn companions(run: &Run) -> Vec<Value> {
    manifest::read(run.out.as_bytes()).into_iter().filter_map(|document| document.unwrap().value).collect()
}

#[test]
fn each_system_has_a_golden() {
    for name in names() {
        let run = podgraft(&folder(), &format!("migrate -f {name}.yaml"));
        let messages = run.err.trim_end().replace('\n', "\n# ");
        golden::check(
            format!("tests/migrate/cases/{name}.out.yaml"),
            &format!("{}# Messages, and exit code {}:\n# {messages}\n", run.out, run.code),
        );
    }
}

#[test]
fn every_companion_of_a_case_is_valid_and_is_injected_into_a_plain_pod() {
    let all: Vec<Value> =
        names().iter().flat_map(|name| companions(&podgraft(&folder(), &format!("migrate -f {name}.yaml")))).collect();
    assert!(all.len() >= 6, "{} companions", all.len());
    injected::check(&all);
}

#[test]
fn the_exit_code_is_about_what_was_translated() {
    let here = tempfile::tempdir().unwrap();
    let with = |text: &str| {
        fs::write(here.path().join("a.yaml"), text).unwrap();
        podgraft(here.path(), "migrate a.yaml")
    };
    let profile = "name: logger\ncontainers: [{name: a, image: 'x:1'}]\n";
    let whole = with(profile);
    assert_eq!((whole.code, companions(&whole).len()), (0, 1), "{}", whole.err);
    assert!(
        whole.err.contains("1 configuration: 1 translated, 0 translated in part, 0 not translated"),
        "{}",
        whole.err
    );
    let part = with(&format!("{profile}hostPID: true\n"));
    assert_eq!((part.code, companions(&part).len()), (1, 1));
    assert!(part.err.starts_with("a.yaml:3:10: warning: hostPID: not translated: "), "{}", part.err);
    let nothing = with("name: logger\nenv: [{name: A, value: b}]\n");
    assert_eq!((nothing.code, companions(&nothing).len()), (1, 0));
    assert!(nothing.err.starts_with("a.yaml:1:1: error: not translated: required value"), "{}", nothing.err);
    let unreadable = with(&format!("{profile}---\n[\n"));
    assert_eq!((unreadable.code, companions(&unreadable).len()), (1, 1), "{}", unreadable.err);
    let duplicate = with(&format!("name: other\n{profile}"));
    assert_eq!((duplicate.code, companions(&duplicate).len()), (1, 1), "{}", duplicate.err);
    assert_eq!(podgraft(here.path(), "migrate").code, 2);
    let other = with("apiVersion: v1\nkind: Pod\n");
    assert_eq!((other.code, &*other.out), (3, ""));
    assert!(other.err.starts_with("error: no configurations of other injectors"), "{}", other.err);
    assert_eq!(podgraft(here.path(), "migrate absent.yaml").code, 3);
}

#[test]
fn strict_output_has_no_warnings() {
    let here = tempfile::tempdir().unwrap();
    let context = "runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}";
    let requests = "requests: {cpu: 1m, memory: 1Mi}";
    let fine = format!(
        "name: fine\ncontainers: [{{name: a, image: 'x:1', securityContext: {{{context}}}, resources: {{{requests}}}}}]\n"
    );
    fs::write(
        here.path().join("a.yaml"),
        format!("{fine}---\nname: other\ncontainers: [{{name: a, image: 'x:latest'}}]\n"),
    )
    .unwrap();
    let run = podgraft(here.path(), "migrate --strict --output-file out.yaml a.yaml");
    assert_eq!((run.code, &*run.out), (1, ""), "{}", run.err);
    assert!(
        run.err.contains("containers[0].image: not translated: the companion would have a warning: mutable tag"),
        "{}",
        run.err
    );
    let validated = podgraft(here.path(), "validate --strict out.yaml");
    assert_eq!(validated.code, 0, "{}{}", validated.out, validated.err);
    assert!(validated.err.starts_with("1 companion"), "{}", validated.err);
}
