//! Who can change the resources of a container, and where.

use super::amounts::AmountKind;
use super::container::PlannedContainer;
use crate::inject::companion::Companion;
use crate::inject::companion::container::Container;
use crate::inject::companion::parameter::Parameter;
use crate::inject::keys::PREFIX;

/// The companions that the containers are of.
#[derive(Debug)]
pub(in crate::lookup) struct Remedies<'c> {
    companions: Vec<&'c Companion>,
}

impl<'c> Remedies<'c> {
    /// Remedies for containers of these companions.
    pub(in crate::lookup) fn new(companions: Vec<&'c Companion>) -> Self {
        Remedies { companions }
    }

    /// What the user does to change an amount of a container; the words for the new amount follow.
    pub(super) fn set(&self, container: &PlannedContainer<'_>, kind: AmountKind, resource: &str) -> String {
        let (name, field) = (&container.name, kind.field(resource));
        match self.companion_of(name).filter(|_| container.is_injected) {
            None => format!("set {field} of container {name}"),
            Some((companion, source)) => match parameter(companion, source, kind, resource) {
                None => format!("ask the owner of companion {} to set {field} of container {name}", companion.name),
                Some(parameter) => {
                    format!("set annotation {PREFIX}{}.{} of the Pod template", companion.name, parameter.name)
                }
            },
        }
    }

    fn companion_of(&self, container: &str) -> Option<(&'c Companion, &'c Container)> {
        self.companions.iter().find_map(|companion| {
            let mut all = companion.containers.iter().chain(&companion.init_containers);
            all.find(|found| *found.name == *container).map(|found| (*companion, found))
        })
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
