//! Follows companions and Namespaces, from files and from the cluster, for as long as the server runs.

mod follow;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::ensure;
use arc_swap::ArcSwap;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep_until, timeout};

use follow::follow_files;

use super::background::{Background, Task};
use super::config::Config;
use super::metrics::ServerMetrics;
use super::policies::PolicyReconciler;
use super::retire::retire;
use crate::inject::snapshot::{Settings, Snapshot};
use crate::inject::verdict::reason::Stale;
use crate::source::cluster;
use crate::source::cluster::{ClusterStates, DesiredStatuses, WatchHealth};
use crate::source::effective::Effective;
use crate::source::files::folder::reason;
use crate::source::files::{Files, Loaded};
use crate::source::key::CompanionKey;
use crate::source::statuses::Statuses;
use crate::webhook::{ConfigurationSet, Registrations};

/// How often the injections of companions are taken from their counters.
const INJECTIONS_INTERVAL: Duration = Duration::from_secs(10);
/// How long the first snapshot waits until it is known which webhook configurations exist.
const REGISTRATIONS_TIMEOUT: Duration = Duration::from_secs(3);
/// How often a snapshot reports how long a watch has failed, and how soon that it works again.
const STALE_INTERVAL: Duration = Duration::from_secs(5);

/// The sources of companions and Namespaces.
pub(super) struct CompanionSources {
    files: watch::Receiver<Loaded>,
    cluster: Option<ClusterSource>,
    policies: Option<PolicyReconciler>,
    settings: Settings,
    metrics: Arc<ServerMetrics>,
    published: Published,
    registrations: watch::Sender<Registrations>,
    registered: watch::Receiver<Registrations>,
    /// The webhook configurations that do not exist and that a companion needs.
    needed: watch::Sender<ConfigurationSet>,
    companion_metrics: bool,
    /// When injections are taken from all counters again, and those that were taken since the last time.
    injections_due: Instant,
    injected: Vec<(CompanionKey, u64)>,
    /// Whether there was a first snapshot.
    has_snapshot: bool,
    /// Whether the last snapshot may be outdated.
    stale: Option<Stale>,
}

/// What was published last. Its clone shares its memory.
#[derive(Clone, Default)]
struct Published {
    effective: Effective,
    statuses: Statuses,
    /// The webhook configurations that did not exist.
    missing: ConfigurationSet,
}

struct ClusterSource {
    snapshots: ClusterStates,
    health: Arc<WatchHealth>,
    wanted: watch::Sender<DesiredStatuses>,
}

impl CompanionSources {
    /// Loads the files once, and starts to follow them and the cluster. An invalid companion is logged and does not prevent
    /// the start, so that the other companions are used.
    ///
    /// # Errors
    /// A path does not exist.
    pub(super) fn follow(
        config: &Config,
        client: Option<Client>,
        policies: Option<PolicyReconciler>,
        metrics: &Arc<ServerMetrics>,
        background: &mut Background,
    ) -> anyhow::Result<Self> {
        for path in &config.companions {
            let path_of = || format!("--companions {}", path.display());
            let metadata = path.metadata().map_err(|error| {
                anyhow::anyhow!("{}: {}; name a file or a folder with companions", path_of(), reason(&error))
            })?;
            ensure!(
                metadata.is_file() || metadata.is_dir(),
                "{}: must be a file or a folder, because it is read again when it changes",
                path_of()
            );
        }
        let limits = config.memory;
        let files = Files { paths: config.companions.clone(), limits };
        let files = follow_files(files, config.poll_interval, client.is_some(), metrics, background);
        let cluster = client.map(|client| {
            let (snapshots, health, watching) = cluster::watch(&client, limits);
            background.run(Task::ClusterWatch, watching);
            let (wanted, receiver) = watch::channel(DesiredStatuses::default());
            background.write(Task::StatusWriter, move || cluster::write(client.clone(), receiver.clone()));
            ClusterSource { snapshots, health, wanted }
        });
        let (registrations, registered) = watch::channel(Registrations::default());
        Ok(CompanionSources {
            files,
            cluster,
            policies,
            settings: config.settings(),
            metrics: Arc::clone(metrics),
            published: Published::default(),
            registrations,
            registered,
            needed: watch::Sender::default(),
            companion_metrics: config.companion_metrics,
            injections_due: Instant::now(),
            injected: Vec::new(),
            has_snapshot: false,
            stale: None,
        })
    }

    /// Where the existence of webhook configurations is reported.
    pub(super) fn registrations(&self) -> watch::Sender<Registrations> {
        self.registrations.clone()
    }

    /// The webhook configurations that do not exist and that a companion needs, now and later.
    pub(super) fn needed(&self) -> watch::Receiver<ConfigurationSet> {
        self.needed.subscribe()
    }

