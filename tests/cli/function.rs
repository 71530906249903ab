//! `function`, and podgraft without arguments.

use podgraft::internals::manifest;
use serde_json::Value;

use super::{COMPANION, Folder, deployment};

fn resource_list(companions: &str, config: &str) -> String {
    let indented = |text: &str| text.trim_end().replace('\n', "\n  ");
    let workload = deployment("web", companions).replace(
        "  name: web\n",
        "  name: web # the shop\n  annotations:\n    internal.config.kubernetes.io/path: web.yaml\n    internal.config.kubernetes.io/index: '2'\n",
    );
    format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {}\nfunctionConfig:\n  {}\n",
        indented(&workload),
        indented(config)
    )
}

fn value(text: &str) -> Value {
    manifest::read(text.as_bytes()).remove(0).unwrap().value.unwrap()
}

#[test]
fn a_function_takes_companions_from_its_config_and_keeps_the_text() {
    let config_map = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: podgraft}}\ndata:\n  companions: |\n    {}",
        COMPANION.trim_end().replace('\n', "\n    ")
    );
    for config in [COMPANION, &config_map] {
        for command in ["function", ""] {
            let text = resource_list("logger", config);
            let run = Folder::new().pipe(command, &text);
            assert_eq!(run.code, 0, "{}", run.err);
            let list = value(&run.out);
            assert_eq!(
                list["items"][0]["spec"]["template"]["spec"]["initContainers"][0]["name"], "logger",
                "{}",
                run.out
            );
            let result = &list["results"][0];
            assert_eq!(
                (&result["severity"], &result["resourceRef"]["name"]),
                (&"info".into(), &"web".into()),
                "{result}"
            );
            assert_eq!(
                (&result["file"]["path"], &result["file"]["index"]),
                (&"web.yaml".into(), &2.into()),
                "{result}"
            );
            let mut lines = run.out.lines();
            assert!(text.lines().all(|line| lines.any(|new| new == line)), "{}", run.out);
        }
    }
}

#[test]
fn a_denial_is_a_result_and_changes_no_item() {
    let run = Folder::new().pipe("function", &resource_list("nonsense", COMPANION));
    assert_eq!(run.code, 1, "{}", run.err);
    let list = value(&run.out);
    assert_eq!(list["items"][0]["spec"]["template"]["spec"]["initContainers"], Value::Null);
    let result = &list["results"][0];
    assert_eq!(result["severity"], "error");
    assert_eq!(result["field"]["path"], "spec.template.metadata.annotations[\"podgraft.dev/companions\"]");
}

#[test]
fn an_input_that_is_not_a_resource_list_is_an_error() {
    let run = Folder::new().pipe("function", "kind: Pod\n");
    assert_eq!((run.code, &*run.out), (3, ""), "{}", run.err);
    assert_eq!(Folder::new().pipe("", "kind: Pod\n").code, 2);
}
