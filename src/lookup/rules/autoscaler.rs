//! HorizontalPodAutoscalers (autoscaling/v2) that compare the use of a resource with what all containers of a Pod request.

use serde::Deserialize;

use super::amounts::{AmountKind, NameOnly};
use super::container::PlannedContainer;
use super::planned::PlannedPod;
use super::remedies::{AmountChange, NewAmount, Remedies};
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
        let resources: Vec<&str> = metrics.map(|metric| &*metric.name).collect();
        let invalid = resources.iter().filter(|resource| pod.running().any(|of| is_missing(of, resource))).count();
        // If all metrics are invalid, the controller does nothing; if some are, it only adds Pods (`computeReplicasForMetrics`).
        let stops = if invalid < self.spec.metrics.len() { "no longer scale down" } else { "stop scaling" };
        let effects = resources.into_iter().filter_map(|resource| effect(resource, pod));
        effects.map(|effect| self.sentence(&effect, stops, remedies)).collect()
    }

    fn sentence(&self, effect: &Effect<'_>, stops: &str, remedies: &Remedies<'_>) -> String {
        let name = &self.metadata.name;
        match effect {
            Effect::Invalid { resource, without } => format!(
                "HorizontalPodAutoscaler {name} will {stops}: it compares the use of {resource} with the requests of all containers, and {} requests none; {}, or use a ContainerResource metric",
                without.label(),
                remedies.set(without, &AmountChange::of_any(resource, AmountKind::Request, NewAmount::Any)),
            ),
            Effect::Diluted { resource, own, all } => {
                let (own, all) = (own.text_for(resource), all.text_for(resource));
                format!(
                    "HorizontalPodAutoscaler {name} will compare the use of {resource} with {all} instead of {own}, because the injected containers count as well; use a ContainerResource metric"
                )
            }
        }
    }
}

/// What the injected containers change for a metric.
enum Effect<'p> {
    /// Its value cannot be computed, because a container has no request.
    Invalid { resource: &'p str, without: &'p PlannedContainer<'p> },
    /// The use is compared with a much larger request.
    Diluted { resource: &'p str, own: Amount, all: Amount },
}

fn effect<'p>(resource: &'p str, pod: &'p PlannedPod<'p>) -> Option<Effect<'p>> {
    let request = |container: &PlannedContainer<'_>| container.held(AmountKind::Request, resource);
    let (own, injected): (Vec<_>, Vec<_>) = pod.running().partition(|container| !container.is_injected);
    let own: Amount = own.into_iter().map(|own| request(own).exact()).sum::<Option<_>>()?;
    if let Some(without) = injected.iter().find(|container| is_missing(container, resource)) {
        return Some(Effect::Invalid { resource, without });
    }
    let added: Amount = injected.into_iter().map(|injected| request(injected).exact()).sum::<Option<_>>()?;
    (added + added >= own && added > Amount::default()).then(|| Effect::Diluted { resource, own, all: own + added })
}

fn is_missing(container: &PlannedContainer<'_>, resource: &str) -> bool {
    container.held(AmountKind::Request, resource).is_absent()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::lookup::rules::testing::{PodCase, expect, no_companions, read, resources};

    fn effects(metrics: &[Value], app: &[&str], note: &[&str]) -> Vec<String> {
        let scaled = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
        let spec = json!({"scaleTargetRef": scaled, "metrics": metrics});
        let autoscaler: Autoscaler = read(&json!({"metadata": {"name": "web"}, "spec": spec}));
        let requests = |all: &[&str]| {
            let all: Value =
                all.iter().map(|name| ((*name).to_owned(), "64Mi".into())).collect::<serde_json::Map<_, _>>().into();
            resources(&all, &json!({}))
        };
        let case = PodCase::new(requests(app), requests(note));
        case.planned(&[], |pod| autoscaler.effects(pod, &no_companions()))
    }

    #[test]
    fn scaling_stops_if_no_metric_is_left_and_otherwise_pods_are_only_added() {
        let of = |resource: &str| json!({"type": "Resource", "resource": {"name": resource, "target": {"type": "Utilization", "averageUtilization": 80}}});
        let (cpu, memory, other) = (of("cpu"), of("memory"), json!({"type": "External", "external": {}}));
        let stops = "HorizontalPodAutoscaler web will stop scaling: it compares the use of cpu with";
        let only_adds = "HorizontalPodAutoscaler web will no longer scale down: it compares the use of cpu with";
        let diluted = "will compare the use of memory with";
        expect(&effects(std::slice::from_ref(&cpu), &["cpu"], &[]), &[stops]);
        expect(&effects(&[cpu.clone(), other], &["cpu"], &[]), &[only_adds]);
        let both = [cpu, memory];
        expect(&effects(&both, &["cpu", "memory"], &["memory"]), &[only_adds, diluted]);
        expect(&effects(&both, &["cpu", "memory"], &[]), &[stops, "will stop scaling: it compares the use of memory"]);
        // The use of memory could not be computed before either.
        expect(&effects(&both, &["cpu"], &[]), &[stops]);
    }
}
