//! A model of the API server, and the replicas that use it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;
use tokio::time::Instant;

use super::{KEYS, REPLICAS, SimulatedEvent};
use crate::tls::ca::TrustAnchor;
use crate::tls::pair::Pair;
use crate::tls::self_managed::action::{Action, CallError, Idle, RoundError};
use crate::tls::self_managed::memory::SharedMemory;
use crate::tls::self_managed::moment::Moment;
use crate::tls::self_managed::policy;
use crate::tls::self_managed::replica::Replica;
use crate::tls::self_managed::secret::SecretTemplate;
use crate::tls::self_managed::state::CaState;
use crate::tls::self_managed::view::View;
use crate::tls::self_managed::webhooks::{Configuration, ObservedConfiguration, WebhookBundle};
use crate::tls::trust::is_trusted;

/// The configurations that exist; the others do not.
const PRESENT: [Configuration; 2] = [Configuration::Requested, Configuration::Preview];

type Data = BTreeMap<String, ByteString>;

pub(super) struct SimulatedCluster {
    pub(super) now: Moment,
    versions: u64,
    pub(super) secret: Option<Secret>,
    /// Every content that a replica has written to the Secret.
    pub(super) written: Vec<Data>,
    /// Version and `caBundle` of each configuration that exists.
    pub(super) bundles: [(u64, Vec<u8>); PRESENT.len()],
    pub(super) processes: Vec<Process>,
}

pub(super) struct Process {
    replica: Replica,
    /// How many seconds its clock is slower than the clock of the cluster.
    pub(super) behind: u64,
    memory: SharedMemory,
    pub(super) serving: Option<Arc<Pair>>,
    /// A call that was decided, and not executed yet.
    pending: Option<Action>,
}

fn replica(memory: &SharedMemory) -> Replica {
    Replica::new(View::new(policy::of_seconds(), SecretTemplate::new(None), memory.clone()))
}

fn data(secret: &Secret) -> Data {
    secret.data.clone().unwrap_or_default()
}

fn version(secret: &Secret) -> Option<&str> {
    secret.metadata.resource_version.as_deref()
}

impl Process {
    fn new() -> Self {
        let memory = SharedMemory::default();
        Process { replica: replica(&memory), memory, behind: 0, serving: None, pending: None }
    }
}

