//! The sleep of app containers before they stop.

use std::cmp::Reverse;

use crate::inject::patch::builder::{AppContainer, PatchBuilder, Target};
use crate::inject::plan::Plan;
use crate::inject::pod::Lifecycle;
use crate::inject::verdict::reason::Reason;
use crate::json::write_object;
use crate::work::step;

/// Decides which companion gives each container its sleep: the longest that fits, of equal ones the first.
pub(in crate::inject) fn settle_pre_stop(plans: &mut [Plan<'_>], mut remark: impl FnMut(usize, Reason)) {
    for (i, plan) in plans.iter_mut().enumerate() {
        plan.remarks.drain(..).for_each(|reason| remark(i, reason));
    }
    if plans.iter().filter(|plan| !plan.added.pre_stop.is_empty()).count() < 2 {
        return;
    }
    let offers = plans.iter().enumerate().flat_map(|(i, plan)| plan.added.pre_stop.iter().map(move |offer| (i, offer)));
    let mut givers: Vec<(&str, Reverse<u32>, usize)> =
        offers.map(|(i, (name, seconds))| (*name, Reverse(*seconds), i)).collect();
    step(givers.len());
    givers.sort_unstable();
    givers.dedup_by_key(|(name, ..)| *name);
    for (i, plan) in plans.iter_mut().enumerate() {
        let is_chosen =
            |name: &str| givers.binary_search_by(|giver| giver.0.cmp(name)).is_ok_and(|at| givers[at].2 == i);
        plan.added.pre_stop.retain(|(name, _)| is_chosen(name));
    }
}

/// Writes a sleep where the container has no preStop hook.
pub(super) fn write(draft: &mut PatchBuilder, place: AppContainer, lifecycle: Lifecycle, seconds: u32) {
    match lifecycle {
        Lifecycle::Absent => draft.add(Target::Lifecycle(place), |out| {
            write_object(out, |hooks| write_sleep(hooks.member("preStop"), seconds));
        }),
        Lifecycle::NoPreStop => draft.add(Target::PreStop(place), |out| write_sleep(out, seconds)),
        Lifecycle::PreStop => {}
    }
}

fn write_sleep(out: &mut Vec<u8>, seconds: u32) {
    write_object(out, |hook| hook.object("sleep", |sleep| sleep.display("seconds", seconds)));
}
