//! Two installations, of two replicas each, with policies for the same companion.

mod abandoned;
mod removal;

use std::sync::LazyLock;

use super::*;
use crate::policies::versions::Accepted;

/// The generations of the companion. Each is compiled once: thousands of decisions use them.
static VERSIONS: LazyLock<[Version; 4]> =
    LazyLock::new(|| [1, 2, 3, 4].map(|generation| version(&format!("proxy:v{generation}"), Some(generation))));

fn required(generation: usize) -> KnownCompanion {
    KnownCompanion::Required(VERSIONS[generation - 1].clone())
}

/// A policy as it is read after it was written.
fn accepting(versions: &[Version], changing: bool) -> ExistingPolicy {
    let accepted = |version: &Version| Accepted {
        hash: version.hash().into(),
        generation: version.generation.clone(),
        version: Some(version.clone()),
    };
    ExistingPolicy { accepted: versions.iter().map(accepted).collect(), changing, ..ExistingPolicy::default() }
}

/// How late API servers use a policy, and still use the one before it.
const LATE: u64 = 3;

/// A replica, and how many seconds later than others it receives a version.
#[derive(Default)]
struct LateReplica {
    memory: RolloutMemory,
    installation: usize,
    late: u64,
    /// The version that it injects; `None` before it starts, and where it injects none.
    injected: Option<Version>,
}

/// The policies of both installations now, and at each second before.
#[derive(Default)]
struct Cluster {
    replicas: Vec<LateReplica>,
    policies: [Option<ExistingPolicy>; 2],
    history: Vec<[Option<ExistingPolicy>; 2]>,
}

impl Cluster {
    fn new(late: [u64; 4]) -> Self {
        let replica = |(index, late)| LateReplica { installation: index / 2, late, ..LateReplica::default() };
        Cluster { replicas: late.into_iter().enumerate().map(replica).collect(), ..Cluster::default() }
    }

    /// One second in which both installations have the same companions.
    fn second(&mut self, now: u64, known: impl Fn(u64) -> KnownCompanion, runs: impl Fn(usize) -> bool) {
        self.second_of_each(now, |_, second| known(second), runs);
    }

    /// One second: every replica that runs decides, and writes the policy of its installation. One that does not run forgets
    /// everything.
    fn second_of_each(&mut self, now: u64, known: impl Fn(usize, u64) -> KnownCompanion, runs: impl Fn(usize) -> bool) {
        for replica in &mut self.replicas {
            replica.injected = None;
            if !runs(replica.installation) {
                replica.memory = RolloutMemory::default();
                continue;
            }
            let (own, other) = (replica.installation, 1 - replica.installation);
            let others: Vec<ExistingPolicy> = self.policies[other].iter().cloned().collect();
            let observed = PolicyView {
                existing: self.policies[own].as_ref(),
                others: OtherPolicies::new(&others),
                now: Duration::from_secs(now),
                pause: PAUSE,
            };
            let decision = rollout(&known(own, now.saturating_sub(replica.late)), observed, &mut replica.memory);
            replica.injected = decision.inject;
            match decision.policy {
                PolicyAction::Leave => {}
                PolicyAction::Delete => self.policies[own] = None,
                PolicyAction::Accept { versions, changing } => {
                    self.policies[own] = Some(accepting(&versions, changing));
                }
            }
        }
        self.history.push(self.policies.clone());
    }

    /// Every version that is injected is accepted by each policy that an API server may use, and where there is a policy, all
    /// replicas of one installation inject.
    fn expect_no_denial(&self, now: u64, what: &str) {
        let recent = self.history.iter().rev().take(usize::try_from(LATE).unwrap());
        for policy in recent.flatten().flatten() {
            for version in self.replicas.iter().filter_map(|replica| replica.injected.as_ref()) {
                let accepted: Vec<_> = policy.known_versions().map(|version| image(&version)).collect();
                assert!(
                    policy.accepts(version.hash()),
                    "{what}, second {now}: {} is denied: {accepted:?}",
                    image(version)
                );
            }
            let inject = |installation: &[LateReplica]| installation.iter().all(|replica| replica.injected.is_some());
            assert!(self.replicas.chunks(2).any(inject), "{what}, second {now}: some Pods lack it");
        }
    }
}

