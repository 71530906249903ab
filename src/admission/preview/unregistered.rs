//! The warning about Pods that no API server sends to podgraft.

use crate::inject;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::{Effect, Via};
use crate::webhook::Configuration;

/// The warning about Pods that a configuration would select, if podgraft would inject companions or deny the Pods. Of
/// companions that were not requested, users are warned where their namespace is opted in: elsewhere the companion's own
/// status is the place for it.
pub(super) fn unregistered(
    configuration: Configuration,
    review: &inject::Request<'_>,
    kind: &str,
    snapshot: &Snapshot,
) -> Option<String> {
    let verdict = inject::judge(review, snapshot);
    let is_required = snapshot.settings.required && verdict.findings.iter().any(|f| f.via == Some(Via::Required));
    let is_expected = matches!(configuration, Configuration::Requested | Configuration::OptedIn);
    let is_concerned = verdict.findings.iter().any(|finding| finding.outcome || finding.effect == Effect::Deny);
    if !is_concerned || !is_required && !is_expected {
        return None;
    }
    let name = configuration.name(&snapshot.settings.installation);
    let fate = if is_required {
        "will be denied, because they lack a required companion"
    } else {
        "are created without companions"
    };
    Some(format!(
        "podgraft: webhook configuration {name} does not exist: Pods of this {kind} {fate}; ask the platform team to run \
         helm upgrade, which restores it"
    ))
}
