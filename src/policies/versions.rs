//! Versions of a required companion, and how a policy remembers which of them it accepts.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::rules::required::Required;
use crate::api;
use crate::inject::companion::Companion;
use crate::inject::companion::catalog::CatalogEntry;

/// Annotation of a policy: the versions that it accepts, newest first, so that whoever starts anew knows them all.
pub(super) const VERSIONS: &str = "podgraft.dev/versions";
/// Annotation of a policy: whether injection is still on its way to the newest version.
pub(super) const CHANGING: &str = "podgraft.dev/changing";

/// The longest that the versions may be together, in bytes: the API server takes 256 KiB of annotations.
const LONGEST: usize = 200 << 10;

/// How new a version is: later ones are greater. A companion that was made anew counts on from its creation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation {
    /// `metadata.creationTimestamp`, as the API server writes it.
    created: Box<str>,
    /// `metadata.generation`.
    generation: i64,
}

/// One version of a required companion.
#[derive(Debug, Clone)]
pub struct Version {
    /// What the gate made of it.
    pub companion: Arc<Companion>,
    /// The whole object.
    pub object: Arc<Value>,
    /// `None` where it comes out of a file: then the newest is what the file says now.
    pub edition: Option<Generation>,
}

/// A version that a policy accepts.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The content hash.
    pub hash: Box<str>,
    /// How new it is.
    pub edition: Option<Generation>,
    /// The version; `None` where it was too long to be remembered, or somebody wrote over it.
    pub version: Option<Version>,
}

/// What a policy that stands accepts.
#[derive(Debug, Clone, Default)]
pub(super) struct ExistingPolicy {
    /// Newest first.
    pub accepted: Vec<Accepted>,
    /// Whether injection is still on its way to the newest.
    pub changing: bool,
}

impl Generation {
    fn of(object: &Value) -> Option<Self> {
        let metadata = &object["metadata"];
        let created = metadata["creationTimestamp"].as_str()?.into();
        Some(Generation { created, generation: metadata["generation"].as_i64()? })
    }
}

impl Version {
    /// A version that is known already.
    #[must_use]
    pub fn new(companion: Arc<Companion>, object: Arc<Value>) -> Self {
        let edition = Generation::of(&object);
        Version { companion, object, edition }
    }

    /// Reads an object; `None` where it is no required companion without fault.
    #[must_use]
    pub fn read(object: Value) -> Option<Self> {
        match api::check_companion(&object).listed {
            Some(CatalogEntry::Valid(companion)) if Required::of(&companion).is_some() => {
                Some(Self::new(companion, Arc::new(object)))
            }
            _ => None,
        }
    }

    /// The content hash.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.companion.hash
    }

    /// Whether this version is older than another, as far as anybody can tell.
    #[must_use]
    pub fn is_older_than(&self, other: &Accepted) -> bool {
        match (&self.edition, &other.edition) {
            (Some(own), Some(other)) => own < other,
            _ => false,
        }
    }
}

impl ExistingPolicy {
    /// Reads the annotations of a policy. What somebody wrote over is not known any more.
    #[must_use]
    pub(super) fn read<'a>(annotation: impl Fn(&str) -> Option<&'a str>) -> Self {
        let versions = annotation(VERSIONS).and_then(|text| serde_json::from_str(text).ok());
        let versions: Vec<Value> = versions.unwrap_or_default();
        let accepted = |mut remembered: Value| -> Option<Accepted> {
            let hash: Box<str> = remembered["hash"].as_str()?.into();
            let edition = Generation::of(&remembered);
            if let Some(members) = remembered.as_object_mut() {
                members.remove("hash");
            }
            let version = Version::read(remembered).filter(|version| *version.hash() == *hash);
            Some(Accepted { hash, edition, version })
        };
        let accepted = versions.into_iter().filter_map(accepted).collect();
        ExistingPolicy { accepted, changing: annotation(CHANGING) == Some("true") }
    }

    /// Whether a version is accepted.
    #[must_use]
    pub(super) fn accepts(&self, hash: &str) -> bool {
        self.accepted.iter().any(|accepted| *accepted.hash == *hash)
    }
}

/// The value of the annotation for some versions, newest first. Where they are too long the oldest are remembered by
/// their hash only.
#[must_use]
pub(super) fn remembered(versions: &[&Version]) -> String {
    let mut rest = LONGEST;
    let mut all = Vec::new();
    for version in versions {
        let (mut whole, mut short) = (remember(version, true), remember(version, false));
        let length = whole.to_string().len();
        if length <= rest {
            rest -= length;
            all.push(whole.take());
        } else {
            all.push(short.take());
        }
    }
    Value::Array(all).to_string()
}

fn remember(version: &Version, whole: bool) -> Value {
    let object = &version.object;
    let mut metadata = Map::from_iter([("name".to_owned(), object["metadata"]["name"].clone())]);
    for key in ["creationTimestamp", "generation"] {
        if let Some(value) = object["metadata"].get(key) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    let mut remembered = json!({"hash": version.hash(), "metadata": metadata});
    if let (true, Some(members)) = (whole, remembered.as_object_mut()) {
        for key in ["apiVersion", "kind", "spec"] {
            members.insert(key.to_owned(), object[key].clone());
        }
    }
    remembered
}
