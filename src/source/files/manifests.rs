//! What manifests declare: companions and Namespaces, each in one place only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::places::{CompanionPlaces, PartPositions};
use super::report::{LoadReport, ManifestRemark, Severity};
use crate::api;
use crate::api::v1alpha1::GROUP;
use crate::api::{Checked, Problem};
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::request::namespace::Namespace;
use crate::inject::snapshot::{Settings, Snapshot};
use crate::json::Token;
use crate::manifest::{Document, Position};
use crate::source::declarations::Declarations;
use crate::source::effective::Effective;
use crate::source::key::CompanionKey;
use crate::source::limits::{MemoryLimits, Weight, cost, exceeding};
use crate::source::revision::Revision;

/// The companions and Namespaces of some manifests, and the errors and warnings about them.
#[derive(Debug, Clone)]
pub struct Manifests {
    /// Errors and warnings.
    pub remarks: Vec<ManifestRemark>,
    default_namespace: Box<str>,
    pub(in crate::source) objects: BTreeMap<ObjectKey, DeclaredObject>,
}

/// The identity of an object.
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
    /// What it costs in memory, where it is a companion.
    pub(in crate::source) weight: Weight,
    /// Where the parts of a companion are.
    parts: PartPositions,
}

#[derive(Debug, Clone)]
pub(in crate::source) enum ManifestObject {
    Companion(Revision),
    Namespace(Arc<Namespace>),
    /// A Namespace with a label or an annotation that is no string.
    InvalidNamespace,
}

/// An object of a document, and where it is.
struct Located<'a> {
    file: &'a Path,
    document: &'a Document,
    /// The pointer to the object in the document, such as `/items/0`.
    pointer: &'a str,
}

impl Manifests {
    /// No manifests yet. Objects without a namespace are in `default_namespace`.
    #[must_use]
    pub fn new(default_namespace: &str) -> Self {
        Manifests { default_namespace: default_namespace.into(), remarks: Vec::new(), objects: BTreeMap::new() }
    }

    /// Adds what a document declares, with the items of lists. Other kinds are skipped. Returns whether there was any
    /// companion or Namespace.
    pub fn add(&mut self, file: &Path, document: &Document) -> bool {
        let Some(value) = &document.value else { return false };
        let before = self.objects.len() + self.remarks.len();
        self.add_object(&Located { file, document, pointer: "" }, value);
        self.objects.len() + self.remarks.len() > before
    }

    /// Reduces the companions that exceed the limits, and reports them.
    pub fn limit(&mut self, limits: MemoryLimits) {
        let weights: BTreeMap<CompanionKey, Weight> = self
            .objects
            .iter()
            .filter(|(_, declared)| matches!(declared.object, ManifestObject::Companion(_)))
            .map(|(key, declared)| (key.companion(), declared.weight.clone()))
            .collect();
        let out = exceeding(&weights, limits);
        if out.is_empty() {
            return;
        }
        let mut places = Vec::new();
        for (key, declared) in &mut self.objects {
            if let ManifestObject::Companion(version) = &mut declared.object
                && out.contains(&key.companion())
            {
                *version = version.reduced();
                places.push((declared.file.clone(), declared.at));
            }
        }
        for (file, at) in places {
            let message = "forbidden: TooManyCompanions: exceeds the memory limit of its namespace or of all companions; remove companions, or shorten them";
            self.report_error(&file, Some(at), message);
        }
    }

    /// What the manifests declare.
    #[must_use]
    pub fn declarations(&self) -> Declarations {
        let companions = self.objects.iter().filter_map(|(key, declared)| match &declared.object {
            ManifestObject::Companion(version) => Some((key.companion(), version.clone())),
            _ => None,
        });
        let namespaces = self.objects.values().filter_map(|declared| match &declared.object {
            ManifestObject::Namespace(namespace) => Some((namespace.name().into(), Arc::clone(namespace))),
            _ => None,
        });
        Declarations { companions: companions.collect(), namespaces: namespaces.collect() }
    }

    /// Where the companions are declared.
    #[must_use]
    pub fn places(&self) -> CompanionPlaces {
        let companions = self.objects.iter().filter(|(key, _)| key.kind != ManifestKind::Namespace);
        CompanionPlaces(companions.map(|(key, d)| (key.companion(), (d.file.clone(), d.parts))).collect())
    }

    /// A snapshot of these manifests alone.
    #[must_use]
    pub fn snapshot(&self, settings: Settings) -> Snapshot {
        Effective::new(Arc::new(self.declarations()), None).snapshot(settings)
    }

    /// The errors and warnings, and the numbers of objects.
    #[must_use]
    pub fn report(&self) -> LoadReport {
        let count = |is: fn(&ManifestObject) -> bool| self.objects.values().filter(|d| is(&d.object)).count();
        LoadReport {
            remarks: self.remarks.clone(),
            valid: count(|o| matches!(o, ManifestObject::Companion(v) if matches!(v.listed, CatalogEntry::Valid(_)))),
            invalid: count(
                |o| matches!(o, ManifestObject::Companion(v) if matches!(v.listed, CatalogEntry::Invalid(_))),
            ),
            namespaces: count(|o| matches!(o, ManifestObject::Namespace(_))),
        }
    }

    /// Reports an error of a file as a whole, or of a document that cannot be read.
    pub fn report_error(&mut self, file: &Path, at: Option<Position>, message: impl Into<String>) {
        let (file, field, message) = (file.to_path_buf(), String::new(), message.into());
        self.remarks.push(ManifestRemark { severity: Severity::Error, file, at, field, message });
    }

