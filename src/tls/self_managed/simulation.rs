//! Several replicas, one Secret and two webhook configurations, in every order that things can happen: what a replica
//! decides and what it then writes are moments of their own, and watches tell as late as they like.

mod scenarios;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::ByteString;
use serde_json::Value;

use super::SharedMemory;
use super::replica::Replica;
use super::rotation::{CaState, RotationPolicy};
use super::trust::trusted;
use super::webhooks::{Configuration, ObservedConfiguration, WebhookBundle};
use crate::tls::Pair;
use crate::tls::ca::TrustAnchor;

const REPLICAS: usize = 3;
/// The two configurations that there are; the others do not exist.
const THERE: [Configuration; 2] = [Configuration::Requested, Configuration::Preview];
const KEYS: [&str; 6] = ["tls.crt", "tls.key", "ca.crt", "ca.key", "next-ca.crt", "next-ca.key"];

type Data = BTreeMap<String, ByteString>;

/// What happens next.
#[derive(Debug, Clone)]
enum Happening {
    /// A replica reads and decides, or sends what it had decided.
    Acts(usize),
    /// A replica's watches tell what is there now.
    Hears(usize),
    /// A replica starts anew, and has forgotten everything.
    Restarts(usize),
    /// A bug ends what a replica does; another one goes on in its place, and what is served stays.
    Panics(usize),
    Passes(u64),
    /// Somebody deletes the Secret, empties it, restores an old one, or spoils one key.
    SecretGoes,
    SecretEmptied,
    SecretRestored(usize),
    KeySpoilt(usize),
    /// Somebody rolls a configuration back.
    BundleEmptied(usize),
}

struct World {
    now: SystemTime,
    versions: u64,
    secret: Option<(u64, Data)>,
    /// All that ever was in it.
    written: Vec<Data>,
    bundles: [(u64, Vec<u8>); 2],
    processes: Vec<Process>,
}

struct Process {
    replica: Replica,
    /// How far its clock is behind, in seconds.
    behind: u64,
    learned: SharedMemory,
    serving: Option<Arc<Pair>>,
    pending: Option<Pending>,
}

/// What was decided and not yet sent.
enum Pending {
    Secret(CaState, Option<u64>),
    Patch(usize, Value),
}

fn terms() -> RotationPolicy {
    let seconds = Duration::from_secs;
    RotationPolicy {
        names: vec!["podgraft.ns.svc".into()],
        pair: seconds(30),
        authority: seconds(90),
        pause: seconds(5),
    }
}

impl Process {
    fn new() -> Self {
        let learned = SharedMemory::default();
        Process { replica: Replica::new(terms(), learned.clone()), learned, behind: 0, serving: None, pending: None }
    }
}

