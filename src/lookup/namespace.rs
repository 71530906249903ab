//! The quotas, LimitRanges and autoscalers of a namespace that Pods with injected containers break, as warnings to the user who
//! applies a workload.

mod listed;

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::time::Instant;

use super::callers::Callers;
use super::place::ListedNamespace;
use super::rate_limit::RateLimit;
use super::response::Bounds;
use super::rules::{
    Autoscaler, ContainerDefaults, LimitRange, MOST_RESOURCES, NotExamined, PlannedPod, Quota, Remedies,
};
use super::time_limit::{TimeLimit, until};
use crate::admission::{AppliedWorkload, InjectedPatch, MOST_COUNTED_WARNINGS};
use listed::{ListedObjects, list};

/// The time from the start of a preview until its lookups stop.
pub const NAMESPACE_TIME: Duration = Duration::from_millis(500);
/// How many quotas, and how many LimitRanges, are read. A namespace has few, and each is compared with each container.
const MOST_RULES: u32 = 64;
/// How many autoscalers are read. A namespace often has one for each workload.
const MOST_AUTOSCALERS: u32 = 500;
/// The most bytes of the objects of a kind.
const BYTES: usize = 4 << 20;
/// How many lookups are made in a second for all unauthenticated callers together, who could ask for lookups without end; each
/// lists three kinds. One kubectl that applies many workloads makes fewer.
const UNAUTHENTICATED_PER_SECOND: u32 = 20;
/// The warning where nothing is looked up, or where that takes too long.
pub const NOT_LOOKED_UP: &str = "podgraft: ResourceQuotas, LimitRanges and HorizontalPodAutoscalers were not checked: many workloads \
                                 are applied at the same time, or the API server did not answer in time";
/// The warning where the time limit was reached.
const NOT_ALL_CHECKED: &str = "podgraft: not all ResourceQuotas, LimitRanges and HorizontalPodAutoscalers of the namespace were checked: \
                               the time limit of a preview was reached";
/// The warning where the namespace is not known.
const UNKNOWN_NAMESPACE: &str = "podgraft: ResourceQuotas, LimitRanges and HorizontalPodAutoscalers were not checked: podgraft does \
                                 not know the namespace yet";

/// Looks up objects of namespaces with the rights of a client. Clones share the limit.
#[derive(Clone)]
pub struct NamespaceLookup {
    client: Client,
    /// `None` where callers are authenticated.
    limit: Option<Arc<RateLimit>>,
}

/// The time of a lookup.
#[derive(Debug, Clone, Copy)]
pub struct LookupTime {
    /// When the workload was applied.
    pub began: Instant,
    /// When the lookup stops.
    pub deadline: Instant,
}

/// The objects of a namespace that Pods can break.
struct NamespaceRules {
    limit_ranges: ListedObjects<LimitRange>,
    quotas: ListedObjects<Quota>,
    autoscalers: ListedObjects<Autoscaler>,
}

/// A workload as autoscalers and messages name it.
struct WorkloadName<'a> {
    group: &'a str,
    kind: &'a str,
    /// The kind in messages.
    shown_kind: &'a str,
    name: &'a str,
}

impl NamespaceLookup {
    /// A lookup with the rights of a client.
    #[must_use]
    pub fn new(client: Client, callers: Callers) -> Self {
        let limit = || Arc::new(RateLimit::new(UNAUTHENTICATED_PER_SECOND));
        NamespaceLookup { client, limit: (callers == Callers::Unauthenticated).then(limit) }
    }

    /// The warnings about a workload whose Pods get a companion, at most [`MOST_COUNTED_WARNINGS`]. The first one says what was
    /// not checked.
    pub async fn warnings(&self, workload: &AppliedWorkload<'_>, time: LookupTime) -> Vec<String> {
        let LookupTime { began, deadline } = time;
        let Some(place) = ListedNamespace::find(workload.namespace(), &workload.snapshot().namespaces) else {
            return vec![UNKNOWN_NAMESPACE.to_owned()];
        };
        if self.limit.as_ref().is_some_and(|limit| !limit.admits(began)) {
            return vec![NOT_LOOKED_UP.to_owned()];
        }
        let rules = self.rules(place, Bounds { deadline, bytes: BYTES }).await;
        let unchecked = rules.unchecked(place.as_str());
        unchecked.into_iter().chain(rules.warnings(workload, &until(deadline))).take(MOST_COUNTED_WARNINGS).collect()
    }

    /// The rules of a namespace. Those of one kind are used even if those of another kind could not be read.
    async fn rules(&self, place: ListedNamespace<'_>, bounds: Bounds) -> NamespaceRules {
        let core = |resource: &str| format!("/api/v1/namespaces/{}/{resource}", place.as_str());
        let (limit_ranges, quotas) = (core("limitranges"), core("resourcequotas"));
        let autoscalers = format!("/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers", place.as_str());
        let (limit_ranges, quotas, autoscalers) = tokio::join!(
            list(&self.client, &limit_ranges, MOST_RULES, bounds),
            list(&self.client, &quotas, MOST_RULES, bounds),
            list(&self.client, &autoscalers, MOST_AUTOSCALERS, bounds),
        );
        NamespaceRules { limit_ranges, quotas, autoscalers }.without_long_lists()
    }
}

impl NamespaceRules {
    /// Leaves out the objects whose lists are not known completely.
    fn without_long_lists(mut self) -> Self {
        let omit = |name: &str| format!("{name} has more than {MOST_RESOURCES} resources in a list");
        self.limit_ranges.retain(|limit_range| !limit_range.is_too_long(), |limit_range| omit(limit_range.name()));
        self.quotas.retain(|quota| !quota.is_too_long(), |quota| omit(quota.name()));
        self
    }

