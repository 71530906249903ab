use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::message::{Code, Message, forbidden, invalid, missing, required, unsupported};
use super::path::FieldPath;
use super::report::Report;
use super::schema;
use super::v1alpha1::{API_VERSION, Container, LabelSelector, Spec};
use super::validate::conformance;
use super::validate::conformance::SchemaOf;
use super::validate::conformance::unknown::{self, UnknownField};
use crate::inject::companion::catalog::InvalidCompanion;
use crate::inject::companion::{Activation, CompanionKind};
use crate::inject::container_list::ContainerList;
use crate::inject::keys::{LONGEST_NAME, RESERVED_NAMES};
use crate::inject::names::is_label;

/// A `ClusterCompanion` or a `Companion` whose kind and name could be read, after the schema was applied.
#[derive(Debug)]
pub(super) struct CompanionObject {
    /// Empty if it is missing, which is a problem.
    pub(super) name: Box<str>,
    pub(super) kind: CompanionKind,
    /// The specification. Fields that did not conform to the schema are absent or have an empty value.
    pub(super) spec: Spec,
    /// The specification as JSON, with the fields that only Kubernetes knows.
    pub(super) raw: Value,
}

/// A container of a companion, typed and as JSON, with its field path.
#[derive(Debug)]
pub(super) struct ContainerAt<'o> {
    pub(super) at: FieldPath,
    pub(super) container: &'o Container,
    pub(super) raw: &'o Map<String, Value>,
    /// The list of the specification that it is in.
    pub(super) list: ContainerList,
}

/// `metadata.namespace` of a `Companion`, unless it is empty.
pub(super) fn namespace(object: &Value) -> Option<Box<str>> {
    let namespaced = object["kind"] == CompanionKind::Companion.as_str();
    object["metadata"]["namespace"].as_str().filter(|n| namespaced && !n.is_empty()).map(Into::into)
}

/// An invalid companion of which only kind and name are read. It has no selectors, so it matches no Pod; a required
/// one is still listed as required, so that no Companion takes its name.
pub(super) fn envelope(object: &Value) -> Option<InvalidCompanion> {
    let kind = kind(object, &mut Report::default())?;
    let name = object["metadata"]["name"].as_str().filter(|name| !name.is_empty())?;
    let spec = &object["spec"];
    let required = kind == CompanionKind::ClusterCompanion && spec["required"] == true;
    let activation = if required { Activation::ClusterWide } else { Activation::OnRequest };
    Some(InvalidCompanion { name: name.into(), kind, activation, required, selectors: None })
}

impl CompanionObject {
    /// Reads an object. `None` if it is of another kind, or not readable at all; the report says why.
    pub(super) fn read(object: &Value, report: &mut Report) -> Option<Self> {
        let root = FieldPath::root();
        let Some(members) = object.as_object() else {
            report.schema_error(&root, invalid("must be an object"));
            return None;
        };
        top_level_fields(members, report);
        if object["apiVersion"] != API_VERSION {
            report.error(&root.member("apiVersion"), not_one_of(&object["apiVersion"], &[API_VERSION]));
        }
        let kind = kind(object, report)?;
        let name = name(object, report).unwrap_or_default();
        namespace_fits(object, kind, report);
        let (raw, spec) = spec(object, &root.member("spec"), report)?;
        Some(CompanionObject { name, kind, spec, raw })
    }

    /// Whether the name is valid. If it is not, names derived from it are not checked.
    pub(super) fn has_valid_name(&self) -> bool {
        is_label(&self.name, LONGEST_NAME)
    }

    /// The pod selector and the namespace selector, with the names of their fields.
    pub(super) fn selectors(&self) -> [(&'static str, Option<&LabelSelector>); 2] {
        let spec = &self.spec;
        [("podSelector", spec.pod_selector.as_ref()), ("namespaceSelector", spec.namespace_selector.as_ref())]
    }

    /// All containers: `containers`, then `initContainers`.
    pub(super) fn containers(&self) -> impl Iterator<Item = ContainerAt<'_>> {
        let lists =
            [(ContainerList::Containers, &self.spec.containers), (ContainerList::Init, &self.spec.init_containers)];
        lists.into_iter().flat_map(move |(list, containers)| {
            containers.iter().enumerate().filter_map(move |(i, container)| {
                let raw = self.raw[list.as_str()].get(i)?.as_object()?;
                Some(ContainerAt { at: FieldPath::spec(list.as_str()).item(i), container, raw, list })
            })
        })
    }
}

impl<'o> ContainerAt<'o> {
    /// A field by its name; `null` counts as absent.
    pub(super) fn field(&self, name: &str) -> Option<&'o Value> {
        self.raw.get(name).filter(|v| !v.is_null())
    }
}

fn top_level_fields(members: &Map<String, Value>, report: &mut Report) {
    let known = ["apiVersion", "kind", "metadata", "spec", "status"];
    for (name, value) in members.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
        let kind = |known: &str| if matches!(known, "apiVersion" | "kind") { "string" } else { "object" };
        let known = known.map(|known| (known.to_owned(), json!({"type": kind(known)})));
        let field = UnknownField { name, value, at: &FieldPath::root().member(name) };
        unknown::report(field, Some(&Map::from_iter(known)), Code::UnknownField, report);
    }
}

