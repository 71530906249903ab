//! What manifests declare: companions and Namespaces, each at one place only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::report::{Remark, Report, Severity};
use crate::api::validate;
use crate::api::validate::Problem;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::request::namespace::Namespace;
use crate::inject::snapshot::{Settings, Snapshot};
use crate::json::Token;
use crate::manifest::{Document, Position};
use crate::source::effective::{Declared, Effective};
use crate::source::key;
use crate::source::limits::{MemoryLimits, Weight, beyond, cost};
use crate::source::revision::Revision;

/// The companions and Namespaces of some manifests, and what is wrong with them.
#[derive(Debug, Clone)]
pub struct Manifests {
    /// What is wrong.
    pub remarks: Vec<Remark>,
    default_namespace: Box<str>,
    pub(in crate::source) declared: BTreeMap<ObjectKey, DeclaredObject>,
}

/// What makes an object this object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::source) struct ObjectKey {
    kind: ManifestKind,
    namespace: Option<Box<str>>,
    name: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ManifestKind {
    ClusterCompanion,
    Companion,
    Namespace,
}

/// One object, and where it was found.
#[derive(Debug, Clone)]
pub(in crate::source) struct DeclaredObject {
    pub(in crate::source) file: PathBuf,
    pub(in crate::source) at: Position,
    pub(in crate::source) object: ManifestObject,
    /// What keeping it costs, where it is a companion.
    pub(in crate::source) weight: Weight,
}

#[derive(Debug, Clone)]
pub(in crate::source) enum ManifestObject {
    Companion(Revision),
    Namespace(Arc<Namespace>),
    /// A Namespace that cannot be read.
    BrokenNamespace,
}

/// An object of a document, with the place that its fields are told from.
struct Located<'a> {
    file: &'a Path,
    document: &'a Document,
    /// Of the object in the document, such as `/items/0`.
    pointer: &'a str,
}

impl Manifests {
    /// An empty one. Objects that do not name a namespace are in `default_namespace`.
    #[must_use]
    pub fn new(default_namespace: &str) -> Self {
        Manifests { default_namespace: default_namespace.into(), remarks: Vec::new(), declared: BTreeMap::new() }
    }

    /// Takes what a document declares, the items of lists included. Other kinds are let alone. Returns whether there was
    /// any companion or Namespace.
    pub fn add(&mut self, file: &Path, document: &Document) -> bool {
        let Some(value) = &document.value else { return false };
        let before = self.declared.len() + self.remarks.len();
        self.add_object(&Located { file, document, pointer: "" }, value);
        self.declared.len() + self.remarks.len() > before
    }

    /// Lets go of the companions that are beyond the limits, and says so.
    pub fn limit(&mut self, limits: MemoryLimits) {
        let weights: BTreeMap<key::CompanionKey, Weight> = self
            .declared
            .iter()
            .filter(|(_, declared)| matches!(declared.object, ManifestObject::Companion(_)))
            .map(|(key, declared)| (key.plain(), declared.weight.clone()))
            .collect();
        let out = beyond(&weights, limits);
        if out.is_empty() {
            return;
        }
        let mut places = Vec::new();
        for (key, declared) in &mut self.declared {
            if let ManifestObject::Companion(version) = &mut declared.object
                && out.contains(&key.plain())
            {
                *version = version.beyond();
                places.push((declared.file.clone(), declared.at));
            }
        }
        for (file, at) in places {
            let message = "TooManyCompanions: exceeds the limit for its namespace or for all companions; remove companions, or shorten them";
            self.report_error(&file, Some(at), message);
        }
    }

    /// Everything that is declared.
    #[must_use]
    pub fn declared(&self) -> Declared {
        let companions = self.declared.iter().filter_map(|(key, declared)| match &declared.object {
            ManifestObject::Companion(version) => Some((key.plain(), version.clone())),
            _ => None,
        });
        let namespaces = self.declared.values().filter_map(|declared| match &declared.object {
            ManifestObject::Namespace(namespace) => Some((namespace.name().into(), Arc::clone(namespace))),
            _ => None,
        });
        Declared { companions: companions.collect(), namespaces: Arc::new(namespaces.collect()) }
    }

    /// Everything as one snapshot, as if there were nothing else.
    #[must_use]
    pub fn snapshot(&self, settings: Settings) -> Snapshot {
        Effective::new(Arc::new(self.declared()), None).snapshot(settings)
    }

    /// What was found, and what is wrong.
    #[must_use]
    pub fn report(&self) -> Report {
        let count = |is: fn(&ManifestObject) -> bool| self.declared.values().filter(|d| is(&d.object)).count();
        Report {
            remarks: self.remarks.clone(),
            good: count(|o| matches!(o, ManifestObject::Companion(v) if matches!(v.listed, CatalogEntry::Valid(_)))),
            broken: count(
                |o| matches!(o, ManifestObject::Companion(v) if matches!(v.listed, CatalogEntry::Invalid(_))),
            ),
            namespaces: count(|o| matches!(o, ManifestObject::Namespace(_))),
        }
    }

