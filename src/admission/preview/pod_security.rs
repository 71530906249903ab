//! Pods that Pod Security denies because of a companion. API servers report it only when a controller creates the Pods.

use crate::inject;
use crate::inject::companion::pod_security::PodSecurityLevel;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::Verdict;
use crate::inject::verdict::reason::Outcome;

/// A warning for each injected companion that violates the level that the namespace enforces.
pub(super) fn denials_by_pod_security(
    request: &inject::Request<'_>,
    verdict: &Verdict<'_>,
    kind: &str,
    snapshot: &Snapshot,
) -> Vec<String> {
    let name = request.namespace;
    let Some(level) = snapshot.namespaces.listed(name).and_then(PodSecurityLevel::enforced_by) else {
        return Vec::new();
    };
    let injected = verdict.outcomes().filter(|(_, finding)| finding.reason == Outcome::Injected.into());
    let denied = injected.filter_map(|(companion, _)| {
        let violations = &snapshot.companions.resolve(name, companion)?.valid()?.pod_security;
        let mut violations = violations.iter().filter(|violation| violation.denies(&request.pod, level));
        let (first, more) = (violations.next()?, violations.count());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        Some(format!(
            "podgraft: Pods of this {kind} will be denied by Pod Security level {}, which namespace {name} enforces: companion {companion} \
             violates it ({}{more}); ask the author of the companion to run `podgraft validate`, which reports how to fix it",
            level.as_str(),
            first.field
        ))
    });
    denied.collect()
}
