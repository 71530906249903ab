//! The table in the documentation of `rollout`, step by step.

mod installations;

use super::*;
use crate::policies::testing::version;

const PAUSE: Duration = Duration::from_secs(5);

fn first() -> Version {
    version("proxy:v1", Some(1))
}

fn second() -> Version {
    version("proxy:v2", Some(2))
}

/// A replica, and the policy as it sees it.
#[derive(Default)]
struct Replica {
    memory: RolloutMemory,
    policy: Option<ExistingPolicy>,
    now: u64,
}

impl Replica {
    /// Decides some seconds later; returns the injected image, and what happens to the policy.
    fn after(&mut self, seconds: u64, known: &KnownCompanion) -> (String, String) {
        self.now += seconds;
        let now = Duration::from_secs(self.now);
        let others = OtherPolicies::default();
        let observed = PolicyView { existing: self.policy.as_ref(), others, now, pause: PAUSE };
        let decision = rollout(known, observed, &mut self.memory);
        let policy = match &decision.policy {
            PolicyAction::Leave => "leave".to_owned(),
            PolicyAction::Delete => "delete".to_owned(),
            PolicyAction::Accept { versions, changing } => {
                let images: Vec<_> = versions.iter().map(image).collect();
                format!("{}{}", images.join(" "), if *changing { " changing" } else { "" })
            }
        };
        match decision.policy {
            PolicyAction::Leave => {}
            PolicyAction::Delete => self.policy = None,
            PolicyAction::Accept { versions, changing } => self.policy = Some(existing(&versions, changing)),
        }
        (decision.inject.as_ref().map_or("-".to_owned(), image), policy)
    }
}

fn image(version: &Version) -> String {
    version.companion.containers[0].image.to_string()
}

/// A policy as it is read after it was written.
fn existing(versions: &[Version], changing: bool) -> ExistingPolicy {
    let text = crate::policies::versions::record(&versions.iter().collect::<Vec<_>>());
    let changing = changing.to_string();
    ExistingPolicy::read(|key| Some(if key == crate::policies::versions::VERSIONS { &*text } else { &*changing }))
}

fn step(image: &str, policy: &str) -> (String, String) {
    (image.to_owned(), policy.to_owned())
}

#[test]
fn a_companion_is_injected_before_it_is_required() {
    let (mut replica, known) = (Replica::default(), KnownCompanion::Required(first()));
    assert_eq!(replica.after(0, &known), step("proxy:v1", "leave"));
    assert_eq!(replica.after(4, &known), step("proxy:v1", "leave"));
    assert_eq!(replica.after(1, &known), step("proxy:v1", "proxy:v1"));
    assert_eq!(replica.after(9, &known), step("proxy:v1", "proxy:v1"));
}

