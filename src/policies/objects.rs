//! The four objects of a required companion: two policies, and what puts each of them in force.

use serde_json::{Value, json};

use super::cel::literal;
use super::rules::on_create;
use super::rules::on_create::Variable;
use super::rules::on_update;
pub use super::rules::required::Required;
use crate::inject::companion::selector::{Operator, Requirement, Selector};
use crate::inject::keys::{EXCLUDED_NAMESPACES, NAMESPACE_NAME};

/// The label that says which installation an object belongs to.
pub const INSTALLATION: &str = "podgraft.dev/installation";
/// The label that says which companion an object belongs to.
pub const COMPANION: &str = "podgraft.dev/companion";
/// The label of everything that podgraft keeps, and its value.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "podgraft");

/// Who keeps the policies.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Its name: the first part of the names of its policies.
    pub name: Box<str>,
    /// Its own namespace, whose Pods are left alone.
    pub namespace: Option<Box<str>>,
}

/// What a policy accepts.
#[derive(Debug, Clone, Copy)]
pub struct AcceptedVersions<'c> {
    /// The newest version.
    pub newest: Required<'c>,
    /// The version before it.
    pub previous: Option<Required<'c>>,
    /// Whether injection is still on its way from the one to the other: then only Pods that both select are asked.
    pub changing: bool,
}

/// Which of the four objects it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Asks Pods that are made.
    OnCreate,
    /// Asks Pods that are changed.
    OnUpdate,
}

impl Rule {
    /// Both.
    pub const ALL: [Rule; 2] = [Rule::OnCreate, Rule::OnUpdate];

    /// The name of its policy, and of its binding.
    #[must_use]
    pub fn name(self, installation: &Installation, companion: &str) -> String {
        let end = if self == Rule::OnUpdate { "-update" } else { "" };
        format!("{}-required-{companion}{end}", installation.name)
    }
}

/// A policy, as the API server would show it but for what it writes itself into the metadata.
#[must_use]
pub fn policy(installation: &Installation, part: Rule, accepted: &AcceptedVersions<'_>) -> Value {
    let companion = &accepted.newest.companion.name;
    let versions: Vec<Required<'_>> = [Some(accepted.newest), accepted.previous].into_iter().flatten().collect();
    let (resources, operations) = match part {
        Rule::OnCreate => (json!(["pods"]), json!(["CREATE"])),
        // Not pods/status: what kubelets report must never be in anybody's way.
        Rule::OnUpdate => (json!(["pods", "pods/ephemeralcontainers", "pods/resize"]), json!(["UPDATE"])),
    };
    let selecting = if accepted.changing { versions.clone() } else { vec![accepted.newest] };
    let spec = match part {
        Rule::OnCreate => on_create(accepted),
        Rule::OnUpdate => on_update(companion, &versions, &selecting),
    };
    let object_selector = match part {
        Rule::OnCreate => selector(selecting.iter().map(|c| &c.companion.pod_selector), Vec::new()),
        // Labels can be taken off.
        Rule::OnUpdate => json!({}),
    };
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": metadata(installation, part, companion),
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": selector(selecting.iter().map(|c| &c.companion.namespace_selector), excluded(installation)),
                "objectSelector": object_selector,
                "resourceRules": [{
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": operations,
                    "resources": resources,
                    "scope": "Namespaced",
                }],
            },
            "matchConditions": spec.conditions,
            "variables": spec.variables,
            "validations": spec.validations,
        },
    })
}

/// What puts a policy in force.
#[must_use]
pub fn binding(installation: &Installation, part: Rule, companion: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": metadata(installation, part, companion),
        "spec": {"policyName": part.name(installation, companion), "validationActions": ["Deny"]},
    })
}

fn metadata(installation: &Installation, part: Rule, companion: &str) -> Value {
    json!({
        "name": part.name(installation, companion),
        "labels": {MANAGED_BY.0: MANAGED_BY.1, INSTALLATION: installation.name, COMPANION: companion},
    })
}

/// What differs between the two policies.
struct Asked {
    conditions: Value,
    variables: Value,
    validations: Vec<Value>,
}

