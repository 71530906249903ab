//! The four objects of a required companion: two policies, and a binding that puts each of them in force.

use serde_json::{Value, json};

use super::cel::literal;
use super::rules::on_create;
use super::rules::on_update;
pub use super::rules::required::Required;
use super::rules::validation::{Validation, Variable};
use crate::inject::companion::selector::{Operator, Requirement, Selector};
use crate::inject::keys::{EXCLUDED_NAMESPACES, NAMESPACE_NAME};

/// The label with the name of the installation that an object belongs to.
pub const INSTALLATION: &str = "podgraft.dev/installation";
/// The label with the name of the companion that an object belongs to.
pub const COMPANION: &str = "podgraft.dev/companion";
/// Annotation: the content hashes of the versions that a policy accepts, joined by commas.
pub const ACCEPTS: &str = "podgraft.dev/accepts";
/// Annotation: the namespace of the installation that an object belongs to. Policies of other installations leave it out, so
/// that the Pods of each can be created while the others are down.
pub const NAMESPACE: &str = "podgraft.dev/installation-namespace";
/// The label of all objects that podgraft manages, and its value.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "podgraft");

/// The installation that manages the policies.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Its name, with which the names of its policies begin.
    pub name: Box<str>,
    /// Its own namespace, whose Pods have no required companions.
    pub namespace: Option<Box<str>>,
    /// Further namespaces that its webhooks leave out.
    pub excluded_namespaces: Vec<Box<str>>,
}

/// The versions that a policy accepts.
#[derive(Debug, Clone, Copy)]
pub struct AcceptedVersions<'c> {
    /// The newest version.
    pub newest: Required<'c>,
    /// The version before it.
    pub previous: Option<Required<'c>>,
    /// Whether replicas still change from the previous version to the newest: then the policies apply only to Pods that
    /// both versions select.
    pub changing: bool,
}

/// The rule of a policy and its binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// For Pods that are created.
    OnCreate,
    /// For Pods that are changed.
    OnUpdate,
}

impl Rule {
    /// Both.
    pub const ALL: [Rule; 2] = [Rule::OnCreate, Rule::OnUpdate];

    /// The name of its policy, and of its binding.
    #[must_use]
    pub fn name(self, installation: &Installation, companion: &str) -> String {
        self.name_in(&installation.name, companion)
    }

    /// The same, for the name of an installation.
    #[must_use]
    pub(super) fn name_in(self, installation: &str, companion: &str) -> String {
        let end = if self == Rule::OnUpdate { "-update" } else { "" };
        format!("{installation}-required-{companion}{end}")
    }
}

