//! Fits the candidates into the Pod one after the other, in order of rank.

use super::arguments::{arguments, explained};
use super::candidates::Candidate;
use super::chosen::Choices;
use super::planned::Plan;
use super::present::Presence;
use super::present::earlier_injection::EarlierInjection;
use super::present::missing_parts::missing_containers;
use super::present::restart_policy::LostRestartPolicy;
use super::reservations::Reservations;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::pattern::Budget;
use crate::inject::companion::selector::Selection;
use crate::inject::companion::{Companion, CompanionKind, OnConflict};
use crate::inject::keys;
use crate::inject::patch::bounds::{OPERATION, skipped_bound};
use crate::inject::patch::skipped::SkippedAnnotation;
use crate::inject::pod::Container;
use crate::inject::request::context::Context;
use crate::inject::request::offers::Offers;
use crate::inject::verdict::reason::{Outcome, Remark};
use crate::inject::verdict::{Finding, skipped_text};
use crate::text::suggest::with_commas;
use crate::work::step;

/// The capacity for plans at first; hardly any Pod has more.
const MAX_PLANS: usize = 16;

/// The plans that fit so far, and what they reserve.
#[derive(Debug)]
pub(in crate::inject) struct Assembly<'r, 'p, 'a> {
    context: &'r Context<'r, 'a>,
    offers: &'r Offers<'r, 'a>,
    choices: &'p Choices,
    reservations: Reservations<'p>,
    plans: Vec<Plan<'p>>,
    earlier: EarlierInjection<'p, 'a>,
    /// What matching values against patterns may still cost.
    budget: Budget,
}

