use kube::core::ObjectMeta;

use super::*;
use crate::inject::companion::catalog::CatalogEntry;
use crate::source::cluster::testing::{raw, with_status};

/// What one watch yields.
enum Step {
    /// ClusterCompanion, generation, image.
    Listing(&'static str, i64, &'static str),
    Put(&'static str, i64, &'static str),
    Gone(&'static str),
    End,
    Failure,
}
use Step::{End, Failure, Gone, Listing, Put};

/// Feeds ClusterCompanions into what has listed everything else; what stands after each step.
fn check(steps: Vec<Step>, expected: &[&str]) {
    let mut gathered = StateBuilder::default();
    gathered.companion(WatchedResource::Companions, Some(Event::InitDone));
    gathered.namespace(Some(Event::InitDone));
    let mut stood = Vec::new();
    for step in steps {
        gathered.companion(
            WatchedResource::ClusterCompanions,
            match step {
                Listing(name, generation, image) => Some(Event::InitApply(raw(name, generation, image))),
                Put(name, generation, image) => Some(Event::Apply(raw(name, generation, image))),
                Gone(name) => Some(Event::Delete(raw(name, 1, ""))),
                End => Some(Event::InitDone),
                Failure => None,
            },
        );
        stood.push(if gathered.due().is_some() { words(&gathered.publish()) } else { "-".to_owned() });
    }
    assert_eq!(stood, expected);
}

fn words(snapshot: &ClusterState) -> String {
    let word = |(key, object): (&CompanionKey, &Arc<WatchedCompanion>)| match &object.version.listed {
        CatalogEntry::Valid(companion) => format!("{}={}", key.name, companion.containers[0].image),
        CatalogEntry::Invalid(_) => format!("{} broken", key.name),
    };
    snapshot.objects.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_list_counts_at_its_end_and_later_news_at_once() {
    let steps = vec![Listing("a", 1, "i:1"), Listing("b", 1, ""), End, Put("b", 2, "i:2"), Put("a", 2, ""), Gone("a")];
    check(steps, &["-", "-", "a=i:1 b broken", "a=i:1 b=i:2", "a=i:1 b=i:2", "b=i:2"]);
}

#[test]
fn what_goes_on_after_a_snapshot_publishes_nothing_before_all_is_listed_and_knows_the_last_good_versions() {
    let mut before = StateBuilder::default();
    before.companion(WatchedResource::Companions, Some(Event::InitDone));
    before.namespace(Some(Event::InitDone));
    for event in [Event::InitApply(raw("a", 1, "i:1")), Event::InitApply(raw("b", 1, "i:1")), Event::InitDone] {
        before.companion(WatchedResource::ClusterCompanions, Some(event));
    }
    let mut gathered = StateBuilder::after(Some(&before.publish()), MemoryLimits::default());
    gathered.companion(WatchedResource::Companions, Some(Event::InitDone));
    gathered.namespace(Some(Event::InitDone));
    gathered.companion(WatchedResource::ClusterCompanions, Some(Event::InitApply(raw("a", 2, ""))));
    assert_eq!(gathered.due(), None);
    gathered.companion(WatchedResource::ClusterCompanions, Some(Event::InitDone));
    assert!(gathered.due().is_some());
    assert_eq!(words(&gathered.publish()), "a=i:1", "the new version of a is broken, and b is gone");
}

#[test]
fn a_list_anew_replaces_all_at_its_end_and_nothing_before() {
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
fn a_list_that_fails_on_its_way_leaves_nothing_behind() {
    let steps = vec![Listing("a", 1, "i:1"), End, Listing("gone", 1, "i:1"), Failure, Listing("a", 2, ""), End];
    check(steps, &["-", "a=i:1", "-", "-", "-", "a=i:1"]);
}

#[test]
fn what_is_deleted_is_forgotten() {
    let steps = vec![Listing("a", 1, "i:1"), End, Gone("a"), Put("a", 2, ""), Put("a", 3, "i:3"), End];
    check(steps, &["-", "a=i:1", "", "a broken", "a=i:3", ""]);
}

#[test]
fn there_is_no_snapshot_before_all_was_listed() {
    let mut gathered = StateBuilder::default();
    gathered.companion(WatchedResource::ClusterCompanions, Some(Event::InitDone));
    gathered.namespace(Some(Event::InitDone));
    gathered.namespace(Some(Event::Apply(namespace("shop", "1"))));
    assert!(gathered.due().is_none());
    gathered.companion(WatchedResource::Companions, Some(Event::InitDone));
    assert!(gathered.due().is_some());
}

#[test]
fn a_namespace_is_news_only_where_it_concerns_us() {
    let mut gathered = StateBuilder::default();
    gathered.companion(WatchedResource::ClusterCompanions, Some(Event::InitDone));
    gathered.companion(WatchedResource::Companions, Some(Event::InitDone));
    gathered.namespace(Some(Event::InitApply(namespace("shop", "1"))));
    gathered.namespace(Some(Event::InitDone));
    let first = gathered.publish();
    gathered.namespace(Some(Event::Apply(namespace("shop", "1"))));
    assert!(gathered.due().is_none());
    gathered.namespace(Some(Event::Apply(namespace("shop", "2"))));
    let second = gathered.publish();
    assert_eq!(first.namespaces["shop"].label("v"), Some("1"));
    assert_eq!(second.namespaces["shop"].label("v"), Some("2"));

    // A status is news of the companion, and none of the Namespaces.
    let told = with_status(raw("a", 1, "i:1"), "11", serde_json::Value::Null);
    gathered.companion(WatchedResource::ClusterCompanions, Some(Event::Apply(told)));
    assert!(gathered.due().is_some());
    assert!(Arc::ptr_eq(&second.namespaces, &gathered.publish().namespaces));
}

#[test]
fn the_first_news_is_due_at_once_and_what_follows_is_collected() {
    let mut gathered = StateBuilder::default();
    let began = Instant::now();
    gathered.companion(WatchedResource::ClusterCompanions, Some(Event::InitDone));
    gathered.companion(WatchedResource::Companions, Some(Event::InitDone));
    gathered.namespace(Some(Event::InitDone));
    assert!(gathered.due().is_some_and(|due| due <= Instant::now()));
    gathered.publish();
    gathered.namespace(Some(Event::Apply(namespace("shop", "1"))));
    assert!(gathered.due().is_some_and(|due| due >= began + PAUSE));
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

fn sized(name: &str, length: usize, created: &str) -> Raw {
    let mut raw = raw(name, 1, &"x".repeat(length));
    raw.object["metadata"]["creationTimestamp"] = created.into();
    raw
}

#[test]
fn beyond_the_limits_the_youngest_are_not_used_and_come_back_when_there_is_room() {
    let listed = |limits: MemoryLimits| {
        let mut gathered = StateBuilder::after(None, limits);
        gathered.namespace(Some(Event::InitDone));
        gathered.companion(WatchedResource::Companions, Some(Event::InitDone));
        gathered
    };
    let mut gathered = listed(MemoryLimits { namespace: 20_000, total: 20_000 });
    let list = |gathered: &mut StateBuilder, names: &[(&str, &str)]| {
        for (name, created) in names {
            gathered.companion(WatchedResource::ClusterCompanions, Some(Event::InitApply(sized(name, 900, created))));
        }
        gathered.companion(WatchedResource::ClusterCompanions, Some(Event::InitDone));
    };
    let names = [("a", "2026-03"), ("b", "2026-01"), ("c", "2026-02"), ("d", "2026-04")];
    list(&mut gathered, &names);
    let beyond = |snapshot: &ClusterState| -> Vec<String> {
        snapshot.objects.iter().filter(|(_, object)| object.is_beyond).map(|(key, _)| key.name.to_string()).collect()
    };
    let snapshot = gathered.publish();
    let out = beyond(&snapshot);
    assert!(out == ["d"] || out == ["a", "d"], "{out:?}");
    assert!(snapshot.objects.values().all(|o| !o.is_beyond || (o.good.is_none() && o.version.hash().is_none())));
    assert!(!gathered.fits_again());
    gathered.companion(WatchedResource::ClusterCompanions, Some(Event::Delete(raw("b", 1, ""))));
    gathered.companion(WatchedResource::ClusterCompanions, Some(Event::Delete(raw("c", 1, ""))));
    gathered.publish();
    assert!(gathered.fits_again());
    list(&mut gathered, &[("a", "2026-03"), ("d", "2026-04")]);
    assert_eq!(beyond(&gathered.publish()), [""; 0]);
    assert!(!gathered.fits_again());
}

#[test]
fn what_is_held_while_a_list_is_under_way_is_within_the_limits() {
    let limits = MemoryLimits { namespace: 64 << 10, total: 1 << 20 };
    let mut gathered = StateBuilder::after(None, limits);
    let raws: Vec<_> = (0..400).map(|i| sized(&format!("c{i}"), 1000, &format!("{i:04}"))).collect();
    let heap = allocation_counter::measure(|| {
        for raw in &raws {
            let mut raw = raw.clone();
            raw.object["kind"] = "Companion".into();
            raw.object["metadata"]["namespace"] = "shop".into();
            raw.meta.namespace = Some("shop".to_owned());
            gathered.companion(WatchedResource::Companions, Some(Event::InitApply(raw)));
        }
    });
    let kept = gathered.companions.newest().values().filter(|object| !object.is_beyond).count();
    assert!((8..64).contains(&kept), "{kept} of 400");
    assert!(heap.bytes_current < 800 << 10, "{} bytes", heap.bytes_current);
}
