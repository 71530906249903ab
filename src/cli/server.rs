//! Subcommands that run a server, prepare one, or call one.

pub mod certs;
pub(super) mod crds;
pub(super) mod probe;
pub mod serve;
