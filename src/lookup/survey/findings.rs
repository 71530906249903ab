//! What a survey has found so far, and the warnings about it.

use std::fmt::Write as _;

use serde::Deserialize;

use super::question::SurveyQuestion;
use crate::inject::Request;
use crate::lookup::response::LookupError;
use crate::workload::{Impact, ImpactCounts, WorkloadKind, created_pods, impact};

/// How many workloads that would be denied are named.
const MOST_NAMED: usize = 2;

/// How a survey ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SurveyEnd {
    /// All workloads were reviewed.
    Complete,
    /// Some were not, because the deadline had passed.
    OutOfTime,
    /// Some were not, because a request failed.
    Failed(String),
    /// None was, because the namespace of the companion is not known.
    UnknownNamespace,
    /// None was, because another survey was in progress.
    Busy,
}

impl SurveyEnd {
    /// How a survey ends when the lookup of a resource fails.
    pub(super) fn of(resource: &str, error: &LookupError) -> Self {
        match error {
            LookupError::OutOfTime => SurveyEnd::OutOfTime,
            error => SurveyEnd::Failed(format!("{resource}: {error}")),
        }
    }
}

/// What was found so far. Of the workloads, only the first ones that would be denied are kept.
#[derive(Debug, Default)]
pub(super) struct SurveyFindings {
    counts: ImpactCounts,
    /// Sentences about the first workloads that would be denied.
    denied: Vec<String>,
    /// The resources that the user may not list.
    forbidden: Vec<&'static str>,
}

/// The fields of a workload that messages name.
#[derive(Deserialize)]
struct NamedObject {
    metadata: ObjectName,
}

#[derive(Deserialize)]
struct ObjectName {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
}

impl SurveyFindings {
    /// Records that the user may not list a resource.
    pub(super) fn forbid(&mut self, resource: &'static str) {
        self.forbidden.push(resource);
    }

    /// Reviews a workload, which is JSON. An API server stores none that cannot be read.
    pub(super) fn review(&mut self, kind: &WorkloadKind, json: &str, question: &SurveyQuestion<'_>) {
        let Ok(NamedObject { metadata }) = serde_json::from_str(json) else { return };
        let pods = created_pods(kind.group, kind.kind, json).unwrap_or_default();
        let Some((_, pod)) = pods.into_iter().next() else { return };
        let request = Request { pod, namespace: &metadata.namespace, webhook: None, requester: "" };
        let impact = impact(&request, question.before, question.after);
        self.counts.count(&impact);
        if let Impact::Denied(causes) = impact
            && self.denied.len() < MOST_NAMED
        {
            let (kind, ObjectName { name, namespace }) = (kind.kind.to_ascii_lowercase(), &metadata);
            self.denied.push(format!("Pods of {kind} {namespace}/{name} would be denied: {}", causes.join("; ")));
        }
    }

    /// The warnings: the counts, and the first workloads that would be denied.
    pub(super) fn warnings(self, end: &SurveyEnd, namespace: Option<&str>, names: bool) -> Vec<String> {
        let SurveyFindings { counts, denied, forbidden } = &self;
        let is_complete = *end == SurveyEnd::Complete && forbidden.is_empty();
        if is_complete && counts.denied == 0 && counts.changed == 0 {
            return Vec::new();
        }
        let mut first = if counts.workloads == 0 {
            "podgraft: existing workloads were not reviewed".to_owned()
        } else {
            format!("podgraft: of {counts}")
        };
        self.write_omissions(end, &mut first);
        let are_named = counts.denied <= if names { MOST_NAMED } else { 0 };
        if *end != SurveyEnd::Complete || !are_named {
            let scope = match namespace.filter(|_| *end != SurveyEnd::UnknownNamespace) {
                Some(namespace) => format!("-n {namespace}"),
                None => "-A".to_owned(),
            };
            // Writing to a String cannot fail.
            let _ = write!(first, "; run `podgraft explain --with FILE {scope}`, which reviews and lists all");
        }
        let named = denied.iter().filter(|_| names).map(|sentence| format!("podgraft: {sentence}"));
        std::iter::once(first).chain(named).collect()
    }

    /// Why the counts do not include all workloads.
    fn write_omissions(&self, end: &SurveyEnd, out: &mut String) {
        let is_partial = self.counts.workloads > 0;
        let reason = match end {
            SurveyEnd::Complete => None,
            SurveyEnd::OutOfTime => Some("the time of a preview is limited"),
            SurveyEnd::Failed(message) => Some(&**message),
            SurveyEnd::UnknownNamespace => Some("podgraft does not know the namespace yet"),
            SurveyEnd::Busy => Some("those of another companion are being reviewed"),
        };
        let forbidden = (!self.forbidden.is_empty()).then(|| format!("you may not list {}", self.forbidden.join(", ")));
        let reasons: Vec<&str> = reason.into_iter().chain(forbidden.as_deref()).collect();
        if !reasons.is_empty() {
            let subject = if is_partial { "; not all were reviewed: " } else { ": " };
            let _ = write!(out, "{subject}{}", reasons.join(", and "));
        }
    }
}
