//! The summary of a patch: what is added, and where.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use crate::inject::keys::MetadataMap;

/// One line for each list or map of the Pod that the patch adds to, in the order of the patch.
pub(super) fn lines(patch: &Patch) -> Vec<String> {
    let mut places: Vec<(String, Vec<String>)> = Vec::new();
    for operation in &patch.0 {
        let PatchOperation::Add(add) = operation else { continue };
        let parts: Vec<String> = add.path.tokens().map(|t| t.decoded().into_owned()).collect();
        for (place, added) in describe(&parts, &add.value) {
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, names)) => names.extend(added),
                None => places.push((place, added)),
            }
        }
    }
    places.retain(|(_, added)| !added.is_empty());
    places.iter().map(|(place, added)| format!("{place}: {}", added.join(", "))).collect()
}

/// The places that an operation adds to, and the added items of each.
fn describe(parts: &[String], value: &Value) -> Vec<(String, Vec<String>)> {
    let part = |i: usize| parts.get(i).map_or("", String::as_str);
    let place = match (part(0), part(1), part(2), part(3)) {
        ("metadata", "", ..) => {
            return MetadataMap::ALL.map(|map| (map.as_str().into(), keys(&value[map.as_str()]))).into();
        }
        ("metadata", map, "", _) => (map.into(), keys(value)),
        ("metadata", map, key, _) => (map.into(), vec![key.into()]),
        ("spec", list, index, field) if !field.is_empty() => (format!("{list}[{index}].{field}"), items(value)),
        ("spec", list, ..) => (list.into(), items(value)),
        _ => (parts.join("."), items(value)),
    };
    vec![place]
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(operations: &[(&str, Value)]) -> Vec<String> {
        let add = |(path, value): &(&str, Value)| json!({"op": "add", "path": path, "value": value});
        let patch: Value = operations.iter().map(add).collect();
        lines(&serde_json::from_value(patch).unwrap())
    }

    #[test]
    fn labels_and_annotations_are_listed_wherever_the_patch_creates_their_maps() {
        let maps = [("podgraft.dev/status", json!("{}")), ("companions.podgraft.dev/sync", json!("0"))];
        let [annotations, labels] = maps.map(|(key, value)| json!({key: value}));
        let expected = ["annotations: podgraft.dev/status", "labels: companions.podgraft.dev/sync"];
        assert_eq!(of(&[("/metadata", json!({"annotations": annotations, "labels": labels}))]), expected);
        assert_eq!(of(&[("/metadata/annotations", annotations), ("/metadata/labels", labels)]), expected);
        let (status, label) =
            ("/metadata/annotations/podgraft.dev~1status", "/metadata/labels/companions.podgraft.dev~1sync");
        assert_eq!(of(&[(status, json!("{}")), (label, json!("0"))]), expected);
        assert_eq!(of(&[("/metadata", json!({"annotations": {}})), (label, json!("0"))]), expected[1..]);
    }

    #[test]
    fn items_of_one_list_are_on_one_line() {
        let containers = |name: &str| ("/spec/containers/-", json!({"name": name, "image": "i:1"}));
        let mount = ("/spec/containers/0/volumeMounts/-", json!({"name": "v", "mountPath": "/in"}));
        let found = of(&[containers("a"), mount, containers("b")]);
        assert_eq!(found, ["containers: a (i:1), b (i:1)", "containers[0].volumeMounts: /in from v"]);
    }
}
