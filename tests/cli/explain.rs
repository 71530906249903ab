//! `explain`.

use super::{Folder, deployment};

#[test]
fn a_table_for_each_workload_says_who_asked_and_why() {
    let text = format!("{}---\n{}", deployment("web", "logger"), deployment("bad", "nonsense"));
    let run = Folder::new().pipe("explain -f - --companions companion.yaml", &text);
    assert_eq!(run.code, 1, "{}", run.err);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines[0], "deployment/web in namespace default: companions are injected");
    assert_eq!(lines[1], "COMPANION   ASKED BY   OUTCOME    REASON");
    assert_eq!(lines[2], "logger      Pod        injected   Injected");
    assert_eq!(lines[3..5], ["", "deployment/bad in namespace default: denied"]);
    assert!(
        lines[6].starts_with("nonsense    Pod        denied    NotAvailable: not available to this Pod"),
        "{}",
        run.out
    );
    assert_eq!(run.err, "");
}

#[test]
fn where_nothing_is_asked_for_it_says_so() {
    let text = deployment("web", "logger").replace("podgraft.dev/companions", "example.com/companions");
    let run = Folder::new().pipe("explain -f - --companions companion.yaml", &text);
    assert_eq!((run.code, run.out.lines().next_back()), (0, Some("No companion was considered.")), "{}", run.out);
    let none = Folder::new().run("explain -f companion.yaml");
    assert_eq!((none.code, &*none.out, &*none.err), (0, "", "no workloads among these manifests\n"));
}
