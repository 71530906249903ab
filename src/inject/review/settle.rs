//! What is left to decide once all plans are known.

use super::Review;
use crate::inject::patch::build;
use crate::inject::plan::Plan;
use crate::inject::verdict::reason::Reason;
use crate::inject::verdict::{Effect, Finding};

impl<'a> Review<'_, 'a> {
    /// Decides what is left once all plans are known.
    pub(super) fn settle<'p>(&mut self, plans: &mut [Plan<'p>])
    where
        'a: 'p,
    {
        let mut remarks = Vec::new();
        build::settle_pre_stop(plans, |plan, reason| remarks.push((plan, reason)));
        let kept = plans
            .iter()
            .enumerate()
            .filter_map(|(i, p)| Some((i, Reason::ScrapeAnnotationsKept { key: p.scrape_kept? })));
        remarks.extend(kept);
        for (plan, reason) in remarks {
            let (name, via) = (plans[plan].companion.name.to_string(), Some(plans[plan].via));
            let companion = Some(name.into());
            self.findings.push(Finding { companion, via, reason, effect: Effect::Warn, outcome: false });
        }
    }
}
