//! The Pods that a rule of Kyverno selects (`MatchResources` in its `api/kyverno/v1`), as selectors of a companion.

use serde_json::Value;

use super::policy_fields::PolicyFields;
use crate::migrate::audience::LabelQuery;
use crate::migrate::injection::Injection;
use crate::migrate::source_value::SourceValue;

/// Requirements on Pods and on their namespaces.
#[derive(Debug, Default)]
struct Matched {
    pods: LabelQuery,
    namespaces: LabelQuery,
}

/// Selects the Pods of a rule. What labels cannot express is recorded.
pub(super) fn select(injection: &mut Injection, policy: &PolicyFields, rule: &SourceValue) {
    let mut matched = Matched::default();
    if policy.kind.text() == "Policy" {
        match policy.namespace.text() {
            "" => injection.narrow(
                &policy.namespace.at,
                "required value: a Policy is for Pods of its own namespace; set this field",
            ),
            name => matched.namespaces.add_namespaces("In", &[name.to_owned()]),
        }
    }
    for filter in matching_filters(injection, &rule.member("match")) {
        matched.require(injection, &filter);
    }
    for filter in excluding_filters(injection, &rule.member("exclude")) {
        matched.exclude(injection, &filter);
    }
    narrow_by_conditions(injection, policy, rule);
    let Matched { pods, namespaces } = matched;
    injection.select(pods, namespaces);
}

/// Records conditions that are not selectors.
fn narrow_by_conditions(injection: &mut Injection, policy: &PolicyFields, rule: &SourceValue) {
    let preconditions = rule.member("preconditions");
    if !is_only_about_creation(&preconditions) {
        injection.narrow(&preconditions.at, "a companion selects Pods by labels only");
    }
    for field in [&rule.member("celPreconditions"), &policy.match_conditions] {
        if !field.is_blank() {
            injection.narrow(&field.at, "a companion selects Pods by labels only");
        }
    }
    if policy.admission.value == Value::Bool(false) {
        injection.narrow(&policy.admission.at, "the policy is not applied when Pods are created");
    }
    if policy.apply_rules.text() == "One" && policy.rules > 1 {
        let message = "the rule depends on whether another one was applied; a companion depends on no other";
        injection.narrow(&policy.apply_rules.at, message);
    }
}

/// The filters that all must match.
fn matching_filters(injection: &mut Injection, block: &SourceValue) -> Vec<SourceValue> {
    if block.is_blank() {
        injection.narrow(&block.at, "required value: without match the Pods are unknown");
    }
    let (mut any, all) = (block.list("any"), block.list("all"));
    if any.len() > 1 {
        let message = "selectors of a companion are all required; write one companion for each alternative";
        injection.narrow(&block.member("any").at, message);
        any.clear();
    }
    let filters: Vec<_> = any.into_iter().chain(all).chain(unlisted(block)).collect();
    for filter in filters.iter().filter(|filter| !filter.value.is_object()) {
        injection.narrow(&filter.at, "invalid value: must be an object");
    }
    filters
}

/// The filter that a block has outside of `any` and `all`, in the older form.
fn unlisted(block: &SourceValue) -> Option<SourceValue> {
    let mut rest = block.clone();
    for list in ["any", "all"].into_iter().filter(|list| block.member(list).value.is_array()) {
        rest.take(list);
    }
    (!rest.is_blank()).then_some(rest)
}

/// The filters none of which may match.
fn excluding_filters(injection: &mut Injection, block: &SourceValue) -> Vec<SourceValue> {
    let (any, mut all) = (block.list("any"), block.list("all"));
    if all.len() > 1 {
        let message =
            "selectors of a companion cannot exclude Pods by several conditions at once; exclude them by one label";
        injection.narrow(&block.member("all").at, message);
        all.clear();
    }
    any.into_iter().chain(all).chain(unlisted(block)).collect()
}

