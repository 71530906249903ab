//! Mutate rules of Kyverno: `kyverno.io` ClusterPolicy and Policy (`Rule` in its `api/kyverno/v1`). Each rule that adds
//! containers to Pods is a companion.

mod matching;

use super::configuration::InjectorConfig;
use super::injection::{Injection, is_about_containers, places_of_texts};
use super::source_value::SourceValue;
use super::{json_patch, pod_patch};
use crate::inject::container_list::ContainerList;
use crate::manifest;

pub(super) fn injections(one: &InjectorConfig) -> Vec<Injection> {
    let rules = one.source.member("spec").list("rules");
    let rules: Vec<_> = rules.into_iter().filter(|rule| is_about_containers(&rule.member("mutate"))).collect();
    rules.iter().map(|rule| injection(one, rule, rules.len() == 1)).collect()
}

fn injection(one: &InjectorConfig, rule: &SourceValue, is_only_rule: bool) -> Injection {
    let (kind, policy, name) =
        (one.source.member("kind"), one.source.member("metadata").member("name"), rule.member("name"));
    let mut injection = Injection::new(kind.text(), policy.text(), &rule.at);
    injection.title = format!("{}, rule {}", injection.title, name.text());
    if !is_only_rule {
        injection.name = format!("{}-{}", policy.text(), name.text());
    }
    matching::select(&mut injection, &one.source, rule);
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
    conditions(injection, &merged);
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

/// Records the conditions that a patch has as anchors. The name of all containers is no condition.
fn conditions(injection: &mut Injection, value: &SourceValue) {
    value.items().iter().for_each(|item| conditions(injection, item));
    for (name, member) in value.members() {
        if pod_patch::is_condition(&name)
            && !(name == "(name)" && pod_patch::is_for_all(value) && is_in_containers(&value.at.pointer))
        {
            injection.narrow(
                &member.at,
                "an anchor is a condition on fields of the Pod; a companion selects Pods by labels",
            );
        }
        conditions(injection, &member);
    }
}

fn is_in_containers(pointer: &str) -> bool {
    let list = pointer.rsplit_once('/').map_or("", |(list, _)| list);
    list.ends_with(&format!("/{}", ContainerList::Containers))
}
