//! The preview: what would become of the Pods of a workload, told where people look. It changes nothing.

use super::record::{ReviewRecord, ReviewResult};
use super::request::AdmissionRequest;
use super::response::{Answer, refusal, warning, warnings, within_bounds};
use super::unreadable;
use crate::inject;
use crate::inject::keys;
use crate::inject::pod::Pod;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::Decision;
use crate::json::{JsonError, Reader};
use crate::text::format_truncated;
use crate::webhook::Configuration;

/// The name of the webhook in logs and metrics.
const WEBHOOK: &str = Configuration::Preview.as_str();
/// How many misplaced keys are named; the others are counted. The warnings that matter more come after them, and must find room.
const MAX_MISPLACED: usize = 2;
/// The longest of them that is repeated whole, in characters: our prefix, and what a name of an annotation may have.
const LONGEST_KEY: usize = 76;
/// The longest kind of a workload that is repeated, in characters: that of a resource definition has at most 63.
const LONGEST_KIND: usize = 63;

/// Answers a review of a workload or a companion with warnings only. `gate` tells what is wrong with a companion, and
/// what is unwise, from its JSON. `observe` is called once, before it returns.
#[must_use]
pub fn preview(
    body: &[u8],
    snapshot: &Snapshot,
    gate: impl FnOnce(&str) -> Vec<String>,
    observe: impl FnOnce(&ReviewRecord<'_>),
) -> Answer {
    let request = match AdmissionRequest::read(body) {
        Ok(request) => request,
        Err(complaint) => return unreadable(WEBHOOK, &complaint, observe),
    };
    let words = match request.object {
        None => Ok(Vec::new()),
        Some(object) if request.kind.group == "podgraft.dev" => Ok(gate(object)),
        Some(object) => preview_workload(object, &request, snapshot),
    };
    let words = match words {
        Ok(words) => within_bounds(words.into_iter()),
        Err(complaint) => return unreadable(WEBHOOK, &complaint, observe),
    };
    observe(&ReviewRecord {
        webhook: WEBHOOK,
        result: ReviewResult::Unchanged,
        uid: &request.uid,
        namespace: &request.namespace,
        name: request.name(),
        dry_run: request.dry_run,
        verdict: None,
        complaint: "",
    });
    Answer::of_warnings(&request.uid, &words)
}

fn preview_workload(
    object: &str,
    request: &AdmissionRequest<'_>,
    snapshot: &Snapshot,
) -> Result<Vec<String>, JsonError> {
    let workload = PreviewedWorkload::read(object)?;
    let kind = &format_truncated(LONGEST_KIND, format_args!("{}", request.kind.name));
    let mut words: Vec<String> = workload
        .misplaced
        .iter()
        .map(|key| {
            warning(format_args!("podgraft: {key} on the {kind} itself has no effect; set it on its Pod template"))
        })
        .collect();
    let all = workload.misplaced_keys;
    if all > words.len() {
        words.push(format!(
            "podgraft: {all} keys on the {kind} itself have no effect, all in all; set them on its Pod template"
        ));
    }
    let Some(template) = workload.template else { return Ok(words) };
    let pod = Pod::read(template.as_bytes())?;
    let asked = inject::Request { pod, namespace: &request.namespace, webhook: None, requester: "" };
    let verdict = inject::judge(&asked, snapshot);
    if verdict.decision == Decision::Deny {
        let grounds = refusal(&verdict);
        let grounds = grounds.strip_prefix("podgraft: ").unwrap_or(&grounds);
        words.push(format!("podgraft: Pods of this {kind} will be denied: {grounds}"));
    }
    words.extend(warnings(&verdict));
    Ok(words)
}

/// A workload as far as the preview looks at it.
#[derive(Default)]
struct PreviewedWorkload<'a> {
    template: Option<&'a str>,
    /// The first of our keys that stand where they have no effect.
    misplaced: Vec<String>,
    /// How many there are.
    misplaced_keys: usize,
}

impl<'a> PreviewedWorkload<'a> {
    fn read(object: &'a str) -> Result<Self, JsonError> {
        let mut workload = PreviewedWorkload::default();
        Reader::of(object).object(|r, key| match key {
            "metadata" => workload.read_metadata(r),
            "spec" => workload.read_spec(r),
            _ => r.skip(),
        })?;
        Ok(workload)
    }

    fn read_metadata(&mut self, r: &mut Reader<'a>) -> Result<(), JsonError> {
        r.object(|r, part| match part {
            "annotations" | "labels" => r
                .object(|r, key| {
                    let ours = key.strip_prefix(keys::PREFIX);
                    // A label may be meant for selecting the workload itself.
                    if ours.is_some_and(|rest| part == "annotations" || rest == "companions") && key != keys::STATUS {
                        self.misplaced_keys += 1;
                        if self.misplaced.len() < MAX_MISPLACED {
                            self.misplaced.push(format_truncated(LONGEST_KEY, format_args!("{key}")));
                        }
                    }
                    r.skip()
                })
                .map(|_| ()),
            _ => r.skip(),
        })
        .map(|_| ())
    }

    /// Finds the Pod template: `spec.template`, or `spec.jobTemplate.spec.template`, and none deeper than that.
    fn read_spec(&mut self, r: &mut Reader<'a>) -> Result<(), JsonError> {
        r.object(|r, key| match key {
            "template" => self.read_template(r),
            "jobTemplate" => r
                .object(|r, key| match key {
                    "spec" => {
                        r.object(|r, key| if key == "template" { self.read_template(r) } else { r.skip() }).map(|_| ())
                    }
                    _ => r.skip(),
                })
                .map(|_| ()),
            _ => r.skip(),
        })
        .map(|_| ())
    }

    fn read_template(&mut self, r: &mut Reader<'a>) -> Result<(), JsonError> {
        self.template = Some(r.raw()?).filter(|json| *json != "null");
        Ok(())
    }
}
