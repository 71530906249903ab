//! Who can change the resources of a container, and where.

use super::amounts::AmountKind;
use super::container::PlannedContainer;
use super::planned::PlannedPod;
use crate::inject::companion::Companion;
use crate::inject::companion::container::Container;
use crate::inject::companion::parameter::{Parameter, ParameterType};
use crate::inject::companion::quantity::{Amount, Quantity};
use crate::inject::companion::resources::allows_overcommit;
use crate::inject::keys::PREFIX;

/// The companions that the containers are of.
#[derive(Debug)]
pub(in crate::lookup) struct Remedies<'c> {
    companions: Vec<&'c Companion>,
}

/// What the new amount must be: a parameter that accepts no such amount is no remedy.
#[derive(Debug, Clone, Copy)]
pub(super) enum NewAmount {
    Any,
    Below(Amount),
    AtMost(Amount),
    AtLeast(Amount),
}

impl<'c> Remedies<'c> {
    /// Remedies for containers of these companions.
    pub(in crate::lookup) fn new(companions: Vec<&'c Companion>) -> Self {
        Remedies { companions }
    }

    /// What the user does to change an amount of a container; the words for the new amount follow. Of a parameter, the annotation
    /// is named.
    pub(super) fn set(
        &self,
        container: &PlannedContainer<'_>,
        kind: AmountKind,
        resource: &str,
        new: NewAmount,
    ) -> String {
        // Of other resources, request and limit are equal, and the limit is what a container declares.
        let kind = if allows_overcommit(resource) { kind } else { AmountKind::Limit };
        let (name, field) = (&container.name, kind.field(resource));
        match self.companion_of(name).filter(|_| container.is_injected) {
            None => format!("set {field} of container {name}"),
            Some((companion, source)) => {
                match parameter(companion, source, kind, resource).filter(|found| new.is_accepted(found)) {
                    None => format!("ask the owner of companion {} to set {field} of container {name}", companion.name),
                    Some(parameter) => {
                        format!("set annotation {PREFIX}{}.{} of the Pod template", companion.name, parameter.name)
                    }
                }
            }
        }
    }

    /// What the user does so that a Pod has less of a resource: changes the injected container that has most of it.
    pub(super) fn reduce(&self, pod: &PlannedPod<'_>, kind: AmountKind, resource: &str) -> Option<String> {
        let most = |container: &&PlannedContainer<'_>| container.held(kind, resource).at_least();
        let container = pod.injected().max_by_key(most)?;
        let set = self.set(container, kind, resource, NewAmount::Below(most(&container)));
        Some(format!("{set} to less"))
    }

    fn companion_of(&self, container: &str) -> Option<(&'c Companion, &'c Container)> {
        self.companions.iter().find_map(|companion| {
            let mut all = companion.containers.iter().chain(&companion.init_containers);
            all.find(|found| *found.name == *container).map(|found| (*companion, found))
        })
    }
}

impl NewAmount {
    fn is_accepted(self, parameter: &Parameter) -> bool {
        let ParameterType::Quantity { minimum, maximum } = &parameter.kind else { return false };
        let minimum = minimum.as_ref().map(Quantity::amount).unwrap_or_default();
        let maximum = maximum.as_ref().map_or(Amount::LARGEST, Quantity::amount);
        match self {
            NewAmount::Any => true,
            NewAmount::Below(amount) => minimum < amount,
            NewAmount::AtMost(amount) => minimum <= amount,
            NewAmount::AtLeast(amount) => maximum >= amount,
        }
    }
}

/// The parameter that fills an amount. A limit without a request is the request.
fn parameter<'c>(
    companion: &'c Companion,
    container: &Container,
    kind: AmountKind,
    resource: &str,
) -> Option<&'c Parameter> {
    let amounts = container.resources.iter().find(|amounts| *amounts.name == *resource)?;
    let has_request = amounts.request.declared.is_some() || amounts.request.parameter.is_some();
    let source = if kind == AmountKind::Request && has_request { amounts.request } else { amounts.limit };
    companion.parameters.get(source.parameter?.place())
}
