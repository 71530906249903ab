//! The preview: what would happen to the Pods of a workload, as warnings where users see them. It changes nothing.

mod applied;
mod keys;
mod pod_security;
mod unregistered;

use super::record::{ReviewRecord, ReviewResult};
use super::request::AdmissionRequest;
use super::response::{
    Answer, LONGEST_REFUSAL, MOST_COUNTED_WARNINGS, all_warnings, counted_within_bounds, named, warning,
};
use super::unreadable::unreadable;
use crate::inject;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::reason::{Outcome, Remark};
use crate::inject::verdict::{Effect, Verdict};
use crate::json::JsonError;
use crate::text::truncate;
use crate::webhook::Configuration;
use crate::workload::{created_pods, missing_configuration};
pub use applied::{Applied, AppliedWorkload, InjectedPatch, is_of_a_companion, user_of};
use keys::{CheckedWorkload, misplaced_keys};
use pod_security::denials_by_pod_security;
use unregistered::unregistered;

/// The name of the webhook in logs and metrics.
const WEBHOOK: &str = Configuration::Preview.as_str();
/// How many causes of a denial have a warning of their own. Another warning counts the others.
const MAX_DENIALS: usize = 4;
/// What leads to the warnings about a companion, or a workload, that an answer has no room for.
const SEE_ALL_OF_COMPANION: &str = "run `podgraft validate` to see all problems of the companion";
const SEE_ALL_OF_WORKLOAD: &str = "fix these, and apply the workload again to see the others";
/// The longest kind that is repeated, in characters: a CustomResourceDefinition allows 63.
const LONGEST_KIND: usize = 63;

/// Answers a review of a workload or a companion with warnings only. `advise` returns further warnings: all those about a
/// companion, and those about a workload that need more than a review. It is called for each companion, and for a workload
/// whose Pods get a companion. `observe` is called once, before this returns.
#[must_use]
pub fn preview(
    body: &[u8],
    snapshot: &Snapshot,
    advise: impl FnOnce(&Applied<'_>) -> Vec<String>,
    observe: impl FnOnce(&ReviewRecord<'_>),
) -> Answer {
    let request = match AdmissionRequest::read(body) {
        Ok(request) => request,
        Err(error) => return unreadable(WEBHOOK, &error, observe),
    };
    let warnings = match request.object {
        None => Ok(Vec::new()),
        Some(object) if request.is_of_podgraft() => {
            Ok(advise(&Applied::Companion { object, namespace: &request.namespace }))
        }
        Some(object) => preview_workload(object, &request, snapshot, advise),
    };
    let remedy = if request.is_of_podgraft() { SEE_ALL_OF_COMPANION } else { SEE_ALL_OF_WORKLOAD };
    let warnings = match warnings {
        Ok(warnings) => counted_within_bounds(warnings, remedy),
        Err(error) => return unreadable(WEBHOOK, &error, observe),
    };
    observe(&ReviewRecord {
        webhook: WEBHOOK,
        result: ReviewResult::Unchanged,
        uid: &request.uid,
        namespace: &request.namespace,
        name: request.name(),
        dry_run: request.dry_run,
        owner_references: "",
        verdict: None,
        complaint: "",
    });
    Answer::of_warnings(&request.uid, &warnings)
}

fn preview_workload(
    object: &str,
    request: &AdmissionRequest<'_>,
    snapshot: &Snapshot,
    advise: impl FnOnce(&Applied<'_>) -> Vec<String>,
) -> Result<Vec<String>, JsonError> {
    let (group, kind) = (&*request.kind.group, &*truncate(&*request.kind.name, LONGEST_KIND));
    let pods = created_pods(group, &request.kind.name, object)?;
    let template = pods.first().map(|(at, pod)| (&**at, pod));
    let mut all = misplaced_keys(&CheckedWorkload { group, kind, object, template }, snapshot.settings.hints)?;
    let mut advise = Some(advise);
    for (_, pod) in pods {
        let review = inject::Request { pod, namespace: &request.namespace, webhook: None, requester: "" };
        let PreviewedPod { denials, remarks, is_injected } = preview_pod(&review, kind, snapshot);
        let (of_kind, name) = (&request.kind, request.name());
        let workload = AppliedWorkload { kind: of_kind, shown_kind: kind, name, review: &review, snapshot };
        let advise = advise.take_if(|_| is_injected);
        let advised = advise.map(|advise| advise(&Applied::Workload(&workload))).unwrap_or_default();
        // What is looked up can be a denial, and remarks can be many.
        for warning in denials.into_iter().chain(advised).chain(remarks) {
            if all.len() < MOST_COUNTED_WARNINGS && !all.contains(&warning) {
                all.push(warning);
            }
        }
    }
    Ok(all)
}

/// What is known of the Pods of a template.
struct PreviewedPod {
    denials: Vec<String>,
    /// Warnings about Pods that may be created.
    remarks: Vec<String>,
    /// Whether they get a companion.
    is_injected: bool,
}

fn preview_pod(review: &inject::Request<'_>, kind: &str, snapshot: &Snapshot) -> PreviewedPod {
    match missing_configuration(&review.pod, review.namespace, snapshot) {
        None => review_of_template(review, kind, snapshot),
        Some(configuration) => {
            let denials = unregistered(configuration, review, kind, snapshot).into_iter().collect();
            PreviewedPod { denials, remarks: Vec::new(), is_injected: false }
        }
    }
}

fn review_of_template(request: &inject::Request<'_>, kind: &str, snapshot: &Snapshot) -> PreviewedPod {
    let mut verdict = inject::judge(request, snapshot);
    // The webhook adds pull secrets to Pods, which have those of the ServiceAccount by then. Only a template would lose them.
    verdict.findings.retain(|finding| finding.reason != Remark::PullSecretsReplaced.into());
    // An undecided companion is no denial yet: the API server will know the labels of the Pod.
    for finding in verdict.findings.iter_mut().filter(|finding| finding.effect == Effect::Deny) {
        if finding.reason.is_undecided() {
            finding.effect = Effect::Warn;
        }
    }
    let mut denials = denials(&verdict, kind);
    denials.extend(denials_by_pod_security(request, &verdict, kind, snapshot));
    let remarks = all_warnings(&verdict).take(MOST_COUNTED_WARNINGS).collect();
    let is_injected = verdict.findings.iter().any(|finding| finding.reason == Outcome::Injected.into());
    PreviewedPod { denials, remarks, is_injected }
}

/// One warning for each cause of a denial. The causes beyond the first ones are counted: an answer has room for few warnings.
fn denials(verdict: &Verdict<'_>, kind: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut causes = verdict.with_effect(Effect::Deny);
    for cause in causes.by_ref().take(MAX_DENIALS) {
        all.push(warning(format_args!(
            "podgraft: Pods of this {kind} will be denied: {}",
            named(LONGEST_REFUSAL, cause)
        )));
    }
    let more = causes.count();
    if more > 0 {
        all.push(format!("podgraft: Pods of this {kind} will be denied for {more} more reasons"));
    }
    all
}
