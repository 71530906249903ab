use crate::api::message::{forbidden, invalid, required};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::{LabelSelector, Operator as Word};
use crate::inject::keys::HASH_LABELS;
use crate::inject::names::{is_label_value, is_qualified};

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for (name, selector) in object.selectors() {
        if let Some(selector) = selector {
            check_one(selector, &FieldPath::spec(name), report);
        }
    }
    if let Some(pods) = &object.spec.pod_selector {
        check_own_labels(pods, report);
    }
}

const OWN_LABEL: &str = "podgraft sets this label after it has chosen the companions; select Pods by another label";

/// podgraft sets its labels after it has chosen the companions, so that a further review of the same Pod would choose others.
fn check_own_labels(selector: &LabelSelector, report: &mut Report) {
    let at = FieldPath::spec("podSelector");
    let (labels, expressions) = (at.member("matchLabels"), at.member("matchExpressions"));
    let labels = selector.match_labels.keys().map(|key| (key, labels.member(key)));
    let requirements = selector.match_expressions.iter().enumerate();
    let requirements = requirements.map(|(i, one)| (&one.key, expressions.item(i).member("key")));
    for (_, at) in labels.chain(requirements).filter(|(key, _)| key.starts_with(HASH_LABELS)) {
        report.error(&at, forbidden(OWN_LABEL));
    }
}

const KEY: &str =
    "must be a label key: at most 63 letters, digits, `-`, `_` and `.`, optionally after a DNS subdomain and `/`";
const VALUE: &str = "must be a label value: at most 63 letters, digits, `-`, `_` and `.`";

fn check_one(selector: &LabelSelector, at: &FieldPath, report: &mut Report) {
    for (key, value) in &selector.match_labels {
        let here = at.member("matchLabels").member(key);
        if !is_qualified(key) {
            report.error(&here, invalid(KEY));
        }
        if !is_label_value(value) {
            report.error(&here, invalid(VALUE));
        }
    }
    for (i, requirement) in selector.match_expressions.iter().enumerate() {
        let here = at.member("matchExpressions").item(i);
        if !is_qualified(&requirement.key) {
            report.error(&here.member("key"), invalid(KEY));
        }
        for (i, _) in requirement.values.iter().enumerate().filter(|(_, v)| !is_label_value(v)) {
            report.error(&here.member("values").item(i), invalid(VALUE));
        }
        let several = matches!(requirement.operator, Word::In | Word::NotIn);
        match (several, requirement.values.is_empty()) {
            _ if report.has_schema_error(&here.member("operator")) => {}
            (true, true) => {
                report.error(&here.member("values"), required("must be specified if operator is In or NotIn"));
            }
            (false, false) => {
                let message = "must not be specified if operator is Exists or DoesNotExist";
                report.error(&here.member("values"), forbidden(message));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, check_companion, companion, compiled, with};
    use crate::inject::companion::catalog::CatalogEntry;
    use crate::inject::companion::selector::Operator;

    #[test]
    fn a_selector_has_keys_and_values_of_labels() {
        let selector = json!({"matchLabels": {"a b": "x", "app": "x y"}, "matchExpressions": [{"key": "/", "operator": "In", "values": ["ä"]}]});
        let expected = [
            r#"spec.podSelector.matchLabels["a b"]: invalid value: must be a label key"#,
            "spec.podSelector.matchLabels.app: invalid value: must be a label value",
            "spec.podSelector.matchExpressions[0].key: invalid value: must be a label key",
            "spec.podSelector.matchExpressions[0].values[0]: invalid value: must be a label value",
        ];
        check(companion("/spec/podSelector", selector), &expected);
    }

    #[test]
    fn values_are_for_in_and_not_in() {
        let selector = json!({"matchExpressions": [{"key": "a", "operator": "NotIn"}, {"key": "a", "operator": "Exists", "values": ["x"]}, {"key": "a", "operator": "in"}]});
        let expected = [
            "spec.namespaceSelector.matchExpressions[0].values: required value: must be specified",
            "spec.namespaceSelector.matchExpressions[1].values: forbidden: must not be specified",
            "spec.namespaceSelector.matchExpressions[2].operator: unsupported value: \"in\"; supported: In, NotIn",
        ];
        check(companion("/spec/namespaceSelector", selector), &expected);
    }

    #[test]
    fn pods_are_not_selected_by_labels_of_podgraft() {
        let key = "companions.podgraft.dev/redis";
        let selector =
            json!({"matchLabels": {key: "12345678"}, "matchExpressions": [{"key": key, "operator": "DoesNotExist"}]});
        let expected = [
            r#"spec.podSelector.matchLabels["companions.podgraft.dev/redis"]: forbidden: podgraft sets this label"#,
            "spec.podSelector.matchExpressions[0].key: forbidden: podgraft sets this label",
        ];
        check(companion("/spec/podSelector", selector), &expected);
    }

    #[test]
    fn labels_become_requirements_of_one_value() {
        let companion = compiled(&companion("/spec/podSelector", json!({"matchLabels": {"app": "web"}})));
        assert_eq!(&*companion.pod_selector.0[0].key, "app");
        assert_eq!(companion.pod_selector.0[0].operator, Operator::In(["web".into()].into()));
        assert!(companion.namespace_selector.0.is_empty());
    }

    #[test]
    fn an_invalid_companion_keeps_what_is_readable() {
        let image = ("/spec/containers/0/image", json!(null));
        let automatic = ("/spec/activation", json!("OptedInNamespaces"));
        let pods = ("/spec/podSelector", json!({"matchLabels": {"app": "web"}}));
        let Some(CatalogEntry::Invalid(invalid)) = check_companion(&with(&[image.clone(), automatic, pods])).listed
        else {
            panic!()
        };
        assert_eq!(invalid.activation, crate::inject::companion::Activation::OptedInNamespaces);
        assert_eq!(invalid.selectors.as_ref().unwrap().0.0.len(), 1);
        let unreadable = ("/spec/podSelector", json!({"matchLabels": 1}));
        let Some(CatalogEntry::Invalid(invalid)) = check_companion(&with(&[image, unreadable])).listed else {
            panic!()
        };
        assert_eq!(invalid.selectors, None);
    }

    #[test]
    fn a_selector_counts_as_unreadable_if_problems_were_omitted() {
        let mut object = with(&[("/spec/podSelector", json!({"matchLabels": 1}))]);
        let spec = object["spec"].as_object_mut().unwrap();
        for i in 0..200 {
            spec.shift_insert(0, format!("unknown{i}"), json!(1));
        }
        let checked = check_companion(&object);
        assert_eq!(checked.problems.len(), 100);
        let Some(CatalogEntry::Invalid(invalid)) = checked.listed else { panic!() };
        assert_eq!(invalid.selectors, None);
    }
}
