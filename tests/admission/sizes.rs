//! Bounds of the answer and of memory, whatever fills a Pod.

use podgraft::internals::admission::{self, Applied};
use podgraft::internals::api;
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use serde_json::json;

use crate::scene::{pod, review_of_text, sidecars};
use crate::support::{Reply, review_of};

#[test]
fn answers_are_short_and_memory_is_proportional_to_the_body() {
    let snapshot = sidecars(&[("sync", "  app: {env: [{name: A, value: x}]}")]);
    let app = r#"{"name":"app"}"#;
    let many = |each: &dyn Fn(usize) -> String| (0..20_000).map(each).collect::<Vec<_>>().join(",");
    let asks = r#""podgraft.dev/companions":"sync""#;
    for (what, body) in [
        ("commas", review_of_text(&format!(r#""podgraft.dev/companions":"{}""#, ",".repeat(1 << 20)), app)),
        (
            "names",
            review_of_text(&format!(r#"{asks},"podgraft.dev/containers":"{}""#, many(&|i| format!("c{i}"))), app),
        ),
        (
            "parameters",
            review_of_text(&format!("{asks},{}", many(&|i| format!(r#""podgraft.dev/sync.p{i}":"""#))), app),
        ),
        ("unused", review_of_text(&many(&|i| format!(r#""podgraft.dev/sync.p{i}":"""#)), app)),
        ("unknown", review_of_text(&many(&|i| format!(r#""podgraft.dev/sinc{i}.p":"""#)), app)),
        ("keys", review_of_text(&many(&|i| format!(r#""podgraft.dev/k{i}":"""#)), app)),
        (
            "status",
            review_of_text(&format!(r#""podgraft.dev/status":"{{{}}}""#, many(&|i| format!(r#"\"c{i}\":{{}}"#))), app),
        ),
        ("containers", review_of_text(asks, &many(&|_| "{}".to_owned()))),
        ("volume", {
            let volume = format!(r#"{{"name":"sync-no-token","x":[{}{{}}]}}"#, r#"{"a":0},"#.repeat(1 << 18));
            review_of_text(asks, &format!(r#"{app}],"volumes":[{volume}"#))
        }),
        (
            "mounts",
            review_of_text(asks, &format!(r#"{{"name":"app","volumeMounts":[{}{{}}]}}"#, "{},".repeat(1 << 20))),
        ),
        ("env", review_of_text(asks, &format!(r#"{{"name":"app","env":[{}{{}}]}}"#, "{},".repeat(1 << 20)))),
    ] {
        let mut answer = None;
        let heap = allocation_counter::measure(|| {
            answer = Some(admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {}));
        });
        let answer = answer.unwrap();
        assert!(answer.body.len() < 4_096, "{what}: an answer of {} bytes", answer.body.len());
        let most = 8 * body.len() as u64 + (1 << 20);
        assert!(heap.bytes_max <= most, "{what}: {} bytes for a body of {}", heap.bytes_max, body.len());
    }
}

#[test]
fn a_pod_of_4096_containers_is_reviewed_and_one_of_4097_is_rejected() {
    let snapshot = sidecars(&[("sync", "  app: {preStopSleep: 1s}")]);
    let containers: Vec<_> = (0..4_096).map(|i| format!(r#"{{"name":"c{i}"}}"#)).collect();
    let body = review_of_text(r#""podgraft.dev/companions":"sync""#, &containers.join(","));
    assert!(Reply::read(&admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {})).patch.is_some());
    let body = review_of_text(r#""podgraft.dev/companions":"sync""#, &format!("{},{{}}", containers.join(",")));
    assert_eq!(admission::review(body.as_bytes(), Webhook::Requested, &snapshot, |_| {}).status, 400);
}

/// The warnings of the preview about a companion with problems, after others; and how many there are without a bound.
fn warnings_about(containers: usize, others: usize) -> (Vec<String>, usize) {
    let containers: Vec<_> = (0..containers).map(|i| json!({"name": format!("c{i}")})).collect();
    let companion = json!({
        "apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion", "metadata": {"name": "tick"},
        "spec": {"pattern": "Sidecar", "containers": containers},
    });
    let mut review = review_of(&companion, "");
    review["request"]["kind"] = json!({"group": "podgraft.dev", "version": "v1alpha1", "kind": "ClusterCompanion"});
    let (snapshot, mut count) = (Snapshot::default(), 0);
    let advise = |applied: &Applied<'_>| {
        let Applied::Companion { object, namespace } = applied else { return Vec::new() };
        let others = (0..others).map(|i| format!("podgraft: other {i}"));
        let all: Vec<String> = others.chain(api::advise(object, namespace, &snapshot).warnings).collect();
        count = all.len();
        all
    };
    (Reply::read(&admission::preview(review.to_string().as_bytes(), &snapshot, advise, |_| {})).warnings, count)
}

#[test]
fn problems_of_a_companion_that_an_answer_has_no_room_for_are_counted() {
    let last = |containers, others| {
        let (found, count) = warnings_about(containers, others);
        assert_eq!(found.len(), 5, "{found:#?}");
        (found[4].clone(), count)
    };
    let more = |count| {
        format!("podgraft: and {count} more warnings; run `podgraft validate` to see all problems of the companion")
    };
    let (found, few) = last(4, 0);
    assert!(few >= 8, "each container has a problem, and a warning");
    assert_eq!(found, more((few - 4).to_string()));
    assert_eq!(last(4, 99 - few), (more("95".to_owned()), 99));
    assert_eq!(last(4, 100 - few), (more("at least 96".to_owned()), 100));
    let (found, count) = warnings_about(0, 3);
    assert_eq!((found.len(), count), (5, 5), "none is left out: {found:#?}");
}

#[test]
fn remarks_about_a_workload_that_an_answer_has_no_room_for_are_counted_and_follow_what_was_looked_up() {
    let names: Vec<String> = (0..8).map(|i| format!("skipped-{i}")).collect();
    let skipped = names.iter().map(|name| (&**name, "  onConflict: Skip\n  app: {env: [{name: TAKEN, value: x}]}"));
    let snapshot = sidecars(&skipped.chain([("sync", "")]).collect::<Vec<_>>());
    let mut template = pod(json!({"podgraft.dev/companions": format!("sync,{}", names.join(","))}));
    template["spec"]["containers"][0]["env"] = json!([{"name": "TAKEN", "value": "y"}]);
    let mut review = review_of(&json!({"spec": {"template": template}}), "team");
    review["request"]["kind"] = json!({"group": "apps", "version": "v1", "kind": "Deployment"});
    let denied = "podgraft: Pods of this Deployment will be denied: a quota";
    let preview = |advised: &[&str]| {
        let advise = |_: &Applied<'_>| advised.iter().map(ToString::to_string).collect();
        Reply::read(&admission::preview(review.to_string().as_bytes(), &snapshot, advise, |_| {})).warnings
    };
    let found = preview(&[]);
    let more = |count: usize| {
        format!("podgraft: and {count} more warnings; fix these, and apply the workload again to see the others")
    };
    assert_eq!((found.len(), &found[4]), (5, &more(4)), "{found:#?}");
    let found = preview(&[denied]);
    assert_eq!((found.len(), &*found[0], &found[4]), (5, denied, &more(5)), "{found:#?}");
}
