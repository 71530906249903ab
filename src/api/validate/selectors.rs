use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::{LabelSelector, Operator as Word};
use crate::inject::names::{is_label_value, is_qualified};

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    for (name, selector) in object.selectors() {
        if let Some(selector) = selector {
            check_one(selector, &FieldPath::spec(name), found);
        }
    }
}

const KEY: &str =
    "must be a label's key: a name of at most 63 letters, digits, `-`, `_` and `.`, with or without a domain and `/`";
const VALUE: &str = "must be a label's value: at most 63 letters, digits, `-`, `_` and `.`";

fn check_one(selector: &LabelSelector, at: &FieldPath, found: &mut Report) {
    for (key, value) in &selector.match_labels {
        let here = at.member("matchLabels").member(key);
        if !is_qualified(key) {
            found.error(&here, KEY);
        }
        if !is_label_value(value) {
            found.error(&here, VALUE);
        }
    }
    for (i, requirement) in selector.match_expressions.iter().enumerate() {
        let here = at.member("matchExpressions").item(i);
        if !is_qualified(&requirement.key) {
            found.error(&here.member("key"), KEY);
        }
        for (i, _) in requirement.values.iter().enumerate().filter(|(_, v)| !is_label_value(v)) {
            found.error(&here.member("values").item(i), VALUE);
        }
        let several = matches!(requirement.operator, Word::In | Word::NotIn);
        match (several, requirement.values.is_empty()) {
            _ if found.has_schema_error(&here.member("operator")) => {}
            (true, true) => found.error(&here.member("values"), "must be given with In and NotIn"),
            (false, false) => found.error(&here.member("values"), "must be left out with Exists and DoesNotExist"),
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
            r#"spec.podSelector.matchLabels["a b"]: must be a label's key"#,
            "spec.podSelector.matchLabels.app: must be a label's value",
            "spec.podSelector.matchExpressions[0].key: must be a label's key",
            "spec.podSelector.matchExpressions[0].values[0]: must be a label's value",
        ];
        check(companion("/spec/podSelector", selector), &expected);
    }

    #[test]
    fn values_go_with_in_and_not_in() {
        let selector = json!({"matchExpressions": [{"key": "a", "operator": "NotIn"}, {"key": "a", "operator": "Exists", "values": ["x"]}, {"key": "a", "operator": "in"}]});
        let expected = [
            "spec.namespaceSelector.matchExpressions[0].values: must be given",
            "spec.namespaceSelector.matchExpressions[1].values: must be left out",
            "spec.namespaceSelector.matchExpressions[2].operator: must be one of In, NotIn",
        ];
        check(companion("/spec/namespaceSelector", selector), &expected);
    }

    #[test]
    fn labels_become_requirements_of_one_value() {
        let good = compiled(&companion("/spec/podSelector", json!({"matchLabels": {"app": "web"}})));
        assert_eq!(&*good.pod_selector.0[0].key, "app");
        assert_eq!(good.pod_selector.0[0].operator, Operator::In(["web".into()].into()));
        assert!(good.namespace_selector.0.is_empty());
    }

    #[test]
    fn a_broken_companion_keeps_what_can_be_read_of_it() {
        let image = ("/spec/containers/0/image", json!(null));
        let automatic = ("/spec/activation", json!("OptedInNamespaces"));
        let pods = ("/spec/podSelector", json!({"matchLabels": {"app": "web"}}));
        let Some(CatalogEntry::Invalid(broken)) = check_companion(&with(&[image.clone(), automatic, pods])).listed
        else {
            panic!()
        };
        assert_eq!(broken.activation, crate::inject::companion::Activation::OptedInNamespaces);
        assert_eq!(broken.selectors.unwrap().0.0.len(), 1);
        let odd = ("/spec/podSelector", json!({"matchLabels": 1}));
        let Some(CatalogEntry::Invalid(broken)) = check_companion(&with(&[image, odd])).listed else { panic!() };
        assert_eq!(broken.selectors, None);
    }

    #[test]
    fn a_selector_is_not_relied_on_where_there_are_more_problems_than_are_told() {
        let mut object = with(&[("/spec/podSelector", json!({"matchLabels": 1}))]);
        let spec = object["spec"].as_object_mut().unwrap();
        for i in 0..200 {
            spec.shift_insert(0, format!("unknown{i}"), json!(1));
        }
        let gated = check_companion(&object);
        assert_eq!(gated.problems.len(), 100);
        let Some(CatalogEntry::Invalid(broken)) = gated.listed else { panic!() };
        assert_eq!(broken.selectors, None);
    }
}
