//! Pod templates, and the objects that they are in.

use std::fmt;

use serde_json::{Map, Value};

use super::kinds;
use super::object::{DEEPEST, EXCLUDED_GROUPS, ObjectKind, name, objects};
use crate::inject::keys::PREFIX;
use crate::json::Token;

/// Where most kinds have their Pod templates: JSON pointers.
pub(super) const TEMPLATES: [&str; 2] = ["/spec/template", "/spec/jobTemplate/spec/template"];
/// Levels above Pod templates that have metadata: the object, and the template of a Job.
const LEVELS: [&str; 2] = ["", "/spec/jobTemplate"];

/// A Pod, or an object from which Pods are created.
#[derive(Debug)]
pub struct Workload<'v> {
    /// The object itself.
    pub object: &'v Value,
    /// Its kind.
    pub kind: &'v str,
    /// Its version, with its group.
    pub version: &'v str,
    /// Where the object is in its document: a JSON pointer.
    pub at: String,
    /// Where the metadata and spec of its Pods are in the object: a JSON pointer, empty for a Pod.
    pub template: String,
    /// Whether it may be changed. A template of an unknown kind may only if it has a key of podgraft, because policies and
    /// schemas can have the same shape.
    pub changes: bool,
}

/// All workloads of a document, the items of lists included.
#[must_use]
pub fn workloads(document: &Value) -> Vec<Workload<'_>> {
    let mut found = Vec::new();
    for object in objects(document) {
        object.templates(&mut found);
    }
    found
}

/// The levels of an object above a Pod template that have metadata of their own, which podgraft does not read: JSON pointers.
pub fn levels_above(template: &str) -> impl Iterator<Item = &'static str> {
    let is_above = |level: &&str| template.strip_prefix(level).is_some_and(|rest| rest.starts_with('/'));
    LEVELS.into_iter().filter(is_above)
}

impl<'v> Workload<'v> {
    /// The metadata and spec of its Pods.
    #[must_use]
    pub fn pod(&self) -> &'v Value {
        self.object.pointer(&self.template).unwrap_or(&Value::Null)
    }

    /// Where these are in the document: a JSON pointer.
    #[must_use]
    pub fn pod_at(&self) -> String {
        format!("{}{}", self.at, self.template)
    }

    /// The group of its version; empty for kinds of the core group.
    #[must_use]
    pub fn group(&self) -> &'v str {
        kinds::group(self.version)
    }

    /// The namespace that it names.
    #[must_use]
    pub fn namespace(&self) -> Option<&'v str> {
        self.object["metadata"]["namespace"].as_str().filter(|n| !n.is_empty())
    }

    /// `deployment.apps/web`, as kubectl prints names.
    #[must_use]
    pub fn qualified(&self) -> String {
        let group = self.group();
        let dot = if group.is_empty() { "" } else { "." };
        format!("{}{dot}{group}/{}", self.kind.to_ascii_lowercase(), name(self.object))
    }
}

/// `deployment/web`.
impl fmt::Display for Workload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.to_ascii_lowercase(), name(self.object))
    }
}

impl<'v> ObjectKind<'v> {
    fn templates(&self, found: &mut Vec<Workload<'v>>) {
        if EXCLUDED_GROUPS.contains(&self.group()) {
            return;
        }
        if let Some(template) = kinds::template(self.group(), self.kind) {
            if self.value.pointer(template).is_some_and(Value::is_object) {
                found.push(self.workload(template.to_owned(), true));
            }
            return;
        }
        for template in TEMPLATES {
            if let Some(value) = self.value.pointer(template).and_then(Value::as_object)
                && has_containers(value)
            {
                return found.push(self.workload(template.to_owned(), carries_key(value)));
            }
        }
        let Some(members) = self.value.as_object() else { return };
        for (key, value) in members {
            self.search(value, format!("/{}", Token(key)), 1, found);
        }
    }

    /// Searches for objects that look like Pod templates and carry a key of podgraft.
    fn search(&self, value: &'v Value, at: String, depth: usize, found: &mut Vec<Workload<'v>>) {
        if depth > DEEPEST {
            return;
        }
        match value {
            Value::Object(members) if has_containers(members) && carries_key(members) => {
                found.push(self.workload(at, true));
            }
            Value::Object(members) => {
                for (key, value) in members {
                    self.search(value, format!("{at}/{}", Token(key)), depth + 1, found);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    self.search(value, format!("{at}/{index}"), depth + 1, found);
                }
            }
            _ => {}
        }
    }

    fn workload(&self, template: String, changes: bool) -> Workload<'v> {
        let (object, kind, version) = (self.value, self.kind, self.version);
        Workload { object, kind, version, at: self.at.clone(), template, changes }
    }
}

fn has_containers(template: &Map<String, Value>) -> bool {
    template.get("spec").is_some_and(|spec| spec["containers"].is_array())
}

fn carries_key(template: &Map<String, Value>) -> bool {
    let Some(metadata) = template.get("metadata") else { return false };
    let carries =
        |map: &str| metadata[map].as_object().is_some_and(|map| map.keys().any(|key| key.starts_with(PREFIX)));
    carries("annotations") || carries("labels")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(object: &Value) -> Vec<(String, bool)> {
        workloads(object).into_iter().map(|w| (w.pod_at(), w.changes)).collect()
    }

    #[test]
    fn templates_of_unknown_kinds_are_found_by_their_shape() {
        let spec = json!({"containers": [{"name": "a"}]});
        let asks = json!({"metadata": {"annotations": {"podgraft.dev/companions": "x"}}, "spec": spec});
        let plain = json!({"metadata": {}, "spec": spec});
        let at = |at: &str| vec![(at.to_owned(), true)];
        let rollout = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": {"template": asks}});
        assert_eq!(found(&rollout), at("/spec/template"));
        let scaled =
            json!({"apiVersion": "k.io/v1", "kind": "S", "spec": {"jobTemplate": {"spec": {"template": asks}}}});
        assert_eq!(found(&scaled), at("/spec/jobTemplate/spec/template"));
        let deep =
            json!({"apiVersion": "k.io/v1", "kind": "S", "spec": {"groups": [{"template": plain}, {"a/b": asks}]}});
        assert_eq!(found(&deep), at("/spec/groups/1/a~1b"));
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [rollout, deep]});
        assert_eq!(found(&list).len(), 2);
        let silent = json!({"apiVersion": "k.io/v1", "kind": "S", "spec": {"template": plain}});
        assert_eq!(found(&silent), [("/spec/template".to_owned(), false)]);
    }

    #[test]
    fn the_root_of_an_object_and_policies_are_not_templates() {
        let spec = json!({"containers": [{"name": "a"}]});
        let metadata = json!({"annotations": {"podgraft.dev/companions": "x"}});
        let root = json!({"apiVersion": "k.io/v1", "kind": "Thing", "metadata": metadata, "spec": spec});
        assert_eq!(found(&root), []);
        let inner = json!({"metadata": metadata, "spec": spec});
        for group in EXCLUDED_GROUPS {
            let policy = json!({"apiVersion": format!("{group}/v1"), "kind": "X", "spec": {"template": inner}});
            assert_eq!(found(&policy), [], "{group}");
        }
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
        assert_eq!(found(&pod), [(String::new(), true)]);
    }
}
