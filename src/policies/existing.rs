//! The policies and bindings that exist in the cluster, and the writes that they need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use kube::runtime::reflector::Store;
use kube::{Resource, ResourceExt};

use super::desired::{DesiredPolicy, Verb, Write};
use super::objects::{COMPANION, INSTALLATION, Installation, NAMESPACE, Rule};
use super::versions::{ExistingPolicy, VERSIONS};

/// The policies and bindings that exist. Objects that are being deleted are left out.
pub(super) struct ExistingObjects {
    /// Those of this installation, by name.
    policies: BTreeMap<String, Arc<ValidatingAdmissionPolicy>>,
    bindings: BTreeMap<String, Arc<ValidatingAdmissionPolicyBinding>>,
    /// The policies of other installations for new Pods, by companion.
    others: BTreeMap<Box<str>, Vec<Arc<ValidatingAdmissionPolicy>>>,
}

impl ExistingObjects {
    pub(super) fn read(
        installation: &Installation,
        policies: &Store<ValidatingAdmissionPolicy>,
        bindings: &Store<ValidatingAdmissionPolicyBinding>,
    ) -> Self {
        ExistingObjects {
            policies: by_name(installation, policies),
            bindings: by_name(installation, bindings),
            others: of_others(installation, policies),
        }
    }

    /// What the policies of other installations accept for a companion. A policy whose versions cannot be read is left out:
    /// its installation writes it again.
    pub(super) fn others(&self, companion: &str) -> Vec<ExistingPolicy> {
        let policies = self.others.get(companion).into_iter().flatten();
        let read = policies.map(|policy| ExistingPolicy {
            installation: policy.labels().get(INSTALLATION).map_or("", String::as_str).into(),
            ..ExistingPolicy::read(|key| policy.annotations().get(key).map(String::as_str))
        });
        read.filter(|policy| !policy.accepted.is_empty()).collect()
    }

    /// An installation whose policies also leave out the namespaces of others: their Pods must be created while it is down.
    pub(super) fn beside_others(&self, installation: &Installation) -> Installation {
        let mut installation = installation.clone();
        let policies = self.others.values().flatten();
        let namespaces: BTreeSet<&String> = policies.filter_map(|policy| policy.annotations().get(NAMESPACE)).collect();
        for namespace in namespaces {
            if !installation.excluded_namespaces.iter().any(|excluded| **excluded == **namespace) {
                installation.excluded_namespaces.push(namespace.as_str().into());
            }
        }
        installation
    }

    /// The companions that the objects belong to, and those that other installations require.
    pub(super) fn companions(&self) -> BTreeSet<Box<str>> {
        let labels = self.policies.values().map(|p| p.labels()).chain(self.bindings.values().map(|b| b.labels()));
        labels
            .filter_map(|labels| labels.get(COMPANION))
            .map(|name| name.as_str().into())
            .chain(self.others.keys().cloned())
            .collect()
    }

    /// The versions that the policy of a companion accepts; `None` where there is no policy.
    pub(super) fn accepted(&self, installation: &Installation, companion: &str) -> Option<ExistingPolicy> {
        let policy = self.policies.get(&Rule::OnCreate.name(installation, companion))?;
        Some(ExistingPolicy::read(|key| policy.annotations().get(key).map(String::as_str)))
    }

    /// The writes that make the objects of a companion as they should be.
    ///
    /// The policy for new Pods records the accepted versions, and of several replicas that write it one succeeds. The other
    /// objects follow from it, and are written when it is as it should be.
    pub(super) fn merge(&self, desired: &DesiredPolicy<'_>, companion: &str) -> Vec<Write> {
        let name = |rule: Rule| rule.name(desired.installation, companion);
        let policy = |rule: Rule| desired.policy(rule, self.policies.get(&name(rule)).map(|p| &**p));
        let binding = |rule: Rule| desired.binding(rule, self.bindings.get(&name(rule)).map(|b| &**b));
        match policy(Rule::OnCreate) {
            Some(first) => vec![first],
            None => policy(Rule::OnUpdate).into_iter().chain(Rule::ALL.into_iter().filter_map(binding)).collect(),
        }
    }

    /// The writes that delete the objects of a companion. The bindings come first, because they put the policies in force.
    pub(super) fn delete(&self, installation: &Installation, companion: &str) -> Vec<Write> {
        let names = Rule::ALL.map(|rule| rule.name(installation, companion));
        let bindings = names.iter().filter_map(|name| self.bindings.get(name));
        let bindings = bindings.map(|b| Write::Binding(Verb::Delete, Box::new((**b).clone())));
        let policies = names.iter().filter_map(|name| self.policies.get(name));
        let policies = policies.map(|p| Write::Policy(Verb::Delete, Box::new((**p).clone())));
        bindings.chain(policies).collect()
    }
}

fn by_name<K: Resource<DynamicType = ()> + Clone + 'static>(
    installation: &Installation,
    store: &Store<K>,
) -> BTreeMap<String, Arc<K>> {
    let own = existing(store)
        .filter(|object| object.labels().get(INSTALLATION).is_some_and(|owner| **owner == *installation.name));
    own.map(|object| (object.name_any(), object)).collect()
}

fn of_others(
    installation: &Installation,
    policies: &Store<ValidatingAdmissionPolicy>,
) -> BTreeMap<Box<str>, Vec<Arc<ValidatingAdmissionPolicy>>> {
    let mut others: BTreeMap<Box<str>, Vec<_>> = BTreeMap::new();
    for policy in existing(policies).filter(|policy| policy.annotations().contains_key(VERSIONS)) {
        let (Some(owner), Some(companion)) = (policy.labels().get(INSTALLATION), policy.labels().get(COMPANION)) else {
            continue;
        };
        if **owner != *installation.name {
            others.entry(companion.as_str().into()).or_default().push(policy);
        }
    }
    others
}

fn existing<K: Resource<DynamicType = ()> + Clone + 'static>(store: &Store<K>) -> impl Iterator<Item = Arc<K>> {
    store.state().into_iter().filter(|object| object.meta().deletion_timestamp.is_none())
}
