//! Which Pods a ResourceQuota counts (`podMatchesScopeFunc` of `k8s.io/kubernetes/pkg/quota/v1/evaluator/core/pods.go`).

use serde::Deserialize;

use super::amounts::AmountKind;
use super::planned::{ContainerSet, PlannedPod};
use crate::inject::companion::quantity::Amount;

/// The fields of a quota that select Pods.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Scopes {
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    scope_selector: Option<ScopeSelector>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScopeSelector {
    #[serde(default)]
    match_expressions: Option<Vec<ScopeRequirement>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScopeRequirement {
    scope_name: String,
    operator: String,
    #[serde(default)]
    values: Option<Vec<String>>,
}

impl Scopes {
    /// Whether the quota counts a Pod that has a set of containers; `None` where that is not known before an API server has
    /// admitted the Pod.
    pub(super) fn select(&self, pod: &PlannedPod<'_>, set: ContainerSet) -> Option<bool> {
        let scopes = self.scopes.iter().flatten().map(|scope| is_in_scope(scope, "Exists", &[], pod, set));
        let expressions = self.scope_selector.iter().flat_map(|selector| selector.match_expressions.iter().flatten());
        let expressions = expressions.map(|ScopeRequirement { scope_name, operator, values }| {
            is_in_scope(scope_name, operator, values.as_deref().unwrap_or_default(), pod, set)
        });
        let all = || Some(true);
        scopes.chain(expressions).fold(all(), |found, matches| match (found, matches) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (None, _) | (_, None) => None,
            (Some(true), Some(true)) => all(),
        })
    }
}

fn is_in_scope(
    scope: &str,
    operator: &str,
    values: &[String],
    pod: &PlannedPod<'_>,
    set: ContainerSet,
) -> Option<bool> {
    let is_terminating = pod.spec.active_deadline_seconds.is_some_and(|seconds| seconds >= 0);
    match scope {
        "Terminating" => Some(is_terminating),
        "NotTerminating" => Some(!is_terminating),
        "BestEffort" => is_best_effort(pod, set),
        "NotBestEffort" => is_best_effort(pod, set).map(|is_best_effort| !is_best_effort),
        "PriorityClass" => has_priority_class(pod, operator, values),
        // Its rules for other namespaces are not read, and a Pod without affinity has none.
        "CrossNamespacePodAffinity" => pod.spec.affinity.is_none().then_some(false),
        _ => Some(false),
    }
}

/// Whether no container has cpu or memory (`ComputePodQOS`).
fn is_best_effort(pod: &PlannedPod<'_>, set: ContainerSet) -> Option<bool> {
    if pod.sets_resources {
        return None;
    }
    let amounts = ["cpu", "memory"].into_iter().flat_map(|resource| {
        let kinds = [AmountKind::Request, AmountKind::Limit].into_iter();
        kinds.map(move |kind| pod.total(set, kind, resource))
    });
    let mut is_best_effort = Some(true);
    for held in amounts {
        if held.at_least() > Amount::default() {
            return Some(false);
        }
        is_best_effort = is_best_effort.filter(|_| held.is_exact);
    }
    is_best_effort
}

/// Whether the Pod's PriorityClass is one that a quota selects. API servers give a Pod without one the default of the cluster,
/// which is not known here.
fn has_priority_class(pod: &PlannedPod<'_>, operator: &str, values: &[String]) -> Option<bool> {
    let class = pod.spec.priority_class_name.as_ref().filter(|class| !class.is_empty())?;
    match operator {
        "Exists" => Some(true),
        "DoesNotExist" => Some(false),
        "In" => Some(values.contains(class)),
        "NotIn" => Some(!values.contains(class)),
        _ => None,
    }
}
