//! Which version of a required companion is injected, and what its policy accepts: so that no API server ever asks for
//! what nobody injects, whichever of the two it hears of first. No I/O.
//!
//! | what happens | first | then, a pause later |
//! |---|---|---|
//! | a companion becomes required | it is injected | its policy is made |
//! | it changes | the policy accepts both versions | the new one is injected; and then what only the old one selected is no longer asked |
//! | it is no longer required | its policy goes | it is injected no more |
//!
//! Every replica decides for itself, from what stands in the cluster: it does not matter which of them writes. None goes
//! back behind the version that a policy accepts already, for then it is this replica that has not heard of the newest.

use std::time::Duration;

use super::version::{Accepted, Standing, Version};

/// What is known of a companion now.
#[derive(Debug, Clone)]
pub enum Known {
    /// It is required, and this is its newest version.
    Required(Version),
    /// Its newest version is invalid, and no good one is known here.
    Broken,
    /// It is gone, or not required.
    NotRequired,
}

/// What this replica remembers of a companion. Times are since its start.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// What is injected, and since when.
    injected: Option<(Version, Duration)>,
    /// The newest version that the policy accepts, and since when that was seen.
    accepted: Option<(Box<str>, Duration)>,
    /// Since when there is no policy.
    absent: Option<Duration>,
}

/// What is to be done for a companion.
#[derive(Debug, Default)]
pub(super) struct Decision {
    /// The version to inject; `None` where what is known counts, as of any other companion.
    pub inject: Option<Version>,
    /// What is to become of the policy.
    pub policy: Policy,
    /// When to look again, though nothing happens.
    pub again: Option<Duration>,
}

/// What is to become of a policy.
#[derive(Debug, Default)]
pub(super) enum Policy {
    /// What is there stays, whatever it says.
    #[default]
    Leave,
    /// It accepts these versions, newest first.
    Accept {
        /// The newest version, and the one before it.
        versions: Vec<Version>,
        /// Whether injection is still on its way to the newest.
        changing: bool,
    },
    /// It goes.
    Delete,
}

/// Decides for one companion.
pub(super) fn decide(
    known: &Known,
    standing: Option<&Standing>,
    memory: &mut Memory,
    now: Duration,
    pause: Duration,
) -> Decision {
    let step = Step { standing, now, pause };
    match (known, standing) {
        (Known::NotRequired, _) => step.remove(memory),
        (Known::Required(version), None) => step.introduce(version, memory),
        (Known::Required(version), Some(standing)) => step.follow(version, standing, memory),
        (Known::Broken, None) => Decision { inject: memory.injected(), ..Decision::default() },
        (Known::Broken, Some(standing)) => match newest(standing).or_else(|| memory.injected()) {
            Some(version) => step.follow(&version, standing, memory),
            None => Decision::default(),
        },
    }
}

struct Step<'s> {
    standing: Option<&'s Standing>,
    now: Duration,
    pause: Duration,
}

