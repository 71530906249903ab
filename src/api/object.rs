use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::path::FieldPath;
use super::report::Report;
use super::schema;
use super::v1alpha1::{API_VERSION, Container, Spec};
use super::validate::conformance;
use super::validate::conformance::SchemaOf;
use crate::inject::companion::catalog::InvalidCompanion;
use crate::inject::companion::{Activation, CompanionKind};
use crate::inject::keys::{LONGEST_NAME, RESERVED_NAMES};
use crate::inject::names::is_label;

/// An object whose kind and name could be read, in the shape of its schema.
#[derive(Debug)]
pub(super) struct CompanionObject {
    /// Empty where it is missing, which is a problem.
    pub(super) name: Box<str>,
    pub(super) kind: CompanionKind,
    /// The specification. What had the wrong shape is absent, or a stand-in.
    pub(super) spec: Spec,
    /// The same as JSON, with the fields that only Kubernetes knows.
    pub(super) raw: Value,
}

/// One of a companion's containers.
#[derive(Debug)]
pub(super) struct ContainerAt<'o> {
    pub(super) at: FieldPath,
    pub(super) container: &'o Container,
    pub(super) raw: &'o Map<String, Value>,
    /// Whether it runs to its end.
    pub(super) init: bool,
}

/// `metadata.namespace`, where it says something.
pub(super) fn namespace(object: &Value) -> Option<Box<str>> {
    let namespaced = object["kind"] == CompanionKind::Companion.as_str();
    object["metadata"]["namespace"].as_str().filter(|n| namespaced && !n.is_empty()).map(Into::into)
}

/// What can be said of a companion whose specification is not looked into. Selectors that nobody read select nothing; a
/// required companion is one all the same, so that its name stays held.
pub(super) fn envelope(object: &Value) -> Option<InvalidCompanion> {
    let kind = kind(object, &mut Report::default())?;
    let name = object["metadata"]["name"].as_str().filter(|name| !name.is_empty())?;
    let spec = &object["spec"];
    let required = kind == CompanionKind::ClusterCompanion && spec["required"] == true;
    let activation = if required { Activation::ClusterWide } else { Activation::OnRequest };
    Some(InvalidCompanion { name: name.into(), kind, activation, required, selectors: None })
}

impl CompanionObject {
    /// Reads an object; `None` where it is none of ours, which is a problem.
    pub(super) fn read(object: &Value, found: &mut Report) -> Option<Self> {
        let root = FieldPath::root();
        let Some(members) = object.as_object() else {
            found.schema_error(&root, "must be an object");
            return None;
        };
        let known = ["apiVersion", "kind", "metadata", "spec", "status"];
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            let nearest = found.suggest(name, known.into_iter()).map(|n| format!("did you mean {n}?"));
            let mending = nearest.unwrap_or_else(|| "remove it".to_owned());
            found.schema_error(&root.member(name), format!("unknown field; {mending}"));
        }
        if object["apiVersion"] != API_VERSION {
            found.error(&root.member("apiVersion"), format!("must be {API_VERSION}"));
        }
        let kind = kind(object, found)?;
        let name = name(object, found).unwrap_or_default();
        namespace_fits(object, kind, found);
        let at = root.member("spec");
        let spec = object.get("spec").filter(|spec| !spec.is_null());
        if spec.is_none() {
            found.schema_error(&at, "is missing");
        }
        let empty = Value::Object(Map::new());
        let raw = conformance::conform(spec.unwrap_or(&empty), &schema::SPEC, SchemaOf::Podgraft, &at, found);
        // The stand-ins make it readable; a test drops and replaces every node of an object.
        let spec = Spec::deserialize(&raw).map_err(|e| found.schema_error(&at, e.to_string())).ok()?;
        Some(CompanionObject { name, kind, spec, raw })
    }

    /// Whether the name is one that a companion can have; otherwise what would be derived of it is not worth judging.
    pub(super) fn has_good_name(&self) -> bool {
        is_label(&self.name, LONGEST_NAME)
    }

    /// All containers: the long-running ones, then those that run to their end.
    pub(super) fn containers(&self) -> impl Iterator<Item = ContainerAt<'_>> {
        let lists =
            [("containers", &self.spec.containers, false), ("initContainers", &self.spec.init_containers, true)];
        lists.into_iter().flat_map(move |(list, containers, init)| {
            containers.iter().enumerate().filter_map(move |(i, container)| {
                let raw = self.raw[list].get(i)?.as_object()?;
                Some(ContainerAt { at: FieldPath::spec(list).item(i), container, raw, init })
            })
        })
    }
}

