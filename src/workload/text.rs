//! Pod templates in objects that are JSON text: the same ones that are found in values.

use std::fmt::Write as _;

use super::kinds;
use super::object::{DEEPEST, EXCLUDED_GROUPS};
use super::template::TEMPLATES;
use crate::inject::keys::PREFIX;
use crate::json::{JsonError, Reader, Token};

/// The most templates of one object that are returned. Each costs a review.
const MAX_TEMPLATES: usize = 8;
/// How many levels below a template its keys and its list of containers are.
const BELOW_A_TEMPLATE: usize = 3;

/// A Pod template in the text of an object.
#[derive(Debug, PartialEq, Eq)]
pub struct TemplateText<'a> {
    /// Where the metadata and spec of the Pods are in the object: a JSON pointer, empty for a Pod.
    pub pointer: String,
    /// The text of the template.
    pub json: &'a str,
    /// Whether the kind is built in, so that the template is one by definition and not by its shape.
    pub built_in: bool,
}

/// The Pod templates of an object of some kind, at most the first eight.
///
/// # Errors
/// The text is no JSON object, or a field on the way to the template of a built-in kind has the wrong type.
pub fn templates_of<'a>(group: &str, kind: &str, object: &'a str) -> Result<Vec<TemplateText<'a>>, JsonError> {
    if EXCLUDED_GROUPS.contains(&group) {
        return Ok(Vec::new());
    }
    if let Some(pointer) = kinds::template(group, kind) {
        let template = at(object, pointer)?;
        let template = template.map(|json| TemplateText { pointer: pointer.to_owned(), json, built_in: true });
        return Ok(template.into_iter().collect());
    }
    for pointer in TEMPLATES {
        // In an object of another kind these fields can be anything.
        let Ok(Some(json)) = at(object, pointer) else { continue };
        if json.starts_with('{') && Shape::of(json)?.containers {
            return Ok(vec![TemplateText { pointer: pointer.to_owned(), json, built_in: false }]);
        }
    }
    let mut search = Search { at: String::new(), found: Vec::new() };
    search.object(&mut Reader::of(object), 0)?;
    search.found.truncate(MAX_TEMPLATES);
    Ok(search.found)
}

fn at<'a>(object: &'a str, pointer: &str) -> Result<Option<&'a str>, JsonError> {
    let path: Vec<&str> = pointer.split('/').skip(1).collect();
    Reader::of(object).raw_at(&path)
}

/// What shows that an object is a Pod template. Each part is about the object as one level of a template.
#[derive(Debug, Default, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // one for each field of a template that is looked at
struct Shape {
    /// As a template: its `spec` has containers.
    containers: bool,
    /// As a template: its `metadata` has a key of podgraft.
    key: bool,
    /// As a `spec`: `containers` is a list.
    is_spec: bool,
    /// As a `metadata`: `annotations` or `labels` has a key of podgraft.
    is_metadata: bool,
    /// As `annotations` or `labels`: one key is podgraft's.
    is_map: bool,
}

impl Shape {
    /// The shape of an object.
    fn of(object: &str) -> Result<Self, JsonError> {
        let mut search = Search { at: String::new(), found: Vec::new() };
        search.object(&mut Reader::of(object), DEEPEST)
    }

    fn add(&mut self, name: &str, value: Value) {
        self.is_map |= name.starts_with(PREFIX);
        match (name, value) {
            ("spec", Value::Object(spec)) => self.containers |= spec.is_spec,
            ("metadata", Value::Object(metadata)) => self.key |= metadata.is_metadata,
            ("containers", Value::Array) => self.is_spec = true,
            ("annotations" | "labels", Value::Object(map)) => self.is_metadata |= map.is_map,
            _ => {}
        }
    }
}

/// A value, as far as it shows the shape of the object that it is in.
#[derive(Debug, Clone, Copy)]
enum Value {
    Object(Shape),
    Array,
    Other,
}

/// Searches for objects that look like Pod templates and have a key of podgraft, in one pass.
struct Search<'a> {
    /// The JSON pointer of the value that is read.
    at: String,
    found: Vec<TemplateText<'a>>,
}

impl<'a> Search<'a> {
    /// Reads an object at a depth; the root has depth 0 and is no template.
    fn object(&mut self, r: &mut Reader<'a>, depth: usize) -> Result<Shape, JsonError> {
        let (length, before) = (self.at.len(), self.found.len());
        let (shape, json) = r.with_text(|r| {
            let mut shape = Shape::default();
            r.object(|r, name| {
                // Writing to a String cannot fail.
                let _ = write!(self.at, "/{}", Token(name));
                let value = self.value(r, depth + 1)?;
                self.at.truncate(length);
                shape.add(name, value);
                Ok(())
            })?;
            Ok(shape)
        })?;
        if shape.containers && shape.key && (1..=DEEPEST).contains(&depth) {
            // What is inside of a template is no template.
            self.found.truncate(before);
            if before < MAX_TEMPLATES {
                self.found.push(TemplateText { pointer: self.at.clone(), json, built_in: false });
            }
        }
        Ok(shape)
    }

