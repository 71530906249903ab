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
use crate::admission::AppliedWorkload;

/// The time from the start of a preview until its lookups stop.
pub const NAMESPACE_TIME: Duration = Duration::from_millis(500);
/// How many objects of a kind are read. A namespace has few quotas and LimitRanges, and often one autoscaler for each workload.
const MOST_OBJECTS: u32 = 500;
/// The most bytes of them.
const BYTES: usize = 4 << 20;
/// The most warnings about one workload: an answer has no more.
const MOST_WARNINGS: usize = 5;
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
            Ok((limit_ranges, quotas, autoscalers)) => warnings(workload, &limit_ranges, &quotas, &autoscalers),
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

fn warnings(
    workload: &AppliedWorkload<'_>,
    limit_ranges: &[LimitRange],
    quotas: &[Quota],
    autoscalers: &[Autoscaler],
) -> Vec<String> {
    let patch = workload.patch();
    let mut defaults = ContainerDefaults::default();
    for limit_range in limit_ranges {
        limit_range.add_defaults(&mut defaults);
    }
    let Some(pod) = PlannedPod::new(workload.pod(), &patch, &defaults) else { return Vec::new() };
    let (group, kind, name) = (workload.group(), workload.kind(), workload.name());
    let denials = limit_ranges.iter().flat_map(|limit_range| limit_range.violations(&pod));
    let denials = denials.chain(quotas.iter().flat_map(|quota| quota.violations(&pod)));
    let denials = denials.map(|cause| format!("podgraft: Pods of this {kind} will be denied: {cause}"));
    let shortages = quotas.iter().flat_map(|quota| quota.shortages(&pod));
    let shortages = shortages.map(|cause| format!("podgraft: Pods of this {kind} may be denied: {cause}"));
    let scaling = autoscalers.iter().filter(|autoscaler| autoscaler.scales(group, kind, name));
    let scaling = scaling.flat_map(|autoscaler| autoscaler.effects(&pod)).map(|effect| format!("podgraft: {effect}"));
    denials.chain(shortages).chain(scaling).take(MOST_WARNINGS).collect()
}
