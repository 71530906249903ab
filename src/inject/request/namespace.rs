//! What a review knows of a Pod's namespace.

use std::collections::HashMap;

use crate::inject::keys;

/// A Namespace: its name, its labels, and those of its annotations that are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    name: Box<str>,
    labels: Box<[(Box<str>, Box<str>)]>,
    annotations: Box<[(Box<str>, Box<str>)]>,
}

/// All namespaces that are known.
#[derive(Debug, Default)]
pub struct Namespaces {
    by_name: HashMap<Box<str>, Namespace>,
    unlisted: Unlisted,
}

/// What is believed of a namespace that is not listed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Unlisted {
    /// It exists and has only its name as label: offline, and where companions come from files.
    #[default]
    NameOnly,
    /// Nothing: in a cluster it is only not known yet.
    Unknown,
}

/// What `podgraft.dev/inject` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptIn {
    /// `enabled`.
    Enabled,
    /// `disabled`.
    Disabled,
    /// There is no such label.
    Absent,
    /// Neither word.
    Invalid,
}

impl OptIn {
    /// Reads the label's value.
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
    /// Takes what concerns us of a Namespace's metadata. The label with its name is added where it lacks, as API servers do.
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
    #[must_use]
    pub fn name_only(name: &str) -> Self {
        Self::new(name, [], [])
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(k, _)| **k == *key).map(|(_, v)| &**v)
    }

    /// Its labels.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|(k, v)| (&**k, &**v))
    }

    /// Those of its annotations that are ours.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.annotations.iter().map(|(k, v)| (&**k, &**v))
    }

    /// What its label says.
    #[must_use]
    pub fn opt_in(&self) -> OptIn {
        OptIn::read(self.label(keys::INJECT))
    }
}

impl Namespaces {
    /// The namespaces that are known, and what is believed of others.
    #[must_use]
    pub fn new(listed: impl IntoIterator<Item = Namespace>, unlisted: Unlisted) -> Self {
        let by_name = listed.into_iter().map(|n| (n.name.clone(), n)).collect();
        Namespaces { by_name, unlisted }
    }

    /// A namespace that is listed.
    #[must_use]
    pub fn listed(&self, name: &str) -> Option<&Namespace> {
        self.by_name.get(name)
    }

    /// What is believed of a namespace that is not listed.
    #[must_use]
    pub fn unlisted(&self) -> Unlisted {
        self.unlisted
    }

    /// How many are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}
