//! The companions that an existing Pod has, for callers that compare Pods with what they should have.

use super::companion::Companion;
use super::patch::status::Status;
use super::plan::present::presence;
use super::pod::Pod;
use super::verdict::Via;
use super::{keys, plan};

pub use plan::present::Presence;

/// The companions of a Pod, by its status annotation and its containers.
#[derive(Debug)]
pub struct PodCompanions<'p> {
    pod: &'p Pod<'p>,
    status: Status<'p>,
}

impl<'p> PodCompanions<'p> {
    /// Reads the status of a Pod. One that cannot be read counts as absent.
    #[must_use]
    pub fn read(pod: &'p Pod<'p>) -> Self {
        PodCompanions { pod, status: Status::read(pod.annotation(keys::STATUS)) }
    }

    /// The names and content hashes of the companions that the status lists and whose containers are in the Pod.
    pub fn listed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.status.present(self.pod).map(|entry| (&*entry.companion, &*entry.hash))
    }

    /// Whether the Pod has a companion. `companion` is the valid one of that name, if any.
    ///
    /// The status decides where it lists the companion, and of a required one the containers as well, because any user can
    /// write a status. A review of a required companion ignores the status, and so does not see every older version.
    #[must_use]
    pub fn presence(&self, name: &str, companion: Option<&Companion>) -> Presence {
        let of = |via| presence(name, via, companion, self.pod, &self.status);
        let listed = of(Via::Pod);
        let is_required = companion.is_some_and(|companion| companion.required);
        match listed {
            Presence::Current if is_required && of(Via::Required) == Presence::Absent => Presence::Other,
            listed => listed,
        }
    }
}
