//! JSON patches (RFC 6902) of a Pod. The crate `json-patch` applies patches; here they are only read.

use super::injection::{Injection, never_patched};
use super::pod_patch::{add_annotations, add_item, is_list};
use super::source_value::SourceValue;
use crate::inject::container_list::ContainerList;
use crate::json::unescape_token;

/// Adds what the operations add.
pub(super) fn add(injection: &mut Injection, operations: &SourceValue) {
    for operation in operations.items() {
        match operation.member("op").text() {
            "add" => add_operation(injection, &operation),
            "test" => {
                injection
                    .narrow(&operation.at, "a condition on a field of the Pod; a companion selects Pods by labels");
            }
            _ => injection.lose(&operation.at, "a companion only adds to a Pod; change the Pod template instead"),
        }
    }
}

fn add_operation(injection: &mut Injection, operation: &SourceValue) {
    let path = operation.member("path");
    let names: Vec<String> = path.text().split('/').skip(1).map(unescape_token).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let names = names.strip_prefix(&["spec", "template"]).unwrap_or(&names);
    let value = operation.member("value");
    match names {
        ["spec", list, _] if is_list(list) && value.value.is_object() => add_item(injection, list, &value),
        // The operation for a Pod without the list.
        ["spec", list] if is_list(list) && *list != ContainerList::Containers.as_str() => {
            if !value.value.is_array() {
                injection.lose(&value.at, "invalid value: must be a list");
            }
            value.items().iter().for_each(|item| add_item(injection, list, item));
        }
        ["metadata", "annotations"] => add_annotations(injection, &value),
        ["metadata", "annotations", key] => {
            let annotations = SourceValue { at: value.at.clone(), value: serde_json::json!({*key: value.value}) };
            add_annotations(injection, &annotations);
        }
        ["spec", list, ..] if is_list(list) => {
            let message = "changes a container or a volume of the Pod by its index; a companion only adds to a Pod";
            injection.lose(&path.at, message);
        }
        ["spec" | "metadata", field, ..] => injection.lose(&path.at, never_patched(field)),
        _ => injection.lose(&path.at, "a companion sets fields of spec and annotations only"),
    }
}
