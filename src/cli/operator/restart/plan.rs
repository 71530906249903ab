//! Which workloads are restarted, and which cannot be.

use std::collections::BTreeMap;

use crate::cli::operator::census::{CompanionTally, WorkloadKey, WorkloadTally};
use crate::cli::stderr;

/// Which Pods are a reason for a restart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Pods without a companion that they should have.
    pub(super) missing: bool,
    /// Pods with another version of a companion than they would get now.
    pub(super) outdated: bool,
}

/// What is done about the workloads with such Pods.
#[derive(Debug, Default)]
pub(super) struct RestartPlan {
    /// The workloads to restart, each with the reason.
    pub(super) restarted: Vec<(WorkloadKey, String)>,
    /// The other workloads, each with why.
    pub(super) skipped: Vec<(WorkloadKey, String)>,
}

impl RestartPlan {
    /// The plan for what was counted.
    pub(super) fn new(tallies: &BTreeMap<WorkloadKey, WorkloadTally>, wanted: Wanted) -> Self {
        let mut plan = RestartPlan::default();
        for (key, tally) in tallies {
            let Some(reason) = wanted.reason(tally) else { continue };
            match hindrance(tally) {
                Some(why) => plan.skipped.push((key.clone(), why)),
                None => plan.restarted.push((key.clone(), reason)),
            }
        }
        plan
    }
}

impl Wanted {
    /// Why a workload needs a restart; `None` where it does not.
    fn reason(self, tally: &WorkloadTally) -> Option<String> {
        let of = |name: &str, companion: &CompanionTally| {
            let missing = (self.missing && companion.missing > 0).then(|| count(name, "is missing", companion.missing));
            let outdated =
                (self.outdated && companion.outdated > 0).then(|| count(name, "is outdated", companion.outdated));
            missing.into_iter().chain(outdated).collect::<Vec<_>>()
        };
        let reasons: Vec<String> = tally.companions.iter().flat_map(|(name, companion)| of(name, companion)).collect();
        (!reasons.is_empty()).then(|| reasons.join(", "))
    }
}

fn count(companion: &str, what: &str, pods: usize) -> String {
    format!("{companion} {what} in {}", stderr::number(pods, "Pod"))
}

/// Why a restart would do harm, or change nothing.
fn hindrance(tally: &WorkloadTally) -> Option<String> {
    if let Some(denial) = &tally.denial {
        return Some(format!("new Pods would be denied: {denial}"));
    }
    if tally.unreviewed {
        return Some("no webhook of podgraft receives its Pods; run podgraft check".to_owned());
    }
    tally.obstacle.map(|obstacle| obstacle.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::operator::census::Obstacle;

    fn tally(missing: usize, outdated: usize) -> WorkloadTally {
        let companion = CompanionTally { outdated, missing, ..CompanionTally::default() };
        let companions = BTreeMap::from([("sync".into(), companion)]);
        WorkloadTally { companions, pods: 3, ..WorkloadTally::default() }
    }

    fn plan(tally: WorkloadTally, wanted: Wanted) -> String {
        let key = WorkloadKey { namespace: "shop".into(), kind: "deployment".into(), name: "web".into() };
        let plan = RestartPlan::new(&BTreeMap::from([(key, tally)]), wanted);
        let word = |all: &[(WorkloadKey, String)], word: &str| {
            all.iter().map(|(key, why)| format!("{word} {key}: {why}")).collect::<Vec<_>>().concat()
        };
        word(&plan.restarted, "restart") + &word(&plan.skipped, "skip")
    }

    #[test]
    fn workloads_are_chosen_by_missing_and_by_outdated_pods() {
        let (missing, outdated) =
            (Wanted { missing: true, outdated: false }, Wanted { missing: false, outdated: true });
        assert_eq!(plan(tally(2, 0), missing), "restart deployment/web -n shop: sync is missing in 2 Pods");
        assert_eq!(plan(tally(2, 0), outdated), "");
        assert_eq!(plan(tally(0, 1), outdated), "restart deployment/web -n shop: sync is outdated in 1 Pod");
        assert_eq!(plan(tally(0, 1), missing), "");
        let both = plan(tally(2, 1), Wanted { missing: true, outdated: true });
        assert!(both.ends_with("sync is missing in 2 Pods, sync is outdated in 1 Pod"), "{both}");
        assert_eq!(plan(tally(0, 0), Wanted { missing: true, outdated: true }), "");
    }

    #[test]
    fn a_workload_is_skipped_where_a_restart_would_do_harm_or_change_nothing() {
        let wanted = Wanted { missing: true, outdated: true };
        let denied = WorkloadTally { denial: Some("companion snyc: not found".into()), ..tally(1, 0) };
        assert!(
            plan(denied, wanted).starts_with("skip deployment/web -n shop: new Pods would be denied: companion snyc")
        );
        let unreviewed = WorkloadTally { unreviewed: true, ..tally(1, 0) };
        assert!(plan(unreviewed, wanted).contains("podgraft check"));
        for obstacle in [Obstacle::Kind, Obstacle::Paused, Obstacle::OnDelete, Obstacle::Partition] {
            let skipped = plan(WorkloadTally { obstacle: Some(obstacle), ..tally(1, 0) }, wanted);
            assert!(skipped.starts_with("skip "), "{skipped}");
        }
    }
}