    fn add_object(&mut self, found: &Located<'_>, value: &Value) {
        let kind = value["kind"].as_str().unwrap_or_default();
        let version = value["apiVersion"].as_str().unwrap_or_default();
        let ours = version.split('/').next() == Some(GROUP);
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
            // Another kind of the group, or another domain of podgraft: reported, and no companion takes the name.
            _ if ours => drop(self.check(found, value)),
            "ClusterCompanion" | "Companion" if version.starts_with("podgraft.") => drop(self.check(found, value)),
            _ => tracing::debug!(file = %found.file.display(), kind, "skipped an object of another kind"),
        }
    }

    /// Validates an object as a companion, and reports its errors and warnings.
    fn check(&mut self, found: &Located<'_>, value: &Value) -> Checked {
        let checked = api::check_companion(value);
        for (severity, problems) in [(Severity::Error, &checked.problems), (Severity::Warning, &checked.warnings)] {
            self.remarks.extend(problems.iter().map(|problem| found.remark(severity, problem)));
        }
        checked
    }

    fn add_companion(&mut self, found: &Located<'_>, value: &Value, kind: ManifestKind) {
        let checked = self.check(found, value);
        let Some(listed) = checked.listed else { return };
        let json = if checked.problems.is_empty() { api::bytes(&value["spec"]) } else { 0 };
        let created = value["metadata"]["creationTimestamp"].as_str().unwrap_or_default().into();
        let weight = Weight { bytes: cost(json, listed.required()), created };
        let namespace = match kind {
            ManifestKind::Companion => Some(checked.namespace.unwrap_or_else(|| self.default_namespace.clone())),
            _ => None,
        };
        let key = ObjectKey { kind, namespace, name: listed.name().into() };
        let parts = found.parts(value, checked.problems.first());
        let object = found.declared(ManifestObject::Companion(Revision::new(listed, value)));
        self.declare(key, DeclaredObject { weight, parts, ..object });
    }

    fn add_namespace(&mut self, found: &Located<'_>, value: &Value) {
        let Some(name) = value["metadata"]["name"].as_str().filter(|n| !n.is_empty()) else {
            return self.problem(found, "/metadata", "required value: name");
        };
        let mut strings = |field: &str| {
            let members = value["metadata"][field].as_object();
            let mut all_strings = true;
            for (key, _) in members.into_iter().flatten().filter(|(_, v)| !v.is_string()) {
                let pointer = format!("/metadata/{field}/{}", Token(key));
                self.problem(found, &pointer, "invalid value: must be a string; put it in quotes");
                all_strings = false;
            }
            let pairs = members.into_iter().flatten().filter_map(|(k, v)| Some((k.as_str(), v.as_str()?)));
            all_strings.then(|| pairs.collect::<Vec<_>>())
        };
        let object = match (strings("labels"), strings("annotations")) {
            (Some(labels), Some(annotations)) => {
                ManifestObject::Namespace(Arc::new(Namespace::new(name, labels, annotations)))
            }
            _ => ManifestObject::InvalidNamespace,
        };
        let key = ObjectKey { kind: ManifestKind::Namespace, namespace: None, name: name.into() };
        self.declare(key, found.declared(object));
    }

    fn problem(&mut self, found: &Located<'_>, pointer: &str, message: &str) {
        let problem = Problem { pointer: pointer.to_owned(), message: message.to_owned() };
        self.remarks.push(found.remark(Severity::Error, &problem));
    }

    fn declare(&mut self, key: ObjectKey, declared: DeclaredObject) {
        if let Some(first) = self.objects.get(&key) {
            let Position { line, column } = first.at;
            let message = format!(
                "duplicate value: {key} is declared in {}:{line}:{column} as well, and that one is used; remove one of them",
                first.file.display()
            );
            return self.report_error(&declared.file, Some(declared.at), message);
        }
        self.objects.insert(key, declared);
    }
}

impl Located<'_> {
    fn declared(&self, object: ManifestObject) -> DeclaredObject {
        let at = self.document.position(self.pointer);
        let (weight, parts) = (Weight::default(), PartPositions::default());
        DeclaredObject { file: self.file.to_path_buf(), at, object, weight, parts }
    }

    /// Where the parts of a companion are.
    fn parts(&self, companion: &Value, first_error: Option<&Problem>) -> PartPositions {
        let at = |pointer: &str| self.document.position(&format!("{}{pointer}", self.pointer));
        let part = |pointer: &str| companion.pointer(pointer).map(|_| at(pointer));
        PartPositions {
            first_error: first_error.map(|problem| at(&problem.pointer)),
            pod_selector: part("/spec/podSelector"),
            namespace_selector: part("/spec/namespaceSelector"),
        }
    }

    fn remark(&self, severity: Severity, problem: &Problem) -> ManifestRemark {
        let pointer = format!("{}{}", self.pointer, problem.pointer);
        ManifestRemark {
            severity,
            file: self.file.to_path_buf(),
            at: Some(self.document.position(&pointer)),
            field: Problem { pointer, message: String::new() }.field(),
            message: problem.message.clone(),
        }
    }
}

impl ObjectKey {
    /// The key of a companion.
    fn companion(&self) -> CompanionKey {
        CompanionKey { namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

impl std::fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.namespace {
            None => write!(f, "{:?} {}", self.kind, self.name),
            Some(namespace) => write!(f, "{:?} {namespace}/{}", self.kind, self.name),
        }
    }
}