    /// Says that something is wrong with a file as a whole, or with a document that cannot be read.
    pub fn report_error(&mut self, file: &Path, at: Option<Position>, message: impl Into<String>) {
        let (file, field, message) = (file.to_path_buf(), String::new(), message.into());
        self.remarks.push(Remark { severity: Severity::Error, file, at, field, message });
    }

    fn add_object(&mut self, found: &Located<'_>, value: &Value) {
        let kind = value["kind"].as_str().unwrap_or_default();
        let version = value["apiVersion"].as_str().unwrap_or_default();
        let ours = version.starts_with("podgraft.dev/");
        match kind {
            "ClusterCompanion" if ours => self.add_companion(found, value, ManifestKind::ClusterCompanion),
            "Companion" if ours => self.add_companion(found, value, ManifestKind::Companion),
            "Namespace" if version == "v1" => self.add_namespace(found, value),
            _ if kind.ends_with("List") => {
                for (index, item) in value["items"].as_array().into_iter().flatten().enumerate() {
                    let pointer = format!("{}/items/{index}", found.pointer);
                    self.add_object(&Located { pointer: &pointer, ..*found }, item);
                }
            }
            _ => tracing::debug!(file = %found.file.display(), kind, "not a kind that is loaded"),
        }
    }

    fn add_companion(&mut self, found: &Located<'_>, value: &Value, kind: ManifestKind) {
        let gated = validate::check_companion(value);
        for (severity, problems) in [(Severity::Error, &gated.problems), (Severity::Warning, &gated.warnings)] {
            for problem in problems {
                self.remarks.push(found.remark(severity, problem));
            }
        }
        let Some(listed) = gated.listed else { return };
        let json = if gated.problems.is_empty() { validate::bytes(&value["spec"]) } else { 0 };
        let created = value["metadata"]["creationTimestamp"].as_str().unwrap_or_default().into();
        let weight = Weight { bytes: cost(json, listed.required()), created };
        let namespace = match kind {
            ManifestKind::Companion => Some(gated.namespace.unwrap_or_else(|| self.default_namespace.clone())),
            _ => None,
        };
        self.declare(
            ObjectKey { kind, namespace, name: listed.name().into() },
            found,
            ManifestObject::Companion(Revision::new(listed, value)),
            weight,
        );
    }

    fn add_namespace(&mut self, found: &Located<'_>, value: &Value) {
        let Some(name) = value["metadata"]["name"].as_str().filter(|n| !n.is_empty()) else {
            return self.problem(found, "/metadata", "a Namespace needs a name");
        };
        let mut texts = |field: &str| {
            let members = value["metadata"][field].as_object();
            let mut broken = false;
            for (key, _) in members.into_iter().flatten().filter(|(_, v)| !v.is_string()) {
                let pointer = format!("/metadata/{field}/{}", Token(key));
                self.problem(found, &pointer, "must be text; put it in quotes");
                broken = true;
            }
            let pairs = members.into_iter().flatten().filter_map(|(k, v)| Some((k.as_str(), v.as_str()?)));
            (!broken).then(|| pairs.collect::<Vec<_>>())
        };
        let object = match (texts("labels"), texts("annotations")) {
            (Some(labels), Some(annotations)) => {
                ManifestObject::Namespace(Arc::new(Namespace::new(name, labels, annotations)))
            }
            _ => ManifestObject::BrokenNamespace,
        };
        let key = ObjectKey { kind: ManifestKind::Namespace, namespace: None, name: name.into() };
        self.declare(key, found, object, Weight::default());
    }

    fn problem(&mut self, found: &Located<'_>, pointer: &str, message: &str) {
        let problem = Problem { pointer: pointer.to_owned(), message: message.to_owned() };
        self.remarks.push(found.remark(Severity::Error, &problem));
    }

    fn declare(&mut self, key: ObjectKey, found: &Located<'_>, object: ManifestObject, weight: Weight) {
        let at = found.document.position(found.pointer);
        if let Some(first) = self.declared.get(&key) {
            let Position { line, column } = first.at;
            let message = format!(
                "{key} is declared here and in {}:{line}:{column}; the first one counts, remove one of them",
                first.file.display()
            );
            return self.report_error(found.file, Some(at), message);
        }
        self.declared.insert(key, DeclaredObject { file: found.file.to_path_buf(), at, object, weight });
    }
}

impl Located<'_> {
    fn remark(&self, severity: Severity, problem: &Problem) -> Remark {
        let pointer = format!("{}{}", self.pointer, problem.pointer);
        Remark {
            severity,
            file: self.file.to_path_buf(),
            at: Some(self.document.position(&pointer)),
            field: Problem { pointer, message: String::new() }.field(),
            message: problem.message.clone(),
        }
    }
}

impl ObjectKey {
    /// The key of a companion, whose kind its namespace says.
    fn plain(&self) -> key::CompanionKey {
        key::CompanionKey { namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

impl std::fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.kind, self.name)?;
        self.namespace.as_ref().map_or(Ok(()), |namespace| write!(f, " of namespace {namespace}"))
    }
}