    fn value(&mut self, r: &mut Reader<'a>, depth: usize) -> Result<Value, JsonError> {
        let is_array = r.array_is_next();
        if depth > DEEPEST + BELOW_A_TEMPLATE || !(is_array || r.object_is_next()) {
            r.skip()?;
            return Ok(if is_array { Value::Array } else { Value::Other });
        }
        if !is_array {
            return self.object(r, depth).map(Value::Object);
        }
        let length = self.at.len();
        r.array(|r, index| {
            let _ = write!(self.at, "/{index}");
            self.value(r, depth + 1)?;
            self.at.truncate(length);
            Ok(())
        })?;
        Ok(Value::Array)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::workload::workloads;

    /// The templates that both searches find, which must be the same ones.
    #[track_caller]
    fn found(group: &str, kind: &str, body: &Value) -> Vec<String> {
        let mut object = body.clone();
        let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        (object["apiVersion"], object["kind"]) = (version.into(), kind.into());
        let in_value: Vec<String> = workloads(&object).into_iter().map(|w| w.template).collect();
        let text = object.to_string();
        let in_text = templates_of(group, kind, &text).unwrap();
        for template in &in_text {
            assert_eq!(object.pointer(&template.pointer).map(Value::to_string).as_deref(), Some(template.json));
        }
        assert_eq!(in_text.into_iter().map(|t| t.pointer).collect::<Vec<_>>(), in_value);
        in_value
    }

    fn asks() -> Value {
        json!({"metadata": {"annotations": {"podgraft.dev/companions": "x"}}, "spec": {"containers": []}})
    }

    #[test]
    fn the_text_of_an_object_has_the_templates_of_its_value() {
        let (asks, plain) = (asks(), json!({"metadata": {}, "spec": {"containers": []}}));
        let usual = json!({"spec": {"template": plain}});
        assert_eq!(found("apps", "Deployment", &usual), ["/spec/template"]);
        assert_eq!(found("argoproj.io", "Rollout", &usual), ["/spec/template"]);
        assert_eq!(found("serving.knative.dev", "Service", &json!({"spec": {"template": asks}})), ["/spec/template"]);
        let job = json!({"spec": {"jobTemplate": {"spec": {"template": plain}}}});
        assert_eq!(found("batch", "CronJob", &job), ["/spec/jobTemplate/spec/template"]);
        assert_eq!(found("keda.sh", "ScaledJob", &job), ["/spec/jobTemplate/spec/template"]);
        let labeled = json!({"metadata": {"labels": {"podgraft.dev/inject": "x"}}, "spec": {"containers": []}});
        let deep = json!({"spec": {"groups": [{"template": plain}, {"a/b": asks}, {"c": {"d": labeled}}]}});
        assert_eq!(found("k.io", "Set", &deep), ["/spec/groups/1/a~1b", "/spec/groups/2/c/d"]);
        let nested = json!({"a": {"metadata": asks["metadata"], "spec": {"containers": [asks], "more": asks}}});
        assert_eq!(found("k.io", "Set", &nested), ["/a"]);
    }

    #[test]
    fn what_only_resembles_a_template_is_none() {
        let asks = asks();
        assert!(found("k.io", "Thing", &asks).is_empty(), "the root of an object");
        assert_eq!(found("", "Pod", &asks), [""], "but for a Pod");
        for group in EXCLUDED_GROUPS {
            assert!(found(group, "X", &json!({"spec": {"template": asks}})).is_empty(), "{group}");
        }
        for body in [
            json!({"spec": "x"}),
            json!({"spec": {"template": 1}}),
            json!({"spec": {"template": null, "jobTemplate": []}}),
            json!({"a": {"metadata": {"annotations": {"other": "x"}}, "spec": {"containers": []}}}),
            json!({"a": {"metadata": asks["metadata"], "spec": {"containers": {}}}}),
            json!({"a": {"metadata": {"podgraft.dev/companions": "x"}, "spec": {"containers": []}}}),
        ] {
            assert!(found("k.io", "Thing", &body).is_empty(), "{body}");
        }
    }

    #[test]
    fn a_template_is_found_down_to_the_deepest_level() {
        let nest = |depth: usize| (1..depth).fold(json!({"a": asks()}), |inner, _| json!({"a": inner}));
        assert_eq!(found("k.io", "Thing", &nest(DEEPEST)).len(), 1);
        assert!(found("k.io", "Thing", &nest(DEEPEST + 1)).is_empty());
    }

    #[test]
    fn only_the_first_templates_are_returned() {
        let many = json!({"spec": {"all": vec![asks(); 3 * MAX_TEMPLATES]}}).to_string();
        assert_eq!(templates_of("k.io", "Set", &many).unwrap().len(), MAX_TEMPLATES);
    }
}
