//! What users write: names, parameters, labels, and the size of annotations.

use podgraft::internals::admission;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use podgraft::internals::inject::verdict::reason::Stale;
use serde_json::{Value, json};

use crate::scene::{asking, companion, companions, denied, injected, is_denied, pod, sidecars};
use crate::support::{ask, review_of, snapshot_of};

#[test]
fn an_invalid_parameter_is_named_and_its_value_is_not_repeated() {
    let with =
        |key: &str, value: &str| pod(json!({"podgraft.dev/companions": "sync", format!("podgraft.dev/{key}"): value}));
    denied(&with("sync.rep", "s3cr3t"), &["spec.parameters: \"rep\"", "did you mean podgraft.dev/sync.repo?"]);
    for bad in ["s3cr3t", "ftp://s3cr3t", "https://s3cr3t\n", "https://s3cr3t\0"] {
        let reply = ask(&with("sync.repo", bad), "team", &companions());
        assert!(!reply.allowed && reply.message.contains("podgraft.dev/sync.repo"), "{}", reply.message);
        assert!(!reply.body.to_string().contains("s3cr3t"), "{}", reply.body);
    }
    denied(&with("sync.free", &"x".repeat(1025)), &["more than 1024 characters"]);
    let after = injected(&with("sync.free", "${HOME} $(REPO) $"));
    assert_eq!(after["spec"]["initContainers"][0]["env"][0], json!({"name": "FREE", "value": "$${HOME} $$(REPO) $$"}));
}

#[test]
fn annotations_over_the_limit_are_denied_before_the_api_server_rejects_them() {
    let filled = |bytes: usize| pod(json!({"podgraft.dev/companions": "sync", "fill": "x".repeat(bytes)}));
    injected(&filled(260_000));
    denied(&filled(262_100), &["262144", "annotations would have"]);
    for bytes in (261_700..262_144).step_by(7) {
        let pod = filled(bytes);
        let reply = ask(&pod, "team", &companions());
        let after = reply.apply(&pod);
        let total: usize = after["metadata"]["annotations"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| k.len() + v.as_str().unwrap().len())
            .sum();
        assert!(!reply.allowed || total <= 262_144, "{total} bytes were let through");
    }
}

#[test]
fn unknown_empty_duplicate_and_too_many_names_are_denied() {
    denied(&asking("snyc"), &["companion snyc", "did you mean \"sync\"?"]);
    let (elsewhere, nowhere) =
        (ask(&asking("private"), "team", &companions()), ask(&asking("qrivate"), "team", &companions()));
    assert_eq!(elsewhere.message.replace("private", "X"), nowhere.message.replace("qrivate", "X"), "existence leaks");
    denied(&asking("sync,sync"), &["duplicate value \"sync\""]);
    denied(&asking("sync,"), &["empty name"]);
    denied(&asking(""), &["empty name"]);
    let many: Vec<String> = (0..50).map(|i| format!("c{i}")).collect();
    denied(&asking(&many.join(",")), &["at most 16"]);
}

#[test]
fn a_companion_of_another_namespace_is_not_suggested() {
    let snapshot =
        sidecars(&[("secret-project", "  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: elsewhere}}")]);
    for asked in [json!({"podgraft.dev/companions": "secret-projec"}), json!({"podgraft.dev/secret-projec.x": "y"})] {
        let reply = ask(&pod(asked.clone()), "team", &snapshot);
        is_denied(&reply, &[]);
        assert!(!reply.message.contains("secret-project"), "{}", reply.message);
        is_denied(&ask(&pod(asked), "elsewhere", &snapshot), &["secret-project"]);
    }
}

#[test]
fn an_unknown_label_of_a_namespace_is_a_warning() {
    let snapshot = snapshot_of(&format!(
        "{}---\n{}",
        companion("sync", ""),
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: team, labels: {podgraft.dev/injec: enabled}}\n"
    ));
    let reply = ask(&pod(json!({"podgraft.dev/companions": "sync"})), "team", &snapshot);
    assert!(reply.patch.is_some());
    assert!(reply.warnings.iter().any(|w| w.contains("namespace label podgraft.dev/injec")), "{:?}", reply.warnings);
}

