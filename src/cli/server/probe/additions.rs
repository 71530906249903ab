//! The summary of a patch: what is added, and where.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

/// One line for each list or annotation map of the Pod that the patch adds to, in the order of the patch.
pub(super) fn lines(patch: &Patch) -> Vec<String> {
    let mut places: Vec<(String, Vec<String>)> = Vec::new();
    for operation in &patch.0 {
        let PatchOperation::Add(add) = operation else { continue };
        let parts: Vec<String> = add.path.tokens().map(|t| t.decoded().into_owned()).collect();
        let (place, added) = describe(&parts, &add.value);
        match places.last_mut().filter(|(last, _)| *last == place) {
            Some((_, names)) => names.extend(added),
            None => places.push((place, added)),
        }
    }
    places.iter().map(|(place, added)| format!("{place}: {}", added.join(", "))).collect()
}

/// The place that an operation adds to, and the added items.
fn describe(parts: &[String], value: &Value) -> (String, Vec<String>) {
    let part = |i: usize| parts.get(i).map_or("", String::as_str);
    match (part(0), part(1), part(2), part(3)) {
        ("metadata", "annotations", "", _) => ("annotations".into(), keys(value)),
        ("metadata", "annotations", key, _) => ("annotations".into(), vec![key.into()]),
        ("metadata", ..) => ("annotations".into(), keys(&value["annotations"])),
        ("spec", list, index, field) if !field.is_empty() => (format!("{list}[{index}].{field}"), items(value)),
        ("spec", list, ..) => (list.into(), items(value)),
        _ => (parts.join("."), items(value)),
    }
}

fn keys(value: &Value) -> Vec<String> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

fn items(value: &Value) -> Vec<String> {
    value.as_array().map_or_else(|| vec![item(value)], |items| items.iter().map(item).collect())
}

/// A mount's path and volume, a container's name and image, or an item's name.
fn item(value: &Value) -> String {
    let text = |key: &str| value[key].as_str();
    match (text("name"), text("mountPath"), text("image")) {
        (Some(name), Some(path), _) => format!("{path} from {name}"),
        (Some(name), _, Some(image)) => format!("{name} ({image})"),
        (Some(name), ..) => name.into(),
        _ => value.to_string(),
    }
}
