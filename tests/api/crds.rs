//! The custom resource definitions: those in the chart are generated from the types, bounded and described throughout.

use podgraft::internals::api::{crd_yaml, crds, schema_files};
use serde_json::Value;

use crate::support::golden;

#[test]
fn the_charts_definitions_are_those_of_the_types() {
    for crd in crds() {
        golden::check(format!("charts/podgraft/files/crds/{}.yaml", text(&crd, "/spec/names/plural")), &crd_yaml(&crd));
    }
}

#[test]
fn the_schemas_that_validation_applies_are_those_of_the_types() {
    for (file, content) in schema_files() {
        golden::check(format!("src/api/schema/{file}"), &content);
    }
}

#[test]
fn the_yaml_equals_the_json() {
    for crd in crds() {
        let read: Value = serde_saphyr::from_str(&crd_yaml(&crd)).unwrap();
        let same: Value = serde_json::from_str(&read.to_string()).unwrap();
        assert_eq!(same, crd);
    }
}

#[test]
fn every_field_of_ours_has_a_description() {
    for crd in crds() {
        each(schema(&crd), "", &mut |schema, path| {
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                let root = path.is_empty() && ["metadata", "apiVersion", "kind"].contains(&name.as_str());
                assert!(root || property["description"].is_string(), "{path}.{name} has no description");
            }
        });
    }
}

#[test]
fn every_list_and_every_string_has_a_bound() {
    for crd in crds() {
        each(schema(&crd), "", &mut |schema, path| match schema["type"].as_str() {
            Some("array") => assert!(schema["maxItems"].is_u64(), "{path} has no maxItems"),
            Some("string") => {
                assert!(schema["maxLength"].is_u64() || schema["enum"].is_array(), "{path} has no maxLength");
            }
            Some("object") if schema["additionalProperties"].is_object() => {
                assert!(schema["maxProperties"].is_u64(), "{path} has no maxProperties");
            }
            _ => {}
        });
    }
}

#[test]
fn every_list_has_a_list_type_and_no_field_is_nullable() {
    for crd in crds() {
        each(schema(&crd), "", &mut |schema, path| {
            assert!(schema["nullable"].is_null(), "{path} is nullable");
            if schema["type"] == "array" {
                assert!(schema["x-kubernetes-list-type"].is_string(), "{path} has no x-kubernetes-list-type");
            }
        });
    }
}

#[test]
fn every_cel_rule_is_at_its_path() {
    let expected = [
        ("", 2, 5),
        (".spec", 23, 23),
        (".spec.parameters[]", 25, 25),
        (".spec.volumes[]", 1, 1),
        (".spec.sharedVolumes[]", 1, 1),
        (".spec.reads[]", 1, 1),
        (".spec.listens[].env", 1, 1),
        (".spec.podSelector.matchExpressions[]", 1, 1),
        (".spec.namespaceSelector.matchExpressions[]", 1, 1),
    ];
    for (which, crd) in crds().iter().enumerate() {
        let mut found = Vec::new();
        each(schema(crd), "", &mut |schema, path| {
            let Some(rules) = schema["x-kubernetes-validations"].as_array() else { return };
            for rule in rules {
                assert!(rule["rule"].is_string() && rule["message"].is_string(), "{path}: {rule}");
                assert!(!text(rule, "/message").contains('\n'), "{path}: a message is one line");
            }
            found.push((path.to_owned(), rules.len()));
        });
        for (path, cluster, namespaced) in expected {
            let count = if which == 0 { cluster } else { namespaced };
            assert!(found.contains(&(path.to_owned(), count)), "{path}: {count} rules expected, of {found:?}");
        }
        assert_eq!(found.len(), expected.len(), "{found:?}");
    }
}

#[test]
fn every_format_is_one_that_api_servers_know() {
    for crd in crds() {
        each(schema(&crd), "", &mut |schema, path| {
            let Some(format) = schema["format"].as_str() else { return };
            assert!(["int32", "int64", "date-time"].contains(&format), "{path}: {format}");
        });
    }
}

#[test]
fn columns_show_pattern_activation_last_injection_readiness_and_age() {
    for crd in crds() {
        let columns = crd.pointer("/spec/versions/0/additionalPrinterColumns").unwrap().as_array().unwrap();
        let shown = columns.iter().filter(|c| c["priority"].is_null()).map(|c| text(c, "/name")).collect::<Vec<_>>();
        assert_eq!(shown, ["Pattern", "Activation", "Last Injected", "Ready", "Age"]);
    }
}

pub fn schema(crd: &Value) -> &Value {
    crd.pointer("/spec/versions/0/schema/openAPIV3Schema").expect("a definition has a schema")
}

pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).expect("a string")
}

/// Every schema within a schema, with its path.
fn each(schema: &Value, path: &str, visit: &mut impl FnMut(&Value, &str)) {
    visit(schema, path);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        each(property, &format!("{path}.{name}"), visit);
    }
    for (key, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[key].is_object() {
            each(&schema[key], &format!("{path}{mark}"), visit);
        }
    }
}
