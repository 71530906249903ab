//! The webhook: from the bytes of a request to those of the answer, without a network.

#![allow(unreachable_pub, clippy::needless_pass_by_value, clippy::panic, clippy::unwrap_used)] // a test fails by a panic

mod annotations;
mod conflicts;
mod hidden;
mod labels;
mod paths;
mod pods;
mod preview;
mod reading;
mod recorded;
mod router;
mod scene;
mod sizes;
mod status;
#[path = "../support/mod.rs"]
mod support;
mod token;
