//! Writes statuses, once among all replicas, and never in a hurry.
//!
//! Every replica writes, none leads. A patch names the version of the object that it was made for, so of several replicas
//! one succeeds; the watch brings what it wrote to the others, who then find nothing to write.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::object::WatchedCompanion;
use super::raw::{Raw, RawKind};
use super::status::{Eligibility, ReadyReason, StatusUpdate};
use crate::source::key::CompanionKey;
use crate::watch::{Backoff, ResetAfter};

/// How far writes are apart: ten thousand companions must not be ten thousand requests at once.
const PACE: Duration = Duration::from_millis(100);
/// How long one write may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long is waited after the first failure, and at most; it doubles from one to the next.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(600);

/// An object, and what its status depends on besides itself.
#[derive(Debug, Clone)]
pub struct DesiredStatus {
    /// Which one.
    pub key: CompanionKey,
    /// As it stands.
    pub object: Arc<WatchedCompanion>,
    /// What is decided about it as a whole.
    pub standing: Eligibility,
}

/// What came of earlier writes.
#[derive(Debug)]
struct Memory {
    objects: HashMap<CompanionKey, Written>,
    /// Those whose status says what it should, and what it was judged by.
    settled: HashMap<CompanionKey, (Box<str>, ReadyReason)>,
    /// After failures that any object would have met, for different ones met them in a row.
    all: Backoff,
    /// Whose write failed last.
    failed: Option<CompanionKey>,
}

/// The last write of one status.
#[derive(Debug)]
struct Written {
    /// The version that was written over. While the object is still that one, the watch has not brought what was written.
    over: Option<Box<str>>,
    generation: i64,
    /// When the same generation may be written again: replicas that differ in files, flags or version would never end.
    pause: Backoff,
}

/// What came of a write.
#[derive(Debug)]
enum Outcome {
    /// It is written, or somebody was quicker, or the object is gone: the watch tells.
    Done,
    /// This one is refused, whoever writes it.
    Refused,
    /// No status can be written at the moment, and why.
    Failed(String),
}

/// Writes whatever is wanted and does not stand yet. Ends when nobody can want anything any more.
pub async fn write(client: Client, mut wanted: watch::Receiver<Vec<DesiredStatus>>) {
    let mut memory = Memory::default();
    loop {
        let all = wanted.borrow_and_update().clone();
        memory.forget_all_but(&all);
        let mut next: Option<Instant> = None;
        for one in &all {
            if memory.stands(one) {
                continue;
            }
            // Thousands of them are judged at the start; reviews come in between.
            yield_now().await;
            let verdict = StatusUpdate::new(&one.object, one.standing);
            let Some(patch) = verdict.patch(&one.object, || Time(Timestamp::now())) else {
                memory.settle(one);
                continue;
            };
            if memory.due(one).is_some_and(|due| due <= Instant::now()) {
                let outcome = send(&client, one, &patch).await;
                memory.note(one, outcome, Instant::now());
                sleep(PACE).await;
            }
            next = [next, memory.due(one)].into_iter().flatten().min();
            // What is newer is what counts; what was written already is remembered.
            if wanted.has_changed().unwrap_or(true) {
                break;
            }
        }
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { return },
            () = async { sleep_until(next.unwrap_or_else(Instant::now)).await }, if next.is_some() => {}
        }
    }
}

async fn send(client: &Client, one: &DesiredStatus, patch: &Value) -> Outcome {
    let api: Api<Raw> = match &one.key.namespace {
        None => Api::all_with(client.clone(), &RawKind::ClusterCompanion),
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &RawKind::Companion),
    };
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(patch));
    match timeout(TIMEOUT, api.patch_status(&one.key.name, &parameters, &patch)).await {
        Ok(Ok(_)) => Outcome::Done,
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 404 | 409) => Outcome::Done,
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 400 | 413 | 422) => {
            tracing::warn!(companion = %one.key, error = status.message, "the status is refused; it is tried again later");
            Outcome::Refused
        }
        Ok(Err(kube::Error::Api(status))) if status.code == 403 => {
            Outcome::Failed("podgraft may not patch the status of companions; see its ClusterRole".to_owned())
        }
        Ok(Err(error)) => Outcome::Failed(error.to_string()),
        Err(_) => Outcome::Failed("the API server does not answer".to_owned()),
    }
}

