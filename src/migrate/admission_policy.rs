//! Admission policies that mutate Pods: MutatingAdmissionPolicy with its binding (`MutatingAdmissionPolicySpec` in
//! `k8s.io/api/admissionregistration/v1`), and Kyverno's MutatingPolicy, which has the same form and needs no binding.

mod conditions;

use serde_json::{Value, json};

use super::audience::LabelQuery;
use super::cel;
use super::configuration::{InjectorConfig, System};
use super::injection::{Injection, is_about_containers, places_of_texts};
use super::source_value::{SourcePlace, SourceValue};
use super::{json_patch, pod_patch};
use conditions::MatchCondition;

/// What a policy injects; `None` if it is not about containers.
pub(super) fn injection(one: &InjectorConfig, all: &[InjectorConfig]) -> Option<Injection> {
    let (kind, name) = (one.source.member("kind"), one.source.member("metadata").member("name"));
    let mut injection = Injection::new(kind.text(), name.text(), &one.source.at);
    let spec = one.source.member("spec");
    if !is_about_containers(&spec.member("mutations")) {
        return None;
    }
    let targets = spec.member("targetMatchConstraints");
    if !targets.is_blank() {
        injection.abandon(
            &targets.at,
            "changes objects that exist; a companion is injected into Pods when they are created",
        );
    }
    for mutation in spec.list("mutations") {
        mutate(&mut injection, &mutation);
    }
    select(&mut injection, one, all);
    lose_fields(&mut injection, &spec);
    if !injection.adds_containers() && !injection.is_abandoned {
        injection.abandon(&spec.member("mutations").at, "adds no container; keep the policy");
    }
    Some(injection)
}

/// Records fields that have no counterpart.
fn lose_fields(injection: &mut Injection, spec: &SourceValue) {
    let parameters = spec.member("paramKind");
    if !parameters.is_blank() {
        // Where no such object exists, a binding can leave the policy without effect.
        injection.narrow(
            &parameters.at,
            "a companion has parameters of its own, and the policy can depend on whether an object of this kind exists; declare what varies in spec.parameters",
        );
    }
    let variables = spec.member("variables");
    if !variables.is_blank() {
        injection.lose(&variables.at, "a companion computes no values; write the values");
    }
    let existing = spec.member("evaluation").member("mutateExisting").member("enabled");
    if !existing.is_blank() {
        let message = "Pods that exist are not changed; a companion is injected into Pods when they are created";
        injection.lose(&existing.at, message);
    }
}

fn mutate(injection: &mut Injection, mutation: &SourceValue) {
    let is_json_patch = is_json_patch(mutation);
    let field = if is_json_patch { "jsonPatch" } else { "applyConfiguration" };
    let expression = mutation.member(field).member("expression");
    if let Some(fault) = expression_fault(&expression.value) {
        return injection.abandon(&expression.at, fault);
    }
    let cases = cases(&expression);
    let mut places: Vec<_> = cases.iter().flat_map(computed_places).collect();
    places.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    places.dedup();
    for at in places {
        injection.abandon(&at, "the value is computed by CEL; write the value, or declare it in spec.parameters");
    }
    // The form of a value that is computed is not known.
    let is_other_form = |case: &SourceValue| !cel::is_computed(case.text()) && case.value.is_array() != is_json_patch;
    if cases.iter().any(is_other_form) {
        injection.abandon(&expression.at, "invalid value: must be an Object, or a list of JSONPatch operations");
    }
    if !injection.is_abandoned {
        let add = if is_json_patch { json_patch::add } else { pod_patch::add };
        add_cases(injection, &expression, &cases, add);
    }
}

/// Whether a mutation is a JSON patch, by its type, or by the field that it has.
fn is_json_patch(mutation: &SourceValue) -> bool {
    match mutation.member("patchType").text() {
        "JSONPatch" => true,
        "ApplyConfiguration" => false,
        _ => !mutation.member("jsonPatch").is_blank(),
    }
}