/// The specification as JSON that conforms to the schema, and typed.
fn spec(object: &Value, at: &FieldPath, report: &mut Report) -> Option<(Value, Spec)> {
    let spec = object.get("spec").filter(|spec| !spec.is_null());
    if spec.is_none() {
        report.schema_error(at, missing());
    }
    let empty = Value::Object(Map::new());
    let raw = conformance::conform(spec.unwrap_or(&empty), &schema::SPEC, SchemaOf::Podgraft, at, report);
    // `conform` replaces what a struct cannot read; a test drops and replaces every node of an object.
    let unreadable = |fault| invalid(format_args!("must be the spec of a companion: {fault}"));
    let spec = Spec::deserialize(&raw).map_err(|fault| report.schema_error(at, unreadable(fault))).ok()?;
    Some((raw, spec))
}

fn kind(object: &Value, report: &mut Report) -> Option<CompanionKind> {
    let word = object["kind"].as_str().unwrap_or_default();
    let kinds = [CompanionKind::ClusterCompanion, CompanionKind::Companion];
    let kind = kinds.into_iter().find(|kind| kind.as_str() == word);
    if kind.is_none() {
        let message = not_one_of(&object["kind"], &kinds.map(CompanionKind::as_str));
        report.schema_error(&FieldPath::root().member("kind"), message);
    }
    kind
}

/// The message for a value that is not one of a fixed set.
fn not_one_of(value: &Value, supported: &[&str]) -> Message {
    match value {
        Value::Null => required(format_args!("must be {}", supported.join(" or "))),
        Value::String(text) => unsupported(text, supported, None),
        _ => invalid(format_args!("must be {}", supported.join(" or "))),
    }
}

fn name(object: &Value, report: &mut Report) -> Option<Box<str>> {
    let at = FieldPath::root().member("metadata").member("name");
    let Some(name) = object["metadata"]["name"].as_str().filter(|name| !name.is_empty()) else {
        report.schema_error(&at, required("a companion is injected by its name; set this field"));
        return None;
    };
    if !is_label(name, LONGEST_NAME) {
        let message = invalid(format_args!(
            "must be a DNS label of at most {LONGEST_NAME} characters: lowercase letters, digits and hyphens"
        ));
        report.error(&at, message);
    } else if RESERVED_NAMES.contains(&name) {
        report.error(&at, invalid(format_args!("must not be one of {}", RESERVED_NAMES.join(", "))));
    }
    Some(name.into())
}

fn namespace_fits(object: &Value, kind: CompanionKind, report: &mut Report) {
    let at = FieldPath::root().member("metadata").member("namespace");
    match (&object["metadata"]["namespace"], kind) {
        (Value::Null, _) | (Value::String(_), CompanionKind::Companion) => {}
        (Value::String(_), CompanionKind::ClusterCompanion) => {
            report
                .error(&at, forbidden("a ClusterCompanion has no namespace; remove this field or declare a Companion"));
        }
        _ => report.schema_error(&at, invalid("must be a string")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, check_companion, companion, with};

    #[test]
    fn an_object_of_another_kind_is_reported() {
        check(json!(null), &["invalid value: must be an object"]);
        check(json!([]), &["invalid value: must be an object"]);
        check(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}}),
            &[
                "apiVersion: unsupported value: \"v1\"; supported: podgraft.dev/v1alpha1",
                "kind: unsupported value: \"Pod\"; supported: ClusterCompanion, Companion",
            ],
        );
    }

    #[test]
    fn a_name_is_a_short_label_and_not_reserved() {
        for (name, expected) in [
            (json!("a".repeat(41)), "metadata.name: invalid value: must be a DNS label of at most 40 characters"),
            (json!("Git"), "metadata.name: invalid value: must be a DNS label of at most 40 characters"),
            (json!("none"), "metadata.name: invalid value: must not be one of true, false"),
            (json!(7), "metadata.name: required value"),
        ] {
            check(companion("/metadata/name", name), &[expected]);
        }
    }

    #[test]
    fn a_companion_without_a_name_is_still_checked() {
        let object = with(&[("/metadata", json!(null)), ("/spec/containers/0/image", json!(null))]);
        check(object.clone(), &["metadata.name: required value", "spec.containers[0].image: required value"]);
        assert!(check_companion(&object).listed.is_none());
    }

    #[test]
    fn a_cluster_companion_has_no_namespace() {
        check(
            companion("/metadata/namespace", json!("x")),
            &["metadata.namespace: forbidden: a ClusterCompanion has no namespace"],
        );
    }

    #[test]
    fn fields_beside_spec_are_known() {
        check(companion("/specs", json!({})), &["specs: unknown field; did you mean \"spec\"?"]);
        check(companion("/spec", json!(null)), &["spec: required value"]);
    }

    #[test]
    fn the_namespace_of_a_companion_is_read() {
        let mut object = companion("/metadata/namespace", json!("shop"));
        object["kind"] = json!("Companion");
        let checked = check_companion(&object);
        assert_eq!(checked.namespace.as_deref(), Some("shop"));
        assert_eq!(checked.problems, []);
    }
}