fn on_create(accepted: &AcceptedVersions<'_>) -> Asked {
    let name = &accepted.newest.companion.name;
    let versions: Vec<Required<'_>> = [Some(accepted.newest), accepted.previous].into_iter().flatten().collect();
    let mut variables = on_create::variables();
    for (i, version) in versions.iter().enumerate() {
        variables.extend(on_create::containers(*version, i));
    }
    let mut otherwise = "";
    if let Some(previous) = accepted.previous {
        let parts: Vec<_> = on_create::checks(previous, 1).into_iter().map(|check| check.expression).collect();
        let names: Vec<_> = (0..parts.len()).map(|i| format!("variables.p{i}")).collect();
        let variable = |(i, expression): (usize, String)| Variable { name: format!("p{i}"), expression };
        variables.extend(parts.into_iter().enumerate().map(variable));
        let whole = format!("{} && {}", on_create::present(previous), names.join(" && "));
        variables.push(Variable { name: "previous".to_owned(), expression: whole });
        otherwise = "variables.previous || ";
    }
    let present = versions.iter().map(|v| format!("({})", on_create::present(*v))).collect::<Vec<_>>().join(" || ");
    let missing = format!("podgraft: companion {name} is required in namespace ");
    let why = " and is not in the Pod: podgraft did not answer, or something took it out again; try again, and else see whether podgraft runs";
    let mut validations = vec![json!({
        "expression": present,
        "messageExpression":
            format!("{} + namespaceObject.metadata.name + {}", literal::text(&missing), literal::text(why)),
        "reason": "Forbidden",
    })];
    let how = "leave the companion to podgraft, or see which other webhook changes it";
    validations.extend(on_create::checks(accepted.newest, 0).into_iter().map(|check| {
        let message = format!("podgraft: required companion {name}: {}; {how}", check.complaint);
        json!({"expression": format!("{otherwise}({})", check.expression), "message": message, "reason": "Forbidden"})
    }));
    let mirror = "!('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}) && request.userInfo.username.startsWith('system:node:'))";
    Asked {
        conditions: json!([{"name": "not-a-mirror", "expression": mirror}]),
        variables: written(&variables),
        validations,
    }
}

fn on_update(name: &str, versions: &[Required<'_>], selecting: &[Required<'_>]) -> Asked {
    let how = "change the companion itself, or make the Pod anew";
    let validations = on_update::checks(versions, selecting).into_iter().map(|check| {
        let message = format!("podgraft: required companion {name}: {}; {how}", check.complaint);
        json!({"expression": check.expression, "message": message, "reason": "Forbidden"})
    });
    Asked {
        conditions: json!([{"name": "concerned", "expression": on_update::concerned(versions, selecting)}]),
        variables: written(&on_update::variables(versions)),
        validations: validations.collect(),
    }
}

fn written(variables: &[Variable]) -> Value {
    variables.iter().map(|v| json!({"name": v.name, "expression": v.expression})).collect()
}

fn excluded(installation: &Installation) -> Vec<Value> {
    let names: Vec<&str> = EXCLUDED_NAMESPACES.iter().copied().chain(installation.namespace.as_deref()).collect();
    vec![json!({"key": NAMESPACE_NAME, "operator": "NotIn", "values": names})]
}

/// All requirements of all selectors, each once.
fn selector<'s>(all: impl Iterator<Item = &'s Selector>, mut requirements: Vec<Value>) -> Value {
    for requirement in all.flat_map(|selector| &selector.0).map(of_requirement) {
        if !requirements.contains(&requirement) {
            requirements.push(requirement);
        }
    }
    if requirements.is_empty() { json!({}) } else { json!({"matchExpressions": requirements}) }
}

fn of_requirement(requirement: &Requirement) -> Value {
    let (operator, values) = match &requirement.operator {
        Operator::In(values) => ("In", Some(values)),
        Operator::NotIn(values) => ("NotIn", Some(values)),
        Operator::Exists => ("Exists", None),
        Operator::DoesNotExist => ("DoesNotExist", None),
    };
    match values {
        Some(values) => {
            json!({"key": requirement.key, "operator": operator, "values": values.iter().map(|v| &**v).collect::<Vec<_>>()})
        }
        None => json!({"key": requirement.key, "operator": operator}),
    }
}
