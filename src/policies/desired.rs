//! The objects of a companion as they should be, and the writes that make them so.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::Value;

use super::objects;
use super::objects::{ACCEPTS, Installation, NAMESPACE, Required, Rule};
use super::versions::{CHANGING, VERSIONS, Version, record};

/// Annotation: the format of the object. A podgraft that is being replaced does not overwrite the objects of its successor.
const FORMAT: &str = "podgraft.dev/format";
/// The format that this version writes: one more with every change of what is generated for the same companion.
const OWN_FORMAT: u32 = 4;

/// A request to the API server.
#[derive(Debug, Clone)]
pub(super) enum Write {
    /// Of a policy.
    Policy(Verb, Box<ValidatingAdmissionPolicy>),
    /// Of the binding with the same name.
    Binding(Verb, Box<ValidatingAdmissionPolicyBinding>),
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Replace,
    Delete,
}

/// The policies of one companion as they should be.
#[derive(Debug)]
pub(super) struct DesiredPolicy<'w> {
    pub(super) installation: &'w Installation,
    /// The accepted versions, newest first: one or two.
    pub(super) versions: &'w [Version],
    /// Whether replicas still change to the newest version.
    pub(super) changing: bool,
    /// The owner of the objects: they are garbage-collected with it.
    pub(super) owner: &'w OwnerReference,
}

impl DesiredPolicy<'_> {
    /// The write that makes a policy as it should be; `None` where it is, or where a successor has written it.
    pub(super) fn policy(&self, part: Rule, existing: Option<&ValidatingAdmissionPolicy>) -> Option<Write> {
        let (newest, previous) = (self.versions.first()?, self.versions.get(1));
        let newest = required(newest)?;
        let previous = match previous {
            Some(previous) => Some(required(previous)?),
            None => None,
        };
        let accepted = objects::AcceptedVersions { newest, previous, changing: self.changing };
        let mut annotations = self.annotations();
        if part == Rule::OnCreate {
            annotations.insert(VERSIONS.to_owned(), record(&self.versions.iter().collect::<Vec<_>>()));
            let namespace = self.installation.namespace.as_deref();
            annotations.extend(namespace.map(|namespace| (NAMESPACE.to_owned(), namespace.to_owned())));
        }
        let wanted: ValidatingAdmissionPolicy =
            self.object(objects::policy(self.installation, part, &accepted), annotations)?;
        let Some(existing) = existing else { return Some(Write::Policy(Verb::Create, Box::new(wanted))) };
        let mut next = existing.clone();
        merge_into(&mut next.metadata, wanted.metadata).then_some(())?;
        next.spec = wanted.spec;
        (*existing != next).then(|| Write::Policy(Verb::Replace, Box::new(next)))
    }

    /// The write that makes a binding as it should be; `None` where it is, or where a successor has written it.
    pub(super) fn binding(&self, part: Rule, existing: Option<&ValidatingAdmissionPolicyBinding>) -> Option<Write> {
        let name = &self.versions.first()?.companion.name;
        let wanted = objects::binding(self.installation, part, name);
        let format = BTreeMap::from([(FORMAT.to_owned(), OWN_FORMAT.to_string())]);
        let wanted: ValidatingAdmissionPolicyBinding = self.object(wanted, format)?;
        let Some(existing) = existing else { return Some(Write::Binding(Verb::Create, Box::new(wanted))) };
        let mut next = existing.clone();
        merge_into(&mut next.metadata, wanted.metadata).then_some(())?;
        next.spec = wanted.spec;
        (*existing != next).then(|| Write::Binding(Verb::Replace, Box::new(next)))
    }

    fn annotations(&self) -> BTreeMap<String, String> {
        let hashes: Vec<&str> = self.versions.iter().map(Version::hash).collect();
        BTreeMap::from([
            (FORMAT.to_owned(), OWN_FORMAT.to_string()),
            (ACCEPTS.to_owned(), hashes.join(",")),
            (CHANGING.to_owned(), self.changing.to_string()),
        ])
    }

    fn object<K: serde::de::DeserializeOwned + kube::Resource<DynamicType = ()>>(
        &self,
        object: Value,
        annotations: BTreeMap<String, String>,
    ) -> Option<K> {
        let read: Result<K, _> = serde_json::from_value(object);
        if let Err(error) = &read {
            tracing::error!(%error, "generated policy cannot be parsed; please report this");
        }
        let mut object = read.ok()?;
        object.meta_mut().annotations = Some(annotations);
        object.meta_mut().owner_references = Some(vec![self.owner.clone()]);
        Some(object)
    }
}

/// A version as policies need it. No policy is generated from less than all that a version declares.
fn required(version: &Version) -> Option<Required<'_>> {
    let required = Required::of(&version.companion);
    if required.is_none() {
        tracing::error!(companion = %version.companion.name, "required companion does not carry its declaration; please report this");
    }
    required
}

/// Merges the wanted metadata into the existing, and keeps labels, annotations and owners of others. Returns whether this
/// podgraft may write the object.
fn merge_into(existing: &mut ObjectMeta, wanted: ObjectMeta) -> bool {
    let (own, there) = (wanted.annotations.unwrap_or_default(), existing.annotations.get_or_insert_default());
    let format = there.get(FORMAT).and_then(|format| format.parse::<u32>().ok());
    let same = |key: &str| own.get(key) == there.get(key);
    if format.is_some_and(|format| format > OWN_FORMAT) && same(ACCEPTS) && same(CHANGING) {
        return false;
    }
    there.extend(own);
    existing.labels.get_or_insert_default().extend(wanted.labels.unwrap_or_default());
    let owners = existing.owner_references.get_or_insert_default();
    for owner in wanted.owner_references.unwrap_or_default() {
        // An owner that was created again has another uid.
        owners.retain(|other| other.name != owner.name || other.kind != owner.kind || *other == owner);
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    true
}