impl Matched {
    fn require(&mut self, injection: &mut Injection, filter: &SourceValue) {
        for (name, field) in filter.members() {
            if name != "resources" && !field.is_blank() {
                injection.narrow(&field.at, why_not_selected(&name));
            }
        }
        let resources = filter.member("resources");
        if !resources.is_blank() && !resources.value.is_object() {
            injection.narrow(&resources.at, "invalid value: must be an object");
        }
        for (name, field) in resources.members().into_iter().filter(|(_, field)| !field.is_blank()) {
            if let Err(message) = self.require_field(&name, &field) {
                injection.narrow(&field.at, message);
            }
        }
    }

    fn require_field(&mut self, name: &str, field: &SourceValue) -> Result<(), &'static str> {
        let texts = texts(field);
        let is_any = |text: &str| text == "*";
        match name {
            "kinds" if texts.iter().any(|kind| is_pod(kind)) => {}
            "kinds" => return Err("selects workloads; a companion selects Pods by labels"),
            "operations" if texts.iter().any(|operation| operation == "CREATE") => {}
            "operations" => return Err("a companion is injected when a Pod is created"),
            "namespaces" if texts.iter().any(|name| is_any(name)) => {}
            "namespaces" if texts.iter().any(|name| has_wildcard(name)) => return Err(WILDCARD),
            "namespaces" if !are_names(&texts) => return Err(NO_NAMES),
            "namespaces" => self.namespaces.add_namespaces("In", &texts),
            "selector" | "namespaceSelector" if has_wildcards(&field.value) => return Err(WILDCARD),
            "selector" => return self.pods.add_selector(&field.value),
            "namespaceSelector" => return self.namespaces.add_selector(&field.value),
            "name" if is_any(field.text()) => {}
            "names" if texts.iter().any(|name| is_any(name)) => {}
            "name" | "names" => return Err("a companion selects Pods by labels, not by name"),
            "annotations" => return Err("a companion selects Pods by labels, not by annotations"),
            _ => return Err("a companion selects Pods by labels only"),
        }
        Ok(())
    }

    /// Excludes the Pods that a filter matches; that must be by a single requirement, because only that can be negated.
    fn exclude(&mut self, injection: &mut Injection, filter: &SourceValue) {
        let kinds = filter.member("resources").list("kinds");
        if !kinds.is_empty() && !kinds.iter().any(|kind| may_be_pod(kind.text())) {
            return;
        }
        let others = filter.members().into_iter().filter(|(name, _)| name != "resources");
        let fields = filter.member("resources").members().into_iter().filter(|(name, _)| name != "kinds");
        let conditions: Vec<_> = others.chain(fields).filter(|(_, field)| !field.is_blank()).collect();
        let is_excluded = match &conditions[..] {
            [(name, field)] => self.exclude_field(name, field),
            _ => false,
        };
        if !is_excluded {
            let message =
                "selectors of a companion exclude Pods by a single label, or by namespaces; exclude them by one label";
            injection.narrow(&filter.at, message);
        }
    }

    /// Returns whether the negation of a field can be expressed.
    fn exclude_field(&mut self, name: &str, field: &SourceValue) -> bool {
        let texts = texts(field);
        let query = match name {
            "namespaces" if are_names(&texts) && !texts.iter().any(|name| has_wildcard(name)) => {
                self.namespaces.add_namespaces("NotIn", &texts);
                return true;
            }
            "selector" => &mut self.pods,
            "namespaceSelector" => &mut self.namespaces,
            _ => return false,
        };
        let Some((key, operator, values)) = negated(&field.value).filter(|_| !has_wildcards(&field.value)) else {
            return false;
        };
        query.add_expression(&key, operator, &values);
        true
    }
}

const NO_NAMES: &str = "invalid value: must be a list of names";

const WILDCARD: &str = "has a wildcard, which a label selector does not have; list the values";

/// Why a field of a filter is no selector.
fn why_not_selected(name: &str) -> &'static str {
    match name {
        "subjects" | "roles" | "clusterRoles" => {
            "the rule depends on the user who creates the Pod; a companion selects Pods by labels"
        }
        "any" | "all" => "invalid value: must be a list",
        _ => "a companion selects Pods by labels only",
    }
}

