//! Companions and Namespaces out of files, followed for as long as the server runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;

use crate::api::gate;
use crate::inject::catalogue::Listed;
use crate::inject::world::{Settings, World};
use crate::metrics::{Metrics, Reloadable};
use crate::source::files::{Files, Loaded, watch};
use crate::source::report::{Report, Severity};

/// Loads once, and goes on loading on the runtime. What is bad is told; it never keeps the server from starting, for
/// the other companions are good.
///
/// # Errors
/// A path does not exist: then there is nothing to follow.
pub(super) fn follow(
    paths: &[PathBuf],
    settings: Settings,
    interval: Duration,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Arc<ArcSwap<World>>> {
    for path in paths {
        path.metadata().with_context(|| format!("cannot read {}; see --companions", path.display()))?;
    }
    let required_is_off = !settings.required;
    let files = Files { paths: paths.to_vec(), settings };
    let first = files.load(&Loaded::default());
    tell(&first.report, metrics);
    if required_is_off && first.world.companions.entries().any(Listed::required) {
        tracing::warn!(
            "a companion is required, and is not injected: required companions are switched off; see --required-companions"
        );
    }
    let world = Arc::new(ArcSwap::new(Arc::clone(&first.world)));
    let metrics = Arc::clone(metrics);
    let tell_of_change = move |report: &Report| {
        metrics.reloaded(Reloadable::Companions, report.first_error().is_none());
        tell(report, &metrics);
    };
    tokio::spawn(watch(files, first, Arc::clone(&world), interval, tell_of_change));
    Ok(world)
}

fn tell(report: &Report, metrics: &Metrics) {
    metrics.companions(report.good, report.broken);
    metrics.manifest_errors(report.errors().count());
    for remark in &report.remarks {
        let (place, problem) = (remark.place(), remark.text());
        match remark.severity {
            Severity::Error => {
                tracing::error!(place, problem, "a manifest is wrong; its last good version stays, if it had one");
            }
            Severity::Warning => tracing::warn!(place, problem, "a manifest works, and should be looked at"),
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
