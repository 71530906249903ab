//! The fields of a core/v1 Container that name a volume of the Pod.

use serde_json::Value;

use crate::api::path::FieldPath;

/// Each field as a path: the member of the container, then the members below it. Lists are passed through.
const FIELDS: [&[&str]; 3] =
    [&["volumeMounts", "name"], &["volumeDevices", "name"], &["env", "valueFrom", "fileKeyRef", "volumeName"]];

/// The rest of a path, below a member that was found.
pub(in crate::api) type Path = &'static [&'static str];

/// The paths of the fields below one member of a container.
pub(in crate::api) fn paths(member: &str) -> Vec<Path> {
    below(&FIELDS, member)
}

/// Of some paths, those that go through a member, from there on.
pub(in crate::api) fn below(paths: &[Path], member: &str) -> Vec<Path> {
    let step = |path: &Path| path.split_first().filter(|(first, _)| **first == member).map(|(_, rest)| rest);
    paths.iter().filter_map(step).collect()
}

/// Replaces the names of volumes in the value of one member of a container.
pub(in crate::api) fn rename(value: &mut Value, paths: &[Path], name_in_pod: &impl Fn(&str) -> String) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, paths, name_in_pod)),
        Value::Object(members) if !paths.is_empty() => {
            members.iter_mut().for_each(|(member, value)| rename(value, &below(paths, member), name_in_pod));
        }
        Value::String(name) if paths.iter().any(|path| path.is_empty()) => *name = name_in_pod(name),
        _ => {}
    }
}

/// Collects the names of volumes in the value of one member of a container, which is at `at`, each with its place.
pub(in crate::api) fn collect<'v>(
    value: &'v Value,
    paths: &[Path],
    at: &FieldPath,
    found: &mut Vec<(FieldPath, &'v str)>,
) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| collect(item, paths, &at.item(i), found));
        }
        Value::Object(members) if !paths.is_empty() => {
            for (member, value) in members {
                collect(value, &below(paths, member), &at.member(member), found);
            }
        }
        Value::String(name) if paths.iter().any(|path| path.is_empty()) => found.push((at.clone(), name)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use k8s_openapi::api::core::v1::Container;
    use serde_json::{Value, json};

    use super::{FIELDS, paths, rename};
    use crate::api::schema::generate::full;

    /// Strings of a Container whose path or description speaks of volumes, and that name none.
    const OTHERS: [&str; 9] = [
        "env.valueFrom.fileKeyRef.path",
        "env.valueFrom.resourceFieldRef.containerName",
        "volumeMounts.bindMountOptions",
        "volumeMounts.mountPath",
        "volumeMounts.mountPropagation",
        "volumeMounts.recursiveReadOnly",
        "volumeMounts.subPath",
        "volumeMounts.subPathExpr",
        "volumeDevices.devicePath",
    ];

    /// The strings of a schema whose path or description speaks of volumes.
    fn about_volumes(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
        if !schema.is_object() {
            return;
        }
        let described = schema["description"].as_str().is_some_and(|text| text.to_lowercase().contains("volume"));
        if schema["type"] == "string" && (described || path.to_lowercase().contains("volume")) {
            found.insert(path.to_owned());
        }
        for (member, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { member.clone() } else { format!("{path}.{member}") };
            about_volumes(property, &path, found);
        }
        for nested in [&schema["items"], &schema["additionalProperties"]] {
            about_volumes(nested, path, found);
        }
        for alternative in ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|word| schema[word].as_array()).flatten()
        {
            about_volumes(alternative, path, found);
        }
    }

    #[test]
    fn every_field_of_a_container_that_names_a_volume_is_known() {
        let mut found = BTreeSet::new();
        about_volumes(&full::<Container>(), "", &mut found);
        let known = FIELDS.map(|path| path.join("."));
        let known: BTreeSet<String> = known.into_iter().chain(OTHERS.map(str::to_owned)).collect();
        assert_eq!(found, known, "add a field that names a volume to FIELDS, and any other one to OTHERS");
    }

    #[test]
    fn only_the_fields_that_name_a_volume_are_renamed() {
        let mut env = json!([
            {"name": "volumeName", "value": "a"},
            {"name": "B", "valueFrom": {"fileKeyRef": {"volumeName": "a", "path": "a", "key": "a"}}},
            {"name": "C", "valueFrom": {"secretKeyRef": {"name": "a", "key": "a"}, "fileKeyRef": null}},
        ]);
        let mut expected = env.clone();
        expected[1]["valueFrom"]["fileKeyRef"]["volumeName"] = json!("c-a");
        rename(&mut env, &paths("env"), &|name| format!("c-{name}"));
        assert_eq!(env, expected);
        let mut command = json!(["a", {"name": "a"}]);
        rename(&mut command, &paths("command"), &|_| String::new());
        assert_eq!(command, json!(["a", {"name": "a"}]));
    }
}
