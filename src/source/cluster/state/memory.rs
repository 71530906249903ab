//! Above the memory limits.

use super::*;
use crate::source::cluster::testing::raw;

fn sized(name: &str, length: usize, created: &str) -> Raw {
    let mut raw = raw(name, 1, &"x".repeat(length));
    raw.object["metadata"]["creationTimestamp"] = created.into();
    raw
}

#[test]
fn above_the_limits_the_newest_companions_are_not_used_until_there_is_room() {
    let listed = |limits: MemoryLimits| {
        let mut builder = StateBuilder::after(None, limits);
        builder.namespace(Some(Event::InitDone));
        builder.companion(WatchedResource::Companions, Some(Event::InitDone));
        builder
    };
    let mut builder = listed(MemoryLimits { namespace: 20_000, total: 20_000 });
    let list = |builder: &mut StateBuilder, names: &[(&str, &str)]| {
        for (name, created) in names {
            builder.companion(WatchedResource::ClusterCompanions, Some(Event::InitApply(sized(name, 900, created))));
        }
        builder.companion(WatchedResource::ClusterCompanions, Some(Event::InitDone));
    };
    let names = [("a", "2026-03"), ("b", "2026-01"), ("c", "2026-02"), ("d", "2026-04")];
    list(&mut builder, &names);
    let exceeding = |snapshot: &ClusterState| -> Vec<String> {
        let mut names: Vec<_> =
            snapshot.iter().filter(|(_, object)| object.exceeds_limits).map(|(key, _)| key.name.to_string()).collect();
        names.sort();
        names
    };
    let snapshot = builder.publish();
    let out = exceeding(&snapshot);
    assert!(out == ["d"] || out == ["a", "d"], "{out:?}");
    assert!(snapshot.iter().all(|(_, o)| !o.exceeds_limits || (o.last_valid.is_none() && o.version.hash().is_none())));
    assert!(!builder.fits_again());
    builder.companion(WatchedResource::ClusterCompanions, Some(Event::Delete(raw("b", 1, ""))));
    builder.companion(WatchedResource::ClusterCompanions, Some(Event::Delete(raw("c", 1, ""))));
    builder.publish();
    assert!(builder.fits_again());
    list(&mut builder, &[("a", "2026-03"), ("d", "2026-04")]);
    assert_eq!(exceeding(&builder.publish()), [""; 0]);
    assert!(!builder.fits_again());
}

/// Lists one kind, from its first to its last event.
fn list(builder: &mut StateBuilder, resource: WatchedResource, raws: impl IntoIterator<Item = Raw>) {
    let raws = raws.into_iter().map(Event::InitApply);
    for event in [Event::Init].into_iter().chain(raws).chain([Event::InitDone]) {
        builder.companion(resource, Some(event));
    }
}

fn in_namespace(namespace: &str, name: &str, length: usize, created: &str) -> Raw {
    let mut object = sized(name, length, created).object;
    object["kind"] = "Companion".into();
    object["metadata"]["namespace"] = namespace.into();
    Raw::new(object)
}

fn reduced(state: &ClusterState) -> Vec<String> {
    let mut keys: Vec<_> = state.iter().filter(|(_, o)| o.exceeds_limits).map(|(key, _)| key.to_string()).collect();
    keys.sort();
    keys
}

#[test]
fn a_further_list_uses_all_companions_that_fit_although_a_part_of_it_exceeds_the_limits() {
    let all = || {
        [
            in_namespace("a", "a1", 900, "2026-01"),
            in_namespace("a", "a2", 100, "2026-05"),
            in_namespace("b", "b1", 1000, "2026-09"),
            in_namespace("b", "b2", 400, "2026-02"),
        ]
    };
    let [a1, a2, b1, b2] = all().map(|raw| WatchedCompanion::new(raw, None).unwrap().weight.bytes);
    // Without b2, all together exceed the limit and a loses a2; with it, b exceeds its own and loses b1.
    let limits = MemoryLimits { namespace: b1 + b2 - 1, total: a1 + a2 + b1 - 1 };
    let mut builder = StateBuilder::after(None, limits);
    builder.namespace(Some(Event::InitDone));
    list(&mut builder, WatchedResource::ClusterCompanions, []);
    list(&mut builder, WatchedResource::Companions, all());
    assert_eq!(reduced(&builder.publish()), ["Companion a/a2", "Companion b/b1"]);
    assert!(builder.fits_again());
    assert_eq!(builder.begin_lists(), [WatchedResource::Companions]);
    list(&mut builder, WatchedResource::Companions, all());
    assert_eq!(reduced(&builder.publish()), ["Companion b/b1"]);
    assert!(!builder.fits_again());
}

#[test]
fn only_complete_lists_show_that_companions_fit_again() {
    let clusters = || ["c1", "c2", "c3"].map(|name| sized(name, 900, "2026-01"));
    let bytes = WatchedCompanion::new(sized("c1", 900, "2026-01"), None).unwrap().weight.bytes;
    let mut builder = StateBuilder::after(None, MemoryLimits { namespace: 10 * bytes, total: 3 * bytes });
    builder.namespace(Some(Event::InitDone));
    list(&mut builder, WatchedResource::ClusterCompanions, clusters());
    list(&mut builder, WatchedResource::Companions, [in_namespace("a", "x", 900, "2026-02")]);
    assert_eq!(reduced(&builder.publish()), ["Companion a/x"]);
    for event in [None, Some(Event::Init), Some(Event::InitApply(sized("c1", 900, "2026-01")))] {
        builder.companion(WatchedResource::ClusterCompanions, event);
        builder.publish();
        assert!(!builder.fits_again());
    }
    list(&mut builder, WatchedResource::ClusterCompanions, clusters().into_iter().skip(1));
    assert_eq!(reduced(&builder.publish()), ["Companion a/x"]);
    assert!(builder.fits_again(), "c1 was deleted");
}

#[test]
fn an_unfinished_list_is_kept_within_the_limits() {
    let limits = MemoryLimits { namespace: 64 << 10, total: 1 << 20 };
    let mut builder = StateBuilder::after(None, limits);
    let raws: Vec<_> = (0..400).map(|i| sized(&format!("c{i}"), 1000, &format!("{i:04}"))).collect();
    let heap = allocation_counter::measure(|| {
        for raw in &raws {
            let mut raw = raw.clone();
            raw.object["kind"] = "Companion".into();
            raw.object["metadata"]["namespace"] = "shop".into();
            raw.meta.namespace = Some("shop".to_owned());
            builder.companion(WatchedResource::Companions, Some(Event::InitApply(raw)));
        }
    });
    let kept = builder.companions.newest().values().filter(|object| !object.exceeds_limits).count();
    assert!((8..64).contains(&kept), "{kept} of 400");
    assert!(heap.bytes_current < 800 << 10, "{} bytes", heap.bytes_current);
}
