//! The preview: what would happen to the Pods of a workload, as warnings where users see them. It changes nothing.

mod keys;
mod pod_security;
mod unregistered;

use super::record::{ReviewRecord, ReviewResult};
use super::request::AdmissionRequest;
use super::response::{Answer, warning, warnings, within_bounds};
use super::unreadable::unreadable;
use crate::inject;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::reason::Remark;
use crate::inject::verdict::{Effect, Verdict};
use crate::json::JsonError;
use crate::text::truncate;
use crate::webhook::Configuration;
use crate::workload::{created_pods, missing_configuration};
use keys::{CheckedWorkload, misplaced_keys};
use pod_security::denials_by_pod_security;
use unregistered::unregistered;

/// The name of the webhook in logs and metrics.
const WEBHOOK: &str = Configuration::Preview.as_str();
/// How many causes of a denial have a warning of their own. Another warning counts the others.
const MAX_DENIALS: usize = 4;
/// The longest kind that is repeated, in characters: a CustomResourceDefinition allows 63.
const LONGEST_KIND: usize = 63;

/// Answers a review of a workload or a companion with warnings only. `validate` returns what is wrong with a companion, and what
/// is unwise, from its JSON. `observe` is called once, before this returns.
#[must_use]
pub fn preview(
    body: &[u8],
    snapshot: &Snapshot,
    validate: impl FnOnce(&str) -> Vec<String>,
    observe: impl FnOnce(&ReviewRecord<'_>),
) -> Answer {
    let request = match AdmissionRequest::read(body) {
        Ok(request) => request,
        Err(error) => return unreadable(WEBHOOK, &error, observe),
    };
    let warnings = match request.object {
        None => Ok(Vec::new()),
        Some(object) if request.kind.group == "podgraft.dev" => Ok(validate(object)),
        Some(object) => preview_workload(object, &request, snapshot),
    };
    let warnings = match warnings {
        Ok(warnings) => within_bounds(warnings.into_iter()),
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
) -> Result<Vec<String>, JsonError> {
    let kind = &*truncate(&*request.kind.name, LONGEST_KIND);
    let pods = created_pods(&request.kind.group, &request.kind.name, object)?;
    let template = pods.first().map(|(at, pod)| (&**at, pod));
    let mut all = misplaced_keys(
        &CheckedWorkload { group: &request.kind.group, kind, object, template },
        snapshot.settings.hints,
    )?;
    for (_, pod) in pods {
        let missing = missing_configuration(&pod, &request.namespace, snapshot);
        let review = inject::Request { pod, namespace: &request.namespace, webhook: None, requester: "" };
        let warnings = match missing {
            Some(configuration) => unregistered(configuration, &review, kind, snapshot).into_iter().collect(),
            None => review_of_template(&review, kind, snapshot),
        };
        for warning in warnings {
            if !all.contains(&warning) {
                all.push(warning);
            }
        }
    }
    Ok(all)
}

/// Warnings about the Pods of a template.
fn review_of_template(request: &inject::Request<'_>, kind: &str, snapshot: &Snapshot) -> Vec<String> {
    let mut verdict = inject::judge(request, snapshot);
    // The webhook adds pull secrets to Pods, which have those of the ServiceAccount by then. Only a template would lose them.
    verdict.findings.retain(|finding| finding.reason != Remark::PullSecretsReplaced.into());
    let mut all = Vec::new();
    // An undecided companion is no denial yet: the API server will know the labels of the Pod.
    for finding in verdict.findings.iter_mut().filter(|finding| finding.effect == Effect::Deny) {
        if finding.reason.is_undecided() {
            finding.effect = Effect::Warn;
        }
    }
    denials(&verdict, kind, &mut all);
    all.extend(denials_by_pod_security(request, &verdict, kind, snapshot));
    all.extend(warnings(&verdict));
    all
}

/// One warning for each cause of a denial. The causes beyond the first ones are counted: an answer has room for few warnings.
fn denials(verdict: &Verdict<'_>, kind: &str, all: &mut Vec<String>) {
    let mut causes = verdict.with_effect(Effect::Deny);
    for cause in causes.by_ref().take(MAX_DENIALS) {
        all.push(warning(format_args!("podgraft: Pods of this {kind} will be denied: {cause}")));
    }
    let more = causes.count();
    if more > 0 {
        all.push(format!("podgraft: Pods of this {kind} will be denied for {more} more reasons"));
    }
}