impl<'o> ContainerAt<'o> {
    /// A field that only Kubernetes knows; `null` counts as absent.
    pub(super) fn field(&self, name: &str) -> Option<&'o Value> {
        self.raw.get(name).filter(|v| !v.is_null())
    }
}

fn kind(object: &Value, found: &mut Report) -> Option<CompanionKind> {
    let word = object["kind"].as_str().unwrap_or_default();
    let kind = [CompanionKind::ClusterCompanion, CompanionKind::Companion].into_iter().find(|k| k.as_str() == word);
    if kind.is_none() {
        found.schema_error(&FieldPath::root().member("kind"), "must be ClusterCompanion or Companion");
    }
    kind
}

fn name(object: &Value, found: &mut Report) -> Option<Box<str>> {
    let at = FieldPath::root().member("metadata").member("name");
    let Some(name) = object["metadata"]["name"].as_str().filter(|name| !name.is_empty()) else {
        found.schema_error(&at, "is missing: a companion is injected by its name");
        return None;
    };
    if !is_label(name, LONGEST_NAME) {
        let most =
            format!("must be a DNS label of at most {LONGEST_NAME} characters: lower-case letters, digits and hyphens");
        found.error(&at, most);
    } else if RESERVED_NAMES.contains(&name) {
        found.error(&at, format!("must not be one of {}", RESERVED_NAMES.join(", ")));
    }
    Some(name.into())
}

fn namespace_fits(object: &Value, kind: CompanionKind, found: &mut Report) {
    let at = FieldPath::root().member("metadata").member("namespace");
    match (&object["metadata"]["namespace"], kind) {
        (Value::Null, _) | (Value::String(_), CompanionKind::Companion) => {}
        (Value::String(_), CompanionKind::ClusterCompanion) => {
            found.error(&at, "a ClusterCompanion has no namespace; remove it, or write a Companion");
        }
        _ => found.schema_error(&at, "must be a string"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::validate::testing::{check, check_companion, companion, with};

    #[test]
    fn an_object_that_is_none_of_ours_is_told_so() {
        check(json!(null), &["must be an object"]);
        check(json!([]), &["must be an object"]);
        check(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}}),
            &["apiVersion: must be podgraft.dev/v1alpha1", "kind: must be ClusterCompanion or Companion"],
        );
    }

    #[test]
    fn a_name_is_a_short_label_and_no_word_of_ours() {
        for (name, expected) in [
            (json!("a".repeat(41)), "metadata.name: must be a DNS label of at most 40 characters"),
            (json!("Git"), "metadata.name: must be a DNS label of at most 40 characters"),
            (json!("none"), "metadata.name: must not be one of true, false"),
            (json!(7), "metadata.name: is missing"),
        ] {
            check(companion("/metadata/name", name), &[expected]);
        }
    }

    #[test]
    fn a_companion_without_a_name_is_checked_all_the_same() {
        let object = with(&[("/metadata", json!(null)), ("/spec/containers/0/image", json!(null))]);
        check(object.clone(), &["metadata.name: is missing", "spec.containers[0].image: is missing"]);
        assert!(check_companion(&object).listed.is_none());
    }

    #[test]
    fn a_cluster_companion_has_no_namespace() {
        check(
            companion("/metadata/namespace", json!("x")),
            &["metadata.namespace: a ClusterCompanion has no namespace"],
        );
    }

    #[test]
    fn fields_beside_spec_are_known() {
        check(companion("/specs", json!({})), &["specs: unknown field; did you mean spec?"]);
        check(companion("/spec", json!(null)), &["spec: is missing"]);
    }

    #[test]
    fn a_companion_says_its_namespace() {
        let mut object = companion("/metadata/namespace", json!("shop"));
        object["kind"] = json!("Companion");
        let gated = check_companion(&object);
        assert_eq!(gated.namespace.as_deref(), Some("shop"));
        assert_eq!(gated.problems, []);
    }
}
