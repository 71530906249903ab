//! One version of a companion, and what is used of it after another one.

use std::sync::Arc;

use serde_json::Value;

use crate::inject::companion::catalog::{CatalogEntry, InvalidCompanion};
use crate::inject::companion::{Activation, Companion};

/// One version of a companion.
#[derive(Debug, Clone)]
pub struct Revision {
    /// The companion as validation and compilation have made it.
    pub listed: CatalogEntry,
    /// The whole object of a valid required companion, for its policies.
    pub object: Option<Arc<Value>>,
}

impl Revision {
    /// The version that was just compiled from an object.
    #[must_use]
    pub fn new(listed: CatalogEntry, object: &Value) -> Self {
        let required = matches!(&listed, CatalogEntry::Valid(companion) if companion.required);
        Revision { listed, object: required.then(|| Arc::new(object.clone())) }
    }

    /// The version to use after an earlier one of the same object: the earlier one itself where nothing has changed, or
    /// where only that one is valid. A required companion also accepts the containers of the earlier version.
    #[must_use]
    pub fn supersede(mut self, before: &Revision) -> Revision {
        match (&mut self.listed, &before.listed) {
            (CatalogEntry::Valid(now), CatalogEntry::Valid(earlier)) => {
                if now.hash == earlier.hash {
                    return if same_messages(now, earlier) {
                        before.clone()
                    } else {
                        self.accepting_the_same_as(earlier)
                    };
                }
                if now.required
                    && let Some(now) = Arc::get_mut(now)
                {
                    now.also_accepted = [earlier.identities_alone()].into();
                }
                self
            }
            (CatalogEntry::Invalid(_), CatalogEntry::Valid(_)) => before.clone(),
            _ => self,
        }
    }

    /// This version after one with the same hash: it accepts the same containers in Pods as that one.
    fn accepting_the_same_as(mut self, earlier: &Companion) -> Revision {
        if let CatalogEntry::Valid(now) = &mut self.listed
            && let Some(now) = Arc::get_mut(now)
        {
            now.also_accepted.clone_from(&earlier.also_accepted);
        }
        self
    }

    /// What is kept of it where it exceeds the limits: its name, and which Pods need it where it is required.
    #[must_use]
    pub fn reduced(&self) -> Revision {
        let required = self.listed.required();
        let invalid = InvalidCompanion {
            name: self.listed.name().into(),
            kind: self.listed.kind(),
            activation: if required { Activation::ClusterWide } else { Activation::OnRequest },
            required,
            selectors: self.listed.selectors().filter(|_| required).map(|(p, n)| (p.clone(), n.clone())),
        };
        Revision { listed: CatalogEntry::Invalid(Arc::new(invalid)), object: None }
    }

    /// The content hash; `None` where it is invalid.
    #[must_use]
    pub fn hash(&self) -> Option<&str> {
        match &self.listed {
            CatalogEntry::Valid(companion) => Some(&companion.hash),
            CatalogEntry::Invalid(_) => None,
        }
    }

    /// Whether another version is this one: the same allocations, and not ones that are equal.
    #[must_use]
    pub fn is_same_as(&self, other: &Revision) -> bool {
        self.listed.is_same_as(&other.listed)
            && match (&self.object, &other.object) {
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                (None, None) => true,
                _ => false,
            }
    }

    /// Whether reviews come out the same with another version.
    #[must_use]
    pub fn same_behavior_as(&self, other: &Revision) -> bool {
        match (&self.listed, &other.listed) {
            (CatalogEntry::Valid(one), CatalogEntry::Valid(other)) => Arc::ptr_eq(one, other),
            (CatalogEntry::Invalid(one), CatalogEntry::Invalid(other)) => {
                let parts = |b: &InvalidCompanion| (b.kind, b.activation, b.required);
                (parts(one), &one.name, &one.selectors) == (parts(other), &other.name, &other.selectors)
            }
            _ => false,
        }
    }
}

/// Whether two companions deny with the same messages, which are not a part of the hash.
fn same_messages(one: &Companion, other: &Companion) -> bool {
    let messages =
        |companion: &'_ Companion| companion.parameters.iter().map(|p| p.message.clone()).collect::<Vec<_>>();
    messages(one) == messages(other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::check_companion;

    fn version(message: Option<&str>) -> Revision {
        let object = json!({
            "apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion", "metadata": {"name": "sync"},
            "spec": {
                "pattern": "Sidecar", "containers": [{"name": "sync", "image": "sync:1"}],
                "parameters": [{"name": "repo", "type": "String", "env": "REPO", "pattern": "https://.+", "message": message}],
            },
        });
        Revision::new(check_companion(&object).listed.expect("it is a companion"), &object)
    }

    #[test]
    fn a_message_that_changed_is_used_although_the_hash_is_the_same() {
        let message = |version: &Revision| match &version.listed {
            CatalogEntry::Valid(companion) => companion.parameters[0].message.clone(),
            CatalogEntry::Invalid(_) => panic!("it is valid"),
        };
        let before = version(Some("use https"));
        assert!(version(Some("use https")).supersede(&before).same_behavior_as(&before));
        let after = version(Some("ssh is not supported")).supersede(&before);
        assert_eq!((after.hash(), message(&after).as_deref()), (before.hash(), Some("ssh is not supported")));
        assert_eq!(message(&version(None).supersede(&before)), None);
    }
}
