//! What a survey has found so far, and the warnings about it.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use serde::Deserialize;

use super::question::{SurveyQuestion, UNAUTHENTICATED_INTERVAL};
use crate::inject::Request;
use crate::lookup::callers::Callers;
use crate::lookup::response::LookupError;
use crate::workload::{Impact, ImpactCounts, WorkloadKind, created_pods, impact};

/// How many workloads that would be denied are named.
const MOST_NAMED: usize = 2;

/// How a survey ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SurveyEnd {
    /// All workloads were reviewed.
    Complete,
    /// Some may not have been, because the deadline had passed.
    OutOfTime,
    /// Some were not, because a request failed.
    Failed(String),
    /// None was, because the namespace of the companion is not known.
    UnknownNamespace,
    /// None was, because the request names no user whose rights could be checked.
    UnknownUser,
    /// None was, because the user is longer than what a question about a right repeats.
    UserTooLong,
    /// None was, because another survey was in progress.
    Busy,
    /// None was, because another survey began a short time ago.
    TooSoon,
}

impl SurveyEnd {
    /// How a survey ends when a lookup fails.
    pub(super) fn of(failure: impl fmt::Display, error: &LookupError) -> Self {
        match error {
            LookupError::OutOfTime => SurveyEnd::OutOfTime,
            error => SurveyEnd::Failed(format!("{failure}: {error}")),
        }
    }

    /// Why workloads were not reviewed; `None` if all were.
    fn reason(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            SurveyEnd::Complete => return None,
            SurveyEnd::OutOfTime => "the time limit of a preview was reached".into(),
            SurveyEnd::Failed(message) => message.into(),
            SurveyEnd::UnknownNamespace => "podgraft does not know the namespace yet".into(),
            SurveyEnd::UnknownUser => "what you may list was not checked, because the request names no user".into(),
            SurveyEnd::UserTooLong => {
                "what you may list was not checked, because your name, groups and extra fields exceed 16 KiB".into()
            }
            SurveyEnd::Busy => "another preview is reviewing them".into(),
            SurveyEnd::TooSoon => {
                let seconds = UNAUTHENTICATED_INTERVAL.as_secs();
                format!("only one preview in {seconds} s reviews them, and another one did").into()
            }
        })
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
    pub(super) fn warnings(self, end: &SurveyEnd, namespace: Option<&str>, callers: Callers) -> Vec<String> {
        let SurveyFindings { counts, denied, .. } = &self;
        let omissions = self.omissions(end);
        if omissions.is_none() && counts.denied == 0 && counts.changed == 0 {
            return Vec::new();
        }
        let mut first = self.summary(omissions);
        let most_named = if callers == Callers::Authenticated { MOST_NAMED } else { 0 };
        if *end != SurveyEnd::Complete || counts.denied > most_named {
            let scope = match namespace.filter(|_| *end != SurveyEnd::UnknownNamespace) {
                Some(namespace) => format!("-n {namespace}"),
                None => "-A".to_owned(),
            };
            // Writing to a String cannot fail.
            let _ = write!(first, "; run `podgraft explain --with FILE {scope}`, which reviews and lists all");
        }
        let named = denied.iter().take(most_named).map(|sentence| format!("podgraft: {sentence}"));
        std::iter::once(first).chain(named).collect()
    }

    /// Why there may be workloads that are not counted.
    fn omissions(&self, end: &SurveyEnd) -> Option<String> {
        let forbidden = (!self.forbidden.is_empty()).then(|| format!("you may not list {}", self.forbidden.join(", ")));
        let reasons: Vec<_> = end.reason().into_iter().chain(forbidden.map(Cow::from)).collect();
        (!reasons.is_empty()).then(|| reasons.join(", and "))
    }

    fn summary(&self, omissions: Option<String>) -> String {
        let counts = &self.counts;
        match omissions {
            None => format!("podgraft: of {counts}"),
            Some(why) if counts.workloads == 0 => format!("podgraft: existing workloads were not reviewed: {why}"),
            Some(why) => {
                let reviewed = if counts.workloads == 1 { "workload that was" } else { "workloads that were" };
                let ImpactCounts { workloads, .. } = counts;
                format!(
                    "podgraft: of the {workloads} {reviewed} reviewed, {}; others may exist: {why}",
                    counts.effects()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(workloads: usize, denied: usize, changed: usize, forbidden: &[&'static str]) -> SurveyFindings {
        let counts = ImpactCounts { workloads, denied, changed };
        let sentence = |i| format!("Pods of deployment shop/web-{i} would be denied: a port");
        SurveyFindings {
            counts,
            denied: (0..denied.min(MOST_NAMED)).map(sentence).collect(),
            forbidden: forbidden.to_vec(),
        }
    }

    #[test]
    fn each_warning_says_how_many_workloads_were_reviewed_and_why_there_may_be_others() {
        let hint = "; run `podgraft explain --with FILE -n shop`, which reviews and lists all";
        let failed = SurveyEnd::of("cannot list cronjobs", &LookupError::Unreachable);
        for (findings, end, expected, has_hint) in [
            (
                found(4, 1, 2, &[]),
                SurveyEnd::Complete,
                "of 4 workloads, 1 would be denied, and 2 would change at the next rollout",
                false,
            ),
            (
                found(4, 3, 0, &[]),
                SurveyEnd::Complete,
                "of 4 workloads, 3 would be denied, and 0 would change at the next rollout",
                true,
            ),
            (
                found(250, 0, 7, &[]),
                SurveyEnd::OutOfTime,
                "of the 250 workloads that were reviewed, 0 would be denied, and 7 would change at the next rollout; others may exist: the \
                 time limit of a preview was reached",
                true,
            ),
            (
                found(1, 0, 0, &["statefulsets"]),
                failed,
                "of the 1 workload that was reviewed, 0 would be denied, and 0 would change at the next rollout; others may exist: cannot \
                 list cronjobs: the API server cannot be reached, and you may not list statefulsets",
                true,
            ),
            (
                found(0, 0, 0, &[]),
                SurveyEnd::OutOfTime,
                "existing workloads were not reviewed: the time limit of a preview was reached",
                true,
            ),
            (
                found(0, 0, 0, &["jobs"]),
                SurveyEnd::Complete,
                "existing workloads were not reviewed: you may not list jobs",
                false,
            ),
        ] {
            let warnings = findings.warnings(&end, Some("shop"), Callers::Authenticated);
            assert_eq!(warnings[0], format!("podgraft: {expected}{}", if has_hint { hint } else { "" }));
        }
        assert_eq!(found(9, 0, 0, &[]).warnings(&SurveyEnd::Complete, None, Callers::Authenticated), [""; 0]);
    }
}
