//! The table of `decide`, step by step.

use serde_json::json;

use super::*;

const PAUSE: Duration = Duration::from_secs(5);

/// The `generation`th version, unless it comes out of a file.
fn version(image: &str, generation: Option<i64>) -> Version {
    let mut object = json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": "ClusterCompanion",
        "metadata": {"name": "proxy"},
        "spec": {
            "pattern": "Sidecar",
            "activation": "ClusterWide",
            "required": true,
            "containers": [{"name": "proxy", "image": image}],
        },
    });
    if let Some(generation) = generation {
        object["metadata"]["generation"] = json!(generation);
        object["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    Version::read(object).unwrap()
}

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
    /// What comes of a step after some seconds: the image that is injected, and what the policy is made to be.
    fn after(&mut self, seconds: u64, known: &KnownCompanion) -> (String, String) {
        self.now += seconds;
        let now = Duration::from_secs(self.now);
        let decision = rollout(known, self.policy.as_ref(), &mut self.memory, now, PAUSE);
        let image = |v: &Version| v.companion.containers[0].image.to_string();
        let policy = match &decision.policy {
            Policy::Leave => "leave".to_owned(),
            Policy::Delete => "delete".to_owned(),
            Policy::Accept { versions, changing } => {
                let images: Vec<_> = versions.iter().map(image).collect();
                format!("{}{}", images.join(" "), if *changing { " changing" } else { "" })
            }
        };
        match decision.policy {
            Policy::Leave => {}
            Policy::Delete => self.policy = None,
            Policy::Accept { versions, changing } => self.policy = Some(standing(&versions, changing)),
        }
        (decision.inject.as_ref().map_or("-".to_owned(), image), policy)
    }
}

/// What a policy says once it was written and read again.
fn standing(versions: &[Version], changing: bool) -> ExistingPolicy {
    let text = crate::policies::versions::remembered(&versions.iter().collect::<Vec<_>>());
    let changing = changing.to_string();
    ExistingPolicy::read(|key| Some(if key == crate::policies::versions::VERSIONS { &*text } else { &*changing }))
}

fn told(image: &str, policy: &str) -> (String, String) {
    (image.to_owned(), policy.to_owned())
}

#[test]
fn a_new_one_is_injected_first() {
    let (mut replica, known) = (Replica::default(), KnownCompanion::Required(first()));
    assert_eq!(replica.after(0, &known), told("proxy:v1", "leave"));
    assert_eq!(replica.after(4, &known), told("proxy:v1", "leave"));
    assert_eq!(replica.after(1, &known), told("proxy:v1", "proxy:v1"));
    assert_eq!(replica.after(9, &known), told("proxy:v1", "proxy:v1"));
}

