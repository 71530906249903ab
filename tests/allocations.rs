//! What a review asks of the heap: a count that no noise of the machine can hide.

#![allow(clippy::unwrap_used, clippy::format_collect)]

mod support;

use podgraft::internals::admission;
use podgraft::internals::admission::{Answer, Applied};
use podgraft::internals::api;
use podgraft::internals::inject::companion::pattern::{Budget, Pattern};
use podgraft::internals::inject::snapshot::{Snapshot, Webhook};
use serde_json::{Value, json};
use support::{Reply, counts, review_of, sized, snapshot};

fn allocations(body: &[u8]) -> u64 {
    allocations_in(&snapshot(&sized::companions(1, 1)), body)
}

fn allocations_in(snapshot: &Snapshot, body: &[u8]) -> u64 {
    // Validation freed much memory. Its allocator tidies up at the next large request, which is not the review's work.
    drop(std::hint::black_box(vec![1_u8; 64 << 10]));
    let mut answer = None;
    let info =
        allocation_counter::measure(|| answer = Some(admission::review(body, Webhook::Requested, snapshot, |_| {})));
    let reply = Reply::read(&answer.unwrap());
    assert!(reply.patch.is_some(), "{}", reply.body);
    info.count_total
}

#[test]
fn a_review_of_12_kb_makes_at_most_40_allocations() {
    let count = allocations(&sized::review("sync", 12_000));
    assert!(count <= 40, "{count} allocations");
}

#[test]
fn reviews_make_no_more_allocations_than_are_recorded() {
    let sizes = [("4 kB", 4_000), ("12 kB", 12_000), ("63 kB", 63_000), ("1 MB", 1_000_000)];
    let by_size = sizes.map(|(name, bytes)| (name.to_owned(), allocations(&sized::review("sync", bytes))));
    let usual = sized::review("sync", 12_000);
    let wide = allocations_in(&snapshot(&sized::companions(1, 16)), &usual);
    let many = allocations_in(&snapshot(&sized::companions(10_000, 1)), &usual);
    let more = [("12 kB, 16 injected containers".into(), wide), ("12 kB, 10 000 companions".into(), many)];
    let counts: Vec<_> = by_size.into_iter().chain(more).collect();
    counts::check("tests/counts/allocations.txt", &counts);
}

#[test]
fn a_count_that_exceeds_its_bound_by_more_than_five_percent_is_found() {
    let of = |bounds: &str, count: u64| counts::exceeded(bounds, &[("12 kB".to_owned(), count)]);
    assert_eq!(of("      100  12 kB\n", 105), [""; 0]);
    assert_eq!(of("      100  12 kB\n", 0), [""; 0]);
    assert_eq!(of("      100  12 kB\n", 106), ["12 kB: 106, which is 6 % more than 100; 5 % are allowed"]);
    assert_eq!(of("", 1), ["12 kB: 1, and no bound is recorded"]);
    let unused = of("      100  12 kB\n        3  63 kB\n", 100);
    assert_eq!(unused, ["63 kB: is recorded, and was not counted"]);
}

#[test]
fn tenfold_managed_fields_cost_no_allocation() {
    let body = |managed| support::review_of(&sized::pod("sync", managed, 6_000), "team").to_string();
    assert_eq!(allocations(body(3_000).as_bytes()), allocations(body(30_000).as_bytes()));
}

/// What one call may have in memory at a time, by the body that it reads and the answer that it writes.
fn bound(body: &[u8], answer: &Answer) -> u64 {
    (8 * (body.len() + answer.body.len()) + (1 << 20)) as u64
}

/// The answer of the preview, and the most memory that it had at a time.
fn preview(object: &Value, kind: &Value) -> (Answer, u64, Vec<u8>) {
    let mut review = review_of(object, "team");
    review["request"]["kind"] = kind.clone();
    let body = review.to_string().into_bytes();
    let snapshot = snapshot(&[sized::companion("sync", 1)]);
    let words = |applied: &Applied<'_>| {
        let Applied::Companion { object, .. } = applied else { return Vec::new() };
        let gated = api::check_companion(&serde_json::from_str(object).unwrap());
        gated.problems.iter().map(|problem| format!("podgraft: {problem}")).collect()
    };
    let mut answer = None;
    let info = allocation_counter::measure(|| answer = Some(admission::preview(&body, &snapshot, words, |_| {})));
    (answer.unwrap(), info.bytes_max, body)
}

fn companion_of_patterns(count: usize, pattern: &str) -> Value {
    let mut companion = sized::companion("words", 1);
    let parameters = (0..count)
        .map(|i| json!({"name": format!("p{i}"), "type": "String", "env": format!("P{i}"), "pattern": pattern}));
    companion["spec"]["parameters"] = parameters.collect();
    companion
}

