//! Keys of podgraft outside of Pod templates, in objects that are JSON text.

use std::fmt;
use std::fmt::Write as _;

use super::kinds;
use super::object::{DEEPEST, EXCLUDED_GROUPS};
use crate::inject::keys::MetadataMap;
use crate::json::{JsonError, Reader, Token, field_path};

/// A key of podgraft in an object, outside of the Pod templates in which podgraft finds it; displays as the warning about it.
#[derive(Debug, Clone, Copy)]
pub struct OutsideKey<'k> {
    /// The map that has the key.
    pub map: MetadataMap,
    /// The key.
    pub key: &'k str,
    /// Where the map is in the object: a JSON pointer.
    pub at: &'k str,
    /// The group of the object.
    pub group: &'k str,
    /// The kind of the object.
    pub kind: &'k str,
}

impl OutsideKey<'_> {
    /// Whether the key is in the wrong place: its kind is built in, or the key is on the object itself. Controllers of other kinds
    /// may copy metadata from further inside to the Pods that they create.
    #[must_use]
    pub fn is_misplaced(&self) -> bool {
        self.is_built_in() || self.is_on_object()
    }

    fn is_built_in(&self) -> bool {
        !self.kind.is_empty() && kinds::BUILT_IN_GROUPS.contains(&self.group)
    }

    /// Whether the key is in the metadata of the object itself.
    #[must_use]
    pub fn is_on_object(&self) -> bool {
        self.at.strip_prefix("/metadata/") == Some(self.map.as_str())
    }
}

impl fmt::Display for OutsideKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OutsideKey { map, key, at, group, kind } = self;
        write!(f, "{} {key} is set ", map.noun())?;
        if let Some(template) = kinds::template(group, kind) {
            let (field, meant) = (field_path(at), field_path(&format!("{template}/metadata/{}", map.as_str())));
            write!(f, "in {field} of the {kind} and has no effect; move it to {meant}")
        } else if self.is_built_in() {
            write!(
                f,
                "on the {kind}, which creates no Pods, and has no effect; move it to the Pod template of a workload"
            )
        } else if self.is_on_object() && !kind.is_empty() {
            write!(
                f,
                "on the {kind}, in which podgraft finds no Pod template, and has an effect only if a controller copies it to Pods; move it to the metadata that the {kind} declares for its Pods"
            )
        } else {
            f.write_str(
                "outside a Pod template; the webhook may inject companions into Pods created from this object, but this command does not change the object",
            )
        }
    }
}

/// Passes the keys of podgraft in an object to `found`, except those in the metadata at the JSON pointers of `read`, which is
/// the metadata of Pod templates and of the levels above them.
///
/// # Errors
/// The text is no JSON object.
pub fn outside_keys(
    (group, kind): (&str, &str),
    object: &str,
    read: &[&str],
    mut found: impl FnMut(&OutsideKey<'_>),
) -> Result<(), JsonError> {
    if EXCLUDED_GROUPS.contains(&group) || (group, kind) == ("", "Namespace") {
        return Ok(());
    }
    let found = &mut |map, key: &str, at: &str| found(&OutsideKey { map, key, at, group, kind });
    Search { at: String::new(), read, found }.value(&mut Reader::of(object), 0)
}

struct Search<'s> {
    /// The JSON pointer of the value that is read.
    at: String,
    read: &'s [&'s str],
    found: &'s mut dyn FnMut(MetadataMap, &str, &str),
}

