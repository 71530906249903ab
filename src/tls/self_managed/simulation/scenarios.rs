//! What must be true whatever happens.

use proptest::prelude::*;

use super::cluster::SimulatedCluster;
use super::{KEYS, REPLICAS, SimulatedEvent};
use crate::tls::ca::TrustAnchor;
use crate::tls::self_managed::state::CaState;

fn event() -> impl Strategy<Value = SimulatedEvent> {
    let who = || 0..REPLICAS;
    prop_oneof![
        40 => who().prop_map(SimulatedEvent::ReplicaActs),
        20 => who().prop_map(SimulatedEvent::WatchesReport),
        10 => (1..12_u64).prop_map(|seconds| SimulatedEvent::TimePasses { seconds }),
        3 => who().prop_map(SimulatedEvent::CallFails),
        3 => who().prop_map(SimulatedEvent::AnswerIsLost),
        2 => who().prop_map(SimulatedEvent::ProcessRestarts),
        2 => who().prop_map(SimulatedEvent::TaskPanics),
        1 => Just(SimulatedEvent::SecretDeleted),
        1 => Just(SimulatedEvent::SecretEmptied),
        1 => (0..6_usize).prop_map(|writes_ago| SimulatedEvent::SecretRestored { writes_ago }),
        1 => (0..KEYS.len()).prop_map(|key| SimulatedEvent::KeyCorrupted { key }),
        1 => (0..2_usize).prop_map(|configuration| SimulatedEvent::BundleEmptied { configuration }),
    ]
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 500, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_action_of_a_replica_removes_trust(story in prop::collection::vec(event(), 1..150)) {
        let mut cluster = SimulatedCluster::new();
        cluster.settle();
        for (place, event) in story.iter().enumerate() {
            let before = cluster.trust();
            cluster.happens(event);
            let after = cluster.trust();
            if matches!(event, SimulatedEvent::BundleEmptied { .. }) {
                continue;
            }
            for (who, index) in (0..REPLICAS).flat_map(|who| [(who, 0), (who, 1)]) {
                let lost = before[who][index] == Some(true) && after[who][index] == Some(false);
                prop_assert!(!lost, "{event:?} at {place}: configuration {index} no longer trusts replica {who}");
            }
        }
        cluster.settle();
        cluster.pass(6);
        cluster.settle();
        prop_assert_eq!(cluster.trust(), [[Some(true); 2]; REPLICAS], "in the end every replica is trusted");
    }
}

#[test]
fn over_many_lifetimes_every_pair_is_trusted_and_every_ca_is_replaced_in_time() {
    let mut cluster = SimulatedCluster::new();
    cluster.settle();
    let mut signed = Vec::new();
    for second in 0..900 {
        cluster.pass(1);
        for who in 0..REPLICAS {
            cluster.report(who);
            for _ in 0..4 {
                cluster.act(who);
            }
            assert_eq!(cluster.trust(), [[Some(true); 2]; REPLICAS], "after {second} s, when replica {who} had acted");
        }
        let signing = CaState::of(cluster.secret.as_ref()).signing.unwrap().anchor;
        if signed.last() != Some(&signing) {
            signed.push(signing);
        }
        assert!(TrustAnchor::parse_all(&cluster.bundles[0].1).len() <= 2, "an expired CA is removed");
    }
    assert!(signed.len() >= 12, "there were {} CAs", signed.len());
}

/// A pair is valid for thirty seconds here, so four of them are far more than five minutes of a month.
#[test]
fn f17_replicas_whose_clocks_differ_are_trusted_and_do_not_write_in_turns() {
    let mut cluster = SimulatedCluster::new();
    for (behind, process) in [4, 0, 2].into_iter().zip(&mut cluster.processes) {
        process.behind = behind;
    }
    cluster.settle();
    for second in 0..450 {
        cluster.pass(1);
        cluster.settle();
        assert_eq!(cluster.trust(), [[Some(true); 2]; REPLICAS], "after {second} s");
    }
    // Five CAs in succession, each of them added, promoted and expired, and a pair every twenty seconds.
    let written = cluster.written.len();
    assert!((30..60).contains(&written), "the Secret was written {written} times");
}

#[test]
fn replicas_that_start_at_once_agree_on_one_ca() {
    let mut cluster = SimulatedCluster::new();
    for who in 0..REPLICAS {
        cluster.report(who);
    }
    for _ in 0..8 {
        for who in 0..REPLICAS {
            cluster.act(who);
        }
    }
    let serving: Vec<_> = cluster.processes.iter().map(|p| p.serving.as_ref().unwrap().chain()[0].clone()).collect();
    assert!(serving.iter().all(|certificate| *certificate == serving[0]));
    assert_eq!(CaState::of(cluster.secret.as_ref()).anchors().count(), 1);
}
