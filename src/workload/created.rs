//! The Pod that a controller creates from a workload, for its review.

use super::controller::controller_fields;
use super::template::{TEMPLATES, Workload};
use super::text::templates_of;
use crate::inject::pod::{ControllerFields, Pod};
use crate::json::JsonError;

/// The JSON text of a workload's template, and of what its controller reads besides.
#[derive(Debug)]
pub struct CreatedText<'w> {
    workload: &'w Workload<'w>,
    template: String,
    /// The whole object, where the template is in the usual place: an object has one such template. Writing the object for
    /// each of many templates elsewhere in it would take time in proportion to the square of its size.
    object: String,
}

impl Workload<'_> {
    /// The text of the Pods that are created from this workload.
    #[must_use]
    pub fn created(&self) -> CreatedText<'_> {
        let is_usual = TEMPLATES.contains(&&*self.template);
        let object = if is_usual { self.object.to_string() } else { String::new() };
        CreatedText { workload: self, template: self.pod().to_string(), object }
    }
}

impl CreatedText<'_> {
    /// What the controller adds to the template.
    #[must_use]
    pub fn fields(&self) -> ControllerFields<'_> {
        controller_fields(self.workload.group(), self.workload.kind, &self.object)
    }

    /// The Pod that the controller creates.
    ///
    /// # Errors
    /// The template is no Pod template.
    pub fn pod(&self) -> Result<Pod<'_>, JsonError> {
        Pod::read(self.template.as_bytes()).map(|pod| pod.created_with(self.fields()))
    }
}

/// The Pods that are created from an object in JSON text, each with the JSON pointer of its template.
///
/// # Errors
/// The text is no JSON object, or a built-in kind has a template that is none.
pub fn created_pods<'a>(group: &str, kind: &str, object: &'a str) -> Result<Vec<(String, Pod<'a>)>, JsonError> {
    let mut pods = Vec::new();
    for template in templates_of(group, kind, object)? {
        match Pod::read(template.json.as_bytes()) {
            Ok(pod) => pods.push((template.pointer, pod.created_with(controller_fields(group, kind, object)))),
            Err(error) if template.built_in => return Err(error),
            // In another kind this may be something that only resembles a template.
            Err(_) => {}
        }
    }
    Ok(pods)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::workload::workloads;

    #[test]
    fn an_object_is_written_once_however_many_templates_it_has() {
        let template = json!({"metadata": {"labels": {"podgraft.dev/inject": "enabled"}}, "spec": {"containers": []}});
        let object = json!({"apiVersion": "example.com/v1", "kind": "Flow", "steps": vec![template; 100]});
        let all = workloads(&object);
        let written: usize =
            all.iter().map(|workload| workload.created()).map(|c| c.template.len() + c.object.len()).sum();
        assert_eq!(all.len(), 100);
        assert!(written <= object.to_string().len(), "{written} bytes");
    }

    #[test]
    fn a_claim_of_a_stateful_set_is_a_volume_of_its_pods() {
        let spec =
            json!({"template": {"spec": {"containers": []}}, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]});
        let set: Value = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": spec});
        let all = workloads(&set);
        let created = all[0].created();
        assert!(created.pod().unwrap().volume("data").is_some_and(|volume| volume.shareable));
    }
}