fn backoff() -> Backoff {
    Backoff::new(SHORTEST, LONGEST, ResetAfter::Quiet(LONGEST))
}

impl Default for Memory {
    fn default() -> Self {
        Memory { objects: HashMap::new(), settled: HashMap::new(), all: backoff(), failed: None }
    }
}

impl Memory {
    fn stands(&self, one: &DesiredStatus) -> bool {
        // Whether there is room for a companion changes without a change of the object.
        let judged = (&one.object.resource_version, ReadyReason::of(&one.object, one.standing));
        self.settled.get(&one.key).is_some_and(|(version, reason)| (version, *reason) == judged)
    }

    fn settle(&mut self, one: &DesiredStatus) {
        let reason = ReadyReason::of(&one.object, one.standing);
        self.settled.insert(one.key.clone(), (one.object.resource_version.clone(), reason));
    }

    /// When this one may be written; `None` where the watch has still to bring what was written last.
    fn due(&self, one: &DesiredStatus) -> Option<Instant> {
        let written = self.objects.get(&one.key).filter(|written| written.generation == one.object.generation);
        if written.is_some_and(|written| written.over.as_ref() == Some(&one.object.resource_version)) {
            return None;
        }
        let pause = written.and_then(|written| written.pause.until());
        self.all.until().max(pause).or_else(|| Some(Instant::now()))
    }

    fn note(&mut self, one: &DesiredStatus, outcome: Outcome, now: Instant) {
        let over = match outcome {
            Outcome::Failed(error) => {
                // One line when it begins, and one from time to time while it lasts.
                if !self.all.is_growing() {
                    tracing::warn!(companion = %one.key, error, "cannot write a status; it is tried again");
                }
                // Of one that fails again and again all others know nothing.
                if self.failed.as_ref() != Some(&one.key) {
                    self.failed = Some(one.key.clone());
                    self.all.fail(now);
                }
                return self.postpone(one, now);
            }
            Outcome::Done => Some(one.object.resource_version.clone()),
            Outcome::Refused => None,
        };
        self.all.reset();
        self.failed = None;
        let generation = one.object.generation;
        if let Some(again) = self.objects.get_mut(&one.key).filter(|written| written.generation == generation) {
            again.over = over;
            again.pause.fail(now);
            return;
        }
        let mut pause = backoff();
        if over.is_none() {
            pause.fail(now);
        }
        self.objects.insert(one.key.clone(), Written { over, generation, pause });
    }

    /// Takes note that a status was not written, and is to be tried again later.
    fn postpone(&mut self, one: &DesiredStatus, now: Instant) {
        let generation = one.object.generation;
        let fresh = || Written { over: None, generation, pause: backoff() };
        let written = self.objects.entry(one.key.clone()).or_insert_with(fresh);
        if written.generation != generation {
            *written = fresh();
        }
        written.over = None;
        written.pause.fail(now);
    }

