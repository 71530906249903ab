//! HorizontalPodAutoscalers (autoscaling/v2) that compare the use of a resource with what all containers of a Pod request.

use serde::Deserialize;

use super::amounts::{AmountKind, NameOnly};
use super::container::PlannedContainer;
use super::planned::PlannedPod;
use super::remedies::{NewAmount, Remedies};
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

    /// What the injected containers change for it (`calculatePodRequestsFromContainers` of the controller sums the requests of
    /// containers and native sidecars, and fails if one has none).
    pub(in crate::lookup) fn effects(&self, pod: &PlannedPod<'_>, remedies: &Remedies<'_>) -> Vec<String> {
        let metrics = self.spec.metrics.iter().filter_map(|metric| metric.resource.as_ref());
        let metrics = metrics.filter(|metric| metric.target.of == "Utilization" && pod.is_summed(&metric.name));
        metrics.filter_map(|metric| self.effect(&metric.name, pod, remedies)).collect()
    }

    fn effect(&self, resource: &str, pod: &PlannedPod<'_>, remedies: &Remedies<'_>) -> Option<String> {
        let request = |container: &PlannedContainer<'_>| container.held(AmountKind::Request, resource);
        let (own, injected): (Vec<_>, Vec<_>) = pod.running().partition(|container| !container.is_injected);
        let own: Amount = own.into_iter().map(|own| request(own).exact()).sum::<Option<_>>()?;
        let name = &self.metadata.name;
        if let Some(without) = injected.iter().find(|container| request(container).is_absent()) {
            return Some(format!(
                "HorizontalPodAutoscaler {name} will stop scaling: it compares the use of {resource} with the requests of all containers, and {} requests none; {}, or use a ContainerResource metric",
                without.label(),
                remedies.set(without, AmountKind::Request, resource, NewAmount::Any),
            ));
        }
        let added: Amount = injected.into_iter().map(|injected| request(injected).exact()).sum::<Option<_>>()?;
        (added + added >= own && added > Amount::default()).then(|| {
            let (own, all) = (own.text_for(resource), (own + added).text_for(resource));
            format!(
                "HorizontalPodAutoscaler {name} will compare the use of {resource} with {all} instead of {own}, because the injected containers count as well; use a ContainerResource metric"
            )
        })
    }
}