#[test]
fn a_companion_called_remarks_keeps_its_audit_annotation() {
    let snapshot = sidecars(&[("remarks", "")]);
    let mut pod = pod(json!({"podgraft.dev/companions": "remarks"}));
    pod["metadata"]["labels"] = json!({"podgraft.dev/odd": "x"});
    let body = review_of(&pod, "team").to_string();
    let answer =
        String::from_utf8(admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {}).body).unwrap();
    assert_eq!(answer.matches(r#""remarks":"#).count(), 1, "{answer}");
    assert!(answer.contains(r#""remarks":"PodDenied""#), "{answer}");
}

#[test]
fn annotations_may_have_exactly_the_size_that_api_servers_accept() {
    let snapshot = sidecars(&[("sync", "  podAnnotations: {note: x}"), ("redis", "")]);
    let with = |filler: usize| {
        let asked = json!({"podgraft.dev/companions": "sync,redis", "filler": "x".repeat(filler)});
        let pod = pod(asked);
        let reply = ask(&pod, "team", &snapshot);
        let patched = reply.patch.is_some().then(|| reply.apply(&pod));
        (reply, patched)
    };
    let bytes = |pod: &Value| -> usize {
        let annotations = pod["metadata"]["annotations"].as_object().unwrap();
        annotations.iter().map(|(key, value)| key.len() + value.as_str().unwrap().len()).sum()
    };
    let empty = bytes(&with(0).1.unwrap());
    let most = 262_144 - empty;
    assert_eq!(bytes(&with(most).1.unwrap()), 262_144);
    is_denied(&with(most + 1).0, &["262144"]);
}

#[test]
fn the_annotation_of_skipped_companions_is_reserved_and_ignored() {
    let mut pod = asking("sync");
    pod["metadata"]["annotations"]["podgraft.dev/skipped"] = "anything".into();
    assert!(injected(&pod).is_object());
}

/// The snapshot of a replica whose watch fails.
fn stale(seconds: u64) -> Snapshot {
    Snapshot {
        stale: Some(Stale { seconds }),
        ..sidecars(&[("sync", "  parameters: [{name: period, type: Duration, env: PERIOD}]")])
    }
}

#[test]
fn a_stale_replica_says_so_and_suggests_no_other_name() {
    for (annotations, what) in [
        (json!({"podgraft.dev/companions": "synced"}), "companion synced: not known yet"),
        (json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.periods": "1s"}), "spec.parameters: \"periods\""),
        (json!({"podgraft.dev/synced.period": "1s"}), "unknown annotation podgraft.dev/synced.period"),
    ] {
        let reply = ask(&pod(annotations), "team", &stale(42));
        is_denied(&reply, &[what, "has received no updates from the API server for 42 s", "retry"]);
        assert!(!reply.message.contains("did you mean") && !reply.message.contains("remove"), "{}", reply.message);
    }
}

const NAMESPACE: &str = "apiVersion: v1
kind: Namespace
metadata:
  name: team
  labels: {podgraft.dev/inject: enabled}
  annotations: {podgraft.dev/companions: synced}
";

#[test]
fn what_is_skipped_by_a_stale_replica_is_written_without_the_time() {
    let with = |seconds| Snapshot { stale: Some(Stale { seconds }), ..snapshot_of(NAMESPACE) };
    let patched = ask(&pod(json!({})), "team", &with(1)).apply(&pod(json!({})));
    let skipped = patched["metadata"]["annotations"]["podgraft.dev/skipped"].as_str().unwrap();
    assert!(skipped.starts_with("synced: NotAvailable: not known to a replica"), "{skipped}");
    assert!(ask(&patched, "team", &with(2)).patch.is_none());
}

#[test]
fn a_companion_that_replaces_another_one_is_named_with_its_namespace() {
    let own = "apiVersion: podgraft.dev/v1alpha1\nkind: Companion\nmetadata: {name: tick, namespace: team}\nspec: {pattern: Sidecar, containers: [{name: tick, image: \"tick:1\"}]}\n";
    let message = |selector: &str| {
        let snapshot = snapshot_of(&format!("{}---\n{own}", companion("tick", selector)));
        let asks = json!({"podgraft.dev/companions": "tick", "podgraft.dev/tick.period": "1s"});
        ask(&pod(asks), "team", &snapshot).message
    };
    let of = "companion tick: not found in spec.parameters of Companion team/tick";
    let replaces = ", which replaces the ClusterCompanion of that name: \"period\"; remove";
    assert!(message("").contains(&format!("{of}{replaces}")), "{}", message(""));
    let hidden = message("  namespaceSelector: {matchLabels: {team: payments}}");
    assert!(hidden.contains(&format!("{of}: \"period\"")), "not revealed: {hidden}");
}

#[test]
fn an_unknown_parameter_is_renamed_where_a_required_one_is_missing() {
    let parameters = "  parameters:\n  - {name: repo, type: String, required: true, env: REPO}\n  - {name: free, type: String, env: FREE}";
    let asks = json!({"podgraft.dev/companions": "sync", "podgraft.dev/sync.location": "x"});
    let reply = ask(&pod(asks), "team", &sidecars(&[("sync", parameters)]));
    assert_eq!(
        reply.message,
        "podgraft: companion sync: not found in spec.parameters: \"location\"; required parameter repo is missing: rename the annotation to podgraft.dev/sync.repo (ParameterUnknown)"
    );
}
