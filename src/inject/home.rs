//! A Pod's namespace as one review sees it.

use super::keys;
use super::namespace::{Namespace, Switch, Unlisted};
use super::reason::Reason;
use super::world::{Entry, World};

/// The namespace of a Pod.
#[derive(Debug, Clone, Copy)]
pub(super) enum Home<'a> {
    /// One that is known.
    Listed(&'a Namespace),
    /// One of which only the name is known, and whether the entry that called shows it to be opted in.
    NameOnly { name: &'a str, opted_in: bool },
}

impl<'a> Home<'a> {
    /// Finds the namespace, and holds it against the entry that called.
    ///
    /// # Errors
    /// It is not known, or contradicts the entry: one of them is out of date.
    pub(super) fn find(world: &'a World, name: &'a str, entry: Option<Entry>) -> Result<Self, Reason> {
        let Some(listed) = world.namespaces.listed(name) else {
            return match world.namespaces.unlisted() {
                Unlisted::Unknown => Err(Reason::NamespaceUnknown),
                Unlisted::NameOnly => Ok(Home::NameOnly { name, opted_in: entry == Some(Entry::OptedIn) }),
            };
        };
        let contradicts = match (entry, listed.switch()) {
            (Some(Entry::OptedIn), switch) => switch != Switch::Enabled,
            (Some(Entry::ClusterWide), Switch::Enabled) => true,
            // Where required companions are on, that entry carries no opt-out selector.
            (Some(Entry::ClusterWide), Switch::Disabled) => !world.settings.required,
            _ => false,
        };
        if contradicts { Err(Reason::NamespaceContradicts) } else { Ok(Home::Listed(listed)) }
    }

    pub(super) fn name(self) -> &'a str {
        match self {
            Home::Listed(namespace) => namespace.name(),
            Home::NameOnly { name, .. } => name,
        }
    }

    pub(super) fn label(self, key: &str) -> Option<&'a str> {
        match self {
            Home::Listed(namespace) => namespace.label(key),
            Home::NameOnly { name, .. } if key == keys::NAMESPACE_NAME => Some(name),
            Home::NameOnly { opted_in: true, .. } if key == keys::INJECT => Some("enabled"),
            Home::NameOnly { .. } => None,
        }
    }

    pub(super) fn labels(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let (listed, bare) = match self {
            Home::Listed(namespace) => (Some(namespace), None),
            Home::NameOnly { .. } => (None, Some(self)),
        };
        let few = bare.into_iter().flat_map(|home| {
            [keys::NAMESPACE_NAME, keys::INJECT].into_iter().filter_map(move |key| Some((key, home.label(key)?)))
        });
        listed.into_iter().flat_map(Namespace::labels).chain(few)
    }

    pub(super) fn annotations(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let listed = match self {
            Home::Listed(namespace) => Some(namespace),
            Home::NameOnly { .. } => None,
        };
        listed.into_iter().flat_map(Namespace::annotations)
    }

    pub(super) fn switch(self) -> Switch {
        Switch::read(self.label(keys::INJECT))
    }
}
