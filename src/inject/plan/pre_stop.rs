//! The preStop sleep of app containers: which containers can have one, which companion gives it, and how it is written.

use std::cmp::Reverse;

use super::planned::Plan;
use super::reservations::Reservations;
use crate::inject::patch::builder::PatchBuilder;
use crate::inject::patch::target::{AppContainer, Target};
use crate::inject::pod::Lifecycle;
use crate::inject::verdict::reason::Remark;
use crate::json::write_object;
use crate::work::step;

impl<'a> Plan<'a> {
    /// Lists each sleep that this companion can give. Of several companions' sleeps, `settle` chooses the longest.
    pub(super) fn fit_pre_stop(&mut self, reservations: &Reservations<'a>) {
        let Some(seconds) = self.companion.pre_stop_sleep else { return };
        let grace = reservations.pod.grace_seconds;
        let chosen = self.chosen.places.iter().map(|place| (place, &reservations.pod.containers[place]));
        for (place, container) in chosen.filter(|(_, c)| !c.list.is_init()) {
            step(1);
            let name = &*container.name;
            if container.lifecycle == Lifecycle::PreStop {
                self.keep_pre_stop(place, name, seconds, reservations);
            } else if i64::from(seconds) >= grace {
                self.remark(|| Remark::PreStopTooLong { container: name.into(), seconds, grace });
            } else {
                self.added.pre_stop.push((name, seconds));
            }
        }
    }

    /// A hook can be the sleep of an earlier injection: this companion's, or another's that is long enough.
    fn keep_pre_stop(&mut self, place: usize, name: &'a str, seconds: u32, reservations: &Reservations<'a>) {
        let leftovers = self.leftovers(reservations);
        let own = leftovers.and_then(|leftovers| leftovers.sleep_of(&self.companion.name, place));
        if let Some(kept) = own {
            self.added.pre_stop.push((name, kept));
            if kept != seconds {
                self.remark(|| Remark::Outdated);
            }
        } else if leftovers.and_then(|leftovers| leftovers.sleep(place)).is_none_or(|other| other < seconds) {
            self.remark(|| Remark::PreStopKept { container: name.into() });
        }
    }
}

/// How many seconds of the grace period a sleep leaves the app without a warning. Few apps stop faster, and after the
/// grace period the kubelet kills them.
const ENOUGH_SECONDS: i64 = 5;

/// Decides which companion gives each container its sleep, and reports those that leave little of the grace period.
pub(in crate::inject) fn settle(plans: &mut [Plan<'_>], grace: i64) {
    choose(plans);
    for plan in plans {
        let short = plan.added.pre_stop.iter().find(|(_, seconds)| grace - i64::from(*seconds) < ENOUGH_SECONDS);
        // All containers have the same grace period, so one warning is enough.
        if let Some((name, seconds)) = short.copied() {
            plan.remark(|| Remark::PreStopUsesGracePeriod { container: name.into(), seconds, grace });
        }
    }
}

/// Keeps the longest sleep of each container, of equal ones the first.
fn choose(plans: &mut [Plan<'_>]) {
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

/// Writes a sleep into a container that has no preStop hook.
pub(in crate::inject) fn write(patch: &mut PatchBuilder, container: AppContainer, lifecycle: Lifecycle, seconds: u32) {
    match lifecycle {
        Lifecycle::Absent => patch.add(Target::Lifecycle(container), |out| {
            write_object(out, |hooks| write_sleep(hooks.member("preStop"), seconds));
        }),
        Lifecycle::NoPreStop => patch.add(Target::PreStop(container), |out| write_sleep(out, seconds)),
        Lifecycle::PreStop => {}
    }
}

fn write_sleep(out: &mut Vec<u8>, seconds: u32) {
    write_object(out, |hook| hook.object("sleep", |sleep| sleep.display("seconds", seconds)));
}
