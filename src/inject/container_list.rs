//! The two lists of containers in a Pod's `spec` that companions can be injected into.

use std::fmt;

/// A list of containers in a Pod's `spec`. Ephemeral containers are never looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerList {
    /// `spec.containers`.
    #[default]
    Containers,
    /// `spec.initContainers`, native sidecars included.
    Init,
}

impl ContainerList {
    /// Both, in the order in which the kubelet starts them.
    pub const ALL: [ContainerList; 2] = [ContainerList::Init, ContainerList::Containers];

    /// The name of the field in `spec`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ContainerList::Containers => "containers",
            ContainerList::Init => "initContainers",
        }
    }

    /// Whether it is `initContainers`.
    #[must_use]
    pub fn is_init(self) -> bool {
        self == ContainerList::Init
    }
}

impl fmt::Display for ContainerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
