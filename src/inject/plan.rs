//! Whether companions fit into a Pod, each completely or not at all.

mod arguments;
pub(super) mod assembly;
pub(super) mod authored;
pub(super) mod candidates;
pub(super) mod chosen;
mod fit;
mod mounts;
mod planned;
mod ports;
pub(super) mod pre_stop;
pub(super) mod present;
mod reservations;
mod scrape;
mod size;
mod variables;
pub(super) mod volumes;

pub(super) use planned::{Plan, SharedMount, Side};