impl World {
    fn new() -> Self {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000);
        let processes = (0..REPLICAS).map(|_| Process::new()).collect();
        World {
            now,
            versions: 2,
            secret: None,
            written: Vec::new(),
            bundles: [(1, Vec::new()), (2, Vec::new())],
            processes,
        }
    }

    fn version(&mut self) -> u64 {
        self.versions += 1;
        self.versions
    }

    /// What a replica takes for the time.
    fn clock(&self, who: usize) -> SystemTime {
        self.now - Duration::from_secs(self.processes[who].behind)
    }

    fn happens(&mut self, what: &Happening) {
        match *what {
            Happening::Acts(who) => self.acts(who),
            Happening::Hears(who) => self.hears(who),
            Happening::Restarts(who) => self.processes[who] = Process::new(),
            Happening::Panics(who) => {
                let process = &mut self.processes[who];
                (process.replica, process.pending) = (Replica::new(terms(), process.learned.clone()), None);
            }
            Happening::Passes(seconds) => self.now += Duration::from_secs(seconds),
            Happening::SecretGoes => self.secret = None,
            Happening::SecretEmptied => self.spoil(Data::clear),
            Happening::SecretRestored(back) => {
                let old = self.written.iter().rev().nth(back).cloned().unwrap_or_default();
                self.spoil(|data| *data = old);
            }
            Happening::KeySpoilt(key) => self.spoil(|data| {
                if let Some(value) = data.get_mut(KEYS[key]) {
                    value.0.reverse();
                }
            }),
            Happening::BundleEmptied(which) => self.bundles[which] = (self.version(), Vec::new()),
        }
    }

    fn spoil(&mut self, how: impl FnOnce(&mut Data)) {
        let version = self.version();
        if let Some((at, data)) = &mut self.secret {
            how(data);
            *at = version;
        }
    }

    fn hears(&mut self, who: usize) {
        let replica = &mut self.processes[who].replica;
        let version = self.secret.as_ref().map(|(version, _)| version.to_string());
        replica.note_secret(version.as_deref());
        for configuration in Configuration::ALL {
            let there = THERE.iter().position(|there| *there == configuration);
            let seen = there.map(|which| {
                let (version, bundle) = &self.bundles[which];
                let entries = vec![WebhookBundle { name: "a".into(), bundle: Some(bundle.clone()) }];
                ObservedConfiguration { version: version.to_string(), entries }
            });
            replica.note_configuration(configuration, seen);
        }
    }

    /// As `Keeper::work`, cut wherever it waits for an answer.
    fn acts(&mut self, who: usize) {
        match self.processes[who].pending.take() {
            Some(Pending::Secret(state, base)) => return self.write(who, state, base),
            Some(Pending::Patch(which, patch)) => return self.patch(which, &patch),
            None => {}
        }
        let now = self.clock(who);
        if self.processes[who].replica.must_read(now).unwrap() && self.read(who) {
            return;
        }
        let process = &mut self.processes[who];
        if let Some(pair) = process.replica.adopt(now) {
            process.serving = Some(pair);
        }
        for (which, configuration) in THERE.into_iter().enumerate() {
            if self.processes[who].replica.must_patch(configuration, now) {
                if !self.read(who) {
                    let process = &mut self.processes[who];
                    process.pending = process.replica.send(configuration, now).map(|p| Pending::Patch(which, p));
                }
                return;
            }
        }
    }

    /// Whether there is something to be written now.
    fn read(&mut self, who: usize) -> bool {
        let read = self.secret.as_ref().map(|(_, data)| CaState::read(data)).unwrap_or_default();
        let base = self.secret.as_ref().map(|(version, _)| *version);
        let now = self.clock(who);
        let process = &mut self.processes[who];
        process.replica.observed(read, base.map(|version| version.to_string()));
        process.pending = process.replica.step(now).unwrap().map(|(state, _)| Pending::Secret(state, base));
        process.pending.is_some()
    }

    fn write(&mut self, who: usize, state: CaState, base: Option<u64>) {
        if self.secret.as_ref().map(|(version, _)| *version) != base {
            return self.processes[who].replica.invalidated();
        }
        let mut data = self.secret.take().map(|(_, data)| data).unwrap_or_default();
        state.write(&mut data);
        assert_eq!(CaState::read(&data), state, "what was written is read");
        let version = self.version();
        self.written.push(data.clone());
        self.secret = Some((version, data));
        self.processes[who].replica.committed(state, Some(version.to_string()));
    }

    fn patch(&mut self, which: usize, patch: &Value) {
        let (version, bundle) = &self.bundles[which];
        let encoded = ByteString(bundle.clone());
        let mut object = serde_json::json!({
            "metadata": {"resourceVersion": version.to_string()},
            "webhooks": [{"name": "a", "clientConfig": {"caBundle": encoded}}],
        });
        let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
        if json_patch::patch(&mut object, &patch).is_ok() {
            let found = object["webhooks"][0]["clientConfig"]["caBundle"].clone();
            let bundle: ByteString = serde_json::from_value(found).unwrap();
            self.bundles[which] = (self.version(), bundle.0);
        }
    }

    fn is_trusted(&self, pair: &Pair, which: usize) -> bool {
        let anchors = TrustAnchor::parse_all(&self.bundles[which].1);
        trusted(&anchors, pair.chain(), &terms().names, self.now)
    }

    /// Which replica's pair each `caBundle` trusts; nothing is said of a replica that serves none, or an expired one.
    fn trust(&self) -> [[Option<bool>; 2]; REPLICAS] {
        std::array::from_fn(|who| {
            let alive = self.processes[who].serving.as_ref().filter(|pair| pair.expires() > self.now);
            std::array::from_fn(|which| alive.map(|pair| self.is_trusted(pair, which)))
        })
    }

    /// Everybody hears and acts until nobody has anything to do.
    fn settle(&mut self) {
        for _ in 0..20 {
            for who in 0..REPLICAS {
                self.hears(who);
                self.acts(who);
            }
        }
    }
}
