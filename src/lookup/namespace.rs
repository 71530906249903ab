//! The quotas, LimitRanges and autoscalers of a namespace that Pods with injected containers break, as warnings to the user who
//! applies a workload.

use std::time::Duration;

use kube::Client;
use kube::api::ListParams;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::place::ListedNamespace;
use super::response::{Bounds, LookupError, Page, page, parsed};
use super::rules::{Autoscaler, ContainerDefaults, LimitRange, PlannedPod, Quota};
use super::time_limit::{TimeLimit, until};
use crate::admission::AppliedWorkload;

/// The time from the start of a preview until its lookups stop.
pub const NAMESPACE_TIME: Duration = Duration::from_millis(500);
/// How many objects of a kind are read. A namespace has few quotas and LimitRanges, and often one autoscaler for each workload.
const MOST_OBJECTS: u32 = 500;
/// The most bytes of them.
const BYTES: usize = 4 << 20;
/// The most warnings about one workload: an answer has no more.
const MOST_WARNINGS: usize = 5;
/// The warning where the time limit was reached.
const NOT_ALL_CHECKED: &str = "podgraft: not all ResourceQuotas, LimitRanges and HorizontalPodAutoscalers of the namespace were checked: \
                               the time limit of a preview was reached";
/// The warning where the namespace is not known.
const UNKNOWN_NAMESPACE: &str = "podgraft: ResourceQuotas, LimitRanges and HorizontalPodAutoscalers were not checked: podgraft does \
                                 not know the namespace yet";

/// Looks up objects of namespaces with the rights of a client.
#[derive(Clone)]
pub struct NamespaceLookup {
    client: Client,
}

impl NamespaceLookup {
    /// A lookup with the rights of a client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        NamespaceLookup { client }
    }

    /// The warnings about a workload whose Pods get a companion.
    pub async fn warnings(&self, workload: &AppliedWorkload<'_>, deadline: Instant) -> Vec<String> {
        let bounds = Bounds { deadline, bytes: BYTES };
        let Some(place) = ListedNamespace::find(workload.namespace(), &workload.snapshot().namespaces) else {
            return vec![UNKNOWN_NAMESPACE.to_owned()];
        };
        let namespace = place.as_str();
        let core = format!("/api/v1/namespaces/{namespace}");
        let autoscaling = format!("/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers");
        let (limit_ranges, quotas) = (format!("{core}/limitranges"), format!("{core}/resourcequotas"));
        let looked_up = tokio::try_join!(
            self.list::<LimitRange>(&limit_ranges, bounds),
            self.list::<Quota>(&quotas, bounds),
            self.list::<Autoscaler>(&autoscaling, bounds),
        );
        match looked_up {
            Ok((limit_ranges, quotas, autoscalers)) => {
                let rules = NamespaceRules { limit_ranges, quotas, autoscalers };
                rules.warnings(workload, &until(deadline))
            }
            Err(error) => vec![format!(
                "podgraft: ResourceQuotas, LimitRanges and HorizontalPodAutoscalers of namespace {namespace} were not checked: {error}"
            )],
        }
    }

    /// The objects at a path; none where the API server does not have the resource. Those that cannot be read are left out.
    ///
    /// # Errors
    /// They could not be read; the text names the resource.
    async fn list<T: DeserializeOwned>(&self, path: &str, bounds: Bounds) -> Result<Vec<T>, String> {
        let unread = |error: LookupError| format!("{}: {error}", path.rsplit('/').next().unwrap_or(path));
        let text = match page(&self.client, path, &ListParams::default().limit(MOST_OBJECTS), bounds).await {
            Err(LookupError::NotFound) => return Ok(Vec::new()),
            text => text.map_err(unread)?,
        };
        let page: Page<'_> = parsed(&text).map_err(unread)?;
        Ok(page.items.iter().filter_map(|item| serde_json::from_str(item.get()).ok()).collect())
    }
}

