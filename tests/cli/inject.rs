//! `inject` and `uninject`.

use podgraft::internals::manifest;
use serde_json::{Value, json};

use super::{COMPANION, Folder, deployment};

fn values(text: &str) -> Vec<Value> {
    manifest::read(text.as_bytes()).into_iter().filter_map(|d| d.unwrap().value).collect()
}

/// Whether the Pod at a pointer has the container logger.
fn has_logger(object: &Value, template: &str) -> bool {
    let spec = &object.pointer(template).unwrap()["spec"];
    ["initContainers", "containers"]
        .iter()
        .any(|l| spec[l].as_array().into_iter().flatten().any(|c| c["name"] == "logger"))
}

#[test]
fn a_deployment_gets_its_companion_and_the_rest_is_kept_byte_for_byte() {
    let before = "# license\n\napiVersion: v1\nkind: Service   # kept\nmetadata: {name: web,  labels: {on: \"yes\"}}\n";
    let after =
        "---\r\n# only a comment\r\n---\napiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    a\n   # end\n...\n---";
    let folder =
        Folder::new().with("web.yaml", &format!("{before}---\n# the web\n{}{after}", deployment("web", "logger")));
    let run = folder.run("inject -f web.yaml --companions companion.yaml");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.out.starts_with(&format!("{before}---\n# the web\napiVersion: apps/v1\nkind: Deployment\n")),
        "{}",
        run.out
    );
    assert!(run.out.ends_with(after), "{}", run.out);
    assert!(has_logger(&values(&run.out)[1], "/spec/template"), "{}", run.out);
    assert_eq!(
        run.err,
        "deployment/web: companion logger: injected (requested by the Pod)\nworkloads: 1 injected, 0 unchanged, 0 denied\n"
    );
    assert_eq!(folder.run("inject -q -f web.yaml --companions companion.yaml").err, "");
}

#[test]
fn a_manifest_that_requests_nothing_is_written_byte_for_byte() {
    let pod = "{\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"},\n \"spec\": {\"containers\": []}}  \n\n";
    for text in [pod, "# nothing\n---\nkind: X\n", "a: [1, 2]\n", "\u{feff}kind: X\r\n---\r\nkind: Y\r\n", "{}\n"] {
        let run = Folder::new().pipe("inject -f - --companions companion.yaml", text);
        assert_eq!((run.code, &*run.out), (0, text), "{}", run.err);
    }
}

#[test]
fn every_kind_with_a_pod_template_is_found() {
    let template = json!({"metadata": {"annotations": {"podgraft.dev/companions": "logger"}},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]}});
    let kinds = [
        ("v1", "Pod", ""),
        ("v1", "PodTemplate", "/template"),
        ("v1", "ReplicationController", "/spec/template"),
        ("apps/v1", "Deployment", "/spec/template"),
        ("apps/v1", "StatefulSet", "/spec/template"),
        ("apps/v1", "DaemonSet", "/spec/template"),
        ("apps/v1", "ReplicaSet", "/spec/template"),
        ("batch/v1", "Job", "/spec/template"),
        ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template"),
    ];
    for (version, kind, at) in kinds {
        let mut object =
            at.rsplit('/').filter(|t| !t.is_empty()).fold(template.clone(), |inner, token| json!({token: inner}));
        object["apiVersion"] = version.into();
        object["kind"] = kind.into();
        object["metadata"]["name"] = "x".into();
        let run = Folder::new().pipe("inject -f - --companions companion.yaml -o jsonpatch", &object.to_string());
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.err.starts_with(&format!("{}/x: ", kind.to_lowercase())), "{}", run.err);
        let patch: Value = serde_json::from_str(&run.out).unwrap();
        let paths: Vec<&str> = patch.as_array().unwrap().iter().map(|o| o["path"].as_str().unwrap()).collect();
        assert!(!paths.is_empty() && paths.iter().all(|p| p.starts_with(&format!("{at}/"))), "{kind}: {paths:?}");
        let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
        json_patch::patch(&mut object, &patch).unwrap();
        assert!(has_logger(&object, at), "{kind}");
    }
}