    /// The probe of /readyz, which fails until the watches have delivered the state of the cluster.
    pub(super) fn waiting(&self) -> impl Fn() -> Result<(), String> + Send + Sync + 'static + use<> {
        let health = self.health();
        move || health.as_ref().and_then(|health| health.waiting()).map_or(Ok(()), Err)
    }

    /// The health of the watches; `None` where there is no cluster.
    pub(super) fn health(&self) -> Option<Arc<WatchHealth>> {
        self.cluster.as_ref().map(|cluster| Arc::clone(&cluster.health))
    }

    /// Waits until the state of the cluster is complete and the policies are synced, and returns the first snapshot. From
    /// then on a background task replaces it whenever something changes.
    pub(super) async fn snapshot(mut self, background: &mut Background) -> Arc<ArcSwap<Snapshot>> {
        if let Some(cluster) = &mut self.cluster {
            cluster.health.catch_up().await;
            // The watch never ends, so this cannot fail.
            let _ = cluster.snapshots.wait_for(Option::is_some).await;
            let known = self.registered.wait_for(|registrations| registrations.is_complete());
            // Without an answer every configuration counts as existing.
            let _ = timeout(REGISTRATIONS_TIMEOUT, known).await;
        }
        if let Some(policies) = &self.policies {
            policies.wait_until_synced().await;
        }
        let snapshot = Arc::new(ArcSwap::default());
        self.publish(&snapshot);
        self.warn_of_required();
        let (valid, invalid) = self.published.effective.valid_and_invalid();
        tracing::info!(valid, invalid, namespaces = self.published.effective.namespaces(), "companions loaded");
        let published = Arc::clone(&snapshot);
        let shared = Arc::new(Mutex::new(self));
        background.run(Task::Snapshots, move || {
            let (shared, published) = (Arc::clone(&shared), Arc::clone(&published));
            async move {
                let mut companions = shared.lock().await;
                loop {
                    // Publishing comes first, because a run that panicked may have received a change without publishing it.
                    companions.publish(&published);
                    companions.changed().await;
                }
            }
        });
        snapshot
    }

    /// Replaces the snapshot if something has changed. The policies decide which version of a required companion is
    /// injected. After a panic the same changes are found again, because the last known state is replaced at the end.
    fn publish(&mut self, snapshot: &ArcSwap<Snapshot>) {
        let files = Arc::clone(&self.files.borrow_and_update().declarations);
        let state = self.cluster.as_mut().and_then(|cluster| cluster.snapshots.borrow_and_update().clone());
        self.settings.missing = self.registered.borrow_and_update().missing;
        let Published { mut effective, mut statuses, missing } = self.published.clone();
        let mut changes = effective.follow(files, state);
        if let Some(policies) = &mut self.policies {
            policies.settle(&mut effective, &mut changes);
        }
        let stale = self.cluster.as_ref().and_then(ClusterSource::stale);
        let registered = missing != self.settings.missing;
        if changes.behavior || registered || !self.has_snapshot || stale != self.stale {
            let new = Snapshot { stale, ..effective.snapshot(self.settings.clone()) };
            retire(snapshot.swap(Arc::new(new)));
            (self.has_snapshot, self.stale) = (true, stale);
        }
        statuses.follow(&effective, &changes, &self.settings);
        if registered {
            statuses.reassess(&effective, &self.settings);
        }
        // The counter of a version ends with it. All others are visited rarely, because a change must not cost more where
        // there are more companions.
        self.injected.extend(self.published.effective.take_injections_of(changes.keys().iter()));
        if self.injections_due <= Instant::now() {
            self.injections_due = Instant::now() + INJECTIONS_INTERVAL;
            self.injected.extend(effective.take_injections());
            let injected = std::mem::take(&mut self.injected);
            statuses.record_injections(injected.iter().map(|(key, _)| key), Timestamp::now());
            if self.companion_metrics {
                self.metrics.source.record_injections(&injected, &effective);
            }
        }
        self.record(&effective, &statuses);
        // A status reports a version as active only after the snapshot has it.
        if let Some(cluster) = &self.cluster {
            cluster.wanted.send_replace(statuses.desired().clone());
        }
        self.published = Published { effective, statuses, missing: self.settings.missing };
        if let Some(policies) = &mut self.policies {
            policies.published();
        }
    }

    fn record(&self, effective: &Effective, statuses: &Statuses) {
        self.metrics.source.record(effective, statuses);
        self.metrics.record_registrations(*self.registered.borrow());
        let missing = statuses.missing_webhooks();
        self.metrics.certificates.set_needed_missing(!missing.is_empty());
        self.needed.send_if_modified(|needed| std::mem::replace(needed, missing) != missing);
    }

    fn warn_of_required(&self) {
        if !self.settings.required && self.published.effective.has_required() {
            tracing::warn!(
                "a required companion is not injected because required companions are disabled; see --required-companions"
            );
        }
    }

    async fn changed(&mut self) {
        let CompanionSources { files, cluster, policies, registered, stale, injections_due, .. } = self;
        let cluster = async {
            match cluster {
                Some(cluster) => cluster.changed(*stale).await,
                None => std::future::pending().await,
            }
        };
        let policies = async {
            match policies {
                Some(policies) => policies.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok(()) = files.changed() => {}
            () = cluster => {}
            () = policies => {}
            Ok(()) = registered.changed() => {}
            () = sleep_until(*injections_due) => {}
            else => std::future::pending().await,
        }
    }
}

impl ClusterSource {
    /// Whether there may be newer objects, because a watch fails.
    fn stale(&self) -> Option<Stale> {
        self.health.silence(SystemTime::now()).map(|seconds| Stale { seconds })
    }

    /// Waits until the state of the cluster is another one, or is outdated since another time.
    async fn changed(&mut self, stale: Option<Stale>) {
        while timeout(STALE_INTERVAL, self.snapshots.changed()).await.is_err() {
            if self.stale() != stale {
                return;
            }
        }
    }
}