    /// What was not checked, and why.
    fn unchecked(&self, namespace: &str) -> Option<String> {
        let NamespaceRules { limit_ranges, quotas, autoscalers } = self;
        let omitted = [
            ("LimitRanges", &limit_ranges.omitted),
            ("ResourceQuotas", &quotas.omitted),
            ("HorizontalPodAutoscalers", &autoscalers.omitted),
        ];
        let omitted = omitted.into_iter().filter_map(|(kind, why)| why.as_ref().map(|why| format!("{kind}: {why}")));
        let omitted: Vec<String> = omitted.collect();
        (!omitted.is_empty())
            .then(|| format!("podgraft: not everything of namespace {namespace} was checked: {}", omitted.join("; ")))
    }

    fn warnings(&self, workload: &AppliedWorkload<'_>, time: &TimeLimit<impl Fn() -> bool>) -> Vec<String> {
        let InjectedPatch { patch, companions } = workload.injected_patch();
        if patch.is_empty() {
            return Vec::new();
        }
        let mut defaults = ContainerDefaults::new(self.limit_ranges.omitted.is_none());
        for limit_range in &self.limit_ranges.objects {
            limit_range.add_defaults(&mut defaults);
        }
        match PlannedPod::new(workload.pod(), &patch, &defaults) {
            Ok(pod) => self.broken(&pod, &Remedies::new(companions), &WorkloadName::of(workload), time),
            Err(why) => vec![not_examined(why)],
        }
    }

    /// The warnings about a Pod of a workload. The first one says that the time limit was reached.
    fn broken(
        &self,
        pod: &PlannedPod<'_>,
        remedies: &Remedies<'_>,
        workload: &WorkloadName<'_>,
        time: &TimeLimit<impl Fn() -> bool>,
    ) -> Vec<String> {
        let WorkloadName { group, kind, shown_kind, name } = workload;
        let limit_ranges = || time.items(&self.limit_ranges.objects);
        let quotas = || time.items(&self.quotas.objects);
        let scaling = time.items(&self.autoscalers.objects).filter(|autoscaler| autoscaler.scales(group, kind, name));
        let denials = limit_ranges().flat_map(|limit_range| limit_range.violations(pod, remedies));
        let denials = denials.chain(quotas().flat_map(|quota| quota.violations(pod, remedies)));
        let denials = denials.map(|cause| format!("podgraft: Pods of this {shown_kind} will be denied: {cause}"));
        let shortages = quotas().flat_map(|quota| quota.shortages(pod, remedies));
        let shortages = shortages.map(|cause| format!("podgraft: Pods of this {shown_kind} may be denied: {cause}"));
        let scaling = scaling.flat_map(|autoscaler| autoscaler.effects(pod, remedies));
        let scaling = scaling.map(|effect| format!("podgraft: {effect}"));
        let mut all: Vec<String> = denials.chain(shortages).chain(scaling).take(MOST_COUNTED_WARNINGS).collect();
        if time.was_reached() {
            all.insert(0, NOT_ALL_CHECKED.to_owned());
        }
        all
    }
}

impl<'a> WorkloadName<'a> {
    fn of(workload: &'a AppliedWorkload<'_>) -> Self {
        let (group, kind, shown_kind) = (workload.group(), workload.kind(), workload.shown_kind());
        WorkloadName { group, kind, shown_kind, name: workload.name() }
    }
}

fn not_examined(why: NotExamined) -> String {
    format!("podgraft: ResourceQuotas, LimitRanges and HorizontalPodAutoscalers were not checked: {why}")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::inject::pod::Pod;
    use serde_json::json;

    #[test]
    fn rules_are_checked_until_the_time_limit_and_the_first_warning_says_that_there_are_more() {
        let read = |i: usize| {
            let limit = json!({"type": "Container", "max": {"memory": if i == 2 { "1Mi" } else { "1Gi" }}});
            serde_json::from_value(json!({"metadata": {"name": format!("r{i}")}, "spec": {"limits": [limit]}})).unwrap()
        };
        let limit_ranges = ListedObjects { objects: (0..400).map(read).collect(), omitted: None };
        let quotas = ListedObjects { objects: Vec::new(), omitted: None };
        let autoscalers = ListedObjects { objects: Vec::new(), omitted: None };
        let rules = NamespaceRules { limit_ranges, quotas, autoscalers };
        let container = json!({"name": "app", "image": "i:1", "resources": {"limits": {"memory": "1Mi"}}});
        let pod = json!({"spec": {"containers": [container]}}).to_string();
        let pod = Pod::read(pod.as_bytes()).unwrap();
        let container = json!({"name": "note", "resources": {"limits": {"memory": "2Mi"}}});
        let patch = json!([{"op": "add", "path": "/spec/containers/-", "value": container}]).to_string();
        let defaults = ContainerDefaults::new(true);
        let pod = PlannedPod::new(&pod, patch.as_bytes(), &defaults).unwrap();
        let web = WorkloadName { group: "apps", kind: "Deployment", shown_kind: "Deployment", name: "web" };
        let warnings = |checks: usize| {
            let reads = Cell::new(0);
            let time = TimeLimit::new(|| reads.replace(reads.get() + 1) >= checks);
            let found = rules.broken(&pod, &Remedies::new(Vec::new()), &web, &time);
            assert!(reads.get() <= checks + 1, "the clock is read once for each object until the time limit");
            found
        };
        assert_eq!(warnings(2), [NOT_ALL_CHECKED]);
        let denied = warnings(400);
        assert!(
            denied[0].starts_with("podgraft: Pods of this Deployment will be denied: LimitRange r2 "),
            "{denied:?}"
        );
        assert_eq!(warnings(3), [NOT_ALL_CHECKED, &denied[0]]);
        assert_eq!(denied.len(), 1);
    }
}