#[test]
fn a_new_version_is_accepted_first_and_asked_for_last() {
    let mut replica = Replica { policy: Some(standing(&[first()], false)), ..Replica::default() };
    let known = KnownCompanion::Required(second());
    assert_eq!(replica.after(0, &known), told("proxy:v1", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(1, &known), told("proxy:v1", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(4, &known), told("proxy:v1", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(1, &known), told("proxy:v2", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(5, &known), told("proxy:v2", "proxy:v2 proxy:v1"));
    assert_eq!(replica.after(99, &known), told("proxy:v2", "proxy:v2 proxy:v1"));
}

#[test]
fn a_change_waits_for_the_one_before_it() {
    let mut replica = Replica { policy: Some(standing(&[second(), first()], true)), ..Replica::default() };
    let known = KnownCompanion::Required(version("proxy:v3", Some(3)));
    assert_eq!(replica.after(0, &known), told("proxy:v1", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(5, &known), told("proxy:v2", "proxy:v2 proxy:v1 changing"));
    assert_eq!(replica.after(5, &known), told("proxy:v2", "proxy:v2 proxy:v1"));
    assert_eq!(replica.after(0, &known), told("proxy:v2", "proxy:v3 proxy:v2 changing"));
}

#[test]
fn who_starts_anew_injects_what_is_accepted() {
    let settled = Some(standing(&[second(), first()], false));
    let mut replica = Replica { policy: settled, ..Replica::default() };
    assert_eq!(replica.after(0, &KnownCompanion::Required(second())), told("proxy:v2", "proxy:v2 proxy:v1"));
    let mut changing = Replica { policy: Some(standing(&[second(), first()], true)), ..Replica::default() };
    assert_eq!(changing.after(0, &KnownCompanion::Required(second())).0, "proxy:v1");
}

#[test]
fn who_has_not_heard_of_the_newest_version_does_not_go_back() {
    let mut late = Replica { policy: Some(standing(&[second(), first()], true)), ..Replica::default() };
    let known = KnownCompanion::Required(first());
    assert_eq!(late.after(0, &known), told("proxy:v1", "proxy:v2 proxy:v1 changing"));
    assert_eq!(late.after(5, &known), told("proxy:v2", "proxy:v2 proxy:v1 changing"));
    assert_eq!(late.after(5, &known), told("proxy:v2", "proxy:v2 proxy:v1"));
}

#[test]
fn an_older_version_that_is_applied_again_is_a_new_one() {
    let mut replica = Replica { policy: Some(standing(&[second(), first()], false)), ..Replica::default() };
    let again = KnownCompanion::Required(version("proxy:v1", Some(3)));
    assert_eq!(replica.after(0, &again), told("proxy:v2", "proxy:v1 proxy:v2 changing"));
    let file = KnownCompanion::Required(version("proxy:v1", None));
    let mut replica = Replica { policy: Some(standing(&[second()], false)), ..Replica::default() };
    assert_eq!(replica.after(0, &file), told("proxy:v2", "proxy:v1 proxy:v2 changing"));
}

#[test]
fn on_removal_the_policy_goes_first() {
    let mut replica = Replica::default();
    replica.after(0, &KnownCompanion::Required(first()));
    replica.after(5, &KnownCompanion::Required(first()));
    assert_eq!(replica.after(0, &KnownCompanion::NotRequired), told("proxy:v1", "leave"));
    assert_eq!(replica.after(5, &KnownCompanion::NotRequired), told("proxy:v1", "delete"));
    assert_eq!(replica.after(0, &KnownCompanion::NotRequired), told("proxy:v1", "leave"));
    assert_eq!(replica.after(4, &KnownCompanion::NotRequired), told("proxy:v1", "leave"));
    assert_eq!(replica.after(1, &KnownCompanion::NotRequired), told("-", "leave"));
}

#[test]
fn who_starts_anew_after_a_removal_injects_until_the_policy_is_gone() {
    let mut replica = Replica { policy: Some(standing(&[first()], false)), ..Replica::default() };
    assert_eq!(replica.after(0, &KnownCompanion::NotRequired), told("proxy:v1", "leave"));
    assert_eq!(replica.after(5, &KnownCompanion::NotRequired), told("proxy:v1", "delete"));
}

#[test]
fn who_has_not_heard_of_a_required_companion_yet_leaves_its_policy() {
    let mut late = Replica { policy: Some(standing(&[first()], false)), ..Replica::default() };
    assert_eq!(late.after(0, &KnownCompanion::NotRequired), told("proxy:v1", "leave"));
    assert_eq!(late.after(4, &KnownCompanion::Required(first())), told("proxy:v1", "proxy:v1"));
    assert_eq!(late.after(4, &KnownCompanion::NotRequired), told("proxy:v1", "leave"), "the wait begins anew");
}

#[test]
fn a_policy_that_somebody_deleted_comes_back_after_a_pause() {
    let (mut replica, known) = (Replica::default(), KnownCompanion::Required(first()));
    replica.after(0, &known);
    assert_eq!(replica.after(60, &known).1, "proxy:v1");
    replica.after(60, &known);
    replica.policy = None;
    assert_eq!(replica.after(60, &known), told("proxy:v1", "leave"));
    assert_eq!(replica.after(5, &known), told("proxy:v1", "proxy:v1"));
}

#[test]
fn a_broken_one_keeps_what_its_policy_accepts() {
    let mut replica = Replica { policy: Some(standing(&[second(), first()], false)), ..Replica::default() };
    assert_eq!(replica.after(0, &KnownCompanion::Broken), told("proxy:v2", "proxy:v2 proxy:v1"));
    assert_eq!(Replica::default().after(0, &KnownCompanion::Broken), told("-", "leave"));
}

#[test]
fn what_somebody_wrote_over_is_written_anew() {
    let mut replica = Replica { policy: Some(ExistingPolicy::default()), ..Replica::default() };
    assert_eq!(replica.after(0, &KnownCompanion::Required(first())), told("proxy:v1", "proxy:v1"));
}