fn texts(field: &SourceValue) -> Vec<String> {
    field.items().iter().map(|item| item.text().to_owned()).collect()
}

fn are_names(texts: &[String]) -> bool {
    !texts.is_empty() && texts.iter().all(|text| !text.is_empty())
}

/// The negation of a label selector with one requirement.
fn negated(selector: &Value) -> Option<(String, &'static str, Vec<String>)> {
    let labels: Vec<_> = selector["matchLabels"].as_object().into_iter().flatten().collect();
    let expressions: Vec<_> = selector["matchExpressions"].as_array().into_iter().flatten().collect();
    match (&labels[..], &expressions[..]) {
        ([(key, value)], []) => Some(((*key).clone(), "NotIn", vec![value.as_str()?.to_owned()])),
        ([], [requirement]) => {
            let operator = match requirement["operator"].as_str()? {
                "In" => "NotIn",
                "NotIn" => "In",
                "Exists" => "DoesNotExist",
                "DoesNotExist" => "Exists",
                _ => return None,
            };
            // A label that does not exist meets NotIn, and does not meet In.
            if operator == "In" {
                return None;
            }
            let values = requirement["values"].as_array().into_iter().flatten();
            let values = values.map(|value| value.as_str().unwrap_or_default().to_owned()).collect();
            Some((requirement["key"].as_str()?.to_owned(), operator, values))
        }
        _ => None,
    }
}

/// Whether a kind is that of Pods: `Pod`, `v1/Pod`, `*/Pod`, or a pattern that includes it.
fn is_pod(kind: &str) -> bool {
    let is_subresource = kind.contains("Pod/") || kind.contains("Pod.");
    let name = kind.rsplit('/').next().unwrap_or_default();
    !is_subresource && ["Pod", "*"].contains(&name)
}

/// Whether a kind is that of Pods, or has a wildcard with which it can be. What an exclusion of such a kind excludes besides Pods
/// does not matter.
fn may_be_pod(kind: &str) -> bool {
    let name = kind.rsplit('/').next().unwrap_or_default();
    let start = name.split(['*', '?']).next().unwrap_or_default();
    is_pod(kind) || has_wildcard(name) && "Pod".starts_with(start)
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a key or a value of a selector has a wildcard.
fn has_wildcards(selector: &Value) -> bool {
    match selector {
        Value::String(text) => has_wildcard(text),
        Value::Array(items) => items.iter().any(has_wildcards),
        Value::Object(members) => members.iter().any(|(name, value)| has_wildcard(name) || has_wildcards(value)),
        _ => false,
    }
}

/// Whether preconditions only ask whether the request creates the Pod.
fn is_only_about_creation(preconditions: &SourceValue) -> bool {
    let lists = [preconditions.list("any"), preconditions.list("all"), preconditions.items()];
    let conditions: Vec<_> = lists.into_iter().flatten().collect();
    conditions.iter().all(|condition| {
        let key = condition.member("key");
        let key: String = key.text().chars().filter(|c| !c.is_whitespace()).collect();
        matches!(&*key, "{{request.operation}}" | "{{request.operation||'BACKGROUND'}}")
            && includes_creation(condition.member("operator").text(), &condition.member("value"))
    }) && (preconditions.is_blank() || !conditions.is_empty())
}

/// Whether a comparison of the operation is true for a creation. Values with a wildcard are not looked at.
fn includes_creation(operator: &str, value: &SourceValue) -> bool {
    let values = if value.value.is_array() { texts(value) } else { vec![value.text().to_owned()] };
    let names_creation = values.iter().any(|value| value == "CREATE");
    match operator {
        "Equal" | "Equals" | "In" | "AnyIn" | "AllIn" => names_creation,
        "NotEqual" | "NotEquals" | "NotIn" | "AnyNotIn" | "AllNotIn" => {
            let is_plain = |value: &String| value.bytes().all(|byte| byte.is_ascii_uppercase());
            are_names(&values) && !names_creation && values.iter().all(is_plain)
        }
        _ => false,
    }
}