/// A ValidatingAdmissionPolicy, as the API server returns it, without the metadata that the API server sets.
#[must_use]
pub fn policy(installation: &Installation, part: Rule, accepted: &AcceptedVersions<'_>) -> Value {
    let companion = &accepted.newest.companion.name;
    let versions: Vec<Required<'_>> = [Some(accepted.newest), accepted.previous].into_iter().flatten().collect();
    let (resources, operations) = match part {
        Rule::OnCreate => (json!(["pods"]), json!(["CREATE"])),
        // Without pods/status, so that kubelets can always report.
        Rule::OnUpdate => (json!(["pods", "pods/ephemeralcontainers", "pods/resize"]), json!(["UPDATE"])),
    };
    let selecting = if accepted.changing { versions.clone() } else { vec![accepted.newest] };
    let spec = match part {
        Rule::OnCreate => on_create(installation, accepted),
        Rule::OnUpdate => on_update(companion, &versions, &selecting),
    };
    let object_selector = match part {
        Rule::OnCreate => selector(selecting.iter().map(|c| &c.companion.pod_selector), Vec::new()),
        // The change may remove the selected labels.
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

/// The ValidatingAdmissionPolicyBinding that puts a policy in force.
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

/// The parts that differ between the two policies.
struct RuleSpec {
    conditions: Value,
    variables: Value,
    validations: Vec<Value>,
}

fn on_create(installation: &Installation, accepted: &AcceptedVersions<'_>) -> RuleSpec {
    let name = &accepted.newest.companion.name;
    let versions: Vec<Required<'_>> = [Some(accepted.newest), accepted.previous].into_iter().flatten().collect();
    let mut variables = on_create::variables();
    for (i, version) in versions.iter().enumerate() {
        variables.extend(on_create::containers(*version, i));
    }
    variables.extend(accepted.previous.into_iter().flat_map(previous));
    let unless_previous = if accepted.previous.is_some() { "variables.previous || " } else { "" };
    let present = versions.iter().map(|v| format!("({})", on_create::present(*v))).collect::<Vec<_>>().join(" || ");
    let missing = format!("podgraft: companion {name} is required in namespace ");
    let namespace = installation.namespace.as_deref().unwrap_or("podgraft-system");
    let why = format!(
        " and missing in the Pod: podgraft was not called, a replica of another version answered (see `kubectl -n {namespace} get pods`), or another webhook removed the companion; retry"
    );
    let mut validations = vec![json!({
        "expression": present,
        "messageExpression":
            format!("{} + namespaceObject.metadata.name + {}", literal::text(&missing), literal::text(&why)),
        "reason": "Forbidden",
    })];
    let remedy = "let podgraft inject the companion, or check which other webhook changes it";
    validations.extend(on_create::validations(accepted.newest, 0).into_iter().map(|validation| {
        let expression = format!("{unless_previous}({})", validation.expression);
        denial(name, &Validation { expression, ..validation }, remedy)
    }));
    let mirror = "!('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}) && request.userInfo.username.startsWith('system:node:'))";
    RuleSpec {
        conditions: json!([{"name": "not-a-mirror", "expression": mirror}]),
        variables: as_json(&variables),
        validations,
    }
}

/// Whether the Pod has the previous version as a whole, as `variables.previous`. Each validation is a variable of its own,
/// because API servers limit the length of an expression.
fn previous(version: Required<'_>) -> Vec<Variable> {
    let parts = on_create::validations(version, 1).into_iter().map(|validation| validation.expression).enumerate();
    let mut variables: Vec<_> = parts.map(|(i, expression)| Variable::new(format!("p{i}"), expression)).collect();
    let names: Vec<_> = variables.iter().map(|variable| format!("variables.{}", variable.name)).collect();
    let whole = format!("{} && {}", on_create::present(version), names.join(" && "));
    variables.push(Variable::new("previous", whole));
    variables
}

fn on_update(name: &str, versions: &[Required<'_>], selecting: &[Required<'_>]) -> RuleSpec {
    let remedy =
        "undo the change, or recreate the Pod; to use another image or file, change the companion's spec first";
    let validations =
        on_update::validations(versions, selecting).into_iter().map(|validation| denial(name, &validation, remedy));
    RuleSpec {
        conditions: json!([{"name": "applies", "expression": on_update::applies(versions, selecting)}]),
        variables: as_json(&on_update::variables(versions)),
        validations: validations.collect(),
    }
}

fn denial(companion: &str, validation: &Validation, remedy: &str) -> Value {
    let message = format!("podgraft: required companion {companion}: {}; {remedy}", validation.message);
    json!({"expression": validation.expression, "message": message, "reason": "Forbidden"})
}

fn as_json(variables: &[Variable]) -> Value {
    variables.iter().map(|v| json!({"name": v.name, "expression": v.expression})).collect()
}

fn excluded(installation: &Installation) -> Vec<Value> {
    let further = installation.excluded_namespaces.iter().map(|name| &**name);
    let names: Vec<&str> =
        EXCLUDED_NAMESPACES.iter().copied().chain(installation.namespace.as_deref()).chain(further).collect();
    vec![json!({"key": NAMESPACE_NAME, "operator": "NotIn", "values": names})]
}

/// The requirements of all selectors, each once.
fn selector<'s>(all: impl Iterator<Item = &'s Selector>, mut requirements: Vec<Value>) -> Value {
    for requirement in all.flat_map(|selector| &selector.0).map(match_expression) {
        if !requirements.contains(&requirement) {
            requirements.push(requirement);
        }
    }
    if requirements.is_empty() { json!({}) } else { json!({"matchExpressions": requirements}) }
}

fn match_expression(requirement: &Requirement) -> Value {
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
