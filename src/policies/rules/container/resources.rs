//! What is required of resources: at least the declared ones, so that a companion is not starved.

use serde_json::Value;

use crate::inject::companion::declared::DeclaredContainer;
use crate::policies::cel::conform;
use crate::policies::cel::conform::Condition;
use crate::policies::cel::literal;
use crate::policies::rules::required::Required;

/// Resources that a LimitRange, a policy engine or a VerticalPodAutoscaler may add although they are not declared.
const ORDINARY: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// Resources that a Pod as a whole can have (KEP-2837).
const OF_PODS: [&str; 2] = ["cpu", "memory"];

/// The resources of the container in the expression `at`. Larger amounts are accepted, except of extended resources.
pub(in crate::policies) fn conditions(at: &str, declared: &DeclaredContainer) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for list in ["limits", "requests"] {
        let amounts = amounts(declared, list);
        for (resource, amount) in &amounts {
            let amount_there = format!("{at}.?resources.?{list}[?{}]", literal::text(resource));
            let how = if ORDINARY.contains(resource) { ">=" } else { "==" };
            conditions.push(conform::quantity(&amount_there, amount, how));
        }
        let known = literal::texts(ORDINARY.into_iter().chain(amounts.iter().map(|(resource, _)| *resource)));
        conditions.push(format!("{at}.?resources.?{list}.orValue({{}}).all(k, k in {known})"));
    }
    // A companion cannot declare claims.
    conditions.push(format!("{at}.?resources.?claims.orValue([]).size() == 0"));
    conditions
}

/// The resize policy of a resource is as declared, or NotRequired, which is the default. API servers that do not know the
/// field drop it.
pub(super) fn resizing(at: &str, declared: &DeclaredContainer) -> Vec<Condition> {
    let policies = &declared.resize_policy;
    let policies_there = format!("{}.orValue([])", conform::optional(at, "resizePolicy"));
    let mut conditions = Vec::new();
    for policy in policies {
        let is_declared = conform::all(&conform::item("r", "resizePolicy", policy, &[]));
        conditions.push(format!("({policies_there}.size() == 0 || {policies_there}.exists_one(r, {is_declared}))"));
    }
    let names = literal::texts(policies.iter().filter_map(|policy| policy.get("resourceName")?.as_str()));
    conditions.push(format!("{policies_there}.all(r, r.resourceName in {names} || r.restartPolicy == 'NotRequired')"));
    conditions
}

/// Pod-level resources, where there are any, cover the sum of the companion's long-running containers, and each container
/// that completes.
pub(in crate::policies) fn of_pod(required: Required<'_>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for list in ["limits", "requests"] {
        for resource in OF_PODS {
            let there = format!("variables.pod.spec.?resources.?{list}[?'{resource}']");
            let amount = |c: &Value| literal::text(c.as_str().map_or_else(|| c.to_string(), str::to_owned).as_str());
            let mut covered: Vec<String> = Vec::new();
            let mut sum = String::new();
            for container in required.containers() {
                let amounts = amounts(container.declared, list);
                let Some((_, declared)) = amounts.iter().find(|(name, _)| *name == resource) else { continue };
                let declared = format!("quantity({})", amount(declared));
                if container.completes {
                    covered.push(declared);
                } else if sum.is_empty() {
                    sum = declared;
                } else {
                    sum = format!("{sum}.add({declared})");
                }
            }
            covered.extend(Some(sum).filter(|sum| !sum.is_empty()));
            conditions.extend(covered.iter().map(|amount| {
                format!("(!{there}.hasValue() || quantity(string({there}.value())).compareTo({amount}) >= 0)")
            }));
        }
    }
    conditions
}

/// The declared amounts of a list. Where only a limit is declared, API servers use it as the request.
fn amounts<'d>(declared: &'d DeclaredContainer, list: &str) -> Vec<(&'d str, &'d Value)> {
    let present = |(_, amount): &(&String, &Value)| !amount.is_null();
    let limits = declared.limits.iter().filter(present);
    let mut all: Vec<(&String, &Value)> = match list {
        "limits" => limits.clone().collect(),
        _ => declared.requests.iter().filter(present).collect(),
    };
    if list == "requests" {
        for (resource, amount) in limits {
            if !all.iter().any(|(other, _)| *other == resource) {
                all.push((resource, amount));
            }
        }
    }
    all.into_iter().map(|(resource, amount)| (resource.as_str(), amount)).collect()
}
