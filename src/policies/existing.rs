//! The policies and bindings that exist in the cluster, and the writes that they need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use kube::runtime::reflector::Store;
use kube::{Resource, ResourceExt};

use super::desired::{DesiredPolicy, Verb, Write};
use super::objects::{COMPANION, Installation, Rule};
use super::versions::ExistingPolicy;

/// The policies and bindings of one installation, by name. Objects that are being deleted are left out.
pub(super) struct ExistingObjects {
    policies: BTreeMap<String, Arc<ValidatingAdmissionPolicy>>,
    bindings: BTreeMap<String, Arc<ValidatingAdmissionPolicyBinding>>,
}

impl ExistingObjects {
    pub(super) fn read(
        policies: &Store<ValidatingAdmissionPolicy>,
        bindings: &Store<ValidatingAdmissionPolicyBinding>,
    ) -> Self {
        ExistingObjects { policies: by_name(policies), bindings: by_name(bindings) }
    }

    /// The companions that the objects belong to.
    pub(super) fn companions(&self) -> BTreeSet<Box<str>> {
        let labels = self.policies.values().map(|p| p.labels()).chain(self.bindings.values().map(|b| b.labels()));
        labels.filter_map(|labels| labels.get(COMPANION)).map(|name| name.as_str().into()).collect()
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

fn by_name<K: Resource<DynamicType = ()> + Clone + 'static>(store: &Store<K>) -> BTreeMap<String, Arc<K>> {
    let existing = store.state().into_iter().filter(|object| object.meta().deletion_timestamp.is_none());
    existing.map(|object| (object.name_any(), object)).collect()
}
