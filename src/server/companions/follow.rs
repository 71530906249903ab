//! Follows manifests in files, and reports what is wrong with them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::server::background::{Background, Task};
use crate::server::metrics::{Reloadable, ServerMetrics};
use crate::source::files;
use crate::source::files::report::{LoadReport, Severity};
use crate::source::files::{Files, Loaded};

/// Reads files, now and whenever they have changed. `with_cluster` says that Namespaces are read from a cluster.
pub(super) fn follow_files(
    files: Files,
    interval: Duration,
    with_cluster: bool,
    metrics: &Arc<ServerMetrics>,
    background: &mut Background,
) -> watch::Receiver<Loaded> {
    let first = files.load(&Loaded::default());
    if !files.paths.is_empty() {
        record(&first.report, with_cluster, metrics);
    }
    let (sender, receiver) = watch::channel(first);
    let metrics = Arc::clone(metrics);
    background.run(Task::FilesWatch, move || {
        let (files, sender, metrics) = (files.clone(), sender.clone(), Arc::clone(&metrics));
        let last = sender.borrow().clone();
        files::watch(files, last, interval, move |loaded: &Loaded| {
            metrics.reloaded(Reloadable::Companions, loaded.report.first_error().is_none());
            record(&loaded.report, with_cluster, &metrics);
            sender.send_replace(loaded.clone());
        })
    });
    receiver
}

fn record(report: &LoadReport, with_cluster: bool, metrics: &ServerMetrics) {
    metrics.source.record_manifests(report);
    for remark in &report.remarks {
        let (place, problem) = (remark.place(), remark.text());
        match remark.severity {
            Severity::Error => {
                tracing::error!(
                    place,
                    problem,
                    "invalid manifest; its last valid version stays in use, if there is one"
                );
            }
            Severity::Warning => tracing::warn!(place, problem, "manifest with a warning"),
        }
    }
    if with_cluster && report.namespaces > 0 {
        tracing::warn!(
            namespaces = report.namespaces,
            "Namespaces in files are ignored, because they are read from the cluster; remove them from --companions"
        );
    }
    tracing::info!(valid = report.valid, invalid = report.invalid, namespaces = report.namespaces, "manifests loaded");
}