impl<'r, 'p, 'a: 'p> Assembly<'r, 'p, 'a> {
    /// Starts with what the app and the companions that are present already have.
    pub(in crate::inject) fn new(
        context: &'r Context<'p, 'a>,
        offers: &'r Offers<'r, 'a>,
        choices: &'p Choices,
        candidates: &[Candidate<'a>],
    ) -> Self
    where
        'p: 'r,
    {
        let mut reservations = Reservations::new(context.pod, context.status, choices, context.online);
        for entry in context.status.present(context.pod) {
            for port in &entry.ports {
                reservations.present_port(*port, &entry.companion);
            }
            if let Some(companion) = offers.named(&entry.companion).and_then(CatalogEntry::valid) {
                reservations.reserve_present(companion);
            }
        }
        let present = candidates.iter().filter(|candidate| candidate.is_present());
        present.filter_map(Candidate::companion).for_each(|companion| reservations.reserve_present(companion));
        let plans = Vec::with_capacity(candidates.len().min(MAX_PLANS));
        let earlier = EarlierInjection::new(context.pod, context.status);
        Assembly { context, offers, choices, reservations, plans, earlier, budget: Budget::default() }
    }

    /// The containers that get `restartPolicy: Always` back, each once although several entries of a status can list it.
    /// They come first, so that there is room in the patch.
    pub(in crate::inject) fn restored(&mut self, lost: &[LostRestartPolicy<'a>]) -> Vec<&'a Container<'a>> {
        let restored = lost.iter().filter(|lost| lost.restored).map(|lost| lost.container);
        let mut restored: Vec<&Container<'a>> = restored.collect();
        restored.sort_unstable_by_key(|container| container.index);
        restored.dedup_by_key(|container| container.index);
        restored.retain(|_| self.reservations.patch(OPERATION + r#""Always""#.len()).is_ok());
        self.reservations.restore(restored.iter().map(|container| container.index));
        restored
    }

    /// Fits a candidate, completely or not at all. The first finding is its outcome.
    pub(in crate::inject) fn consider(&mut self, candidate: &Candidate<'a>, findings: &mut Vec<Finding<'a>>) {
        let Candidate { name, via, .. } = *candidate;
        match candidate.presence {
            Presence::Absent => self.fit(candidate, findings),
            Presence::Current => findings.push(Finding::outcome(name, via, Outcome::AlreadyInjected, None)),
            Presence::Other => {
                findings.push(Finding::outcome(name, via, Outcome::AlreadyInjected, None));
                findings.push(Finding::on_companion(name, via, Remark::Outdated));
            }
        }
    }

    fn fit(&mut self, candidate: &Candidate<'a>, findings: &mut Vec<Finding<'a>>) {
        let companion = match self.available(candidate) {
            Ok(companion) => companion,
            Err(outcome) => return report(candidate, [outcome], None, findings),
        };
        let values = match arguments(companion, self.context.requested, &mut self.budget) {
            Ok(values) => values,
            Err(faults) => {
                let faults = faults.into_iter().map(|fault| self.attributed(explained(fault, companion), companion));
                return report(candidate, faults, companion.on_conflict, findings);
            }
        };
        let chosen = self.choices.of(candidate.via, companion);
        let mark = self.reservations.mark();
        match Plan::fit(companion, candidate, values, chosen, &mut self.reservations) {
            Ok(mut plan) => {
                self.report_excluded(&mut plan);
                self.report_injected_again(&mut plan);
                findings.push(Finding::outcome(candidate.name, candidate.via, Outcome::Injected, None));
                self.plans.push(plan);
            }
            Err(outcome) => {
                self.reservations.roll_back(mark);
                let outcome = match outcome {
                    Outcome::Conflict(conflict) => self.earlier.attribute(conflict, candidate).into(),
                    outcome => explained(outcome, companion),
                };
                report(candidate, [outcome], companion.on_conflict, findings);
                self.report_missing_containers(candidate, findings);
            }
        }
    }

    /// Reports containers that the Pod chooses and the companion excludes, and a companion that gives nothing to the app.
    fn report_excluded(&self, plan: &mut Plan<'p>) {
        let (companion, via) = (plan.companion, plan.via);
        if companion.exclude_containers.is_empty() {
            return;
        }
        let Some(names) = &self.context.requested.containers else {
            if self.choices.excludes_all(via, companion) {
                plan.remark(|| Remark::ContainerExcluded { container: None });
            }
            return;
        };
        for name in names.iter().filter(|name| companion.excludes(name)) {
            step(1 + companion.exclude_containers.len());
            plan.remark(|| Remark::ContainerExcluded { container: Some((*name).into()) });
        }
    }

    /// Reports that the status lists containers which the Pod does not have: what removed them can remove them again.
    fn report_injected_again(&self, plan: &mut Plan<'p>) {
        let Context { pod, status, .. } = *self.context;
        let missing = status.entry(&plan.companion.name).and_then(|entry| missing_containers(pod, entry));
        if let Some((containers, more)) = missing {
            plan.remark(|| Remark::InjectedAgain { containers, more });
        }
    }

    /// Reports that the status lists a companion that does not fit and whose containers are gone: podgraft itself may
    /// have added what the companion conflicts with. The finding has the effect of the outcome, which it explains.
    fn report_missing_containers(&self, candidate: &Candidate<'a>, findings: &mut Vec<Finding<'a>>) {
        let Context { pod, status, .. } = *self.context;
        let missing = status.entry(candidate.name).and_then(|entry| missing_containers(pod, entry));
        let (Some((parts, more)), Some(outcome)) = (missing, findings.last()) else { return };
        let (effect, remark) = (outcome.effect, Remark::PartsMissing { parts, more, listed: true });
        findings.push(Finding { effect, ..Finding::on_companion(candidate.name, candidate.via, remark) });
    }

    /// The companion that a candidate means, if it can be injected into this Pod at all.
    fn available(&self, candidate: &Candidate<'a>) -> Result<&'a Companion, Outcome> {
        if let Selection::Undecided(label) = candidate.selection {
            return Err(Outcome::SelectorUndecided { label: label.into(), via: candidate.via });
        }
        let Some(entry) = candidate.entry.filter(|_| candidate.selection == Selection::Selected) else {
            let unmet = candidate.entry.and_then(|entry| self.offers.unmet(entry));
            let (namespace, stale) = (self.context.namespace.name().into(), self.context.snapshot.stale);
            let nearest = || match with_commas(candidate.name) {
                Some(list) => Some(list.into()),
                None => self.offers.nearest(candidate.name).map(Into::into),
            };
            let nearest = if unmet.is_none() { nearest() } else { None };
            return Err(Outcome::NotAvailable { namespace, unmet, nearest, stale });
        };
        if entry.required() && !self.context.snapshot.settings.required {
            return Err(Outcome::RequiredDisabled);
        }
        entry.valid().ok_or(Outcome::CompanionInvalid)
    }

    /// An unknown parameter with the Companion that lacks it: the Pod's author may mean the ClusterCompanion of that name.
    fn attributed(&self, mut fault: Outcome, companion: &Companion) -> Outcome {
        let Context { namespace: here, snapshot, .. } = *self.context;
        if let Outcome::ParameterUnknown { namespace, replaces, stale, .. } = &mut fault {
            *stale = snapshot.stale;
            if companion.kind == CompanionKind::Companion {
                *namespace = Some(here.name().into());
                *replaces = self.offers.has_cluster_companion(&companion.name);
            }
        }
        fault
    }

    /// What becomes of the Pod's annotation of skipped companions. Only an API server's Pod has one: the command line reports
    /// what it skips, and a manifest with such an annotation would be outdated soon.
    pub(in crate::inject) fn skipped(&mut self, findings: &[Finding<'_>]) -> SkippedAnnotation {
        if !self.context.online {
            return SkippedAnnotation::Unchanged;
        }
        let existing = self.context.pod.annotation(keys::SKIPPED);
        let text = skipped_text(findings).filter(|text| self.reservations.skipped(text));
        match (text, existing) {
            (None, None) => SkippedAnnotation::Unchanged,
            (Some(text), Some(existing)) if text == existing => SkippedAnnotation::Unchanged,
            (Some(text), _) => SkippedAnnotation::Written(text),
            // Without room for the operation the annotation stays: then the patch is full of what the Pod needs.
            (None, Some(_)) if self.reservations.patch(skipped_bound("")).is_err() => SkippedAnnotation::Unchanged,
            (None, Some(_)) => SkippedAnnotation::Removed,
        }
    }

    /// The plans in the order in which they are injected, and the size of the patch that they need at most, in bytes.
    pub(in crate::inject) fn finish(mut self) -> (Vec<Plan<'p>>, usize) {
        self.plans.sort_by(|a, b| a.injection_order().cmp(&b.injection_order()));
        (self.plans, self.reservations.patch_bytes())
    }
}

/// The first outcome is that of the companion; others are further mistakes in its parameters.
fn report<'a>(
    candidate: &Candidate<'a>,
    outcomes: impl IntoIterator<Item = Outcome>,
    on_conflict: Option<OnConflict>,
    findings: &mut Vec<Finding<'a>>,
) {
    for (i, outcome) in outcomes.into_iter().enumerate() {
        let finding = Finding::outcome(candidate.name, candidate.via, outcome, on_conflict);
        findings.push(Finding { outcome: i == 0, ..finding });
    }
}
