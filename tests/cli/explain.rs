//! `explain`.

use super::{COMPANION, Folder, deployment};

#[test]
fn a_table_for_each_workload_has_who_requested_it_and_why() {
    let text = format!("{}---\n{}", deployment("web", "logger"), deployment("bad", "nonsense"));
    let run = Folder::new().pipe("explain -f - --companions companion.yaml", &text);
    assert_eq!(run.code, 1, "{}", run.err);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines[0], "deployment/web in namespace default: companions are injected");
    assert_eq!(lines[1], "COMPANION   RULE                    OUTCOME    REASON");
    assert_eq!(lines[2], "logger      annotation of the Pod   injected   Injected");
    assert_eq!(lines[3..5], ["", "deployment/bad in namespace default: denied"]);
    assert!(
        lines[6].starts_with(
            "nonsense    annotation of the Pod   denied    NotAvailable: companion \"nonsense\" not found among 1 companion"
        ),
        "{}",
        run.out
    );
    assert_eq!(run.err, "");
}

#[test]
fn a_workload_that_requests_nothing_is_explained() {
    let text = deployment("web", "logger").replace("podgraft.dev/companions", "example.com/companions");
    let run = Folder::new().pipe("explain -f - --companions companion.yaml", &text);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(run.code, 0, "{}", run.out);
    assert_eq!(
        lines[1..],
        [
            "No companion was considered: the Pod requests none, and no automatic companion selects it.",
            "Namespace default is not among the manifests, so it is treated as not opted in; read it with --companions.",
            "To see why a companion is not injected, use --why-not NAME.",
        ]
    );
    let misplaced = text.replacen("metadata:", "metadata:\n  annotations: {podgraft.dev/companions: logger}", 1);
    let run = Folder::new().pipe("explain -f - --companions companion.yaml", &misplaced);
    assert!(run.err.contains("has no effect; move it to spec.template.metadata.annotations"), "{}", run.err);
    let none = Folder::new().run("explain -f companion.yaml");
    assert_eq!((none.code, &*none.out, &*none.err), (0, "", "warning: no workloads among these manifests\n"));
}

#[test]
fn a_workload_without_candidates_says_which_rule_leaves_it_out() {
    let web = deployment("web", "logger");
    let labels = "metadata:\n      labels: {podgraft.dev/inject: disabled}\n";
    let opted_out = web.replacen("    metadata:\n", &format!("    {labels}"), 1);
    let silent = web.replace("podgraft.dev/companions", "example.com/companions");
    let namespace =
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {podgraft.dev/inject: disabled}}\n";
    let init_only = web.replace("containers:", "initContainers:");
    for (text, flags, cause) in [
        (opted_out, "", "the Pod is opted out"),
        (web, "-n kube-system", "the Pod's namespace is excluded"),
        (silent + namespace, "", "the Pod requests none, and its namespace is opted out"),
        (init_only, "", "the Pod has no containers"),
    ] {
        let folder = Folder::new().with("in.yaml", &text);
        let run = folder.run(&format!("explain -f in.yaml -c companion.yaml -c in.yaml {flags}"));
        assert!(run.out.contains(&format!("No companion was considered: {cause}.\n")), "{text}{}{}", run.out, run.err);
    }
}

#[test]
fn workloads_of_several_files_have_their_file_and_line() {
    let folder =
        Folder::new().with("in/a.yaml", &deployment("web", "logger")).with("in/b.yaml", &deployment("web", "logger"));
    let run = folder.run("explain in -c companion.yaml");
    let headings: Vec<&str> = run.out.lines().filter(|line| line.contains("deployment/web")).collect();
    assert!(headings[0].starts_with("in/a.yaml:1: deployment/web in namespace default: "), "{}", run.out);
    assert!(headings[1].starts_with("in/b.yaml:1: deployment/web in namespace default: "), "{}", run.out);
}

#[test]
fn results_can_be_printed_as_json_and_as_names() {
    let text = format!("{}---\n{}", deployment("web", "logger"), deployment("bad", "nonsense"));
    let folder = Folder::new();
    let run = folder.pipe("explain -f - --companions companion.yaml -o json", &text);
    assert_eq!(run.code, 1, "{}", run.err);
    let facts: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let web = &facts["workloads"][0];
    assert_eq!((&web["file"], &web["line"], &web["decision"]), (&"-".into(), &1.into(), &"injected".into()), "{web}");
    assert_eq!(web["companions"][0]["name"], "logger");
    assert_eq!(web["companions"][0]["reason"], "Injected");
    assert_eq!(facts["workloads"][1]["decision"], "denied");
    assert_eq!(facts["workloads"][1]["companions"][0]["reason"], "NotAvailable");
    let names = folder.pipe("explain -f - --companions companion.yaml -o name", &text);
    assert_eq!(names.out, "deployment.apps/web\ndeployment.apps/bad\n");
}

#[test]
fn yaml_has_the_values_of_json() {
    let folder = Folder::new().with("web.yaml", &deployment("web", "logger, nonsense"));
    let with = COMPANION.replace(":v1", ":v2");
    let folder = folder.with("with.yaml", &with);
    for command in [
        "explain -c companion.yaml web.yaml",
        "explain -c companion.yaml --with with.yaml web.yaml",
        "validate -c companion.yaml web.yaml",
        "version",
    ] {
        let [json, yaml] = ["json", "yaml"].map(|format| folder.run(&format!("{command} -o {format}")));
        let expected: serde_json::Value = serde_json::from_str(&json.out).unwrap();
        let read = podgraft::internals::manifest::read(yaml.out.as_bytes()).remove(0).unwrap();
        assert_eq!(read.value, Some(expected), "{command}");
        assert!(!yaml.out.starts_with('{') && yaml.code == json.code, "{command}: {}", yaml.out);
    }
}

#[test]
fn json_has_the_reasons_of_remarks_and_workloads_that_cannot_be_read() {
    let folder = Folder::new();
    let listed = deployment("web", "logger,logger") + "---\n" + &deployment("list", "[logger]");
    let run = folder.pipe("explain -f - --companions companion.yaml -o json", &listed);
    assert_eq!(run.code, 1, "{}", run.err);
    let facts: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(facts["workloads"][0]["remarks"][0]["reason"], "DuplicateName", "{facts}");
    let list = &facts["workloads"][1];
    assert_eq!((&list["decision"], &list["line"]), (&"denied".into(), &25.into()), "{list}");
    assert!(list["remarks"][0]["message"].as_str().unwrap().ends_with("not a list; write logger"), "{list}");
    let text = folder.pipe("explain -f - --companions companion.yaml", &listed);
    assert!(text.out.contains("deployment/web") && !text.out.contains("deployment/list"), "{}", text.out);
    assert!(text.err.contains("-:25:34: error: "), "{}", text.err);
}
