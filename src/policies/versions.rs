//! Versions of a required companion, and how a policy records which of them it accepts.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::rules::required::Required;
use crate::api;
use crate::inject::companion::Companion;
use crate::inject::companion::catalog::CatalogEntry;

/// Annotation of a policy: the versions that it accepts, newest first, for replicas that start later.
pub(super) const VERSIONS: &str = "podgraft.dev/versions";
/// Annotation of a policy: whether replicas still change to the newest version.
pub(super) const CHANGING: &str = "podgraft.dev/changing";

/// The greatest length of the versions together, in bytes: the API server accepts 256 KiB of annotations.
const LONGEST: usize = 200 << 10;

/// How new a version is; newer ones are greater. A companion that was deleted and created again begins with generation 1,
/// so its creation time comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation {
    /// `metadata.creationTimestamp` in RFC 3339, which sorts by time.
    created: Box<str>,
    /// `metadata.generation`.
    generation: i64,
}

/// One version of a required companion.
#[derive(Debug, Clone)]
pub struct Version {
    /// The compiled companion.
    pub companion: Arc<Companion>,
    /// The whole object.
    pub object: Arc<Value>,
    /// `None` where it comes from a file: then the content of the file is the newest version.
    pub generation: Option<Generation>,
}

/// A version that a policy accepts.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The content hash.
    pub hash: Box<str>,
    /// How new it is.
    pub generation: Option<Generation>,
    /// The version; `None` where it was too long for the annotation, or where the annotation was changed.
    pub version: Option<Version>,
}

/// What an existing policy accepts.
#[derive(Debug, Clone, Default)]
pub(super) struct ExistingPolicy {
    /// The installation that maintains it, where that is another one.
    pub installation: Box<str>,
    /// Newest first.
    pub accepted: Vec<Accepted>,
    /// Whether replicas still change to the newest version.
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
    /// A version that was compiled already.
    #[must_use]
    pub fn new(companion: Arc<Companion>, object: Arc<Value>) -> Self {
        let generation = Generation::of(&object);
        Version { companion, object, generation }
    }

    /// Compiles an object; `None` where it is no valid required companion.
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

    /// Whether this version is known to be older than another.
    #[must_use]
    pub fn is_older_than(&self, other: &Accepted) -> bool {
        is_older(self.generation.as_ref(), other)
    }
}

impl Accepted {
    /// Whether this version is known to be older than another.
    pub(super) fn is_older_than(&self, other: &Accepted) -> bool {
        is_older(self.generation.as_ref(), other)
    }
}

fn is_older(generation: Option<&Generation>, other: &Accepted) -> bool {
    generation.zip(other.generation.as_ref()).is_some_and(|(own, other)| own < other)
}

impl ExistingPolicy {
    /// Reads the annotations of a policy. Versions that cannot be read are unknown.
    #[must_use]
    pub(super) fn read<'a>(annotation: impl Fn(&str) -> Option<&'a str>) -> Self {
        let versions = annotation(VERSIONS).and_then(|text| serde_json::from_str(text).ok());
        let versions: Vec<Value> = versions.unwrap_or_default();
        let accepted = |mut record: Value| -> Option<Accepted> {
            let hash: Box<str> = record["hash"].as_str()?.into();
            let generation = Generation::of(&record);
            if let Some(members) = record.as_object_mut() {
                members.remove("hash");
            }
            let version = Version::read(record).filter(|version| *version.hash() == *hash);
            Some(Accepted { hash, generation, version })
        };
        let accepted = versions.into_iter().filter_map(accepted).collect();
        ExistingPolicy { accepted, changing: annotation(CHANGING) == Some("true"), ..ExistingPolicy::default() }
    }

    /// The accepted versions that can be injected, newest first.
    pub(super) fn known_versions(&self) -> impl Iterator<Item = Version> + '_ {
        self.accepted.iter().filter_map(|accepted| accepted.version.clone())
    }

    /// Whether a version is the newest accepted one, and all replicas inject it.
    pub(super) fn is_settled_at(&self, hash: &str) -> bool {
        !self.changing && self.accepted.first().is_some_and(|newest| *newest.hash == *hash)
    }

    /// Whether a version is accepted.
    #[must_use]
    pub(super) fn accepts(&self, hash: &str) -> bool {
        self.accepted.iter().any(|accepted| *accepted.hash == *hash)
    }
}

/// The value of [`VERSIONS`] for some versions, newest first. Of versions that do not fit only the hash is recorded.
#[must_use]
pub(super) fn record(versions: &[&Version]) -> String {
    let mut rest = LONGEST;
    let mut all = Vec::new();
    for version in versions {
        let (mut whole, mut short) = (record_one(version, true), record_one(version, false));
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

fn record_one(version: &Version, whole: bool) -> Value {
    let object = &version.object;
    let mut metadata = Map::from_iter([("name".to_owned(), object["metadata"]["name"].clone())]);
    for key in ["creationTimestamp", "generation"] {
        if let Some(value) = object["metadata"].get(key) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    let mut record = json!({"hash": version.hash(), "metadata": metadata});
    if let (true, Some(members)) = (whole, record.as_object_mut()) {
        for key in ["apiVersion", "kind", "spec"] {
            members.insert(key.to_owned(), object[key].clone());
        }
    }
    record
}
