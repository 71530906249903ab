//! What stays of a companion when its next version comes.

use std::sync::Arc;

use serde_json::Value;

use crate::inject::catalogue::{Broken, Listed};
use crate::inject::companion::Activation;

/// One version of a companion.
#[derive(Debug, Clone)]
pub struct Version {
    /// What the gate made of it.
    pub listed: Listed,
    /// The whole object, where the companion is good and required: what lets nobody opt out of it is made of that.
    pub object: Option<Arc<Value>>,
}

impl Version {
    /// The version that the gate has just made of an object.
    #[must_use]
    pub fn new(listed: Listed, object: &Value) -> Self {
        let required = matches!(&listed, Listed::Good(companion) if companion.required);
        Version { listed, object: required.then(|| Arc::new(object.clone())) }
    }

    /// What is used of it after an earlier version of the same object: that one itself where nothing changed, or where
    /// this one is bad and that one was good. A required one remembers what it was made of before.
    #[must_use]
    pub fn after(mut self, before: &Version) -> Version {
        match (&mut self.listed, &before.listed) {
            (Listed::Good(now), Listed::Good(earlier)) => {
                if now.hash == earlier.hash {
                    return before.clone();
                }
                if now.required
                    && let Some(now) = Arc::get_mut(now)
                {
                    now.also_accepted = [earlier.identities_alone()].into();
                }
                self
            }
            (Listed::Broken(_), Listed::Good(_)) => before.clone(),
            _ => self,
        }
    }

    /// What is left of it where there are too many companions: its name, and that of a required one nobody may opt out.
    #[must_use]
    pub fn beyond(&self) -> Version {
        let required = self.listed.required();
        let broken = Broken {
            name: self.listed.name().into(),
            kind: self.listed.kind(),
            activation: if required { Activation::ClusterWide } else { Activation::OnRequest },
            required,
            selectors: self.listed.selectors().filter(|_| required).map(|(p, n)| (p.clone(), n.clone())),
        };
        Version { listed: Listed::Broken(broken), object: None }
    }

    /// The content hash; `None` where there is no good version.
    #[must_use]
    pub fn hash(&self) -> Option<&str> {
        match &self.listed {
            Listed::Good(companion) => Some(&companion.hash),
            Listed::Broken(_) => None,
        }
    }

    /// Whether a review could not tell it from another one.
    #[must_use]
    pub fn is(&self, other: &Version) -> bool {
        match (&self.listed, &other.listed) {
            (Listed::Good(one), Listed::Good(other)) => Arc::ptr_eq(one, other),
            (Listed::Broken(one), Listed::Broken(other)) => {
                let parts = |b: &Broken| (b.kind, b.activation, b.required);
                (parts(one), &one.name, &one.selectors) == (parts(other), &other.name, &other.selectors)
            }
            _ => false,
        }
    }
}