impl Step<'_> {
    /// It is not required: the policy goes first.
    fn remove(&self, memory: &mut Memory) -> Decision {
        if let Some(standing) = self.standing {
            memory.absent = None;
            let inject = memory.injected().or_else(|| newest(standing));
            if let Some(version) = &inject {
                memory.inject(version, self.now);
            }
            return Decision { inject, policy: Policy::Delete, again: None };
        }
        let until = *memory.absent.get_or_insert(self.now) + self.pause;
        if memory.injected.is_none() || self.now >= until {
            *memory = Memory::default();
            return Decision::default();
        }
        Decision { inject: memory.injected(), policy: Policy::Leave, again: Some(until) }
    }

    /// There is no policy yet, or somebody took it away: it comes when the companion was injected for a while.
    fn introduce(&self, version: &Version, memory: &mut Memory) -> Decision {
        memory.accepted = None;
        let injected = memory.inject(version, self.now);
        let absent = *memory.absent.get_or_insert(self.now);
        let due = injected.max(absent) + self.pause;
        let inject = Some(version.clone());
        if self.now < due {
            return Decision { inject, policy: Policy::Leave, again: Some(due) };
        }
        Decision { inject, policy: Policy::Accept { versions: vec![version.clone()], changing: false }, again: None }
    }

    /// There is a policy.
    fn follow(&self, version: &Version, standing: &Standing, memory: &mut Memory) -> Decision {
        memory.absent = None;
        let Some(first) = standing.accepted.first() else {
            // Nobody knows what it accepts.
            let inject = memory.injected().unwrap_or_else(|| version.clone());
            memory.inject(&inject, self.now);
            return Decision { inject: Some(inject), policy: accept([version], false), again: None };
        };
        if *first.hash == *version.hash() {
            return self.complete(version, standing, memory);
        }
        match memory.recall(first) {
            // This replica has not heard of the newest version yet, or another change is not over yet.
            Some(newest) if standing.changing || version.is_older_than(first) => {
                self.complete(&newest, standing, memory)
            }
            Some(newest) => {
                memory.inject(&newest, self.now);
                let policy = accept([version, &newest], true);
                Decision { inject: Some(newest), policy, again: None }
            }
            // What is accepted now cannot be injected by anybody: the sooner this is over, the better.
            None => {
                let inject = memory.injected().unwrap_or_else(|| version.clone());
                memory.inject(&inject, self.now);
                Decision { inject: Some(inject), policy: accept([version], false), again: None }
            }
        }
    }

    /// The policy accepts the newest version: injection follows, and then the selectors do.
    fn complete(&self, newest: &Version, standing: &Standing, memory: &mut Memory) -> Decision {
        let accepted = memory.accepted(newest.hash(), self.now);
        let previous = standing.accepted.get(1).and_then(|accepted| memory.recall(accepted));
        let previous = previous.as_ref();
        let both = |changing| match previous {
            Some(previous) => accept([newest, previous], changing),
            None => accept([newest], changing),
        };
        let is_injected = memory.injected.as_ref().is_some_and(|(version, _)| version.hash() == newest.hash());
        match previous.filter(|_| standing.changing && !is_injected && self.now < accepted + self.pause) {
            Some(previous) => {
                memory.inject(previous, self.now);
                Decision { inject: Some(previous.clone()), policy: both(true), again: Some(accepted + self.pause) }
            }
            None => {
                let injected = memory.inject(newest, self.now);
                let settled = injected + self.pause;
                let changing = standing.changing && self.now < settled;
                let again = changing.then_some(settled);
                Decision { inject: Some(newest.clone()), policy: both(changing), again }
            }
        }
    }
}

impl Memory {
    fn injected(&self) -> Option<Version> {
        self.injected.as_ref().map(|(version, _)| version.clone())
    }

    /// A version that a policy accepts, if it is known.
    fn recall(&self, accepted: &Accepted) -> Option<Version> {
        let injected = self.injected.as_ref().map(|(version, _)| version);
        accepted.version.as_ref().or(injected.filter(|v| *v.hash() == *accepted.hash)).cloned()
    }

    /// Takes note of what is injected from now on; returns since when it is.
    fn inject(&mut self, version: &Version, now: Duration) -> Duration {
        match &self.injected {
            Some((injected, since)) if injected.hash() == version.hash() => *since,
            _ => {
                self.injected = Some((version.clone(), now));
                now
            }
        }
    }

    /// Takes note of the newest version that is accepted; returns since when it is.
    fn accepted(&mut self, hash: &str, now: Duration) -> Duration {
        match &self.accepted {
            Some((accepted, since)) if **accepted == *hash => *since,
            _ => {
                self.accepted = Some((hash.into(), now));
                now
            }
        }
    }
}

fn newest(standing: &Standing) -> Option<Version> {
    standing.accepted.first().and_then(|accepted| accepted.version.clone())
}

fn accept<const N: usize>(versions: [&Version; N], changing: bool) -> Policy {
    Policy::Accept { versions: versions.into_iter().cloned().collect(), changing }
}

