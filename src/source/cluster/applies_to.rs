//! Which Pods a companion is meant for, in words: a column of `kubectl get`.

use std::fmt::Write as _;

use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::selector::{Operator, Requirement, Selector};
use crate::inject::companion::{Activation, CompanionKind};
use crate::inject::keys;
use crate::text::truncate;

/// The bound of the definitions, in characters.
const LONGEST: usize = 256;

/// Which Pods a companion is meant for, with its selectors in the syntax of `kubectl get --selector`.
pub(super) fn applies_to(companion: &CatalogEntry) -> String {
    let mut words = pods(companion);
    if let Some((pods, namespaces)) = companion.selectors() {
        for (of, selector) in [("Pods", pods), ("namespaces", namespaces)] {
            if !selector.0.is_empty() {
                // Writing to a String cannot fail.
                let _ = write!(words, "; only {of} with {}", labels(selector));
            }
        }
    }
    truncate(words, LONGEST).into_owned()
}

fn pods(companion: &CatalogEntry) -> String {
    let inject = keys::INJECT;
    match (companion.activation(), companion.kind()) {
        _ if companion.required() => "all Pods, also those that opt out".to_owned(),
        (Activation::OnRequest, _) => "Pods that request it".to_owned(),
        (Activation::OptedInNamespaces, CompanionKind::ClusterCompanion) => {
            format!("Pods of namespaces labeled {inject}=enabled")
        }
        (Activation::OptedInNamespaces, CompanionKind::Companion) => {
            format!("Pods of this namespace, if it is labeled {inject}=enabled")
        }
        (Activation::ClusterWide, _) => "all Pods, except those that opt out".to_owned(),
    }
}

fn labels(selector: &Selector) -> String {
    selector.0.iter().map(label).collect::<Vec<_>>().join(",")
}

fn label(requirement: &Requirement) -> String {
    let key = &requirement.key;
    match &requirement.operator {
        Operator::In(values) if values.len() == 1 => format!("{key}={}", values[0]),
        Operator::In(values) => format!("{key} in ({})", values.join(",")),
        Operator::NotIn(values) if values.len() == 1 => format!("{key}!={}", values[0]),
        Operator::NotIn(values) => format!("{key} notin ({})", values.join(",")),
        Operator::Exists => key.to_string(),
        Operator::DoesNotExist => format!("!{key}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::source::cluster::testing::{object, raw, required};

    fn of(change: impl Fn(&mut Value)) -> String {
        let mut raw = raw("a", 1, "i:1");
        change(&mut raw.object);
        applies_to(&object(raw, None).version.listed)
    }

    #[test]
    fn each_activation_is_described_in_words() {
        assert_eq!(of(|_| {}), "Pods that request it");
        let activation = |activation: &str| of(|object| object["spec"]["activation"] = activation.into());
        assert_eq!(activation("OptedInNamespaces"), "Pods of namespaces labeled podgraft.dev/inject=enabled");
        assert_eq!(activation("ClusterWide"), "all Pods, except those that opt out");
        let namespaced = of(|object| {
            object["kind"] = "Companion".into();
            object["metadata"]["namespace"] = "shop".into();
            object["spec"]["activation"] = "OptedInNamespaces".into();
        });
        assert_eq!(namespaced, "Pods of this namespace, if it is labeled podgraft.dev/inject=enabled");
        let required = applies_to(&object(required(raw("a", 1, "i:1")), None).version.listed);
        assert_eq!(required, "all Pods, also those that opt out");
    }

    #[test]
    fn selectors_are_written_as_kubectl_reads_them() {
        let selected = of(|object| {
            object["spec"]["podSelector"] = json!({"matchLabels": {"app": "web"}, "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["a", "b"]},
                {"key": "old", "operator": "DoesNotExist"},
            ]});
            object["spec"]["namespaceSelector"] = json!({"matchExpressions": [
                {"key": "env", "operator": "NotIn", "values": ["test"]},
                {"key": "team", "operator": "Exists"},
            ]});
        });
        let expected =
            "Pods that request it; only Pods with app=web,tier in (a,b),!old; only namespaces with env!=test,team";
        assert_eq!(selected, expected);
        let long = of(
            |object| object["spec"]["podSelector"] = json!({"matchLabels": {"app": "x".repeat(63), "b": "y".repeat(63), "c": "z".repeat(63), "d": "w".repeat(63)}}),
        );
        assert_eq!(long.chars().count(), LONGEST);
    }
}
