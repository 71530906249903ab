//! Companions and Namespaces, out of files and out of the cluster, followed for as long as the server runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use kube::Client;
use tokio::sync::{Mutex, watch};

use super::policies::PolicyReconciler;
use super::supervisor::{Background, Task};
use crate::inject::snapshot::{Settings, Snapshot};
use crate::metrics::{Metrics, Reloadable};
use crate::source::cluster;
use crate::source::cluster::{ClusterStates, DesiredStatus, WatchHealth};
use crate::source::effective::Effective;
use crate::source::files;
use crate::source::files::report::{LoadReport, Severity};
use crate::source::files::{Files, Loaded};
use crate::source::limits::MemoryLimits;

/// Everything that companions and Namespaces come from.
pub(crate) struct CompanionSources {
    files: watch::Receiver<Loaded>,
    cluster: Option<ClusterSource>,
    policies: Option<PolicyReconciler>,
    settings: Settings,
    metrics: Arc<Metrics>,
    known: Effective,
}

struct ClusterSource {
    snapshots: ClusterStates,
    health: Arc<WatchHealth>,
    wanted: watch::Sender<Vec<DesiredStatus>>,
}

impl CompanionSources {
    /// Loads the files once, and starts to follow them and the cluster. What is bad is told; it never keeps the server
    /// from starting, for the other companions are good.
    ///
    /// # Errors
    /// A path does not exist: then there is nothing to follow.
    pub(crate) fn follow(
        paths: &[PathBuf],
        interval: Duration,
        client: Option<Client>,
        policies: Option<PolicyReconciler>,
        (settings, limits): (Settings, MemoryLimits),
        metrics: &Arc<Metrics>,
        background: &mut Background,
    ) -> anyhow::Result<Self> {
        for path in paths {
            path.metadata().with_context(|| format!("cannot read {}; see --companions", path.display()))?;
        }
        let files = Files { paths: paths.to_vec(), limits };
        let files = follow_files(files, interval, client.is_some(), metrics, background);
        let cluster = client.map(|client| {
            let (snapshots, health, watching) = cluster::watch(&client, limits);
            background.run(Task::ClusterWatch, watching);
            let (wanted, receiver) = watch::channel(Vec::new());
            background.write(Task::StatusWriter, move || cluster::write(client.clone(), receiver.clone()));
            ClusterSource { snapshots, health, wanted }
        });
        Ok(CompanionSources {
            files,
            cluster,
            policies,
            settings,
            metrics: Arc::clone(metrics),
            known: Effective::default(),
        })
    }

