//! Labels of companions that a Pod has before the review. Any author of Pods can write them, and a selector would find the Pod.

use std::collections::HashMap;

use crate::inject::companion::Companion;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::plan::candidates::Candidate;
use crate::inject::request::context::Context;
use crate::inject::request::namespace::OptIn;
use crate::inject::request::offers::Offers;
use crate::inject::request::requested::MAX_FAULTS;
use crate::inject::verdict::reason::{LabelFault, MetadataField, Outcome, Reason, Remark};
use crate::inject::verdict::{Effect, Finding};
use crate::work::step;

/// Reports labels of companions that the Pod does not get, and those that podgraft would have to change although a controller
/// owns the Pod. A Pod that is opted out has no such mistakes.
pub(super) fn report_invalid<'a>(
    context: &Context<'_, 'a>,
    offers: &Offers<'_, 'a>,
    candidates: &[Candidate<'a>],
    findings: &mut Vec<Finding<'a>>,
) {
    let requested = context.requested;
    if requested.hash_labels.is_empty() || requested.pod == OptIn::Disabled {
        return;
    }
    let found = Found::new(context, offers, candidates, findings);
    let faults = requested.hash_labels.iter().filter_map(|(name, value)| found.fault(name, value)).take(MAX_FAULTS);
    let remark = |fault| Finding::on_pod(Remark::InvalidLabel { place: MetadataField::PodLabel, fault });
    let faults: Vec<_> = faults.map(remark).collect();
    findings.extend(faults);
}

/// What the review has found so far.
struct Found<'r, 'a> {
    context: &'r Context<'r, 'a>,
    offers: &'r Offers<'r, 'a>,
    companions: HashMap<&'a str, &'a Companion>,
    outcomes: HashMap<&'r str, &'r Finding<'a>>,
}

impl<'r, 'a> Found<'r, 'a> {
    fn new(
        context: &'r Context<'_, 'a>,
        offers: &'r Offers<'_, 'a>,
        candidates: &[Candidate<'a>],
        findings: &'r [Finding<'a>],
    ) -> Self {
        step(candidates.len() + findings.len());
        let companions = candidates.iter().filter_map(|candidate| Some((candidate.name, candidate.companion()?)));
        let outcomes = findings.iter().filter(|finding| finding.outcome);
        let outcomes = outcomes.filter_map(|finding| Some((finding.companion.as_deref()?, finding)));
        Found { context, offers, companions: companions.collect(), outcomes: outcomes.collect() }
    }

    fn fault(&self, name: &str, value: &str) -> Option<LabelFault> {
        let outcome = self.outcomes.get(name);
        if outcome.is_some_and(|finding| finding.effect == Effect::Deny || finding.reason.is_undecided()) {
            return None;
        }
        match outcome.map(|finding| &finding.reason) {
            Some(Reason::Outcome(Outcome::AlreadyInjected)) => None,
            Some(Reason::Outcome(Outcome::Injected)) => self.other_version(name, value),
            _ => (!self.is_in_the_pod(name)).then(|| LabelFault::WithoutCompanion(name.into())),
        }
    }

    fn other_version(&self, name: &str, value: &str) -> Option<LabelFault> {
        let differs = self.companions.get(name).is_some_and(|companion| companion.label_value() != value);
        (differs && self.context.pod.has_controller()).then(|| LabelFault::OtherVersion(name.into()))
    }

    /// Whether a companion that is not injected now was injected before.
    fn is_in_the_pod(&self, name: &str) -> bool {
        let Context { pod, status, .. } = *self.context;
        let companion = self.offers.named(name).and_then(CatalogEntry::valid);
        let all = |c: &Companion| c.identities().all(|(c, list)| pod.has_container(list, &c.name, Some(&c.image)));
        status.entry(name).is_some_and(|entry| entry.is_present(pod)) || companion.is_some_and(all)
    }
}
