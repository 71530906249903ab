//! The sleep of app containers before they stop.

use std::collections::HashMap;

use super::super::draft::{AppContainer, Draft, Place};
use super::super::plan::Plan;
use super::super::pod::{Lifecycle, Pod};
use super::super::reason::Reason;

/// Decides which companion gives each container its sleep: the longest that fits. What does not fit is remarked on.
pub(in super::super) fn settle_pre_stop(pod: &Pod<'_>, plans: &mut [Plan<'_>], mut remark: impl FnMut(usize, Reason)) {
    let mut offers: HashMap<&str, Vec<(usize, u32)>> = HashMap::new();
    for (i, plan) in plans.iter().enumerate() {
        for (name, seconds) in &plan.added.pre_stop {
            offers.entry(name).or_default().push((i, *seconds));
        }
    }
    for (i, plan) in plans.iter_mut().enumerate() {
        plan.remarks.drain(..).for_each(|reason| remark(i, reason));
    }
    if offers.is_empty() {
        return;
    }
    let mut givers: HashMap<&str, (usize, u32)> = HashMap::new();
    for container in pod.containers.iter().filter(|c| !c.init) {
        let name = &*container.name;
        for (i, seconds) in offers.get(name).into_iter().flatten().copied() {
            if givers.get(name).is_none_or(|(_, most)| seconds > *most) {
                givers.insert(name, (i, seconds));
            }
        }
    }
    for (i, plan) in plans.iter_mut().enumerate() {
        plan.added.pre_stop.retain(|(name, _)| givers.get(name).is_some_and(|(giver, _)| *giver == i));
    }
}

/// Writes a sleep where there is no hook yet.
pub(super) fn write(draft: &mut Draft, place: AppContainer, lifecycle: Lifecycle, seconds: u32) {
    let sleep = format!(r#"{{"sleep":{{"seconds":{seconds}}}}}"#);
    match lifecycle {
        Lifecycle::Absent => {
            let hooks = format!(r#"{{"preStop":{sleep}}}"#);
            draft.add(Place::Lifecycle(place), |out| out.extend_from_slice(hooks.as_bytes()));
        }
        Lifecycle::NoPreStop => draft.add(Place::PreStop(place), |out| out.extend_from_slice(sleep.as_bytes())),
        Lifecycle::PreStop => {}
    }
}
