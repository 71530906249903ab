//! Fields that a schema does not have: where they belong, or which known field was probably meant.

use serde_json::{Map, Value};

use crate::api::message::{self, Code, Message};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::schema::{SPEC, is_pod_field, is_workload_field};
use crate::inject::container_list::ContainerList;

/// A field that the schema does not have.
#[derive(Clone, Copy)]
pub(in crate::api) struct UnknownField<'v> {
    pub(in crate::api) name: &'v str,
    pub(in crate::api) value: &'v Value,
    pub(in crate::api) at: &'v FieldPath,
}

/// Reports an unknown field: as a warning if the code is that of fields that are kept, otherwise as an error.
pub(in crate::api) fn report(
    field: UnknownField<'_>,
    known: Option<&Map<String, Value>>,
    code: Code,
    report: &mut Report,
) {
    let message = elsewhere(field, code).unwrap_or_else(|| {
        let nearest = suggest(field.name, field.value, known, report);
        match Parent::of(field.at) {
            Some(Parent::Spec) if nearest.is_none() && is_workload_field(field.name) => message::workload_field(code),
            _ => message::unknown_field(code, nearest),
        }
    });
    match code {
        Code::UnknownFieldKept => report.warn(field.at, message),
        _ => report.schema_error(field.at, message),
    }
}

/// The known field that was probably meant: only one whose type the value has, because a field of another type was not.
fn suggest<'k>(
    name: &str,
    value: &Value,
    known: Option<&'k Map<String, Value>>,
    report: &mut Report,
) -> Option<&'k str> {
    let fitting = known.into_iter().flatten().filter(|(_, schema)| has_type(value, schema));
    report.suggest(name, fitting.map(|(name, _)| name.as_str()))
}

/// The objects of a companion that users take for a Pod, or for its container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    Object,
    Spec,
    Container,
}

impl Parent {
    /// The object that a field is in, if it is one of these.
    fn of(at: &FieldPath) -> Option<Self> {
        let (parent, _) = at.as_ref().rsplit_once('/')?;
        match parent.split('/').skip(1).collect::<Vec<_>>()[..] {
            [] => Some(Parent::Object),
            ["spec"] => Some(Parent::Spec),
            ["spec", list, _] if ContainerList::ALL.map(ContainerList::as_str).contains(&list) => {
                Some(Parent::Container)
            }
            _ => None,
        }
    }
}

/// A field that belongs to another object. The names of Pods and companions are so alike that a suggestion would mislead.
fn elsewhere(field: UnknownField<'_>, code: Code) -> Option<Message> {
    let parent = Parent::of(field.at)?;
    if parent != Parent::Spec && SPEC["properties"].get(field.name).is_some() {
        return Some(message::misplaced_field(code));
    }
    is_pod_field(field.name).then(|| message::pod_field(code))
}

/// Whether a value has the type of a schema. Items of lists are represented by the first one.
fn has_type(value: &Value, schema: &Value) -> bool {
    match (schema["type"].as_str(), value) {
        (None, Value::String(_) | Value::Number(_))
        | (Some("object"), Value::Object(_))
        | (Some("string"), Value::String(_))
        | (Some("boolean"), Value::Bool(_))
        | (Some("integer" | "number"), Value::Number(_)) => true,
        (None, _) => schema["x-kubernetes-int-or-string"] != true,
        (Some("array"), Value::Array(items)) => items.first().is_none_or(|item| has_type(item, &schema["items"])),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, companion, warns};

    fn unknown(field: &str, value: Value, expected: &str) {
        check(companion(&format!("/spec/{field}"), value), &[&format!("spec.{field}: unknown field{expected}")]);
    }

    #[test]
    fn a_field_of_the_pod_gets_no_suggestion() {
        let expected = ": belongs to the Pod, which a companion does not change; remove this field";
        for (field, value) in [
            ("nodeSelector", json!({"disk": "ssd"})),
            ("serviceAccountName", json!("side")),
            ("tolerations", json!([{"operator": "Exists"}])),
            ("runtimeClassName", json!("gvisor")),
            ("terminationGracePeriodSeconds", json!(60)),
            ("affinity", json!({})),
            ("shareProcessNamespace", json!(true)),
            ("hostAliases", json!([])),
            ("securityContext", json!({"runAsUser": 1})),
            ("resources", json!({})),
            ("dnsPolicy", json!("None")),
        ] {
            unknown(field, value, expected);
        }
    }

    #[test]
    fn a_field_of_a_workload_is_named_as_such() {
        for (field, value) in [("replicas", json!(2)), ("template", json!({})), ("parallelism", json!(1))] {
            unknown(field, value, ": is a field of workloads such as Deployments, and a companion cannot set it;");
        }
        unknown("selector", json!({"matchLabels": {}}), "; did you mean \"podSelector\"?");
    }

    #[test]
    fn a_field_is_suggested_only_if_the_value_has_its_type() {
        unknown("requires", json!(["redis"]), "; remove this field");
        unknown("requires", json!(true), "; did you mean \"required\"?");
        unknown("listen", json!([{"name": "redis"}]), "; did you mean \"listens\"?");
        unknown("listen", json!([6379]), "; remove this field");
        unknown("listen", json!(6379), "; remove this field");
        let of_container = |field: &str, value: Value| companion(&format!("/spec/containers/0/{field}"), value);
        let kept = "unknown field, kept; remove this field unless a later version of Kubernetes has it";
        warns(of_container("ttys", json!("x")), &format!("spec.containers[0].ttys: {kept}"));
        warns(of_container("ttys", json!(true)), "spec.containers[0].ttys: unknown field, kept; did you mean \"tty\"?");
        warns(
            companion("/spec/volumes", json!([{"name": "a", "emptydir": 1}])),
            &format!("spec.volumes[0].emptydir: {kept}"),
        );
    }

    #[test]
    fn a_field_of_the_spec_or_of_the_pod_in_a_container_is_reported_as_misplaced() {
        warns(
            companion("/spec/containers/0/sharedVolumes", json!([])),
            "spec.containers[0].sharedVolumes: unknown field, kept: belongs to the spec of the companion; move this field there",
        );
        warns(
            companion("/spec/containers/0/tolerations", json!([])),
            "spec.containers[0].tolerations: unknown field, kept: belongs to the Pod, which a companion does not change",
        );
        check(
            companion("/sharedVolumes", json!([])),
            &["sharedVolumes: unknown field: belongs to the spec of the companion; move this field there"],
        );
    }
}