impl SimulatedCluster {
    pub(super) fn new() -> Self {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000);
        SimulatedCluster {
            now: Moment { date, instant: Instant::now() },
            versions: 2,
            secret: None,
            written: Vec::new(),
            bundles: [(1, Vec::new()), (2, Vec::new())],
            processes: (0..REPLICAS).map(|_| Process::new()).collect(),
        }
    }

    pub(super) fn happens(&mut self, event: &SimulatedEvent) {
        match *event {
            SimulatedEvent::ReplicaActs(who) => self.act(who),
            SimulatedEvent::WatchesReport(who) => self.report(who),
            SimulatedEvent::CallFails(who) => self.fail(who, false),
            SimulatedEvent::AnswerIsLost(who) => self.fail(who, true),
            SimulatedEvent::ProcessRestarts(who) => self.processes[who] = Process::new(),
            SimulatedEvent::TaskPanics(who) => {
                let process = &mut self.processes[who];
                (process.replica, process.pending) = (replica(&process.memory), None);
            }
            SimulatedEvent::TimePasses { seconds } => self.pass(seconds),
            SimulatedEvent::SecretDeleted => self.secret = None,
            SimulatedEvent::SecretEmptied => self.edit_secret(Data::clear),
            SimulatedEvent::SecretRestored { writes_ago } => {
                let old = self.written.iter().rev().nth(writes_ago).cloned().unwrap_or_default();
                self.edit_secret(|data| *data = old);
            }
            SimulatedEvent::KeyCorrupted { key } => self.edit_secret(|data| {
                if let Some(value) = data.get_mut(KEYS[key]) {
                    value.0.reverse();
                }
            }),
            SimulatedEvent::BundleEmptied { configuration } => {
                self.bundles[configuration] = (self.next_version(), Vec::new());
            }
        }
    }

    /// Both clocks advance.
    pub(super) fn pass(&mut self, seconds: u64) {
        self.now.date += Duration::from_secs(seconds);
        self.now.instant += Duration::from_secs(seconds);
    }

    /// The watches of a replica report what there is.
    pub(super) fn report(&mut self, who: usize) {
        let replica = &mut self.processes[who].replica;
        replica.note_secret(self.secret.as_ref().and_then(version));
        for configuration in Configuration::ALL {
            let present = PRESENT.iter().position(|present| *present == configuration);
            let observed = present.map(|index| {
                let (version, bundle) = &self.bundles[index];
                let webhooks = vec![WebhookBundle { name: "a".into(), bundle: Some(bundle.clone()) }];
                ObservedConfiguration { version: version.to_string(), webhooks }
            });
            replica.note_configuration(configuration, observed);
        }
    }

    /// Executes the call that a replica has decided on, or lets it act until it decides on another one.
    pub(super) fn act(&mut self, who: usize) {
        match self.processes[who].pending.take() {
            Some(action) => self.execute(who, action),
            None => self.decide(who),
        }
    }

    /// Reads and changes of what is served take effect at once.
    fn decide(&mut self, who: usize) {
        let now = self.clock(who);
        let process = &mut self.processes[who];
        loop {
            match process.replica.next(now) {
                Action::ReadSecret => process.replica.secret_read(Ok(self.secret.clone()), now),
                Action::Serve(pair) => process.serving = Some(pair),
                Action::Idle(Idle::Failed { error: RoundError::Issue(error), .. }) => {
                    panic!("replica {who} cannot issue: {error}")
                }
                Action::Idle(_) => return,
                call => {
                    process.pending = Some(call);
                    return;
                }
            }
        }
    }

    fn execute(&mut self, who: usize, action: Action) {
        match action {
            Action::WriteSecret { secret, .. } => {
                let outcome = self.write(*secret);
                self.processes[who].replica.secret_written(outcome);
            }
            Action::PatchWebhooks { configuration, patch } => {
                let outcome = self.patch(configuration, &patch);
                self.processes[who].replica.webhook_patched(&outcome);
            }
            Action::ReadSecret | Action::Serve(_) | Action::Idle(_) => {}
        }
    }

    fn fail(&mut self, who: usize, executed: bool) {
        let error = || CallError::Failed("no answer".into());
        match self.processes[who].pending.take() {
            Some(Action::WriteSecret { secret, .. }) => {
                let _ = executed.then(|| self.write(*secret));
                self.processes[who].replica.secret_written(Err(error()));
            }
            Some(Action::PatchWebhooks { configuration, patch }) => {
                let _ = executed.then(|| self.patch(configuration, &patch));
                self.processes[who].replica.webhook_patched(&Err(error()));
            }
            _ => {}
        }
    }

    /// Stores a Secret as an API server does: only over the version that it was read at.
    fn write(&mut self, mut secret: Secret) -> Result<Secret, CallError> {
        if self.secret.as_ref().and_then(version) != version(&secret) {
            return Err(CallError::Conflict("another version".into()));
        }
        secret.metadata.resource_version = Some(self.next_version().to_string());
        let state = CaState::of(Some(&secret));
        let mut rewritten = Data::new();
        state.write(&mut rewritten);
        assert_eq!(rewritten, data(&secret), "a written state is read back");
        self.written.push(rewritten);
        self.secret = Some(secret.clone());
        Ok(secret)
    }

    fn patch(&mut self, configuration: Configuration, patch: &Value) -> Result<(), CallError> {
        let index = PRESENT.iter().position(|present| *present == configuration).expect("a present configuration");
        let (version, bundle) = &self.bundles[index];
        let mut object = serde_json::json!({
            "metadata": {"resourceVersion": version.to_string()},
            "webhooks": [{"name": "a", "clientConfig": {"caBundle": ByteString(bundle.clone())}}],
        });
        let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
        json_patch::patch(&mut object, &patch).map_err(|error| CallError::Conflict(error.to_string()))?;
        let found = object["webhooks"][0]["clientConfig"]["caBundle"].clone();
        let bundle: ByteString = serde_json::from_value(found).unwrap();
        self.bundles[index] = (self.next_version(), bundle.0);
        Ok(())
    }

    /// Which replica's pair each `caBundle` trusts; `None` for a replica that serves no pair, or an expired one.
    pub(super) fn trust(&self) -> [[Option<bool>; PRESENT.len()]; REPLICAS] {
        std::array::from_fn(|who| {
            let valid = self.processes[who].serving.as_ref().filter(|pair| pair.expires() > self.now.date);
            std::array::from_fn(|index| valid.map(|pair| self.is_trusted(pair, index)))
        })
    }

    /// Lets all replicas act until none has anything to do. Only pauses pass, and the date stays.
    pub(super) fn settle(&mut self) {
        for _ in 0..20 {
            self.now.instant += Duration::from_secs(2);
            for who in 0..REPLICAS {
                self.report(who);
                self.act(who);
            }
        }
    }

    fn is_trusted(&self, pair: &Pair, index: usize) -> bool {
        let anchors = TrustAnchor::parse_all(&self.bundles[index].1);
        is_trusted(&anchors, pair.chain(), &policy::of_seconds().names, self.now.date)
    }

    fn edit_secret(&mut self, edit: impl FnOnce(&mut Data)) {
        let version = self.next_version();
        if let Some(secret) = &mut self.secret {
            edit(secret.data.get_or_insert_default());
            secret.metadata.resource_version = Some(version.to_string());
        }
    }

    fn next_version(&mut self) -> u64 {
        self.versions += 1;
        self.versions
    }

    /// The time as a replica sees it.
    fn clock(&self, who: usize) -> Moment {
        Moment { date: self.now.date - Duration::from_secs(self.processes[who].behind), ..self.now }
    }
}