    /// What /readyz says until the cluster has been caught up with.
    pub(crate) fn waiting(&self) -> impl Fn() -> Result<(), String> + Send + Sync + 'static + use<> {
        let health = self.health();
        move || health.as_ref().and_then(|health| health.waiting()).map_or(Ok(()), Err)
    }

    /// How the watches are; `None` where there is no cluster.
    pub(crate) fn health(&self) -> Option<Arc<WatchHealth>> {
        self.cluster.as_ref().map(|cluster| Arc::clone(&cluster.health))
    }

    /// The first snapshot of everything. It is waited for until all that the cluster says was heard once, and changes are
    /// told. From then on it is replaced whenever something changes.
    pub(crate) async fn snapshot(mut self, background: &mut Background) -> Arc<ArcSwap<Snapshot>> {
        if let Some(cluster) = &mut self.cluster {
            cluster.health.catch_up().await;
            // An error would mean that the watch has ended, which it never does.
            let _ = cluster.snapshots.wait_for(Option::is_some).await;
        }
        if let Some(policies) = &self.policies {
            policies.wait_until_synced().await;
        }
        let snapshot = Arc::new(ArcSwap::default());
        self.publish(&snapshot).await;
        self.warn_of_required();
        let (valid, invalid) = self.known.valid_and_invalid();
        tracing::info!(valid, invalid, namespaces = self.known.namespaces(), "companions known");
        let published = Arc::clone(&snapshot);
        let shared = Arc::new(Mutex::new(self));
        background.run(Task::Snapshots, move || {
            let (shared, published) = (Arc::clone(&shared), Arc::clone(&published));
            async move {
                let mut companions = shared.lock().await;
                loop {
                    // First of all, for whoever panicked before may have heard of a change and not published it.
                    companions.publish(&published).await;
                    companions.changed().await;
                }
            }
        });
        snapshot
    }

    /// Puts what is known now in the place of what was known. Which version of a required companion is injected is for
    /// the policies to say.
    async fn publish(&mut self, snapshot: &ArcSwap<Snapshot>) {
        let files = Arc::clone(&self.files.borrow_and_update().declarations);
        let state = self.cluster.as_mut().and_then(|cluster| cluster.snapshots.borrow_and_update().clone());
        let mut known = Effective::new(files, state);
        if let Some(policies) = &mut self.policies {
            policies.settle(&mut known);
        }
        if !known.same_behavior_as(&self.known) {
            let (settings, all) = (self.settings.clone(), known.clone());
            // With thousands of Namespaces this takes milliseconds, in which reviews are to be answered.
            match tokio::task::spawn_blocking(move || all.snapshot(settings)).await {
                Ok(made) => snapshot.store(Arc::new(made)),
                Err(error) => {
                    self.metrics.panics.inc();
                    tracing::error!(%error, "companions could not be put together; the last ones stay");
                }
            }
        }
        self.metrics.source.record(&known, &self.settings);
        // After the snapshot is stored, so that no status reports a version as active before it is injected.
        if let Some(cluster) = &self.cluster {
            cluster.wanted.send_replace(known.desired_statuses(&self.settings));
        }
        self.known = known;
    }

    fn warn_of_required(&self) {
        if !self.settings.required && self.known.has_required() {
            tracing::warn!(
                "a companion is required, and is not injected: required companions are switched off; see --required-companions"
            );
        }
    }

    async fn changed(&mut self) {
        let CompanionSources { files, cluster, policies, .. } = self;
        let cluster = async {
            match cluster {
                Some(cluster) => cluster.snapshots.changed().await,
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
            Ok(()) = cluster => {}
            () = policies => {}
            else => std::future::pending().await,
        }
    }
}

fn follow_files(
    files: Files,
    interval: Duration,
    with_cluster: bool,
    metrics: &Arc<Metrics>,
    background: &mut Background,
) -> watch::Receiver<Loaded> {
    let first = files.load(&Loaded::default());
    if !files.paths.is_empty() {
        tell(&first.report, with_cluster, metrics);
    }
    let (sender, receiver) = watch::channel(first);
    let metrics = Arc::clone(metrics);
    background.run(Task::FilesWatch, move || {
        let (files, sender, metrics) = (files.clone(), sender.clone(), Arc::clone(&metrics));
        let last = sender.borrow().clone();
        files::watch(files, last, interval, move |loaded: &Loaded| {
            metrics.reloaded(Reloadable::Companions, loaded.report.first_error().is_none());
            tell(&loaded.report, with_cluster, &metrics);
            sender.send_replace(loaded.clone());
        })
    });
    receiver
}

fn tell(report: &LoadReport, with_cluster: bool, metrics: &Metrics) {
    metrics.source.record_manifests(report);
    for remark in &report.remarks {
        let (place, problem) = (remark.place(), remark.text());
        match remark.severity {
            Severity::Error => {
                tracing::error!(place, problem, "a manifest is wrong; its last good version stays, if it had one");
            }
            Severity::Warning => tracing::warn!(place, problem, "a manifest works, and should be looked at"),
        }
    }
    if with_cluster && report.namespaces > 0 {
        tracing::warn!(
            namespaces = report.namespaces,
            "Namespaces in files do not count, for they come from the cluster; remove them from --companions"
        );
    }
    tracing::info!(valid = report.valid, invalid = report.invalid, namespaces = report.namespaces, "companions loaded");
}