/// Why a value is no expression.
fn expression_fault(expression: &Value) -> Option<&'static str> {
    match expression {
        Value::String(text) if !text.trim().is_empty() => None,
        Value::String(_) | Value::Null => Some("required value: write the expression"),
        _ => Some("invalid value: must be a string"),
    }
}

/// Adds what is added in all cases; a companion does not depend on the Pod.
fn add_cases(
    injection: &mut Injection,
    expression: &SourceValue,
    cases: &[SourceValue],
    add: fn(&mut Injection, &SourceValue),
) {
    let added = |case| {
        let mut alone = Injection::default();
        add(&mut alone, case);
        additions(&alone)
    };
    let additions: Vec<_> = cases.iter().map(added).collect();
    if additions.iter().any(|other| *other != additions[0]) || cases.is_empty() {
        injection.abandon(&expression.at, "what is added depends on the Pod; write one companion for each case");
    }
    cases.iter().take(1).for_each(|case| add(injection, case));
}

/// The values of an expression, one for each combination of the fields of the Pod that it asks for, the Pod without all of them
/// first; none if there are too many.
fn cases(expression: &SourceValue) -> Vec<SourceValue> {
    let asked = cel::asked(expression.text());
    if asked.len() > cel::MOST_ASKED {
        return Vec::new();
    }
    let combinations = 0..1_usize << asked.len();
    let present = |case: usize| asked.iter().enumerate().filter(move |(i, _)| case >> i & 1 == 1).map(|(_, path)| path);
    let value = |case| cel::value(expression.text(), &present(case).collect::<Vec<_>>());
    combinations.map(|case| SourceValue { at: expression.at.clone(), value: value(case) }).collect()
}

fn computed_places(value: &SourceValue) -> Vec<SourcePlace> {
    places_of_texts(value, cel::is_computed)
}

/// All that a patch adds, and what of it is not translated.
fn additions(injection: &Injection) -> Vec<Vec<Value>> {
    let Injection { init_containers, containers, volumes, pull_secrets, .. } = injection;
    let Injection { app_env, app_mounts, annotations, losses, .. } = injection;
    let lists = [init_containers, containers, volumes, pull_secrets, app_env, app_mounts];
    let lists = lists.map(|list| list.iter().map(|item| item.value.clone()).collect());
    let annotations = annotations.iter().map(|(key, value)| json!([key, value.value])).collect();
    let messages = losses.iter().map(|loss| json!(loss.message)).collect();
    lists.into_iter().chain([annotations, messages]).collect()
}

/// Requirements on Pods and on their namespaces.
#[derive(Debug, Default)]
struct PodQuery {
    pods: LabelQuery,
    namespaces: LabelQuery,
}

/// Selects the Pods of a policy. What labels cannot express is recorded.
fn select(injection: &mut Injection, one: &InjectorConfig, all: &[InjectorConfig]) {
    let mut query = PodQuery::default();
    let spec = one.source.member("spec");
    if one.source.member("kind").text() == "NamespacedMutatingPolicy" {
        let namespace = one.source.member("metadata").member("namespace");
        match namespace.text() {
            "" => injection
                .narrow(&namespace.at, "required value: the policy is for Pods of its own namespace; set this field"),
            name => query.namespaces.add_namespaces("In", &[name.to_owned()]),
        }
    }
    let admission = spec.member("evaluation").member("admission").member("enabled");
    if admission.value == Value::Bool(false) {
        injection.narrow(&admission.at, "the policy is not evaluated when Pods are created");
    }
    let constraints = spec.member("matchConstraints");
    let rules = constraints.member("resourceRules");
    if rules.is_blank() {
        injection.narrow(&rules.at, "required value: without rules the Pods are unknown");
    }
    query.add_constraints(injection, &constraints);
    if one.system == System::AdmissionPolicy
        && let Some(of_binding) = of_binding(injection, one, all)
    {
        query.add_constraints(injection, &of_binding);
    }
    query.add_conditions(injection, &spec.member("matchConditions"));
    let PodQuery { pods, namespaces } = query;
    injection.select(pods, namespaces);
}

