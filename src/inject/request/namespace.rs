//! The namespaces that a server knows.

use std::sync::Arc;

use crate::inject::keys;
use crate::shared_map::SharedMap;

/// A Namespace: its name, its labels, and its `podgraft.dev/` annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    name: Box<str>,
    labels: Box<[(Box<str>, Box<str>)]>,
    annotations: Box<[(Box<str>, Box<str>)]>,
}

/// Namespaces by name.
pub type NamespacesByName = SharedMap<Box<str>, Arc<Namespace>>;

/// All namespaces that a server knows. A clone shares its memory.
#[derive(Debug, Default, Clone)]
pub struct Namespaces {
    by_name: NamespacesByName,
    unlisted: Unlisted,
}

/// What a server assumes of a namespace that is not listed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Unlisted {
    /// The namespace exists and has only its name as label: offline, and where companions are read from files.
    #[default]
    NameOnly,
    /// Nothing: in a cluster the namespace is only not known yet.
    Unknown,
}

/// The value of the label `podgraft.dev/inject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptIn {
    /// `enabled`.
    Enabled,
    /// `disabled`.
    Disabled,
    /// The label is absent.
    Absent,
    /// Another value.
    Invalid,
}

impl OptIn {
    /// Reads the value of the label.
    #[must_use]
    pub fn read(value: Option<&str>) -> Self {
        match value {
            None => OptIn::Absent,
            Some("enabled") => OptIn::Enabled,
            Some("disabled") => OptIn::Disabled,
            Some(_) => OptIn::Invalid,
        }
    }
}

impl Namespace {
    /// Copies the labels and our annotations of a Namespace. The label with its name is added where it is absent, as API
    /// servers do.
    #[must_use]
    pub fn new<'m>(
        name: &str,
        labels: impl IntoIterator<Item = (&'m str, &'m str)>,
        annotations: impl IntoIterator<Item = (&'m str, &'m str)>,
    ) -> Self {
        let own = |(k, v): (&str, &str)| (Box::from(k), Box::from(v));
        let mut labels: Vec<(Box<str>, Box<str>)> = labels.into_iter().map(own).collect();
        if !labels.iter().any(|(k, _)| **k == *keys::NAMESPACE_NAME) {
            labels.push((keys::NAMESPACE_NAME.into(), name.into()));
        }
        let ours = |(k, _): &(&str, &str)| k.starts_with(keys::PREFIX);
        let annotations = annotations.into_iter().filter(ours).map(own).collect();
        Namespace { name: name.into(), labels: labels.into(), annotations }
    }

    /// A namespace of which only the name is known.
    #[cfg(test)]
    #[must_use]
    pub fn name_only(name: &str) -> Self {
        Self::new(name, [], [])
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(k, _)| **k == *key).map(|(_, v)| &**v)
    }

    /// All labels.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.labels.iter().map(|(k, v)| (&**k, &**v))
    }

    /// The `podgraft.dev/` annotations.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.annotations.iter().map(|(k, v)| (&**k, &**v))
    }

    /// The same namespace after changes of its labels.
    fn relabeled(&self, changes: &[(Box<str>, Option<Box<str>>)]) -> Self {
        let kept = self.labels().filter(|(key, _)| changes.iter().all(|(changed, _)| **changed != **key));
        let added = changes.iter().filter_map(|(key, value)| Some((&**key, value.as_deref()?)));
        Namespace::new(&self.name, kept.chain(added), self.annotations())
    }

    /// The value of its `podgraft.dev/inject` label.
    #[must_use]
    pub fn opt_in(&self) -> OptIn {
        OptIn::read(self.label(keys::INJECT))
    }
}

impl Namespaces {
    /// The listed namespaces, and what is assumed of others.
    #[must_use]
    pub fn new(listed: impl IntoIterator<Item = Namespace>, unlisted: Unlisted) -> Self {
        Namespaces::sharing(listed.into_iter().map(|n| (n.name.clone(), Arc::new(n))).collect(), unlisted)
    }

    /// Namespaces that share the memory of a map.
    #[must_use]
    pub fn sharing(by_name: NamespacesByName, unlisted: Unlisted) -> Self {
        Namespaces { by_name, unlisted }
    }

    /// The same namespaces with other labels, and `others` as if they were listed. A change is the key of a label, and its new
    /// value, or `None` where the label is removed.
    #[must_use]
    pub fn relabeled<'n>(
        &self,
        others: impl IntoIterator<Item = &'n str>,
        changes: &[(Box<str>, Option<Box<str>>)],
    ) -> Namespaces {
        let known = self.by_name.values().map(|namespace| namespace.relabeled(changes));
        let others = others.into_iter().filter(|name| !self.by_name.contains_key(*name));
        let others = others.map(|name| Namespace::new(name, [], []).relabeled(changes));
        Namespaces::new(known.chain(others), self.unlisted)
    }

    /// A listed namespace.
    #[must_use]
    pub fn listed(&self, name: &str) -> Option<&Namespace> {
        self.by_name.get(name).map(|namespace| &**namespace)
    }

    /// What is assumed of a namespace that is not listed.
    #[must_use]
    pub fn unlisted(&self) -> Unlisted {
        self.unlisted
    }

    /// How many namespaces are listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether no namespace is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_replaced_removed_and_added_also_of_namespaces_that_are_not_listed() {
        let listed = Namespace::new("shop", [("a", "1"), ("b", "2")], [("podgraft.dev/companions", "x")]);
        let namespaces = Namespaces::new([listed], Unlisted::Unknown);
        let changes = [("a".into(), Some("9".into())), ("b".into(), None), ("c".into(), Some("3".into()))];
        let relabeled = namespaces.relabeled(["shop", "other"], &changes);
        let labels = |name: &str| {
            let namespace = relabeled.listed(name).unwrap();
            ["a", "b", "c", keys::NAMESPACE_NAME].map(|key| namespace.label(key))
        };
        assert_eq!(labels("shop"), [Some("9"), None, Some("3"), Some("shop")]);
        assert_eq!(labels("other"), [Some("9"), None, Some("3"), Some("other")]);
        assert_eq!(relabeled.listed("shop").unwrap().annotations().count(), 1);
        assert_eq!((relabeled.len(), relabeled.unlisted()), (2, Unlisted::Unknown));
    }
}