/// Both installations have completed the change to a version, and all replicas inject it.
fn expect_settled(cluster: &Cluster, newest: &str, what: &str) {
    for policy in cluster.policies.iter().map(|policy| policy.as_ref().unwrap()) {
        let first = policy.known_versions().next().map(|version| image(&version));
        assert_eq!((first.as_deref(), policy.changing), (Some(newest), false), "{what}");
    }
    let injected = cluster.replicas.iter().map(|replica| replica.injected.as_ref().map(image));
    assert!(
        injected.clone().all(|image| image.as_deref() == Some(newest)),
        "{what}: {:?}",
        injected.collect::<Vec<_>>()
    );
}

fn lateness() -> impl Iterator<Item = [u64; 4]> {
    [0, 1, 3].into_iter().flat_map(|a| [0, 2, 3].into_iter().flat_map(move |b| [0, 3].map(move |c| [0, a, b, c])))
}

#[test]
fn two_installations_change_a_companion_and_deny_no_pod() {
    for late in lateness() {
        let mut cluster = Cluster::new(late);
        let known = |second| match second {
            0..30 => required(1),
            30..32 => required(2),
            32..110 => required(3),
            110..180 => required(4),
            _ => KnownCompanion::NotRequired,
        };
        for now in 0..230 {
            cluster.second(now, known, |_| true);
            cluster.expect_no_denial(now, &format!("{late:?}"));
            if now == 100 || now == 179 {
                let newest = if now == 100 { "proxy:v3" } else { "proxy:v4" };
                let injected = cluster.replicas.iter().map(|replica| replica.injected.as_ref().map(image));
                assert!(
                    injected.clone().all(|image| image.as_deref() == Some(newest)),
                    "{:?}",
                    injected.collect::<Vec<_>>()
                );
                assert!(cluster.policies.iter().flatten().all(|policy| !policy.changing), "{late:?}: settled");
            }
        }
        assert!(cluster.policies.iter().all(Option::is_none), "{late:?}: the policies were deleted");
        assert!(cluster.replicas.iter().all(|replica| replica.injected.is_none()), "{late:?}: none injects");
    }
}

#[test]
fn a_second_installation_that_starts_while_a_companion_changes_denies_no_pod() {
    for begin in 18..60 {
        for late in [[0, 0, 0, 0], [0, 3, 0, 3], [2, 0, 3, 1]] {
            let mut cluster = Cluster::new(late);
            let known = |second| match second {
                0..20 => required(1),
                20..40 => required(2),
                _ => required(3),
            };
            for now in 0..140 {
                cluster.second(now, known, |installation| installation == 0 || now >= begin);
                cluster.expect_no_denial(now, &format!("{late:?}, started at {begin}"));
            }
            expect_settled(&cluster, "proxy:v3", &format!("{late:?}, started at {begin}"));
        }
    }
}

#[test]
fn an_installation_injects_for_as_long_as_another_one_requires_the_companion() {
    let mut cluster = Cluster::new([0; 4]);
    for now in 0..20 {
        cluster.second(now, |_| required(1), |_| true);
    }
    // The second installation is down, and its policy stays.
    for now in 20..60 {
        cluster.second(now, |_| KnownCompanion::NotRequired, |installation| installation == 0);
        cluster.expect_no_denial(now, "one is down");
    }
    assert!(cluster.policies[0].is_none() && cluster.policies[1].is_some());
    assert!(cluster.replicas[0].injected.is_some(), "the other policy would deny Pods without it");
    for now in 60..90 {
        cluster.second(now, |_| KnownCompanion::NotRequired, |_| true);
    }
    assert!(cluster.replicas.iter().all(|replica| replica.injected.is_none()));
}

#[test]
fn a_new_version_waits_for_an_installation_that_is_down() {
    let mut cluster = Cluster::new([0; 4]);
    for now in 0..20 {
        cluster.second(now, |_| required(1), |_| true);
    }
    for now in 20..60 {
        cluster.second(now, |_| required(2), |installation| installation == 0);
        cluster.expect_no_denial(now, "one is down");
    }
    assert_eq!(cluster.replicas[0].injected.as_ref().map(image).as_deref(), Some("proxy:v1"));
    for now in 60..90 {
        cluster.second(now, |_| required(2), |_| true);
        cluster.expect_no_denial(now, "both run");
    }
    assert!(cluster.replicas.iter().all(|r| r.injected.as_ref().map(image).as_deref() == Some("proxy:v2")));
}