#[test]
fn patterns_that_multiply_are_rejected_within_the_memory_of_a_call() {
    let kind = json!({"group": "podgraft.dev", "version": "v1alpha1", "kind": "Companion"});
    // The schemas are read once for the process.
    let _ = preview(&sized::companion("first", 1), &kind);
    let words =
        "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|omicron|pi|rho|sigma|tau|upsilon|phi";
    for pattern in [
        format!("(?:{}){{1,900}}", "x*y*".repeat(60)),
        format!("(?:(?:{words}),?){{1,999}}"),
        "((((((a{9}){9}){9}){9}){9}){9}){9}".to_owned(),
        "[^\\x00b-df-hj-np-rt-vx-z]{1,4000}".to_owned(),
        "(a|b|c|d|e){1600}".to_owned(),
    ] {
        let (answer, most, body) = preview(&companion_of_patterns(30, &pattern), &kind);
        let reply = Reply::read(&answer);
        assert!(reply.warnings.iter().any(|w| w.contains("].pattern: ")), "{pattern}: {:?}", reply.warnings);
        assert!(most <= bound(&body, &answer), "{most} of {} for {pattern}", bound(&body, &answer));
    }
}

#[test]
fn a_companion_keeps_no_compiled_pattern() {
    let object = companion_of_patterns(2, "a{3500}");
    let _ = api::check_companion(&object);
    let mut kept = None;
    let info = allocation_counter::measure(|| kept = Some(api::check_companion(&object)));
    assert_eq!(kept.unwrap().problems, []);
    assert!(info.bytes_current < 64 << 10, "{} bytes", info.bytes_current);
    let too_many = api::check_companion(&companion_of_patterns(3, "a{3500}"));
    let told: Vec<String> = too_many.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("spec.parameters[2].pattern: invalid value: ") && told[0].contains("128 KiB"),
        "{told:?}"
    );
}

#[test]
fn a_kept_pattern_needs_no_more_memory_than_is_counted() {
    for source in [
        "[a-z]+",
        "a{8000}",
        "(x*y*){1,100}",
        "(?:x*y*z*){0,60}",
        "[^a-c]{1,2000}",
        "((|a|b)+c*){1,200}",
        "(a|b|c|d|e|f){300}",
    ] {
        let pattern = Pattern::new(source).unwrap();
        let text = "x".repeat(200);
        let mut matched = None;
        let info = allocation_counter::measure(|| matched = Some(pattern.matches(&text, &mut Budget::default())));
        assert!(matched.unwrap().is_ok(), "{source}");
        let counted = i64::from(pattern.size()) * 4 * 1024 + 6 * 1024;
        assert!(info.bytes_current <= counted, "{} of {counted} bytes are kept of {source}", info.bytes_current);
    }
}

#[test]
fn misplaced_keys_and_a_long_kind_are_reported_within_the_memory_of_a_call() {
    for (keys, length) in [(3_000, 20_000), (9_000, 60_000), (1, 1_000_000)] {
        let annotations: serde_json::Map<String, Value> =
            (0..keys).map(|i| (format!("podgraft.dev/misplaced-{i}"), "x".into())).collect();
        let workload =
            json!({"metadata": {"annotations": annotations}, "spec": {"template": sized::pod("sync", 100, 100)}});
        let kind = json!({"group": "apps", "version": "v1", "kind": "k".repeat(length)});
        let (answer, most, body) = preview(&workload, &kind);
        let reply = Reply::read(&answer);
        assert!((1..=5).contains(&reply.warnings.len()), "{:?}", reply.warnings);
        assert_eq!(
            reply.warnings.iter().any(|w| w.contains(&format!("in total, {keys} annotations and labels"))),
            keys > 1,
            "{:?}",
            reply.warnings
        );
        assert!(most <= bound(&body, &answer), "{most} of {}", bound(&body, &answer));
    }
}

#[test]
fn long_lists_and_long_names_are_reported_within_the_memory_of_a_call() {
    let snapshot = snapshot(&[sized::companion("sync", 1)]);
    let huge = "n".repeat(1 << 20);
    for (key, value) in [
        ("podgraft.dev/containers".to_owned(), (0..400_000).map(|i| format!("c{i},")).collect::<String>()),
        ("podgraft.dev/companions".to_owned(), "sync,".repeat(400_000)),
        ("podgraft.dev/companions".to_owned(), format!("{huge},{huge}")),
        (format!("podgraft.dev/{huge}"), String::new()),
        (format!("podgraft.dev/{huge}.x"), String::new()),
        (format!("podgraft.dev/sync.{huge}"), String::new()),
    ] {
        let mut pod = sized::pod("sync", 100, 100);
        pod["metadata"]["annotations"][&key] = value.into();
        let body = review_of(&pod, "team").to_string().into_bytes();
        let mut answer = None;
        let info = allocation_counter::measure(|| {
            answer = Some(admission::review(&body, Webhook::Requested, &snapshot, |_| {}));
        });
        let answer = answer.unwrap();
        let reply = Reply::read(&answer);
        assert!(!reply.allowed && reply.message.chars().count() <= 512, "{}", &key[..40.min(key.len())]);
        assert!(info.bytes_max <= bound(&body, &answer), "{} of {}", info.bytes_max, bound(&body, &answer));
    }
}