#[test]
fn a_new_version_is_accepted_before_it_is_injected_and_then_required() {
    let mut replica = Replica { policy: Some(existing(&[first()], false)), ..Replica::default() };
    let known = KnownCompanion::Required(second());
    assert_eq!(replica.after(0, &known), step("proxy:v1", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(1, &known), step("proxy:v1", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(4, &known), step("proxy:v1", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(1, &known), step("proxy:v2", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(5, &known), step("proxy:v2", "proxy:v2 proxy:v1"));
    assert_eq!(replica.after(99, &known), step("proxy:v2", "proxy:v2 proxy:v1"));
}

#[test]
fn a_change_waits_for_the_one_before_it() {
    let mut replica = Replica { policy: Some(existing(&[second(), first()], true)), ..Replica::default() };
    let known = KnownCompanion::Required(version("proxy:v3", Some(3)));
    assert_eq!(replica.after(0, &known), step("proxy:v1", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(5, &known), step("proxy:v2", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(5, &known), step("proxy:v2", "proxy:v2 proxy:v1"));
    assert_eq!(replica.after(0, &known), step("proxy:v2", "proxy:v3 proxy:v2 changing"));
}

#[test]
fn a_replica_that_starts_injects_an_accepted_version() {
    let settled = Some(existing(&[second(), first()], false));
    let mut replica = Replica { policy: settled, ..Replica::default() };
    assert_eq!(replica.after(0, &KnownCompanion::Required(second())), step("proxy:v2", "proxy:v2 proxy:v1"));
    let mut changing = Replica { policy: Some(existing(&[second(), first()], true)), ..Replica::default() };
    assert_eq!(changing.after(0, &KnownCompanion::Required(second())).0, "proxy:v1");
}

#[test]
fn a_replica_that_has_not_received_the_newest_version_does_not_go_back() {
    let mut late = Replica { policy: Some(existing(&[second(), first()], true)), ..Replica::default() };
    let known = KnownCompanion::Required(first());
    assert_eq!(late.after(0, &known), step("proxy:v1", "proxy:v2 proxy:v1 changing"));
    assert_eq!(late.after(5, &known), step("proxy:v2", "proxy:v2 proxy:v1 changing"));
    assert_eq!(late.after(5, &known), step("proxy:v2", "proxy:v2 proxy:v1"));
}

#[test]
fn an_older_version_that_is_applied_again_is_a_new_one() {
    let mut replica = Replica { policy: Some(existing(&[second(), first()], false)), ..Replica::default() };
    let again = KnownCompanion::Required(version("proxy:v1", Some(3)));
    assert_eq!(replica.after(0, &again), step("proxy:v2", "proxy:v1 proxy:v2 changing"));
    let file = KnownCompanion::Required(version("proxy:v1", None));
    let mut replica = Replica { policy: Some(existing(&[second()], false)), ..Replica::default() };
    assert_eq!(replica.after(0, &file), step("proxy:v2", "proxy:v1 proxy:v2 changing"));
}

#[test]
fn on_removal_the_policy_is_deleted_first() {
    let mut replica = Replica::default();
    replica.after(0, &KnownCompanion::Required(first()));
    replica.after(5, &KnownCompanion::Required(first()));
    assert_eq!(replica.after(0, &KnownCompanion::NotRequired), step("proxy:v1", "leave"));
    assert_eq!(replica.after(5, &KnownCompanion::NotRequired), step("proxy:v1", "delete"));
    assert_eq!(replica.after(0, &KnownCompanion::NotRequired), step("proxy:v1", "leave"));
    assert_eq!(replica.after(4, &KnownCompanion::NotRequired), step("proxy:v1", "leave"));
    assert_eq!(replica.after(1, &KnownCompanion::NotRequired), step("-", "leave"));
}

#[test]
fn a_replica_that_starts_after_a_removal_injects_until_the_policy_is_deleted() {
    let mut replica = Replica { policy: Some(existing(&[first()], false)), ..Replica::default() };
    assert_eq!(replica.after(0, &KnownCompanion::NotRequired), step("proxy:v1", "leave"));
    assert_eq!(replica.after(5, &KnownCompanion::NotRequired), step("proxy:v1", "delete"));
}

#[test]
fn a_replica_that_has_not_received_a_required_companion_leaves_its_policy() {
    let mut late = Replica { policy: Some(existing(&[first()], false)), ..Replica::default() };
    assert_eq!(late.after(0, &KnownCompanion::NotRequired), step("proxy:v1", "leave"));
    assert_eq!(late.after(4, &KnownCompanion::Required(first())), step("proxy:v1", "proxy:v1"));
    assert_eq!(late.after(4, &KnownCompanion::NotRequired), step("proxy:v1", "leave"), "the pause begins again");
}

#[test]
fn a_policy_that_was_deleted_is_created_again_after_a_pause() {
    let (mut replica, known) = (Replica::default(), KnownCompanion::Required(first()));
    replica.after(0, &known);
    assert_eq!(replica.after(60, &known).1, "proxy:v1");
    replica.after(60, &known);
    replica.policy = None;
    assert_eq!(replica.after(60, &known), step("proxy:v1", "leave"));
    assert_eq!(replica.after(5, &known), step("proxy:v1", "proxy:v1"));
}

#[test]
fn an_invalid_companion_keeps_the_versions_that_its_policy_accepts() {
    let mut replica = Replica { policy: Some(existing(&[second(), first()], false)), ..Replica::default() };
    assert_eq!(replica.after(0, &KnownCompanion::Invalid), step("proxy:v2", "proxy:v2 proxy:v1"));
    assert_eq!(Replica::default().after(0, &KnownCompanion::Invalid), step("-", "leave"));
}

#[test]
fn a_policy_whose_annotations_were_changed_is_written_again() {
    let mut replica = Replica { policy: Some(ExistingPolicy::default()), ..Replica::default() };
    assert_eq!(replica.after(0, &KnownCompanion::Required(first())), step("proxy:v1", "proxy:v1"));
}
