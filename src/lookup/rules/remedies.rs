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
    /// At most a number of times an amount.
    Times(f64, Amount),
}

/// A change of a container's amounts of a resource.
#[derive(Debug)]
pub(super) struct AmountChange<'r> {
    resource: &'r str,
    amounts: Vec<(AmountKind, NewAmount)>,
    /// The words for the new amounts, which follow the fields.
    to: String,
}

impl<'r> AmountChange<'r> {
    /// A change of these amounts; `to` has the words for the new ones, with the space before them.
    pub(super) fn new(
        resource: &'r str,
        amounts: impl IntoIterator<Item = (AmountKind, NewAmount)>,
        to: String,
    ) -> Self {
        AmountChange { resource, amounts: amounts.into_iter().collect(), to }
    }

    /// A change of one amount to a value that the message does not restrict.
    pub(super) fn of_any(resource: &'r str, kind: AmountKind, new: NewAmount) -> Self {
        AmountChange::new(resource, [(kind, new)], String::new())
    }

    /// The amounts to change. Of resources without overcommit, request and limit are equal, and the limit is what most containers
    /// declare.
    fn amounts_of(&self, container: &PlannedContainer<'_>) -> Vec<(AmountKind, NewAmount)> {
        let is_of_request = |(kind, _): &&(AmountKind, NewAmount)| *kind == AmountKind::Request;
        let of_request = self.amounts.first().filter(is_of_request).filter(|_| !allows_overcommit(self.resource));
        let Some((_, new)) = of_request else { return self.amounts.clone() };
        let is_set = |kind: &AmountKind| *kind == AmountKind::Limit || container.declares(*kind, self.resource);
        AmountKind::BOTH.into_iter().filter(is_set).map(|kind| (kind, *new)).collect()
    }
}

impl<'c> Remedies<'c> {
    /// Remedies for containers of these companions.
    pub(in crate::lookup) fn new(companions: Vec<&'c Companion>) -> Self {
        Remedies { companions }
    }

    /// What the user does to change a container. Of an amount that a parameter sets, the annotation is named.
    pub(super) fn set(&self, container: &PlannedContainer<'_>, change: &AmountChange<'_>) -> String {
        let (name, AmountChange { resource, to, .. }) = (&container.name, change);
        let (mut annotations, mut fields): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let found = self.companion_of(name).filter(|_| container.is_injected);
        for (kind, new) in change.amounts_of(container) {
            let parameter = found.and_then(|(companion, source)| parameter(companion, source, kind, resource));
            match found.zip(parameter.filter(|found| new.is_accepted(found))) {
                None => fields.push(kind.field(resource)),
                Some(((companion, _), found)) => {
                    annotations.push(format!("{PREFIX}{}.{}", companion.name, found.name));
                }
            }
        }
        // One parameter can set both amounts.
        annotations.dedup();
        let s = if annotations.len() > 1 { "s" } else { "" };
        let of_annotations = (!annotations.is_empty())
            .then(|| format!("set annotation{s} {} of the Pod template{to}", annotations.join(" and ")));
        let author = found.map(|(companion, _)| format!("ask the author of companion {} to ", companion.name));
        let author = author.unwrap_or_default();
        let of_fields =
            (!fields.is_empty()).then(|| format!("{author}set {} of container {name}{to}", fields.join(" and ")));
        of_annotations.into_iter().chain(of_fields).collect::<Vec<_>>().join(", and ")
    }

    /// What the user does so that a Pod has less of a resource, of which it has more than a bound: changes the injected
    /// container that has most of it. `None` if none has any.
    pub(super) fn reduce(
        &self,
        pod: &PlannedPod<'_>,
        (kind, resource): (AmountKind, &str),
        has: Amount,
        bound: Amount,
    ) -> Option<String> {
        let amount = |kind, container: &PlannedContainer<'_>| container.held(kind, resource).at_least();
        let container = pod.injected().max_by_key(|container| amount(kind, container))?;
        let [request, most] = [AmountKind::Request, kind].map(|kind| amount(kind, container));
        // The new limit must not be below the request.
        let is_in_the_way = kind == AmountKind::Limit
            && container.declares(AmountKind::Request, resource)
            && request + has > most + bound;
        let new = |kind| (kind, NewAmount::Below(amount(kind, container)));
        let amounts = is_in_the_way.then(|| new(AmountKind::Request)).into_iter().chain([new(kind)]);
        let set = self.set(container, &AmountChange::new(resource, amounts, " to less".to_owned()));
        (most > Amount::default()).then_some(set)
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
            NewAmount::Times(ratio, amount) => minimum.ratio_to(amount) <= ratio,
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
