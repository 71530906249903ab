//! The composition of `podgraft serve`: the rooms are introduced to each other here, and run on their threads.

pub(crate) mod answering;
pub(crate) mod certificate;
pub(crate) mod companions;
pub(crate) mod control;
pub(crate) mod policies;
pub(crate) mod probes;
pub(crate) mod supervisor;
