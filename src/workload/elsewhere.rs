//! Keys of podgraft outside of Pod templates.

use serde_json::Value;

use crate::inject::keys::{FILES_PREFIX, MetadataMap, MisplacedKey, PREFIX};
use crate::json::{Token, field_path};

use super::object::{DEEPEST, EXCLUDED_GROUPS, name, objects};
use super::template::{Workload, levels_above, workloads};

/// The prefixes of all keys of podgraft.
const PREFIXES: [&str; 2] = [PREFIX, FILES_PREFIX];

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

/// Keys in objects in which podgraft finds no Pod template that they could be meant for.
#[must_use]
pub fn outside_of_templates(document: &Value) -> Vec<TemplateKey> {
    // Keys at the levels above a template are reported with the template.
    let levels = |w: &Workload<'_>| {
        let above = levels_above(&w.template).map(|level| format!("{}{level}", w.at));
        above.chain([w.pod_at(), w.at.clone()]).collect::<Vec<_>>()
    };
    let templates: Vec<String> = workloads(document).iter().flat_map(levels).collect();
    let mut found = Vec::new();
    for object in objects(document) {
        let is_namespace = (object.version, object.kind) == ("v1", "Namespace");
        if is_namespace || EXCLUDED_GROUPS.contains(&object.group()) {
            continue;
        }
        let what = format!("{}/{}", object.kind.to_ascii_lowercase(), name(object.value));
        let mut search = Search { object: what, templates: &templates, found: &mut found };
        search.below(object.value, &object.at, 0);
    }
    found
}

struct Search<'a> {
    object: String,
    templates: &'a [String],
    found: &'a mut Vec<TemplateKey>,
}

impl Search<'_> {
    fn below(&mut self, value: &Value, at: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    let inner = format!("{at}/{}", Token(key));
                    if matches!(&**key, "annotations" | "labels") && value.is_object() {
                        self.keys(value, &inner);
                    } else {
                        self.below(value, &inner, depth + 1);
                    }
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    self.below(value, &format!("{at}/{index}"), depth + 1);
                }
            }
            _ => {}
        }
    }

    fn keys(&mut self, map: &Value, at: &str) {
        let of_template = |pod: &String| {
            at.strip_prefix(&**pod).is_some_and(|rest| rest.starts_with("/metadata/") && !rest[10..].contains('/'))
        };
        if self.templates.iter().any(of_template) {
            return;
        }
        for key in map.as_object().into_iter().flat_map(|m| m.keys()) {
            if PREFIXES.iter().any(|prefix| key.starts_with(prefix)) {
                let message = format!(
                    "{key} is set outside a Pod template; the webhook may inject companions into Pods created from this object, but this command does not change the object"
                );
                let pointer = format!("{at}/{}", Token(key));
                self.found.push(TemplateKey { pointer, object: self.object.clone(), message });
            }
        }
    }
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
