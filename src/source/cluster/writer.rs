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
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::object::Object;
use super::raw::{Kind, Raw};
use super::status::{Standing, Verdict};
use crate::source::key::Key;

/// How far writes are apart: ten thousand companions must not be ten thousand requests at once.
const PACE: Duration = Duration::from_millis(100);
/// How long one write may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long is waited after the first failure, and at most; it doubles from one to the next.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(10);

/// An object, and what its status depends on besides itself.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which one.
    pub key: Key,
    /// As it stands.
    pub object: Arc<Object>,
    /// What is decided about it as a whole.
    pub standing: Standing,
}

/// What came of earlier writes.
#[derive(Debug, Default)]
struct Memory {
    objects: HashMap<Key, Written>,
    /// After failures that any object would have met.
    all: Pause,
}

/// The last write of one status.
#[derive(Debug)]
struct Written {
    /// The version that was written over. While the object is still that one, the watch has not brought what was written.
    over: Option<Box<str>>,
    generation: i64,
    /// When the same generation may be written again: replicas that differ in files, flags or version would never end.
    pause: Pause,
}

#[derive(Debug, Default)]
struct Pause {
    until: Option<Instant>,
    length: Duration,
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
pub async fn write(client: Client, mut wanted: watch::Receiver<Vec<Wanted>>) {
    let mut memory = Memory::default();
    loop {
        let all = wanted.borrow_and_update().clone();
        memory.forget_all_but(&all);
        let mut next: Option<Instant> = None;
        for one in &all {
            let verdict = Verdict::new(&one.object, one.standing);
            let Some(patch) = verdict.patch(&one.object, || Time(Timestamp::now())) else { continue };
            if memory.due(one).is_some_and(|due| due.is_none_or(|due| due <= Instant::now())) {
                let outcome = send(&client, one, &patch).await;
                memory.note(one, outcome, Instant::now());
                sleep(PACE).await;
            }
            if let Some(Some(due)) = memory.due(one) {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
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

async fn send(client: &Client, one: &Wanted, patch: &Value) -> Outcome {
    let api: Api<Raw> = match &one.key.namespace {
        None => Api::all_with(client.clone(), &Kind::ClusterCompanion),
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &Kind::Companion),
    };
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(patch));
    match timeout(PATIENCE, api.patch_status(&one.key.name, &parameters, &patch)).await {
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

impl Memory {
    /// When this one may be written: `None` where the watch has still to bring what was written last, `Some(None)` at
    /// once.
    fn due(&self, one: &Wanted) -> Option<Option<Instant>> {
        let written = self.objects.get(&one.key).filter(|written| written.generation == one.object.generation);
        if written.is_some_and(|written| written.over.as_ref() == Some(&one.object.resource_version)) {
            return None;
        }
        Some(self.all.until.max(written.and_then(|written| written.pause.until)))
    }

    fn note(&mut self, one: &Wanted, outcome: Outcome, now: Instant) {
        let over = match outcome {
            Outcome::Failed(error) => {
                // One line when it begins, and one from time to time while it lasts.
                if self.all.length.is_zero() || self.all.length == LONGEST {
                    tracing::warn!(error, "cannot write the status of companions; it is tried again");
                }
                return self.all.lengthen(now);
            }
            Outcome::Done => Some(one.object.resource_version.clone()),
            Outcome::Refused => None,
        };
        self.all = Pause::default();
        let generation = one.object.generation;
        match self.objects.get_mut(&one.key).filter(|written| written.generation == generation) {
            Some(again) => {
                again.over = over;
                again.pause.lengthen(now);
            }
            None => {
                let mut pause = Pause::default();
                if over.is_none() {
                    pause.lengthen(now);
                }
                self.objects.insert(one.key.clone(), Written { over, generation, pause });
            }
        }
    }

    fn forget_all_but(&mut self, wanted: &[Wanted]) {
        let keys: HashSet<&Key> = wanted.iter().map(|one| &one.key).collect();
        self.objects.retain(|key, _| keys.contains(key));
    }
}

impl Pause {
    fn lengthen(&mut self, now: Instant) {
        let long_ago = self.until.is_some_and(|until| until + LONGEST < now);
        self.length = if long_ago { SHORTEST } else { (self.length * 2).clamp(SHORTEST, LONGEST) };
        self.until = Some(now + self.length);
    }
}
