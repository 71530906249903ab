//! Companions and Namespaces out of files, followed for as long as the server runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::api::gate;
use crate::inject::world::{Settings, World};
use crate::metrics::{Metrics, Reloadable};
use crate::source::files::{Files, Loaded, watch};
use crate::source::report::{Report, Severity};

/// Loads once, and goes on loading on the runtime. What is bad is told; it never keeps the server from starting, for
/// the other companions are good.
pub(super) fn follow(
    paths: &[PathBuf],
    settings: Settings,
    interval: Duration,
    metrics: &Arc<Metrics>,
) -> Arc<ArcSwap<World>> {
    let files = Files { paths: paths.to_vec(), settings };
    let first = files.load(&Loaded::default());
    tell(&first.report, metrics);
    let world = Arc::new(ArcSwap::new(Arc::clone(&first.world)));
    let metrics = Arc::clone(metrics);
    let tell_of_change = move |report: &Report| {
        metrics.reloaded(Reloadable::Companions, report.first_error().is_none());
        tell(report, &metrics);
    };
    tokio::spawn(watch(files, first, Arc::clone(&world), interval, tell_of_change));
    world
}

fn tell(report: &Report, metrics: &Metrics) {
    metrics.companions(report.good, report.broken);
    for remark in &report.remarks {
        let (place, message) = (remark.place(), remark.text());
        match remark.severity {
            Severity::Error => tracing::error!(place, message, "a manifest is wrong; what was good before stays"),
            Severity::Warning => tracing::warn!(place, message, "a manifest works, and should be looked at"),
        }
    }
    tracing::info!(good = report.good, broken = report.broken, namespaces = report.namespaces, "companions loaded");
}

/// The longest companion that the preview looks at, in bytes: read whole it takes sixty times as much memory.
const LONGEST: usize = 512 << 10;

/// What the preview says of a companion that is applied.
pub(super) fn advise(object: &str) -> Vec<String> {
    if object.len() > LONGEST {
        return vec!["podgraft: too large to be looked at here; `podgraft validate` looks at all of it".to_owned()];
    }
    let Ok(object) = serde_json::from_str(object) else { return Vec::new() };
    let gated = gate::admit(&object);
    let problems = gated.problems.iter().map(|p| format!("podgraft: will not be used: {}: {}", p.field(), p.message));
    problems.chain(gated.warnings.iter().map(|w| format!("podgraft: {}: {}", w.field(), w.message))).collect()
}