#[cfg(test)]
mod tests {
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
        memory: Memory,
        policy: Option<Standing>,
        now: u64,
    }

    impl Replica {
        /// What comes of a step after some seconds: the image that is injected, and what the policy is made to be.
        fn after(&mut self, seconds: u64, known: &Known) -> (String, String) {
            self.now += seconds;
            let now = Duration::from_secs(self.now);
            let decision = decide(known, self.policy.as_ref(), &mut self.memory, now, PAUSE);
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
    fn standing(versions: &[Version], changing: bool) -> Standing {
        let text = super::super::version::remembered(&versions.iter().collect::<Vec<_>>());
        let changing = changing.to_string();
        Standing::read(|key| Some(if key == super::super::version::VERSIONS { &*text } else { &*changing }))
    }

    fn told(image: &str, policy: &str) -> (String, String) {
        (image.to_owned(), policy.to_owned())
    }

    #[test]
    fn a_new_one_is_injected_first() {
        let (mut replica, known) = (Replica::default(), Known::Required(first()));
        assert_eq!(replica.after(0, &known), told("proxy:v1", "leave"));
        assert_eq!(replica.after(4, &known), told("proxy:v1", "leave"));
        assert_eq!(replica.after(1, &known), told("proxy:v1", "proxy:v1"));
        assert_eq!(replica.after(9, &known), told("proxy:v1", "proxy:v1"));
    }

    #[test]
    fn a_new_version_is_accepted_first_and_asked_for_last() {
        let mut replica = Replica { policy: Some(standing(&[first()], false)), ..Replica::default() };
        let known = Known::Required(second());
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
        let known = Known::Required(version("proxy:v3", Some(3)));
        assert_eq!(replica.after(0, &known), told("proxy:v1", "proxy:v2 proxy:v1 changing"));
        assert_eq!(replica.after(5, &known), told("proxy:v2", "proxy:v2 proxy:v1 changing"));
        assert_eq!(replica.after(5, &known), told("proxy:v2", "proxy:v2 proxy:v1"));
        assert_eq!(replica.after(0, &known), told("proxy:v2", "proxy:v3 proxy:v2 changing"));
    }

    #[test]
    fn who_starts_anew_injects_what_is_accepted() {
        let settled = Some(standing(&[second(), first()], false));
        let mut replica = Replica { policy: settled, ..Replica::default() };
        assert_eq!(replica.after(0, &Known::Required(second())), told("proxy:v2", "proxy:v2 proxy:v1"));
        let mut changing = Replica { policy: Some(standing(&[second(), first()], true)), ..Replica::default() };
        assert_eq!(changing.after(0, &Known::Required(second())).0, "proxy:v1");
    }

    #[test]
    fn who_has_not_heard_of_the_newest_version_does_not_go_back() {
        let mut late = Replica { policy: Some(standing(&[second(), first()], true)), ..Replica::default() };
        let known = Known::Required(first());
        assert_eq!(late.after(0, &known), told("proxy:v1", "proxy:v2 proxy:v1 changing"));
        assert_eq!(late.after(5, &known), told("proxy:v2", "proxy:v2 proxy:v1 changing"));
        assert_eq!(late.after(5, &known), told("proxy:v2", "proxy:v2 proxy:v1"));
    }

    #[test]
    fn an_older_version_that_is_applied_again_is_a_new_one() {
        let mut replica = Replica { policy: Some(standing(&[second(), first()], false)), ..Replica::default() };
        let again = Known::Required(version("proxy:v1", Some(3)));
        assert_eq!(replica.after(0, &again), told("proxy:v2", "proxy:v1 proxy:v2 changing"));
        let file = Known::Required(version("proxy:v1", None));
        let mut replica = Replica { policy: Some(standing(&[second()], false)), ..Replica::default() };
        assert_eq!(replica.after(0, &file), told("proxy:v2", "proxy:v1 proxy:v2 changing"));
    }

    #[test]
    fn on_removal_the_policy_goes_first() {
        let mut replica = Replica::default();
        replica.after(0, &Known::Required(first()));
        replica.after(5, &Known::Required(first()));
        assert_eq!(replica.after(0, &Known::NotRequired), told("proxy:v1", "delete"));
        assert_eq!(replica.after(0, &Known::NotRequired), told("proxy:v1", "leave"));
        assert_eq!(replica.after(4, &Known::NotRequired), told("proxy:v1", "leave"));
        assert_eq!(replica.after(1, &Known::NotRequired), told("-", "leave"));
    }

    #[test]
    fn who_starts_anew_after_a_removal_injects_until_the_policy_is_gone() {
        let mut replica = Replica { policy: Some(standing(&[first()], false)), ..Replica::default() };
        assert_eq!(replica.after(0, &Known::NotRequired), told("proxy:v1", "delete"));
    }

    #[test]
    fn a_policy_that_somebody_deleted_comes_back_after_a_pause() {
        let (mut replica, known) = (Replica::default(), Known::Required(first()));
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
        assert_eq!(replica.after(0, &Known::Broken), told("proxy:v2", "proxy:v2 proxy:v1"));
        assert_eq!(Replica::default().after(0, &Known::Broken), told("-", "leave"));
    }

    #[test]
    fn what_somebody_wrote_over_is_written_anew() {
        let mut replica = Replica { policy: Some(Standing::default()), ..Replica::default() };
        assert_eq!(replica.after(0, &Known::Required(first())), told("proxy:v1", "proxy:v1"));
    }
}
