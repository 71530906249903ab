//! Mutate rules of Kyverno: `kyverno.io` ClusterPolicy and Policy (`Rule` in its `api/kyverno/v1`). Each rule that adds
//! containers to Pods is a companion.

mod matching;
mod policy_fields;

use super::configuration::InjectorConfig;
use super::injection::{Injection, is_about_containers, places_of_texts};
use super::pod_patch::Anchor;
use super::source_value::SourceValue;
use super::{json_patch, pod_patch};
use crate::inject::container_list::ContainerList;
use crate::manifest;
use policy_fields::PolicyFields;

pub(super) fn injections(one: &InjectorConfig) -> Vec<Injection> {
    let mut spec = one.source.member("spec");
    let rules = spec.take("rules").items();
    let policy = PolicyFields::new(&one.source, &spec, rules.len());
    let rules: Vec<_> = rules.into_iter().filter(|rule| is_about_containers(&rule.member("mutate"))).collect();
    rules.iter().map(|rule| injection(&policy, rule, rules.len() == 1)).collect()
}

fn injection(policy: &PolicyFields, rule: &SourceValue, is_only_rule: bool) -> Injection {
    let name = rule.member("name");
    let mut injection = Injection::new(policy.kind.text(), policy.name.text(), &rule.at);
    injection.title = format!("{}, rule {}", injection.title, name.text());
    if !is_only_rule {
        injection.name = format!("{}-{}", policy.name.text(), name.text());
    }
    matching::select(&mut injection, policy, rule);
    let mutate = rule.member("mutate");
    patch(&mut injection, &mutate);
    let context = rule.member("context");
    if !context.is_blank() {
        injection.lose(&context.at, "a companion looks nothing up; declare what varies as spec.parameters");
    }
    if !injection.adds_containers() && !injection.is_abandoned {
        injection.abandon(&mutate.at, "adds no container; keep the rule in Kyverno");
    }
    injection
}

fn patch(injection: &mut Injection, mutate: &SourceValue) {
    for (field, message) in [
        (
            "foreach",
            "a companion adds the same to every Pod, not for each item of a list; keep the rule, or write the companion by hand",
        ),
        ("targets", "changes objects that exist; a companion is injected into Pods when they are created"),
    ] {
        let value = mutate.member(field);
        if !value.is_blank() {
            return injection.abandon(&value.at, message);
        }
    }
    for at in places_of_texts(mutate, is_variable) {
        injection
            .abandon(&at, "the value has a variable of Kyverno; write the value, or declare it in spec.parameters");
    }
    let merged = mutate.member("patchStrategicMerge");
    lose_anchors(injection, &merged);
    pod_patch::add(injection, &merged);
    let patch = mutate.member("patchesJson6902");
    let operations = operations(&patch);
    if !patch.is_blank() && !operations.value.is_array() {
        // Without its operations nothing is known of the rule, and the reason is this text.
        injection.abandon(&patch.at, "invalid value: must be a text with a list of operations");
    }
    json_patch::add(injection, &operations);
    injection.lose_other_fields(mutate, &["patchStrategicMerge", "patchesJson6902", "mutateExistingOnPolicyUpdate"]);
}

/// Variables, and references to other fields of the patch.
fn is_variable(text: &str) -> bool {
    text.contains("{{") || text.contains("$(./") || text.contains("$(../")
}

/// The operations of a patch, which Kyverno has as a text.
fn operations(patch: &SourceValue) -> SourceValue {
    let read = manifest::read(patch.text().as_bytes()).into_iter().next();
    let value = read.and_then(Result::ok).and_then(|document| document.value).unwrap_or_default();
    SourceValue { at: patch.at.clone(), value }
}

/// Records the anchors of a patch that are conditions, and those without an effect.
fn lose_anchors(injection: &mut Injection, value: &SourceValue) {
    value.items().iter().for_each(|item| lose_anchors(injection, item));
    for (name, member) in value.members() {
        match pod_patch::anchor(&name) {
            Some((Anchor::Condition, _)) if !names_all_containers(value, &name) => injection.narrow(
                &member.at,
                "an anchor is a condition on fields of the Pod; a companion selects Pods by labels",
            ),
            Some((Anchor::Validation, key)) => {
                let message = format!(
                    "unsupported anchor: in mutate rules Kyverno reads (), <() and +(); write +({key}), or remove the field"
                );
                injection.lose(&member.at, message);
            }
            _ => {}
        }
        lose_anchors(injection, &member);
    }
}

/// Whether an anchor only names all containers, which is no condition.
fn names_all_containers(container: &SourceValue, anchor: &str) -> bool {
    anchor == "(name)" && pod_patch::is_for_all(container) && is_in_containers(&container.at.pointer)
}

fn is_in_containers(pointer: &str) -> bool {
    let list = pointer.rsplit_once('/').map_or("", |(list, _)| list);
    list.ends_with(&format!("/{}", ContainerList::Containers))
}