/// The objects of a namespace that Pods can break.
struct NamespaceRules {
    limit_ranges: Vec<LimitRange>,
    quotas: Vec<Quota>,
    autoscalers: Vec<Autoscaler>,
}

impl NamespaceRules {
    fn warnings(&self, workload: &AppliedWorkload<'_>, time: &TimeLimit<impl Fn() -> bool>) -> Vec<String> {
        let patch = workload.patch();
        let mut defaults = ContainerDefaults::default();
        for limit_range in &self.limit_ranges {
            limit_range.add_defaults(&mut defaults);
        }
        let Some(pod) = PlannedPod::new(workload.pod(), &patch, &defaults) else { return Vec::new() };
        self.broken(&pod, (workload.group(), workload.kind(), workload.name()), time)
    }

    /// The warnings about a Pod of a workload with this group, kind and name.
    fn broken(
        &self,
        pod: &PlannedPod<'_>,
        (group, kind, name): (&str, &str, &str),
        time: &TimeLimit<impl Fn() -> bool>,
    ) -> Vec<String> {
        let denials = time.items(&self.limit_ranges).flat_map(|limit_range| limit_range.violations(pod));
        let denials = denials.chain(time.items(&self.quotas).flat_map(|quota| quota.violations(pod)));
        let denials = denials.map(|cause| format!("podgraft: Pods of this {kind} will be denied: {cause}"));
        let shortages = time.items(&self.quotas).flat_map(|quota| quota.shortages(pod));
        let shortages = shortages.map(|cause| format!("podgraft: Pods of this {kind} may be denied: {cause}"));
        let scaling = time.items(&self.autoscalers).filter(|autoscaler| autoscaler.scales(group, kind, name));
        let scaling =
            scaling.flat_map(|autoscaler| autoscaler.effects(pod)).map(|effect| format!("podgraft: {effect}"));
        let mut all: Vec<String> = denials.chain(shortages).chain(scaling).take(MOST_WARNINGS).collect();
        if time.was_reached() {
            all.truncate(MOST_WARNINGS - 1);
            all.push(NOT_ALL_CHECKED.to_owned());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;
    use crate::inject::pod::Pod;

    #[test]
    fn rules_are_checked_until_the_time_limit_and_the_warning_says_that_there_are_more() {
        let read = |i: usize| {
            let limit = json!({"type": "Container", "max": {"memory": if i == 2 { "1Mi" } else { "1Gi" }}});
            serde_json::from_value(json!({"metadata": {"name": format!("r{i}")}, "spec": {"limits": [limit]}})).unwrap()
        };
        let rules =
            NamespaceRules { limit_ranges: (0..400).map(read).collect(), quotas: Vec::new(), autoscalers: Vec::new() };
        let pod = Pod::read(br#"{"spec": {"containers": [{"name": "app", "image": "i:1"}]}}"#).unwrap();
        let container = json!({"name": "note", "resources": {"limits": {"memory": "2Mi"}}});
        let patch = json!([{"op": "add", "path": "/spec/containers/-", "value": container}]).to_string();
        let defaults = ContainerDefaults::default();
        let pod = PlannedPod::new(&pod, patch.as_bytes(), &defaults).unwrap();
        let warnings = |checks: usize| {
            let reads = Cell::new(0);
            let time = TimeLimit::new(|| reads.replace(reads.get() + 1) >= checks);
            let found = rules.broken(&pod, ("apps", "Deployment", "web"), &time);
            assert!(reads.get() <= checks + 1, "the clock is read once for each object until the time limit");
            found
        };
        assert_eq!(warnings(2), [NOT_ALL_CHECKED]);
        let denied = "podgraft: Pods of this Deployment will be denied: LimitRange r2 allows a container at most 1Mi memory, and the \
                      injected container note has a limit of 2Mi memory";
        assert_eq!(warnings(3), [denied, NOT_ALL_CHECKED]);
        assert_eq!(warnings(400), [denied]);
    }
}
