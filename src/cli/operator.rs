//! Commands for operators of a cluster: whether the installation works, and which Pods have which companions.

mod census;
pub(super) mod check;
mod requests;
pub(super) mod restart;
mod scope;
pub(super) mod status;
mod survey;
