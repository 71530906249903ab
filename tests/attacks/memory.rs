//! Memory is bounded by the size of the input (M1 to M4; M5 and M6 are about connections).

use podgraft::internals::admission;
use podgraft::internals::api;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use serde_json::Value;

use crate::bounds::{command_line, measure, preview, review_of, validate};
use crate::hostile::companions::with_costly_patterns;
use crate::hostile::list;
use crate::support::snapshot_of;

const OF_A_COMPANION: (&str, &str, &str) = ("podgraft.dev", "v1alpha1", "ClusterCompanion");

#[track_caller]
fn in_proportion(body: &str, call: impl FnOnce() -> usize) {
    assert_eq!(measure(call).complaint(body.len()), None);
}

#[test]
fn m1_patterns_of_a_companion_in_the_preview_need_memory_in_proportion() {
    for count in [1, 8, 30] {
        let body = review_of(&with_costly_patterns(count), OF_A_COMPANION);
        in_proportion(&body, || preview(&body, &Snapshot::default()));
    }
}

#[test]
fn m1_and_m2_patterns_that_are_too_large_are_an_error_that_names_their_size() {
    let companion: Value = serde_json::from_str(&with_costly_patterns(30)).unwrap();
    let checked = api::check_companion(&companion);
    let about: Vec<String> = checked.problems.iter().map(ToString::to_string).collect();
    assert!(
        about.iter().any(|p| p.starts_with("spec.parameters[") && p.contains(".pattern") && p.contains("KiB")),
        "{about:?}"
    );
}

#[test]
fn m2_a_costly_companion_needs_memory_in_proportion_on_every_path() {
    let companion = with_costly_patterns(30);
    in_proportion(&companion, || validate(&companion));
    in_proportion(&companion, || command_line(&companion));
}

#[test]
fn m1_usual_patterns_are_valid() {
    for pattern in [
        "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
        r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*",
        "(https?|ssh|git)://.+",
        r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?",
        "debug|info|warn|error",
        "([a-z]{1,20},){0,9}[a-z]{1,20}",
    ] {
        let mut companion: Value = serde_json::from_str(&with_costly_patterns(1)).unwrap();
        companion["spec"]["parameters"][0]["pattern"] = pattern.into();
        assert_eq!(api::check_companion(&companion).problems, [], "{pattern}");
    }
}

#[test]
fn m3_misplaced_annotations_of_a_kind_with_a_long_name_need_memory_in_proportion() {
    let kind = "K".repeat(20_000);
    for keys in [9_000, 60_000] {
        let annotations = list(keys, |i| format!(r#""podgraft.dev/m-{i}":"""#));
        let object = format!(r#"{{"metadata":{{"annotations":{{{annotations}}}}}}}"#);
        let body = review_of(&object, ("batch", "v1", &kind));
        in_proportion(&body, || preview(&body, &Snapshot::default()));
    }
}

#[test]
fn m4_a_patch_has_at_most_4_mib_however_many_containers_there_are() {
    let variables =
        (0..12).map(|i| format!("{{name: S{i}, value: {}}}", "s".repeat(2_500))).collect::<Vec<_>>().join(", ");
    let snapshot = snapshot_of(&format!(
        "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata: {{name: settings}}\nspec:\n  pattern: Sidecar\n  containers: [{{name: settings, image: \"i:1\"}}]\n  app: {{env: [{variables}]}}\n"
    ));
    for count in [10, 100, 500, 1_500, 2_600] {
        let containers = vec![r#"{"name":"app"}"#; count].join(",");
        let pod = format!(
            r#"{{"metadata":{{"annotations":{{"podgraft.dev/companions":"settings"}}}},"spec":{{"containers":[{containers}]}}}}"#
        );
        let body = review_of(&pod, ("", "v1", "Pod"));
        let mut answer = None;
        in_proportion(&body, || {
            let given = admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {});
            answer.insert(given).body.len()
        });
        let answer = answer.unwrap();
        let text = String::from_utf8_lossy(&answer.body);
        assert!(answer.body.len() < (4 << 20) / 3 * 4 + (64 << 10), "{count} containers: {} bytes", answer.body.len());
        assert_eq!(text.contains(r#""allowed":true"#), count <= 100, "{count} containers: {}", &text[..300]);
        assert!(count <= 100 || text.contains("PatchTooLarge"), "{count} containers: {text}");
    }
}
