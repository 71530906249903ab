//! Commands for operators of a cluster: whether the installation works.

pub(super) mod check;
mod requests;
