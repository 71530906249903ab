//! Mistakes of the authors of the Pod and its namespace that are not about whether one companion fits.

use std::collections::{HashMap, HashSet};

use crate::inject::plan::authored::InjectedContainers;
use crate::inject::plan::candidates::Candidate;
use crate::inject::request::context::Context;
use crate::inject::request::namespace::OptIn;
use crate::inject::request::offers::Offers;
use crate::inject::request::requested::{GivenParameter, MAX_FAULTS, unknown_companion};
use crate::inject::verdict::reason::{Remark, Unused};
use crate::inject::verdict::{Effect, Finding};
use crate::text::suggest::suggest;

/// The most containers that a name is compared with.
const MAX_COMPARED: usize = 1024;

/// Mistakes in our annotations and labels of the Pod and its namespace, those about parameters of known companions
/// excepted. A Pod that is opted out has none.
pub(super) fn of_keys<'a>(
    context: &Context<'_, 'a>,
    offers: &Offers<'_, 'a>,
    candidates: &[Candidate<'a>],
    injected: &InjectedContainers<'_>,
) -> Vec<Finding<'a>> {
    let requested = context.requested;
    if requested.pod == OptIn::Disabled {
        return vec![Finding::on_pod(Remark::OptedOut { requests: requested.companions.is_some() })];
    }
    let mut is_known = offers.known_names(candidates.iter().map(|candidate| candidate.name));
    let unknown = requested.parameters.iter().filter(|given| !is_known(given.companion)).take(MAX_FAULTS);
    let of_unknown =
        |given: &GivenParameter<'_>| unknown_companion(*given, offers.nearest(given.companion), context.snapshot.stale);
    let unknown: Vec<_> = unknown.map(of_unknown).collect();
    let of_pod = requested.pod_faults.iter().cloned().chain(unknown);
    let remarks = of_pod.chain(unknown_containers(context, offers, injected));
    remarks.chain(requested.namespace_faults.iter().cloned()).map(Finding::on_pod).collect()
}

fn unknown_containers(
    context: &Context<'_, '_>,
    offers: &Offers<'_, '_>,
    injected: &InjectedContainers<'_>,
) -> Vec<Remark> {
    let Some(names) = &context.requested.containers else { return Vec::new() };
    let authored = || injected.authored(context.pod).map(|(_, c)| &*c.name);
    let known: HashSet<&str> = authored().collect();
    let unknown = names.iter().filter(|name| !known.contains(**name)).take(MAX_FAULTS);
    let nearest = |name: &str| offers.suggest(|| suggest(name, authored().take(MAX_COMPARED), |_| true));
    unknown
        .map(|name| Remark::UnknownContainer { name: (*name).into(), nearest: nearest(name).map(Into::into) })
        .collect()
}

/// Parameters of known companions that are not injected. A companion that denies the Pod has its own finding.
pub(super) fn unused_parameters<'a>(
    context: &Context<'_, 'a>,
    offers: &Offers<'_, 'a>,
    candidates: &[Candidate<'a>],
    findings: &mut Vec<Finding<'a>>,
) {
    let requested = context.requested;
    if requested.pod == OptIn::Disabled || requested.parameters.is_empty() {
        return;
    }
    let is_used = |f: &Finding<'_>| f.reason.is_injected() || f.effect == Effect::Deny || f.reason.is_undecided();
    let outcomes = findings.iter().filter(|f| f.outcome);
    let outcomes: HashMap<&str, bool> = outcomes.filter_map(|f| Some((f.companion.as_deref()?, is_used(f)))).collect();
    let mut is_known = offers.known_names(candidates.iter().map(|candidate| candidate.name));
    let is_unused = |given: &&GivenParameter<'_>| outcomes.get(given.companion) != Some(&true);
    let unused = requested.parameters.iter().filter(|given| is_unused(given) && is_known(given.companion));
    let remarks = unused.take(MAX_FAULTS).map(|given| {
        let unmet = offers.named(given.companion).and_then(|entry| offers.unmet(entry));
        let is_considered = outcomes.contains_key(given.companion);
        let why = if unmet.is_none() && !is_considered { Unused::NotRequested } else { Unused::NotInjected(unmet) };
        let (companion, parameter) = (given.companion.into(), given.parameter.into());
        Finding::on_pod(Remark::ParameterUnused { companion, parameter, why })
    });
    let remarks: Vec<_> = remarks.collect();
    findings.extend(remarks);
}
