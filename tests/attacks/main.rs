//! Attacks: what must hold whatever a client, a Pod's author or a companion's author tries.
//!
//! [`index`] names for each numbered attempt the test that shows that it fails, here or beside the code.

#![allow(clippy::unwrap_used, clippy::panic)] // that is how a test fails
#![allow(clippy::needless_pass_by_value, clippy::format_collect)] // short inputs are built from literals

#[path = "../support/mod.rs"]
mod support;
/// The functions that the fuzz targets run.
#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// What `make attack` runs.
#[path = "../../benches/attack/storm/mod.rs"]
mod storm;

mod bounds;
mod companions;
mod corpus;
mod hostile;
mod index;
mod json;
mod memory;
mod pods;
mod secrets;
mod storm_in_short;
mod values;
