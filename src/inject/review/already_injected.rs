//! Differences between companions that are in the Pod already and what the status lists or the Pod requests.

use crate::inject::companion::Activation;
use crate::inject::plan::candidates::Candidate;
use crate::inject::plan::chosen::Choices;
use crate::inject::plan::present::differing::differing;
use crate::inject::plan::present::missing_parts::missing_parts as parts_missing;
use crate::inject::plan::present::restart_policy::LostRestartPolicy;
use crate::inject::request::context::Context;
use crate::inject::request::namespace::OptIn;
use crate::inject::request::offers::Offers;
use crate::inject::request::pod_namespace::PodNamespace;
use crate::inject::request::requested::MAX_FAULTS;
use crate::inject::verdict::Finding;
use crate::inject::verdict::reason::Remark;

/// Parts of present companions that the Pod does not have.
pub(super) fn missing_parts<'a>(
    context: &Context<'_, 'a>,
    candidates: &[Candidate<'a>],
    lost: &[LostRestartPolicy<'a>],
    findings: &mut Vec<Finding<'a>>,
) {
    for lost in lost.iter().filter(|lost| !lost.listed) {
        let parts = format!("restartPolicy: Always of container {}{}", lost.container.name, lost.other_value()).into();
        findings.extend(on_companion(candidates, lost, Remark::PartsMissing { parts, more: 0, listed: false }));
    }
    if context.status.entries().is_empty() {
        return;
    }
    let present = candidates.iter().filter(|candidate| candidate.is_present());
    let (present, entries): (Vec<&Candidate<'a>>, Vec<_>) =
        present.filter_map(|candidate| Some((candidate, context.status.entry(candidate.name)?))).unzip();
    let gone: Vec<LostRestartPolicy<'a>> = lost.iter().filter(|lost| lost.listed && !lost.restored).copied().collect();
    for (at, remark) in parts_missing(context.pod, &entries, &gone) {
        let Candidate { name, via, .. } = *present[at];
        findings.push(Finding::on_companion(name, via, remark));
    }
}

/// Native sidecars that get `restartPolicy: Always` back.
pub(super) fn restored<'a>(
    candidates: &[Candidate<'a>],
    lost: &[LostRestartPolicy<'a>],
    findings: &mut Vec<Finding<'a>>,
) {
    for lost in lost.iter().filter(|lost| lost.restored) {
        let container = (&*lost.container.name).into();
        findings.extend(on_companion(candidates, lost, Remark::RestartPolicyRestored { container }));
    }
}

fn on_companion<'a>(candidates: &[Candidate<'a>], lost: &LostRestartPolicy<'a>, remark: Remark) -> Option<Finding<'a>> {
    let candidate = candidates.iter().find(|candidate| candidate.name == lost.companion)?;
    Some(Finding::on_companion(candidate.name, candidate.via, remark))
}

/// Parameters that the Pod gives to companions which were injected with other values.
pub(super) fn differing_parameters<'a>(
    context: &Context<'_, 'a>,
    choices: &Choices,
    candidates: &[Candidate<'a>],
    findings: &mut Vec<Finding<'a>>,
) {
    for (candidate, parameter) in differing(context, choices, candidates).into_iter().take(MAX_FAULTS) {
        let remark = Remark::ParameterDiffers { companion: candidate.name.into(), parameter: parameter.into() };
        findings.push(Finding::on_companion(candidate.name, candidate.via, remark));
    }
}

/// Companions that the status lists and that nothing requests. In a Pod that is not opted out, one that is automatic may
/// have been injected by a rule that changed. The list of a namespace that is not known may name any companion, and so may
/// selectors offer any to that namespace.
pub(super) fn no_longer_requested<'a>(
    context: &Context<'_, 'a>,
    offers: &Offers<'_, 'a>,
    candidates: &[Candidate<'a>],
    findings: &mut Vec<Finding<'a>>,
) {
    let Context { requested, status, pod, namespace, .. } = *context;
    let is_list_unknown = matches!(namespace, PodNamespace::NameOnly { .. });
    let is_opted_out = requested.pod == OptIn::Disabled;
    let unless_by_namespace = !is_opted_out && requested.companions.is_none() && is_list_unknown;
    let is_candidate = |name: &str| candidates.iter().any(|candidate| candidate.name == name);
    let must_be_requested = |name: &str| match offers.named(name) {
        Some(entry) => entry.activation() == Activation::OnRequest,
        None => !is_list_unknown,
    };
    let names = status.present(pod).map(|entry| &*entry.companion);
    let unasked = names.filter(|name| !is_candidate(name) && (is_opted_out || must_be_requested(name)));
    let unasked = unasked.take(MAX_FAULTS);
    findings.extend(unasked.map(|name| Finding {
        companion: Some(name.to_owned().into()),
        ..Finding::on_pod(Remark::NoLongerRequested { unless_by_namespace })
    }));
}
