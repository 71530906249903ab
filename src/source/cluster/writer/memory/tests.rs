use serde_json::Value;

use super::*;
use crate::source::cluster::condition::Eligibility;
use crate::source::cluster::testing::{object, raw, with_status};

fn desired(generation: i64, resource_version: &str) -> DesiredStatus {
    let object = object(with_status(raw("a", generation, "i:1"), resource_version, Value::Null), None);
    DesiredStatus {
        key: CompanionKey { namespace: None, name: "a".into() },
        object,
        eligibility: Eligibility::Eligible,
        installation: "podgraft".into(),
        last_injected: None,
    }
}

/// Seconds until a status may be written; `None` while the writer waits for the watch.
fn seconds(memory: &WriteMemory, status: &DesiredStatus, now: Instant) -> Option<u64> {
    memory.due(status).map(|due| due.saturating_duration_since(now).as_secs())
}

#[test]
fn a_status_that_was_written_waits_for_the_watch() {
    let (mut memory, now) = (WriteMemory::default(), Instant::now());
    assert_eq!(seconds(&memory, &desired(1, "10"), now), Some(0));
    memory.record(&desired(1, "10"), WriteResult::Done, now);
    assert_eq!(seconds(&memory, &desired(1, "10"), now), None);
    assert_eq!(seconds(&memory, &desired(1, "11"), now), Some(0), "another replica wrote another status");
    assert_eq!(seconds(&memory, &desired(2, "12"), now), Some(0), "a new generation");
}

#[test]
fn replicas_that_disagree_write_ever_more_rarely() {
    let (mut memory, now) = (WriteMemory::default(), Instant::now());
    let mut delays = Vec::new();
    for version in 10..24 {
        memory.record(&desired(1, &version.to_string()), WriteResult::Done, now);
        delays.extend(seconds(&memory, &desired(1, "99"), now));
    }
    assert_eq!(delays, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
    assert_eq!(seconds(&memory, &desired(2, "99"), now), Some(0), "a new generation is written at once");
    memory.record(&desired(1, "50"), WriteResult::Done, now + 3 * LONGEST);
    assert_eq!(
        seconds(&memory, &desired(1, "99"), now + 3 * LONGEST),
        Some(1),
        "there was no disagreement for a long time"
    );
}

#[test]
fn times_of_injections_delay_no_other_write() {
    let (mut memory, now) = (WriteMemory::default(), Instant::now());
    for version in 10..20 {
        memory.record(&desired(1, &version.to_string()), WriteResult::Done.only_time(true), now);
        assert_eq!(seconds(&memory, &desired(1, &version.to_string()), now), None, "the watch has to bring it");
    }
    assert_eq!(seconds(&memory, &desired(1, "99"), now), Some(0));
    assert!(matches!(failed().only_time(true), WriteResult::Failed(_)));
}

fn named(name: &str) -> DesiredStatus {
    let mut desired = desired(1, "10");
    desired.key.name = name.into();
    desired
}

fn failed() -> WriteResult {
    WriteResult::Failed("no".to_owned())
}

#[test]
fn failures_of_different_companions_delay_all_of_them() {
    let (mut memory, now) = (WriteMemory::default(), Instant::now());
    for name in ["a", "b", "c"] {
        memory.record(&named(name), failed(), now);
    }
    let delays = ["a", "d"].map(|name| seconds(&memory, &named(name), now));
    assert_eq!(delays, [Some(4), Some(4)]);
    memory.record(&named("d"), WriteResult::Done, now);
    assert_eq!(seconds(&memory, &named("e"), now), Some(0));
    assert_eq!(seconds(&memory, &named("a"), now), Some(1));
}

#[test]
fn a_companion_that_fails_again_and_again_does_not_delay_others_for_long() {
    let (mut memory, now) = (WriteMemory::default(), Instant::now());
    for _ in 0..8 {
        memory.record(&named("a"), failed(), now);
    }
    assert_eq!((seconds(&memory, &named("a"), now), seconds(&memory, &named("b"), now)), (Some(128), Some(1)));
}

#[test]
fn a_denied_status_delays_no_other() {
    let (mut memory, now) = (WriteMemory::default(), Instant::now());
    memory.record(&desired(1, "10"), WriteResult::Denied, now);
    assert_eq!(seconds(&memory, &desired(1, "10"), now), Some(1));
    let mut other = desired(1, "10");
    other.key.name = "b".into();
    assert_eq!(seconds(&memory, &other, now), Some(0));
}

#[test]
fn a_deleted_companion_is_forgotten() {
    let (mut memory, now) = (WriteMemory::default(), Instant::now());
    memory.record(&desired(1, "10"), WriteResult::Done, now);
    memory.forget(&named("b").key);
    assert_eq!(memory.writes.len(), 1);
    memory.forget(&desired(1, "11").key);
    assert!(memory.writes.is_empty());
}
