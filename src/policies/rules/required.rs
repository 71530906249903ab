//! A companion for which policies can be generated.

use crate::inject::companion::declared::{Declared, DeclaredContainer};
use crate::inject::companion::{Companion, Container};
use crate::inject::container_list::ContainerList;

/// A required companion with all that it declares.
#[derive(Debug, Clone, Copy)]
pub struct Required<'c> {
    pub(in crate::policies) companion: &'c Companion,
    pub(in crate::policies) declared: &'c Declared,
}

/// One of its containers.
#[derive(Debug, Clone, Copy)]
pub(in crate::policies) struct RequiredContainer<'c> {
    pub(in crate::policies) compiled: &'c Container,
    pub(in crate::policies) declared: &'c DeclaredContainer,
    /// The list of the Pod that it is in.
    pub(in crate::policies) list: ContainerList,
    /// Whether it runs to its end before the app starts.
    pub(in crate::policies) completes: bool,
}

impl<'c> Required<'c> {
    /// A companion as policies need it; `None` where it is not required, or does not carry all that it declares.
    #[must_use]
    pub fn of(companion: &'c Companion) -> Option<Self> {
        let declared = companion.declared.as_deref()?;
        let is_complete = declared.containers.len() == companion.identities().count()
            && declared.shared_volumes.len() == companion.shared_volumes.len();
        (companion.required && is_complete).then_some(Required { companion, declared })
    }

    /// All its containers: its own init containers, then the long-running ones.
    pub(in crate::policies) fn containers(self) -> impl Iterator<Item = RequiredContainer<'c>> {
        let own_init = self.companion.init_containers.len();
        let all = self.companion.identities().zip(&self.declared.containers).enumerate();
        all.map(move |(i, ((compiled, list), declared))| RequiredContainer {
            compiled,
            declared,
            list,
            completes: i < own_init,
        })
    }
}