impl PodQuery {
    fn add_constraints(&mut self, injection: &mut Injection, constraints: &SourceValue) {
        let (pods, namespaces) = (constraints.member("objectSelector"), constraints.member("namespaceSelector"));
        for (query, selector) in [(&mut self.pods, pods), (&mut self.namespaces, namespaces)] {
            if let Err(message) = query.add_selector(&selector.value) {
                injection.narrow(&selector.at, message);
            }
        }
        check_rules(injection, constraints);
    }

    fn add_conditions(&mut self, injection: &mut Injection, conditions: &SourceValue) {
        if !conditions.is_blank() && !conditions.value.is_array() {
            injection.narrow(&conditions.at, "invalid value: must be a list");
        }
        for condition in conditions.items() {
            let expression = condition.member("expression");
            match conditions::all(expression.text(), &names(injection)) {
                Some(all) => all.into_iter().for_each(|condition| self.add_condition(condition)),
                None => injection.narrow(&expression.at, "a companion selects Pods and namespaces by labels only"),
            }
        }
    }

    fn add_condition(&mut self, condition: MatchCondition) {
        match condition {
            MatchCondition::Label { key, operator, values } => self.pods.add_expression(&key, operator, &values),
            MatchCondition::Namespace { operator, names } => self.namespaces.add_namespaces(operator, &names),
            MatchCondition::AlwaysTrue | MatchCondition::HasLabels => {}
        }
    }
}

/// The names of the containers that are added.
fn names(injection: &Injection) -> Vec<String> {
    let containers = injection.init_containers.iter().chain(&injection.containers);
    containers.map(|container| container.member("name").text().to_owned()).collect()
}

/// The constraints of the only binding. Without a binding a policy has no effect, and several are alternatives.
fn of_binding(injection: &mut Injection, one: &InjectorConfig, all: &[InjectorConfig]) -> Option<SourceValue> {
    let name = one.source.member("metadata").member("name");
    let is_binding = |other: &&InjectorConfig| {
        other.system == System::AdmissionPolicyBinding && other.source.value["spec"]["policyName"] == name.value
    };
    let mut bindings = all.iter().filter(is_binding);
    let Some(binding) = bindings.next() else {
        let message = "no binding of the policy among the manifests, and a binding can select fewer Pods; name the file of the MutatingAdmissionPolicyBinding as well";
        injection.narrow(&name.at, message);
        return None;
    };
    if let Some(second) = bindings.next() {
        let message = "the policy has several bindings, and selectors of a companion are all required; write one companion for each";
        injection.narrow(&second.source.at, message);
        return None;
    }
    Some(binding.source.member("spec").member("matchResources"))
}

/// Records rules that do not select all Pods at their creation.
fn check_rules(injection: &mut Injection, constraint: &SourceValue) {
    let has = |rule: &SourceValue, field: &str, wanted: &[&str]| {
        let items = rule.list(field);
        items.is_empty() || items.iter().any(|item| wanted.contains(&item.text()))
    };
    let rules = constraint.list("resourceRules");
    let selects_pods = |rule: &SourceValue| {
        has(rule, "apiGroups", &["", "*"])
            && has(rule, "resources", &["pods", "*", "*/*"])
            && has(rule, "operations", &["CREATE", "*"])
            && (rule.member("scope").is_blank() || ["*", "Namespaced"].contains(&rule.member("scope").text()))
    };
    let names = |rule: &SourceValue| !rule.member("resourceNames").is_blank();
    if !rules.is_empty() && !rules.iter().any(|rule| selects_pods(rule) && !names(rule)) {
        let message = "does not select new Pods; a companion is injected into them, and selects them by labels";
        injection.narrow(&constraint.member("resourceRules").at, message);
    }
    for (name, field) in constraint.members() {
        let is_read = ["resourceRules", "objectSelector", "namespaceSelector", "matchPolicy"].contains(&&*name);
        if !is_read && !field.is_blank() {
            injection.narrow(&field.at, "a companion selects Pods by labels only");
        }
    }
}