impl Search<'_> {
    fn value(&mut self, r: &mut Reader<'_>, depth: usize) -> Result<(), JsonError> {
        let length = self.at.len();
        if depth <= DEEPEST && r.object_is_next() {
            r.object(|r, name| {
                // Writing to a String cannot fail.
                let _ = write!(self.at, "/{}", Token(name));
                self.member(name, r, depth + 1)?;
                self.at.truncate(length);
                Ok(())
            })?;
        } else if depth <= DEEPEST && r.array_is_next() {
            r.array(|r, index| {
                let _ = write!(self.at, "/{index}");
                self.value(r, depth + 1)?;
                self.at.truncate(length);
                Ok(())
            })?;
        } else {
            r.skip()?;
        }
        Ok(())
    }

    fn member(&mut self, name: &str, r: &mut Reader<'_>, depth: usize) -> Result<(), JsonError> {
        match MetadataMap::ALL.into_iter().find(|map| map.as_str() == name) {
            Some(map) if r.object_is_next() => self.keys(map, r),
            _ => self.value(r, depth),
        }
    }

    fn keys(&mut self, map: MetadataMap, r: &mut Reader<'_>) -> Result<(), JsonError> {
        let owner = self.at.strip_suffix(map.as_str()).and_then(|at| at.strip_suffix("/metadata/"));
        if owner.is_some_and(|owner| self.read.contains(&owner)) {
            return r.skip();
        }
        r.object(|r, key| {
            if map.is_for_pods(key) {
                (self.found)(map, key, &self.at);
            }
            r.skip()
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn messages(of: (&str, &str), object: &Value, read: &[&str]) -> Vec<String> {
        let mut messages = Vec::new();
        outside_keys(of, &object.to_string(), read, |key| messages.push(key.to_string())).unwrap();
        messages
    }

    #[test]
    fn a_key_in_a_built_in_kind_has_no_effect_outside_of_its_template() {
        let ours = json!({"podgraft.dev/companions": "x", "podgraft.dev/status": "{}", "other": "y"});
        let set = json!({"spec": {"template": {"annotations": ours, "metadata": {"annotations": ours}},
            "volumeClaimTemplates": [{"metadata": {"labels": ours}}]}});
        assert_eq!(
            messages(("apps", "StatefulSet"), &set, &["/spec/template", ""]),
            [
                "annotation podgraft.dev/companions is set in spec.template.annotations of the StatefulSet and has no effect; move it to spec.template.metadata.annotations",
                "label podgraft.dev/companions is set in spec.volumeClaimTemplates[0].metadata.labels of the StatefulSet and has no effect; move it to spec.template.metadata.labels",
            ]
        );
        let pod = messages(("", "Pod"), &json!({"spec": {"annotations": ours}}), &[""]);
        assert!(pod[0].ends_with("has no effect; move it to metadata.annotations"), "{pod:?}");
        let service = messages(("", "Service"), &json!({"metadata": {"annotations": ours}}), &[]);
        assert!(service[0].contains("set on the Service, which creates no Pods, and has no effect"), "{service:?}");
    }

    #[test]
    fn a_key_in_another_kind_may_have_an_effect() {
        let ours = json!({"annotations": {"podgraft.dev/companions": "x"}});
        let of = ("argoproj.io", "Workflow");
        let on_itself = messages(of, &json!({"metadata": ours}), &[]);
        assert!(
            on_itself[0].ends_with("move it to the metadata that the Workflow declares for its Pods"),
            "{on_itself:?}"
        );
        let inside = messages(of, &json!({"spec": {"podMetadata": ours}}), &[]);
        assert!(inside[0].contains("the webhook may inject companions into Pods"), "{inside:?}");
        assert_eq!(messages(("", "Namespace"), &json!({"metadata": ours}), &[]), [""; 0]);
        assert_eq!(messages(("podgraft.dev", "Companion"), &json!({"metadata": ours}), &[]), [""; 0]);
    }

    #[test]
    fn keys_are_found_down_to_the_deepest_level() {
        let ours = json!({"annotations": {"podgraft.dev/companions": "x"}});
        let nest = |depth: usize| (0..depth).fold(ours.clone(), |inner, _| json!([inner]));
        assert_eq!(messages(("k.io", "Thing"), &nest(DEEPEST), &[]).len(), 1);
        assert_eq!(messages(("k.io", "Thing"), &nest(DEEPEST + 1), &[]).len(), 0);
    }
}