#[test]
fn items_of_lists_are_found_and_other_items_are_kept() {
    let items = json!([
        {"metadata": {"name": "a"}, "spec": {"template": {"metadata": {"annotations": {"podgraft.dev/companions": "logger"}},
            "spec": {"containers": [{"name": "app", "image": "app:1"}]}}}},
        {"kind": "Service", "apiVersion": "v1", "n": 1.10},
    ]);
    let lists = [
        json!({"apiVersion": "apps/v1", "kind": "DeploymentList", "items": items}),
        json!({"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "apps/v1", "kind": "DeploymentList", "items": items}]}),
    ];
    for (list, at) in lists.iter().zip(["/items", "/items/0/items"]) {
        let run = Folder::new().pipe("inject -f - --companions companion.yaml", &list.to_string());
        assert_eq!(run.code, 0, "{}", run.err);
        let injected = &values(&run.out)[0];
        assert!(has_logger(injected, &format!("{at}/0/spec/template")), "{}", run.out);
        assert_eq!(injected.pointer(&format!("{at}/1")), Some(&items[1]));
        assert!(!run.out.trim_end().contains('\n'), "one line in, one line out: {}", run.out);
    }
}

#[test]
fn a_resource_list_stays_a_resource_list() {
    let indented = deployment("web", "logger").replace('\n', "\n  ");
    let text = format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {}\n", indented.trim_end());
    let run = Folder::new().pipe("inject -f - --companions companion.yaml", &text);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(values(&run.out)[0]["kind"], "ResourceList");
    assert!(has_logger(&values(&run.out)[0], "/items/0/spec/template"));
}

#[test]
fn if_one_is_denied_nothing_is_written_and_with_keep_going_the_others_are() {
    let bad = deployment("bad", "nonsense  # why not");
    let text = format!("{bad}---\n{}", deployment("good", "logger"));
    let folder = Folder::new();
    let run = folder.pipe("inject -f - -n shop --companions companion.yaml", &text);
    assert_eq!((run.code, &*run.out), (1, ""), "{}", run.err);
    for format in ["yaml", "json", "jsonpatch", "diff"] {
        let run = folder.pipe(&format!("inject -f - --companions companion.yaml -o {format}"), &text);
        assert_eq!((run.code, &*run.out), (1, ""), "{format}: {}", run.err);
    }
    let in_place = Folder::new().with("all.yaml", &text);
    assert_eq!(in_place.run("inject -q -i --keep-going all.yaml --companions companion.yaml").code, 1);
    let kept = std::fs::read_to_string(in_place.0.path().join("all.yaml")).unwrap();
    assert!(kept.starts_with(&format!("{bad}---\n")) && kept.contains("logger:v1"), "a file loses nothing: {kept}");
    let run = folder.pipe("inject -f - -n shop --companions companion.yaml --keep-going", &text);
    assert_eq!(run.code, 1);
    assert!(!run.out.contains("bad"), "a reader of the stream would create the denied one: {}", run.out);
    assert!(has_logger(&values(&run.out)[0], "/spec/template"));
    for format in ["yaml", "json", "jsonpatch", "diff"] {
        let run = folder.pipe(&format!("inject -f - --companions companion.yaml --keep-going -o {format}"), &text);
        assert!(run.code == 1 && run.out.contains("logger:v1"), "{format}: {}", run.out);
        assert!(format == "diff" || !run.out.contains("nonsense"), "{format}: {}", run.out);
    }
    let run = folder.pipe("inject -f - -n shop --companions companion.yaml --keep-going", &text);
    let said = "-:10:34: error: spec.template.metadata.annotations[\"podgraft.dev/companions\"]: deployment/bad in namespace shop: \
                companion \"nonsense\" not found among 1 companion (logger)";
    assert!(run.err.contains(said), "{}", run.err);
    assert!(run.err.contains("deployment/good: companion logger: injected"), "{}", run.err);
    assert!(run.err.ends_with("workloads: 1 injected, 0 unchanged, 1 denied\n"), "{}", run.err);
}

#[test]
fn companions_and_namespaces_among_the_manifests_are_used() {
    let own = COMPANION
        .replace("ClusterCompanion", "Companion")
        .replace("  name: logger\nspec", "  name: logger\n  namespace: shop\nspec");
    let text = format!("{own}---\n{}", deployment("web", "logger"));
    let folder = Folder::new();
    let there = folder.pipe("inject -f - -n shop", &text);
    assert_eq!(there.code, 0, "{}", there.err);
    assert!(there.out.starts_with(&own));
    let elsewhere = folder.pipe("inject -f - -n other", &text);
    assert_eq!(elsewhere.code, 1, "{}", elsewhere.err);
    // Reading a file twice does not declare its companion twice.
    let both = folder
        .with("web.yaml", &deployment("web", "logger"))
        .run("inject -f companion.yaml -f web.yaml --companions .");
    assert_eq!(both.code, 0, "{}", both.err);
}

#[test]
fn files_are_joined_with_document_separators() {
    let folder = Folder::new()
        .with("in/a.yaml", "a: 1")
        .with("in/b.yml", "---\nb: 2\n")
        .with("in/c.json", "{\"c\": 3}")
        .with("in/d.json", "{\"d\": 4}\n")
        .with("in/deep/e.yaml", "e: 5\n")
        .with("in/notes.txt", "x: [");
    let flat = folder.run("inject -f in");
    assert_eq!((flat.code, &*flat.out), (0, "a: 1\n---\nb: 2\n---\n{\"c\": 3}\n{\"d\": 4}\n"), "{}", flat.err);
    let deep = folder.run("inject -R -f in -o yaml");
    assert_eq!(deep.out, "a: 1\n---\nb: 2\n---\nc: 3\n---\nd: 4\n---\ne: 5\n");
    let json = folder.run("inject -R -f in -o json");
    assert_eq!(values(&json.out).len(), 5, "{}", json.out);
    assert!(json.out.starts_with("{\n    \"a\": 1\n}\n{\n    \"b\""), "{}", json.out);
    let empty = folder.with("none/x.txt", "").run("inject -f none");
    assert!(empty.code == 3 && empty.err.contains("none: no .yaml, .yml or .json files here"), "{}", empty.err);
}

#[test]
fn an_unreadable_manifest_is_reported_with_line_and_column_and_nothing_is_written() {
    let folder =
        Folder::new().with("bad.yaml", &format!("{}---\na: 1\nb:\n - x\n c: 2\n", deployment("web", "logger")));
    let run = folder.run("inject -f bad.yaml --companions companion.yaml");
    assert_eq!((run.code, &*run.out), (3, ""));
    assert!(run.err.starts_with("bad.yaml:19:") && run.err.contains(": error: "), "{}", run.err);
    let missing = folder.run("inject -f missing.yaml");
    assert_eq!((missing.code, &*missing.err), (3, "error: the path \"missing.yaml\" does not exist\n"));
    let broken = folder.with("broken/c.yaml", "a: {\n").run("inject -f companion.yaml --companions broken");
    assert!(broken.code == 1 && broken.err.starts_with("broken/c.yaml:"), "{}", broken.err);
}

#[test]
fn one_json_patch_per_document_on_a_line_of_its_own() {
    let text = format!("# nothing\n---\nkind: X\n---\n{}---\nkind: Y\n", deployment("web", "logger"));
    let run = Folder::new().pipe("inject -f - --companions companion.yaml -o jsonpatch", &text);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[2]), (3, "[]", "[]"), "{}", run.out);
    assert!(lines[1].contains("\"path\":\"/spec/template/spec/"), "{}", lines[1]);
}

