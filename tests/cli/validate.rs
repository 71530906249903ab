//! `validate`.

use super::{COMPANION, Folder, deployment};

#[test]
fn all_mistakes_are_reported_at_once_with_their_positions() {
    let broken =
        COMPANION.replace("    image: registry.example/logger:v1\n", "").replace("name: logger", "name: broken");
    let folder = Folder::new()
        .with("in/a.yaml", &format!("# one\n---\n{broken}"))
        .with("in/b.yaml", "a: 1\na: 2\n")
        .with("in/c.yaml", &deployment("web", "nonsense"))
        .with("in/d.yaml", "- no object\n")
        .with("in/e.yaml", &COMPANION.replace("ClusterCompanion", "Companion"))
        .with("in/f.yaml", &COMPANION.replace("ClusterCompanion", "Companion"));
    let run = folder.run("validate -f in");
    assert_eq!(run.code, 1);
    let errors: Vec<&str> = run.out.lines().filter(|l| l.contains(": error: ")).collect();
    let expect = ["in/a.yaml:10:", "in/b.yaml:2:1: ", "in/c.yaml:10:34: ", "in/d.yaml:1:1: ", "in/f.yaml:1:1: "];
    for (line, start) in errors.iter().zip(expect) {
        assert!(line.starts_with(start), "{line}, not {start}; all: {}", run.out);
    }
    assert_eq!(errors.len(), expect.len(), "{}", run.out);
    assert!(errors[0].contains("error: spec.containers[0]"), "{}", errors[0]);
    assert!(
        errors[2].contains("deployment/web: companion \"nonsense\" not found among 2 companions (broken, logger)"),
        "{}",
        errors[2]
    );
    assert!(errors[4].contains("in/e.yaml:1:1"), "{}", errors[4]);
    assert!(run.err.contains("2 companions and 1 workload checked: 5 errors, "), "{}", run.err);
}

#[test]
fn a_kind_or_a_group_that_podgraft_does_not_have_is_an_error() {
    for (from, to, error) in [
        (
            "kind: ClusterCompanion",
            "kind: ClusterCompanions",
            "own.yaml:2:7: error: kind: unsupported value: \"ClusterCompanions\"; supported: ClusterCompanion, Companion",
        ),
        (
            "podgraft.dev/v1alpha1",
            "podgraft.io/v1alpha1",
            "own.yaml:1:13: error: apiVersion: unsupported value: \"podgraft.io/v1alpha1\"; supported: podgraft.dev/v1alpha1",
        ),
    ] {
        let run = Folder::new().with("own.yaml", &COMPANION.replace(from, to)).run("validate -f own.yaml");
        assert!(run.out.lines().any(|line| line == error), "{}", run.out);
        assert_eq!(run.code, 1, "{}", run.err);
    }
}

#[test]
fn an_object_of_another_group_is_reported_and_takes_no_companions_name() {
    let other = COMPANION.replace("podgraft.dev/", "podgraft.io/");
    let text = format!("{other}---\n{COMPANION}---\n{}", deployment("web", "logger"));
    let run = Folder::new().pipe("validate -f -", &text);
    let errors: Vec<&str> = run.out.lines().filter(|line| line.contains(": error: ")).collect();
    let expected =
        "-:1:13: error: apiVersion: unsupported value: \"podgraft.io/v1alpha1\"; supported: podgraft.dev/v1alpha1";
    assert_eq!(errors, [expected], "{}", run.out);
    assert!(run.err.contains("1 companion and 1 workload checked: 1 error, "), "{}", run.err);
    let injected = Folder::new()
        .with("other.yaml", &other)
        .pipe("inject --keep-going -f - -c other.yaml,companion.yaml", &deployment("web", "logger"));
    assert!(injected.out.contains("registry.example/logger:v1"), "{} {}", injected.out, injected.err);
}

#[test]
fn a_kind_of_a_group_of_others_is_no_companion() {
    let other = "apiVersion: podgraft.acme.example/v1\nkind: Sidecar\nmetadata: {name: logger}\n";
    let run = Folder::new().pipe("validate -f -", &format!("{other}---\n{COMPANION}"));
    assert!(!run.out.contains(": error: "), "{}", run.out);
    assert_eq!(run.code, 0, "{}", run.err);
    let similar = other.replace("Sidecar", "Companion");
    let run = Folder::new().pipe("validate -f -", &similar);
    assert!(
        run.out.contains("-:1:13: error: apiVersion: unsupported value: \"podgraft.acme.example/v1\""),
        "{}",
        run.out
    );
}

#[test]
fn a_valid_manifest_is_reported_as_checked() {
    let folder = Folder::new().with("web.yaml", &deployment("web", "logger"));
    let run = folder.run("validate -f web.yaml --companions companion.yaml");
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.err.contains("1 companion and 1 workload checked: 0 errors, "), "{}", run.err);
    let alone = folder.run("validate -f web.yaml");
    assert_eq!((alone.code, &*alone.out), (0, ""));
    assert!(alone.err.contains("1 workload not checked: no companions were read"), "{}", alone.err);
}

#[test]
fn strict_treats_warnings_as_errors() {
    let text =
        deployment("web", "logger").replace("  name: web\n", "  name: web\n  labels: {podgraft.dev/inject: enabled}\n");
    let folder = Folder::new();
    let loose = folder.pipe("validate -f - --companions companion.yaml", &text);
    assert_eq!(loose.code, 0, "{}", loose.out);
    assert!(
        loose.out.contains("-:5:33: warning: deployment/web: label podgraft.dev/inject is set on the Deployment, not"),
        "{}",
        loose.out
    );
    assert_eq!(folder.pipe("validate --strict -f - --companions companion.yaml", &text).code, 1);
}

#[test]
fn remarks_can_be_printed_as_json() {
    let run = Folder::new().pipe("validate -f - --companions companion.yaml -o json", &deployment("web", "nonsense"));
    assert_eq!(run.code, 1);
    let facts: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let remark = facts["remarks"].as_array().unwrap().iter().find(|remark| remark["severity"] == "error").unwrap();
    assert_eq!((&remark["file"], &remark["line"], &remark["column"]), (&"-".into(), &10.into(), &34.into()));
    assert_eq!(remark["reason"], "NotAvailable");
    assert_eq!(remark["field"], "spec.template.metadata.annotations[\"podgraft.dev/companions\"]");
}
