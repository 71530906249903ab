//! One review from start to end.

mod already_injected;
mod labels;
mod mistakes;
mod settle;

use super::keys;
use super::patch::changes::Changes;
use super::patch::status::Status;
use super::plan::assembly::Assembly;
use super::plan::authored::{InjectedContainers, choices};
use super::plan::candidates::candidates;
use super::plan::present::restart_policy::lost_restart_policies;
use super::pod::{Pod, is_mirror};
use super::request::Request;
use super::request::context::Context;
use super::request::offers::Offers;
use super::request::pod_namespace::PodNamespace;
use super::request::requested::Requested;
use super::snapshot::Snapshot;
use super::verdict::reason::Remark;
use super::verdict::{Decision, Effect, Verdict};

/// Writes the patch of all changes; `None` where there is none.
type WritePatch = fn(&Pod<'_>, &Status<'_>, &Changes<'_, '_>) -> Option<Vec<u8>>;

/// Namespace, request, candidates, assembly, verdict.
pub(super) fn review<'a>(request: &'a Request<'a>, snapshot: &'a Snapshot, write: WritePatch) -> Verdict<'a> {
    let pod = &request.pod;
    if let Some(remark) = exclusion(request, snapshot) {
        return Verdict::unchanged(remark);
    }
    let namespace = match PodNamespace::find(snapshot, request.namespace, request.webhook, pod.label(keys::INJECT)) {
        Ok(namespace) => namespace,
        Err(remark) => return Verdict::unavailable(remark),
    };
    if pod.containers.iter().all(|c| c.list.is_init()) {
        return Verdict::unchanged(Remark::NoContainers);
    }
    let requested = Requested::read(pod, namespace);
    let status = Status::read(pod.annotation(keys::STATUS));
    let online = request.webhook.is_some();
    decide(&Context { pod, namespace, snapshot, online, requested: &requested, status: &status }, write)
}

/// Why a Pod is not reviewed at all.
fn exclusion(request: &Request<'_>, snapshot: &Snapshot) -> Option<Remark> {
    let pod = &request.pod;
    if is_mirror(pod, request.requester) {
        return Some(Remark::MirrorPod);
    }
    let is_own = snapshot.settings.own_namespace.as_deref() == Some(request.namespace);
    (is_own || keys::EXCLUDED_NAMESPACES.contains(&request.namespace)).then(|| {
        let requests = pod.annotation(keys::COMPANIONS).is_some() || pod.label(keys::INJECT) == Some("enabled");
        Remark::ExcludedNamespace { requests }
    })
}

fn decide<'a>(context: &Context<'_, 'a>, write: WritePatch) -> Verdict<'a> {
    let Context { pod, status, .. } = *context;
    let offers = Offers::new(*context);
    let candidates = candidates(context);
    let injected = InjectedContainers::new(context, &candidates);
    let choices = choices(context, &candidates, &injected);
    let mut findings = mistakes::of_keys(context, &offers, &candidates, &injected);
    let lost = lost_restart_policies(context, &candidates);
    let mut assembly = Assembly::new(context, &offers, &choices, &candidates);
    let restored = assembly.restored(&lost);
    for candidate in &candidates {
        assembly.consider(candidate, &mut findings);
    }
    already_injected::missing_parts(context, &candidates, &lost, &mut findings);
    already_injected::differing_parameters(context, &choices, &candidates, &mut findings);
    already_injected::no_longer_requested(context, &offers, &candidates, &mut findings);
    mistakes::unused_parameters(context, &offers, &candidates, &mut findings);
    labels::report_invalid(context, &offers, &candidates, &mut findings);
    if findings.iter().any(|finding| finding.effect == Effect::Deny) {
        return Verdict::denied(findings);
    }
    already_injected::restored(&candidates, &lost, &mut findings);
    let skipped = assembly.skipped(&findings);
    let (mut plans, most) = assembly.finish();
    settle::settle(&mut plans, pod.grace_seconds, &mut findings);
    let patch = write(pod, status, &Changes { plans: &plans, restored: &restored, skipped: &skipped, most });
    Verdict { decision: patch.map_or(Decision::Admit, Decision::Patch), findings }
}
