//! The queue between the review threads and the thread that creates events.

use tokio::sync::mpsc;

use super::controller::controller_of;
use super::metrics::{EventResult, Metrics};
use super::occurrence::{EventType, Occurrence, note};
use crate::admission::ReviewRecord;
use crate::inject::verdict::{Decision, Effect, Finding};

/// How many events can wait. Each has at most a few KiB.
const CAPACITY: usize = 256;
/// How many events one review can cause; the log has all reasons.
const MAX_OF_REVIEW: usize = 16;

/// The end of the queue that review threads have. Clones share the queue.
#[derive(Debug, Clone)]
pub struct EventQueue {
    sender: mpsc::Sender<Occurrence>,
    metrics: Metrics,
}

/// The other end.
pub type PendingEvents = mpsc::Receiver<Occurrence>;

impl EventQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(metrics: Metrics) -> (Self, PendingEvents) {
        let (sender, pending) = mpsc::channel(CAPACITY);
        (EventQueue { sender, metrics }, pending)
    }

    /// Queues an event on the Pod's controller for each companion that a review has skipped. It never waits: what finds the
    /// queue full is dropped. A dry run has no events, because it must have no side effects, and a Pod that is denied has none,
    /// because its controller reports the denial.
    pub fn report(&self, record: &ReviewRecord<'_>) {
        let Some(verdict) = record.verdict.filter(|_| !record.dry_run && !record.owner_references.is_empty()) else {
            return;
        };
        if !matches!(verdict.decision, Decision::Admit | Decision::Patch(_)) {
            return;
        }
        let mut skipped = verdict.findings.iter().filter(|finding| finding.is_skipped()).take(MAX_OF_REVIEW).peekable();
        if skipped.peek().is_none() {
            return;
        }
        let Some(controller) = controller_of(record.owner_references, record.namespace) else { return };
        for finding in skipped {
            match self.sender.try_reserve() {
                Ok(place) => place.send(occurrence(finding, controller.clone())),
                Err(_) => self.metrics.count(EventResult::Dropped),
            }
        }
    }
}

fn occurrence(finding: &Finding<'_>, regarding: k8s_openapi::api::core::v1::ObjectReference) -> Occurrence {
    Occurrence {
        regarding,
        subject: finding.companion.as_deref().unwrap_or_default().into(),
        reason: finding.reason.label(),
        action: "InjectCompanion",
        note: note(format_args!("{finding}")),
        event_type: if finding.effect == Effect::Info { EventType::Normal } else { EventType::Warning },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::ReviewResult;
    use crate::inject::verdict::reason::{Outcome, Reason, Remark};
    use crate::inject::verdict::{Verdict, Via};

    const OWNERS: &str =
        r#"[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-1","uid":"u-1","controller":true}]"#;

    fn finding(companion: &str, reason: impl Into<Reason>, effect: Effect) -> Finding<'_> {
        let (reason, outcome) = (reason.into(), true);
        Finding { companion: Some(companion.into()), via: Some(Via::Automatic), reason, effect, outcome }
    }

    /// The record of a review of a Pod that a ReplicaSet controls.
    fn record<'r>(verdict: &'r Verdict<'r>) -> ReviewRecord<'r> {
        ReviewRecord {
            webhook: "opted-in",
            result: ReviewResult::Unchanged,
            uid: "1-2",
            namespace: "shop",
            name: "web-1-",
            dry_run: false,
            owner_references: OWNERS,
            verdict: Some(verdict),
            complaint: "",
        }
    }

    /// The events of a review with these findings: object, companion, reason, type and note.
    fn events(decision: Decision, findings: Vec<Finding<'_>>, change: impl Fn(&mut ReviewRecord<'_>)) -> Vec<String> {
        let (queue, mut pending) = EventQueue::new(Metrics::default());
        let verdict = Verdict { decision, findings };
        let mut record = record(&verdict);
        change(&mut record);
        queue.report(&record);
        let mut events = Vec::new();
        while let Ok(Occurrence { regarding, subject, reason, note, event_type, .. }) = pending.try_recv() {
            let name = regarding.name.unwrap();
            events.push(format!("{name} {subject} {reason} {}: {note}", event_type.as_str()));
        }
        events
    }

    fn mixed() -> Vec<Finding<'static>> {
        let mut remark = finding("sync", Remark::Outdated, Effect::Warn);
        remark.outcome = false;
        vec![
            finding("sync", Outcome::Injected, Effect::Info),
            remark,
            finding("audit", Outcome::HostNetwork, Effect::Info),
            finding("blue", Outcome::CompanionInvalid, Effect::Warn),
        ]
    }

    #[test]
    fn each_skipped_companion_has_an_event_on_the_controller_of_the_pod() {
        let found = events(Decision::Patch(Vec::new()), mixed(), |_| {});
        assert_eq!(found.len(), 2, "{found:#?}");
        let expected = "web-1 audit HostNetwork Normal: companion audit is skipped: forbidden: the Pod uses";
        assert!(found[0].starts_with(expected), "{found:#?}");
        assert!(found[1].starts_with("web-1 blue CompanionInvalid Warning: companion blue is skipped: "), "{found:#?}");
    }

    #[test]
    fn a_dry_run_a_denial_and_a_pod_without_controller_have_no_event() {
        assert_eq!(events(Decision::Admit, mixed(), |record| record.dry_run = true), [""; 0]);
        assert_eq!(events(Decision::Admit, mixed(), |record| record.owner_references = ""), [""; 0]);
        assert_eq!(events(Decision::Admit, mixed(), |record| record.owner_references = "[{}]"), [""; 0]);
        assert_eq!(events(Decision::Admit, mixed(), |record| record.verdict = None), [""; 0]);
        for decision in [Decision::Deny, Decision::Unavailable] {
            assert_eq!(events(decision, mixed(), |_| {}), [""; 0]);
        }
        let many = (0..50).map(|_| finding("audit", Outcome::HostNetwork, Effect::Info)).collect();
        assert_eq!(events(Decision::Admit, many, |_| {}).len(), MAX_OF_REVIEW);
    }

    #[test]
    fn what_finds_the_queue_full_is_dropped_and_counted() {
        let metrics = Metrics::default();
        let (queue, pending) = EventQueue::new(metrics.clone());
        let verdict = Verdict { decision: Decision::Admit, findings: mixed() };
        let record = record(&verdict);
        (0..CAPACITY).for_each(|_| queue.report(&record));
        assert_eq!(pending.len(), CAPACITY);
        assert_eq!(metrics.counted(EventResult::Dropped), CAPACITY as u64);
    }
}
