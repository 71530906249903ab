//! The statuses that may have to be written, in the order of their keys.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::source::cluster::status::{DesiredStatus, DesiredStatuses};
use crate::source::key::CompanionKey;

/// The statuses that were not compared with the existing ones since they changed, or that differ from them.
#[derive(Debug, Default)]
pub(super) struct StatusQueue {
    statuses: DesiredStatuses,
    pending: BTreeSet<CompanionKey>,
    /// The key of the last status that was taken.
    last: Option<CompanionKey>,
}

impl StatusQueue {
    /// Queues each status that has changed. Calls `forget` with the companions that no longer exist.
    pub(super) fn follow(&mut self, statuses: DesiredStatuses, mut forget: impl FnMut(&CompanionKey)) {
        statuses.for_each_change_since(&self.statuses, |key, before, now| match now {
            None => {
                self.pending.remove(key);
                forget(key);
            }
            // The reason can change without the object, for example when another companion is deleted.
            Some(now) if before.is_none_or(|before| !before.is_same_as(now)) => _ = self.pending.insert(key.clone()),
            Some(_) => {}
        });
        self.statuses = statuses;
    }

    /// How many statuses are pending.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// The next pending status. After the last one follows the first one, so that a companion that changes again and again
    /// does not keep the others from their turn.
    pub(super) fn next(&mut self) -> Option<DesiredStatus> {
        let after = self.last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let following = self.pending.range((after, Bound::Unbounded)).next();
        let key = following.or_else(|| self.pending.first())?.clone();
        let status = self.statuses.get(&key).cloned();
        self.last = Some(key);
        status
    }

    /// Removes a status that has nothing to write before its object changes.
    pub(super) fn remove(&mut self, key: &CompanionKey) {
        self.pending.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::jiff::Timestamp;
    use serde_json::Value;

    use super::*;
    use crate::source::cluster::condition::Eligibility;
    use crate::source::cluster::testing::{object, raw, with_status};

    fn desired(name: &str, resource_version: &str) -> DesiredStatus {
        let object = object(with_status(raw(name, 1, "i:1"), resource_version, Value::Null), None);
        let key = CompanionKey { namespace: None, name: name.into() };
        let (eligibility, installation) = (Eligibility::Eligible, "podgraft".into());
        DesiredStatus { key, object, eligibility, installation, last_injected: None }
    }

    fn statuses<const N: usize>(all: [&DesiredStatus; N]) -> DesiredStatuses {
        all.into_iter().map(|status| (status.key.clone(), status.clone())).collect()
    }

    /// The names of the pending statuses, after which none is pending.
    fn drain(queue: &mut StatusQueue) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(status) = queue.next() {
            names.push(status.key.name.to_string());
            queue.remove(&status.key);
        }
        names.sort();
        names
    }

    #[test]
    fn a_status_is_queued_when_anything_about_it_has_changed() {
        let (mut queue, a, b) = (StatusQueue::default(), desired("a", "10"), desired("b", "10"));
        let mut follow = |all: DesiredStatuses| {
            let mut forgotten = Vec::new();
            queue.follow(all, |key| forgotten.push(key.name.to_string()));
            (drain(&mut queue), forgotten.concat())
        };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(follow(statuses([&a, &b])), (names(&["a", "b"]), String::new()));
        assert_eq!(follow(statuses([&b, &a])), (names(&[]), String::new()), "nothing has changed");
        assert_eq!(follow(statuses([&desired("a", "11"), &b])), (names(&["a"]), String::new()));
        let shadowed = DesiredStatus { eligibility: Eligibility::ShadowedByRequired, ..b.clone() };
        assert_eq!(follow(statuses([&a, &shadowed])), (names(&["a", "b"]), String::new()));
        let injected = |b: &DesiredStatus| DesiredStatus { last_injected: Some(Timestamp::UNIX_EPOCH), ..b.clone() };
        assert_eq!(follow(statuses([&a, &injected(&b)])), (names(&["b"]), String::new()));
        let reduced = DesiredStatus { object: b.object.reduced(), ..b.clone() };
        assert_eq!(follow(statuses([&a, &reduced])), (names(&["b"]), String::new()), "it exceeds the limits");
        assert_eq!(follow(statuses([&a])), (names(&[]), "b".to_owned()));
        assert!(Arc::strong_count(&b.object) < 3, "the queue keeps nothing of it");
    }

    #[test]
    fn a_companion_that_changes_again_and_again_does_not_keep_the_others_from_their_turn() {
        let (mut queue, mut taken) = (StatusQueue::default(), Vec::new());
        for version in 1..=4 {
            let first = desired("a", &version.to_string());
            queue.follow(statuses([&first, &desired("b", "10"), &desired("c", "10")]), |_| {});
            let status = queue.next().unwrap();
            queue.remove(&status.key);
            taken.push(status.key.name.to_string());
        }
        assert_eq!(taken, ["a", "b", "c", "a"]);
    }

    #[test]
    fn a_deleted_companion_is_no_longer_pending() {
        let (mut queue, a, b) = (StatusQueue::default(), desired("a", "10"), desired("b", "10"));
        queue.follow(statuses([&a, &b]), |_| {});
        queue.follow(statuses([&b]), |_| {});
        assert_eq!(drain(&mut queue), ["b"]);
    }
}
