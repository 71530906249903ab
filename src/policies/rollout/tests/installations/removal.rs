//! A companion is removed while another installation still requires it.

use super::*;

/// What a replica without memory injects of a companion that is not required; `own` and `other` are the policies.
fn injected_at_start(own: Option<&ExistingPolicy>, other: ExistingPolicy) -> Option<String> {
    let others = [other];
    let others = OtherPolicies::new(&others);
    let observed = PolicyView { existing: own, others, now: Duration::ZERO, pause: PAUSE };
    let decision = rollout(&KnownCompanion::NotRequired, observed, &mut RolloutMemory::default());
    decision.inject.as_ref().map(image)
}

#[test]
fn a_replica_that_starts_injects_what_an_installation_that_is_down_requires() {
    let mut cluster = Cluster::new([0; 4]);
    for now in 0..20 {
        cluster.second(now, |_| required(1), |_| true);
    }
    for now in 20..60 {
        if now == 40 {
            cluster.replicas[1].memory = RolloutMemory::default();
        }
        cluster.second(now, |_| KnownCompanion::NotRequired, |installation| installation == 0);
        cluster.expect_no_denial(now, "one is down, and a replica of the other one was replaced");
    }
    assert!(cluster.replicas[1].injected.is_some());
    for now in 60..90 {
        cluster.second(now, |_| KnownCompanion::NotRequired, |_| true);
    }
    assert!(cluster.replicas.iter().all(|replica| replica.injected.is_none()), "none requires it any more");
}

#[test]
fn a_replica_that_starts_injects_a_version_that_all_replicas_of_another_installation_have() {
    let [first, second, ..] = &*VERSIONS;
    let both = [second.clone(), first.clone()];
    assert_eq!(injected_at_start(None, accepting(&both, true)).as_deref(), Some("proxy:v1"));
    assert_eq!(injected_at_start(None, accepting(&both, false)).as_deref(), Some("proxy:v2"));
}

#[test]
fn a_replica_that_starts_after_a_removal_injects_no_version_that_waited_for_another_installation() {
    let [first, second, ..] = &*VERSIONS;
    let own = accepting(&[second.clone(), first.clone()], true);
    let other = accepting(std::slice::from_ref(first), false);
    assert_eq!(injected_at_start(Some(&own), other).as_deref(), Some("proxy:v1"));
}

#[test]
fn an_invalid_companion_is_injected_as_another_installation_requires_it() {
    let others = [accepting(&VERSIONS[..1], false)];
    let others = OtherPolicies::new(&others);
    let observed = PolicyView { existing: None, others, now: Duration::ZERO, pause: PAUSE };
    let decision = rollout(&KnownCompanion::Invalid, observed, &mut RolloutMemory::default());
    assert_eq!(decision.inject.as_ref().map(image).as_deref(), Some("proxy:v1"));
}

#[test]
fn a_version_that_is_not_recorded_cannot_be_injected() {
    let mut other = accepting(&VERSIONS[..1], false);
    other.accepted[0].version = None;
    assert_eq!(injected_at_start(None, other), None);
}

#[test]
fn a_replica_follows_the_changes_of_the_installation_that_still_requires_it() {
    let mut cluster = Cluster::new([0; 4]);
    let known = |installation: usize, second| match (installation, second) {
        (0, 20..) => KnownCompanion::NotRequired,
        (_, 0..40) => required(1),
        (_, 40..80) => required(2),
        _ => required(3),
    };
    for now in 0..120 {
        cluster.second_of_each(now, known, |_| true);
        cluster.expect_no_denial(now, "one no longer requires it");
    }
    assert_eq!(cluster.replicas[0].injected.as_ref().map(image).as_deref(), Some("proxy:v3"));
}
