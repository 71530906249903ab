//! The objects of a companion as they should stand, and what it takes to bring what stands there.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::Value;

use super::objects;
use super::objects::{Installation, Required, Rule};
use super::versions::{CHANGING, VERSIONS, Version, remembered};

/// Annotation: what wrote the object. A podgraft that is being replaced does not write its own over that of its successor.
const FORMAT: &str = "podgraft.dev/format";
/// How policies are written: counts up with every change of what is generated for the same companion.
const OWN_FORMAT: u32 = 2;
/// Annotation: the content hashes of the versions that a policy accepts.
const ACCEPTS: &str = "podgraft.dev/accepts";

/// What is asked of the API server.
#[derive(Debug, Clone)]
pub(super) enum Write {
    /// For a policy.
    Policy(Verb, Box<ValidatingAdmissionPolicy>),
    /// For what puts one in force; it has the same name.
    Binding(Verb, Box<ValidatingAdmissionPolicyBinding>),
}

/// What is to happen to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Replace,
    Delete,
}

/// What a policy should accept.
#[derive(Debug)]
pub(super) struct DesiredPolicy<'w> {
    pub(super) installation: &'w Installation,
    /// Newest first, one or two.
    pub(super) versions: &'w [Version],
    pub(super) changing: bool,
    /// Goes with the policies: where it is deleted they are.
    pub(super) owner: &'w OwnerReference,
}

impl DesiredPolicy<'_> {
    /// What a policy takes to be as it should; `None` where it is.
    pub(super) fn policy(&self, part: Rule, standing: Option<&ValidatingAdmissionPolicy>) -> Option<Write> {
        let (newest, previous) = (self.versions.first()?, self.versions.get(1));
        let newest = required(newest)?;
        let previous = match previous {
            Some(previous) => Some(required(previous)?),
            None => None,
        };
        let accepted = objects::AcceptedVersions { newest, previous, changing: self.changing };
        let mut annotations = self.annotations();
        if part == Rule::OnCreate {
            annotations.insert(VERSIONS.to_owned(), remembered(&self.versions.iter().collect::<Vec<_>>()));
        }
        let wanted: ValidatingAdmissionPolicy =
            self.read(objects::policy(self.installation, part, &accepted), annotations)?;
        let Some(standing) = standing else { return Some(Write::Policy(Verb::Create, Box::new(wanted))) };
        let mut next = standing.clone();
        merge_into(&mut next.metadata, wanted.metadata).then_some(())?;
        next.spec = wanted.spec;
        (*standing != next).then(|| Write::Policy(Verb::Replace, Box::new(next)))
    }

    /// What a binding takes to be as it should; `None` where it is.
    pub(super) fn binding(&self, part: Rule, standing: Option<&ValidatingAdmissionPolicyBinding>) -> Option<Write> {
        let name = &self.versions.first()?.companion.name;
        let wanted = objects::binding(self.installation, part, name);
        let format = BTreeMap::from([(FORMAT.to_owned(), OWN_FORMAT.to_string())]);
        let wanted: ValidatingAdmissionPolicyBinding = self.read(wanted, format)?;
        let Some(standing) = standing else { return Some(Write::Binding(Verb::Create, Box::new(wanted))) };
        let mut next = standing.clone();
        merge_into(&mut next.metadata, wanted.metadata).then_some(())?;
        next.spec = wanted.spec;
        (*standing != next).then(|| Write::Binding(Verb::Replace, Box::new(next)))
    }

    fn annotations(&self) -> BTreeMap<String, String> {
        let hashes: Vec<&str> = self.versions.iter().map(Version::hash).collect();
        BTreeMap::from([
            (FORMAT.to_owned(), OWN_FORMAT.to_string()),
            (ACCEPTS.to_owned(), hashes.join(",")),
            (CHANGING.to_owned(), self.changing.to_string()),
        ])
    }

    fn read<K: serde::de::DeserializeOwned + kube::Resource<DynamicType = ()>>(
        &self,
        object: Value,
        annotations: BTreeMap<String, String>,
    ) -> Option<K> {
        let read: Result<K, _> = serde_json::from_value(object);
        if let Err(error) = &read {
            tracing::error!(%error, "what was generated is no policy; please report this");
        }
        let mut object = read.ok()?;
        object.meta_mut().annotations = Some(annotations);
        object.meta_mut().owner_references = Some(vec![self.owner.clone()]);
        Some(object)
    }
}

/// A version that a policy can be made of. None is made of less than all that a version declares.
fn required(version: &Version) -> Option<Required<'_>> {
    let required = Required::of(&version.companion);
    if required.is_none() {
        tracing::error!(companion = %version.companion.name, "no policy can be made of this companion; please report this");
    }
    required
}

/// Puts what is wanted into what stands, and keeps what others put there. Returns whether it is this podgraft's to write.
fn merge_into(standing: &mut ObjectMeta, wanted: ObjectMeta) -> bool {
    let (own, there) = (wanted.annotations.unwrap_or_default(), standing.annotations.get_or_insert_default());
    let format = there.get(FORMAT).and_then(|format| format.parse::<u32>().ok());
    let same = |key: &str| own.get(key) == there.get(key);
    if format.is_some_and(|format| format > OWN_FORMAT) && same(ACCEPTS) && same(CHANGING) {
        return false;
    }
    there.extend(own);
    standing.labels.get_or_insert_default().extend(wanted.labels.unwrap_or_default());
    let owners = standing.owner_references.get_or_insert_default();
    for owner in wanted.owner_references.unwrap_or_default() {
        // One that was made anew has another uid.
        owners.retain(|other| other.name != owner.name || other.kind != owner.kind || *other == owner);
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    true
}
