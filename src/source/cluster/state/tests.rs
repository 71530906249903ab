use kube::core::ObjectMeta;

use super::*;
use crate::inject::companion::catalog::CatalogEntry;
use crate::source::cluster::testing::{raw, with_status};

/// An event of one watch.
enum Step {
    /// ClusterCompanion, generation, image.
    Listing(&'static str, i64, &'static str),
    Put(&'static str, i64, &'static str),
    Deleted(&'static str),
    End,
    Failure,
}
use Step::{Deleted, End, Failure, Listing, Put};

/// Feeds events of ClusterCompanions to a builder that has listed everything else. Expected is the state after each step,
/// or `-` where there is none.
fn check(steps: Vec<Step>, expected: &[&str]) {
    let mut builder = builder();
    builder.companion(WatchedResource::Companions, Some(Event::InitDone));
    builder.namespace(Some(Event::InitDone));
    let mut states = Vec::new();
    for step in steps {
        builder.companion(
            WatchedResource::ClusterCompanions,
            match step {
                Listing(name, generation, image) => Some(Event::InitApply(raw(name, generation, image))),
                Put(name, generation, image) => Some(Event::Apply(raw(name, generation, image))),
                Deleted(name) => Some(Event::Delete(raw(name, 1, ""))),
                End => Some(Event::InitDone),
                Failure => None,
            },
        );
        states.push(if builder.due().is_some() { describe(&builder.publish()) } else { "-".to_owned() });
    }
    assert_eq!(states, expected);
}

fn builder() -> StateBuilder {
    StateBuilder::after(None, MemoryLimits::default())
}

fn describe(state: &ClusterState) -> String {
    let companion = |(key, object): (&CompanionKey, &Arc<WatchedCompanion>)| match &object.version.listed {
        CatalogEntry::Valid(companion) => format!("{}={}", key.name, companion.containers[0].image),
        CatalogEntry::Invalid(_) => format!("{} invalid", key.name),
    };
    let mut all: Vec<_> = state.iter().map(companion).collect();
    all.sort();
    all.join(" ")
}

#[test]
fn a_list_is_used_at_its_end_and_a_later_event_at_once() {
    let steps =
        vec![Listing("a", 1, "i:1"), Listing("b", 1, ""), End, Put("b", 2, "i:2"), Put("a", 2, ""), Deleted("a")];
    check(steps, &["-", "-", "a=i:1 b invalid", "a=i:1 b=i:2", "a=i:1 b=i:2", "b=i:2"]);
}

#[test]
fn a_builder_that_continues_publishes_nothing_before_all_is_listed_and_knows_the_last_valid_versions() {
    let mut before = builder();
    before.companion(WatchedResource::Companions, Some(Event::InitDone));
    before.namespace(Some(Event::InitDone));
    for event in [Event::InitApply(raw("a", 1, "i:1")), Event::InitApply(raw("b", 1, "i:1")), Event::InitDone] {
        before.companion(WatchedResource::ClusterCompanions, Some(event));
    }
    let mut builder = StateBuilder::after(Some(&before.publish()), MemoryLimits::default());
    builder.companion(WatchedResource::Companions, Some(Event::InitDone));
    builder.namespace(Some(Event::InitDone));
    builder.companion(WatchedResource::ClusterCompanions, Some(Event::InitApply(raw("a", 2, ""))));
    assert_eq!(builder.due(), None);
    builder.companion(WatchedResource::ClusterCompanions, Some(Event::InitDone));
    assert!(builder.due().is_some());
    assert_eq!(describe(&builder.publish()), "a=i:1", "the new version of a is invalid, and b was deleted");
}

#[test]
fn a_second_list_replaces_everything_at_its_end_and_nothing_before() {
    let steps = vec![
        Listing("a", 1, "i:1"),
        Listing("b", 1, "i:1"),
        End,
        Failure,
        Listing("b", 2, "i:2"),
        Listing("c", 1, "i:1"),
        End,
    ];
    check(steps, &["-", "-", "a=i:1 b=i:1", "-", "-", "-", "b=i:2 c=i:1"]);
}

#[test]
fn an_unfinished_list_leaves_nothing_behind() {
    let steps = vec![Listing("a", 1, "i:1"), End, Listing("gone", 1, "i:1"), Failure, Listing("a", 2, ""), End];
    check(steps, &["-", "a=i:1", "-", "-", "-", "a=i:1"]);
}

#[test]
fn a_deleted_companion_is_forgotten() {
    let steps = vec![Listing("a", 1, "i:1"), End, Deleted("a"), Put("a", 2, ""), Put("a", 3, "i:3"), End];
    check(steps, &["-", "a=i:1", "", "a invalid", "a=i:3", ""]);
}

#[test]
fn there_is_no_state_before_everything_was_listed() {
    let mut builder = builder();
    builder.companion(WatchedResource::ClusterCompanions, Some(Event::InitDone));
    builder.namespace(Some(Event::InitDone));
    builder.namespace(Some(Event::Apply(namespace("shop", "1"))));
    assert!(builder.due().is_none());
    builder.companion(WatchedResource::Companions, Some(Event::InitDone));
    assert!(builder.due().is_some());
}

#[test]
fn a_namespace_changes_the_state_only_by_its_labels_and_annotations_of_podgraft() {
    let mut builder = builder();
    builder.companion(WatchedResource::ClusterCompanions, Some(Event::InitDone));
    builder.companion(WatchedResource::Companions, Some(Event::InitDone));
    builder.namespace(Some(Event::InitApply(namespace("shop", "1"))));
    builder.namespace(Some(Event::InitDone));
    let first = builder.publish();
    builder.namespace(Some(Event::Apply(namespace("shop", "1"))));
    assert!(builder.due().is_none());
    builder.namespace(Some(Event::Apply(namespace("shop", "2"))));
    let second = builder.publish();
    assert_eq!(first.namespaces.get("shop").unwrap().label("v"), Some("1"));
    assert_eq!(second.namespaces.get("shop").unwrap().label("v"), Some("2"));

    // A status changes the companion, and not the Namespaces.
    let written = with_status(raw("a", 1, "i:1"), "11", serde_json::Value::Null);
    builder.companion(WatchedResource::ClusterCompanions, Some(Event::Apply(written)));
    assert!(builder.due().is_some());
    let third = builder.publish();
    third.namespaces.for_each_change_since(&second.namespaces, |name, _, _| panic!("{name} has changed"));
}

#[test]
fn the_first_change_is_due_at_once_and_those_that_follow_are_collected() {
    let mut builder = builder();
    let began = Instant::now();
    builder.companion(WatchedResource::ClusterCompanions, Some(Event::InitDone));
    builder.companion(WatchedResource::Companions, Some(Event::InitDone));
    builder.namespace(Some(Event::InitDone));
    assert!(builder.due().is_some_and(|due| due <= Instant::now()));
    builder.publish();
    builder.namespace(Some(Event::Apply(namespace("shop", "1"))));
    assert!(builder.due().is_some_and(|due| due >= began + PAUSE));
}

fn namespace(name: &str, label: &str) -> NamespaceMeta {
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        labels: Some([("v".to_owned(), label.to_owned())].into()),
        annotations: Some([("other.dev/touched".to_owned(), format!("{:?}", Instant::now()))].into()),
        ..ObjectMeta::default()
    };
    NamespaceMeta { metadata, ..NamespaceMeta::default() }
}