    fn forget_all_but(&mut self, wanted: &[DesiredStatus]) {
        let keys: HashSet<&CompanionKey> = wanted.iter().map(|one| &one.key).collect();
        self.objects.retain(|key, _| keys.contains(key));
        self.settled.retain(|key, _| keys.contains(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::cluster::testing::{object, raw, with_status};

    fn wanted(generation: i64, resource_version: &str) -> DesiredStatus {
        let object = object(with_status(raw("a", generation, "i:1"), resource_version, Value::Null), None);
        DesiredStatus {
            key: CompanionKey { namespace: None, name: "a".into() },
            object,
            standing: Eligibility::Eligible,
        }
    }

    /// Seconds until it may be written; `None` where the watch is waited for.
    fn seconds(memory: &Memory, one: &DesiredStatus, now: Instant) -> Option<u64> {
        memory.due(one).map(|due| due.saturating_duration_since(now).as_secs())
    }

    #[test]
    fn what_was_written_waits_for_the_watch() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        assert_eq!(seconds(&memory, &wanted(1, "10"), now), Some(0));
        memory.note(&wanted(1, "10"), Outcome::Done, now);
        assert_eq!(seconds(&memory, &wanted(1, "10"), now), None);
        assert_eq!(seconds(&memory, &wanted(1, "11"), now), Some(0), "somebody was quicker, and said something else");
        assert_eq!(seconds(&memory, &wanted(2, "12"), now), Some(0), "a new generation");
    }

    #[test]
    fn replicas_that_do_not_agree_write_ever_more_rarely() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        let mut waits = Vec::new();
        for version in 10..24 {
            memory.note(&wanted(1, &version.to_string()), Outcome::Done, now);
            waits.extend(seconds(&memory, &wanted(1, "99"), now));
        }
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
        assert_eq!(seconds(&memory, &wanted(2, "99"), now), Some(0), "a new generation is written at once");
        memory.note(&wanted(1, "50"), Outcome::Done, now + 3 * LONGEST);
        assert_eq!(seconds(&memory, &wanted(1, "99"), now + 3 * LONGEST), Some(1), "they agreed for a long time");
    }

    fn named(name: &str) -> DesiredStatus {
        let mut wanted = wanted(1, "10");
        wanted.key.name = name.into();
        wanted
    }

    fn fails() -> Outcome {
        Outcome::Failed("no".to_owned())
    }

    #[test]
    fn a_failure_that_different_objects_meet_holds_up_all_of_them() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        for name in ["a", "b", "c"] {
            memory.note(&named(name), fails(), now);
        }
        let waits = ["a", "d"].map(|name| seconds(&memory, &named(name), now));
        assert_eq!(waits, [Some(4), Some(4)]);
        memory.note(&named("d"), Outcome::Done, now);
        assert_eq!(seconds(&memory, &named("e"), now), Some(0));
        assert_eq!(seconds(&memory, &named("a"), now), Some(1));
    }

    #[test]
    fn one_that_fails_again_and_again_holds_up_nothing_else_for_long() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        for _ in 0..8 {
            memory.note(&named("a"), fails(), now);
        }
        assert_eq!((seconds(&memory, &named("a"), now), seconds(&memory, &named("b"), now)), (Some(128), Some(1)));
    }

    #[test]
    fn one_that_is_refused_holds_up_nothing_else() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        memory.note(&wanted(1, "10"), Outcome::Refused, now);
        assert_eq!(seconds(&memory, &wanted(1, "10"), now), Some(1));
        let mut other = wanted(1, "10");
        other.key.name = "b".into();
        assert_eq!(seconds(&memory, &other, now), Some(0));
    }

    #[test]
    fn what_stands_is_looked_at_again_when_anything_about_it_changed() {
        let mut memory = Memory::default();
        memory.settle(&wanted(1, "10"));
        let held = DesiredStatus { standing: Eligibility::ShadowedByRequired, ..wanted(1, "10") };
        assert!(memory.stands(&wanted(1, "10")) && !memory.stands(&wanted(1, "11")) && !memory.stands(&held));
        let mut beyond = wanted(1, "10");
        beyond.object = beyond.object.beyond();
        assert!(!memory.stands(&beyond), "there is no room for it any more, or room again");
        memory.forget_all_but(&[]);
        assert!(!memory.stands(&wanted(1, "10")));
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        memory.note(&wanted(1, "10"), Outcome::Done, now);
        memory.forget_all_but(&[wanted(1, "11")]);
        assert_eq!(memory.objects.len(), 1);
        memory.forget_all_but(&[]);
        assert!(memory.objects.is_empty());
    }
}
