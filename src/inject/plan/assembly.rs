//! Fits the candidates into the Pod one after the other, in order of rank.

use super::arguments::{arguments, explained};
use super::candidates::Candidate;
use super::chosen::Choices;
use super::planned::Plan;
use super::present::Presence;
use super::reservations::Reservations;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::pattern::Budget;
use crate::inject::companion::selector::Selection;
use crate::inject::companion::{Companion, OnConflict};
use crate::inject::request::context::Context;
use crate::inject::request::offers::Offers;
use crate::inject::verdict::reason::{Outcome, Remark};
use crate::inject::verdict::{Finding, Via};

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
        Assembly { context, offers, choices, reservations, plans, budget: Budget::default() }
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
                let faults = faults.into_iter().map(|fault| explained(fault, companion));
                return report(candidate, faults, companion.on_conflict, findings);
            }
        };
        let chosen = self.choices.of(candidate.via, companion.placement);
        let mark = self.reservations.mark();
        match Plan::fit(companion, candidate, values, chosen, &mut self.reservations) {
            Ok(plan) => {
                findings.push(Finding::outcome(candidate.name, candidate.via, Outcome::Injected, None));
                self.plans.push(plan);
            }
            Err(outcome) => {
                self.reservations.roll_back(mark);
                report(candidate, [explained(outcome, companion)], companion.on_conflict, findings);
            }
        }
    }

    /// The companion that a candidate means, if it can be injected into this Pod at all.
    fn available(&self, candidate: &Candidate<'a>) -> Result<&'a Companion, Outcome> {
        if let Selection::Undecided(label) = candidate.selection {
            return Err(Outcome::SelectorUndecided { label: label.into() });
        }
        let Some(entry) = candidate.entry.filter(|_| candidate.selection == Selection::Selected) else {
            let unmet = candidate.entry.and_then(|entry| self.offers.unmet(entry));
            let nearest = if unmet.is_none() { self.offers.nearest(candidate.name) } else { None };
            return Err(Outcome::NotAvailable { unmet, nearest: nearest.map(Into::into) });
        };
        if entry.required() && !self.context.snapshot.settings.required {
            return Err(Outcome::RequiredDisabled);
        }
        entry.valid().ok_or(Outcome::CompanionInvalid)
    }

    /// The plans in the order in which they are injected, and the size of the patch that they need at most, in bytes.
    pub(in crate::inject) fn finish(mut self) -> (Vec<Plan<'p>>, usize) {
        self.plans.sort_by(|a, b| injection_order(a).cmp(&injection_order(b)));
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

/// Required and automatic companions by name, then the namespace's list as written, then requested ones as written.
fn injection_order<'p>(plan: &'p Plan<'_>) -> (u8, usize, &'p str) {
    match plan.via {
        Via::Required | Via::Automatic => (0, 0, &plan.companion.name),
        Via::NamespaceList => (1, plan.listed_at, ""),
        Via::Pod => (2, plan.listed_at, ""),
    }
}
