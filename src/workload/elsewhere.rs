//! Keys of podgraft outside of Pod templates.

use serde_json::Value;

use crate::inject::keys::{MetadataMap, MisplacedKey};
use crate::json::{Token, field_path};

use super::object::{name, objects};
use super::outside::outside_keys;
use super::template::{Workload, levels_above, workloads};

/// A key of podgraft where nothing reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateKey {
    /// Where it is in the document: a JSON pointer.
    pub pointer: String,
    /// The object that it is in, as `kind/name`.
    pub object: String,
    /// Why it has no effect here, and how to fix that.
    pub message: String,
}

/// Keys that are set on a workload, or on the template of its Jobs, and not on its Pod template. A label that the template has
/// as well is no mistake: it may be there to select the workload.
#[must_use]
pub fn misplaced(workload: &Workload<'_>) -> Vec<TemplateKey> {
    levels_above(&workload.template).flat_map(|level| misplaced_at(workload, level)).collect()
}

fn misplaced_at(workload: &Workload<'_>, level: &str) -> Vec<TemplateKey> {
    let (template, path) = (&field_path(&workload.template), &field_path(level));
    let metadata = &workload.object.pointer(level).unwrap_or(&Value::Null)["metadata"];
    let keys = MetadataMap::ALL.into_iter().flat_map(|map| {
        let is_on_template =
            move |key: &str| map == MetadataMap::Labels && workload.pod()["metadata"]["labels"].get(key).is_some();
        let own = metadata[map.as_str()].as_object();
        let own = own.into_iter().flat_map(|members| members.keys());
        own.filter(move |key| map.is_for_pods(key) && !is_on_template(key)).map(move |key| (map, key))
    });
    keys.map(|(map, key)| TemplateKey {
        pointer: format!("{}{level}/metadata/{}/{}", workload.at, map.as_str(), Token(key)),
        object: workload.to_string(),
        message: MisplacedKey { map, key, kind: workload.kind, level: path, template }.to_string(),
    })
    .collect()
}

/// Keys in objects outside of the Pod templates that podgraft finds. Keys at the levels above a template are reported with the
/// template.
#[must_use]
pub fn outside_of_templates(document: &Value) -> Vec<TemplateKey> {
    let workloads = workloads(document);
    let mut found = Vec::new();
    for object in objects(document) {
        let of_object = workloads.iter().filter(|workload| workload.at == object.at);
        let read: Vec<&str> = of_object
            .flat_map(|w| levels_above(&w.template).map(|level| level as &str).chain([&*w.template]))
            .collect();
        let what = format!("{}/{}", object.kind.to_ascii_lowercase(), name(object.value));
        let of = (object.group(), object.kind);
        // The text of a value is JSON.
        let _ = outside_keys(of, &object.value.to_string(), &read, |outside| {
            let pointer = format!("{}{}/{}", object.at, outside.at, Token(outside.key));
            found.push(TemplateKey { pointer, object: what.clone(), message: outside.to_string() });
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_outside_of_templates_are_found_with_their_pointers() {
        let ours = json!({"podgraft.dev/companions": "x", "other": "y"});
        let workflow = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "build-"},
            "spec": {"podMetadata": {"annotations": ours}, "templates": [{"metadata": {"labels": {"podgraft.dev/inject": "enabled"}}}]}});
        let at: Vec<String> = outside_of_templates(&workflow).into_iter().map(|k| k.pointer).collect();
        assert_eq!(
            at,
            [
                "/spec/podMetadata/annotations/podgraft.dev~1companions",
                "/spec/templates/0/metadata/labels/podgraft.dev~1inject"
            ]
        );
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"annotations": ours},
            "spec": {"template": {"metadata": {"annotations": ours}, "spec": {"containers": []}}}});
        assert_eq!(outside_of_templates(&deployment), []);
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"annotations": ours}});
        assert_eq!(outside_of_templates(&namespace), []);
    }
}
