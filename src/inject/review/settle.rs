//! What can be decided only when all plans are known.

use crate::inject::plan::{Plan, pre_stop};
use crate::inject::verdict::Finding;
use crate::inject::verdict::reason::Remark;

/// Chooses which companion gives each app container its preStop sleep, and reports the remarks of all plans. `grace` is
/// the Pod's grace period in seconds.
pub(super) fn settle(plans: &mut [Plan<'_>], grace: i64, findings: &mut Vec<Finding<'_>>) {
    pre_stop::settle(plans, grace);
    for plan in plans.iter_mut() {
        let (name, via) = (&plan.companion.name, plan.via);
        findings.extend(plan.remarks.drain(..).map(|remark| Finding::on_companion(name.to_string(), via, remark)));
    }
    let kept = plans.iter().filter_map(|plan| Some((plan, plan.scrape_kept?)));
    findings.extend(kept.map(|(plan, key)| {
        let name = plan.companion.name.to_string();
        Finding::on_companion(name, plan.via, Remark::ScrapeAnnotationsKept { key })
    }));
}