#[test]
fn a_diff_shows_additions_and_its_exit_code_whether_there_are_any() {
    let folder = Folder::new().with("web.yaml", &deployment("web", "logger"));
    let run = folder.run("inject -f web.yaml --companions companion.yaml -o diff");
    assert_eq!(run.code, 1);
    assert!(run.out.starts_with("--- a/web.yaml\n+++ b/web.yaml\n@@ -"), "{}", run.out);
    assert!(run.out.contains("\n+      - name: logger\n") && !run.out.contains("\n-"), "{}", run.out);
    let none = folder.pipe("inject -f - --companions companion.yaml -o diff", "kind: X\n");
    assert_eq!((none.code, &*none.out), (0, ""));
}

#[test]
fn an_annotation_in_the_wrong_place_is_reported() {
    let text = deployment("web", "logger")
        .replace("  name: web\n", "  name: web\n  annotations: {podgraft.dev/companions: logger}\n");
    let run = Folder::new().pipe("inject -f - --companions companion.yaml", &text);
    let said = "warning: deployment/web: annotation podgraft.dev/companions is set on the Deployment, not on its Pod \
                template, and has no effect; move it to spec.template.metadata.annotations\n";
    assert!(run.code == 0 && run.err.contains(said), "{}", run.err);
}

#[test]
fn inject_is_idempotent_and_uninject_restores_the_manifest() {
    let folder = Folder::new();
    let before = deployment("web", "logger");
    let injected = folder.pipe("inject -f - --companions companion.yaml", &before);
    let again = folder.pipe("inject -f - --companions companion.yaml", &injected.out);
    assert_eq!((again.code, &again.out), (0, &injected.out), "{}", again.err);
    assert!(again.err.contains("already injected"), "{}", again.err);
    let back = folder.pipe("uninject -f -", &injected.out);
    assert_eq!(back.code, 0, "{}", back.err);
    assert_eq!(back.out, before);
    assert_eq!(back.err, "deployment/web: companion logger: removed\nworkloads: 1 uninjected, 0 unchanged, 0 failed\n");
    let untouched = folder.pipe("uninject -f -", &before);
    assert_eq!((untouched.code, &untouched.out), (0, &before));
    let diff = folder.pipe("uninject -f - -o diff", &injected.out);
    assert!(diff.code == 1 && diff.out.contains("\n-      - name: logger\n"), "{}", diff.out);
    let json: Value = serde_json::from_str(&folder.pipe("uninject -f - -o json", &injected.out).out).unwrap();
    assert_eq!(json, values(&before)[0]);
}
