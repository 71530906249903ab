//! HorizontalPodAutoscalers (autoscaling/v2) that compare the use of a resource with what all containers of a Pod request.

use serde::Deserialize;

use super::amounts::{AmountKind, NameOnly};
use super::planned::{PlannedContainer, PlannedPod};
use crate::inject::companion::quantity::Amount;

/// A HorizontalPodAutoscaler.
#[derive(Debug, Deserialize)]
pub(in crate::lookup) struct Autoscaler {
    metadata: NameOnly,
    spec: AutoscalerSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AutoscalerSpec {
    scale_target_ref: ScaleTarget,
    #[serde(default)]
    metrics: Vec<Metric>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScaleTarget {
    #[serde(default)]
    api_version: String,
    kind: String,
    name: String,
}

/// A metric; only `Resource` metrics have `resource`.
#[derive(Debug, Deserialize)]
struct Metric {
    resource: Option<ResourceMetric>,
}

#[derive(Debug, Deserialize)]
struct ResourceMetric {
    name: String,
    target: MetricTarget,
}

#[derive(Debug, Deserialize)]
struct MetricTarget {
    #[serde(rename = "type")]
    of: String,
}

impl Autoscaler {
    /// Whether it scales a workload.
    pub(in crate::lookup) fn scales(&self, group: &str, kind: &str, name: &str) -> bool {
        let target = &self.spec.scale_target_ref;
        let target_group = target.api_version.split_once('/').map_or("", |(group, _)| group);
        target_group == group && target.kind == kind && target.name == name
    }

    /// What the injected containers change for it (`calculateRequests` of the controller sums the requests of containers and
    /// native sidecars, and fails if one has none).
    pub(in crate::lookup) fn effects(&self, pod: &PlannedPod<'_>) -> Vec<String> {
        let metrics = self.spec.metrics.iter().filter_map(|metric| metric.resource.as_ref());
        metrics.filter(|metric| metric.target.of == "Utilization").filter_map(|m| self.effect(&m.name, pod)).collect()
    }

    fn effect(&self, resource: &str, pod: &PlannedPod<'_>) -> Option<String> {
        let request = |container: &PlannedContainer<'_>| container.amount(AmountKind::Request, resource);
        let (own, injected): (Vec<_>, Vec<_>) = pod.running().partition(|container| !container.is_injected);
        let own: Amount = own.into_iter().map(request).collect::<Option<Vec<_>>>()?.into_iter().sum();
        let name = &self.metadata.name;
        if let Some(without) = injected.iter().find(|container| request(container).is_none()) {
            return Some(format!(
                "HorizontalPodAutoscaler {name} will stop scaling: it compares the use of {resource} with the requests of all containers, and the injected container {} requests none; set its request, or use a ContainerResource metric",
                without.name
            ));
        }
        let added: Amount = injected.into_iter().filter_map(request).sum();
        (added + added >= own && added > Amount::default()).then(|| {
            let (own, all) = (own.text_for(resource), (own + added).text_for(resource));
            format!(
                "HorizontalPodAutoscaler {name} will compare the use of {resource} with {all} instead of {own}, because the injected containers count as well; use a ContainerResource metric"
            )
        })
    }
}
