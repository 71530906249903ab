//! What holds for any Pod and any workload, shown over generated ones.

#![allow(unreachable_pub, clippy::panic, clippy::unwrap_used)] // a test fails by a panic

mod created;
mod keys;
mod laws;
mod pods;
mod resources;
#[path = "../support/mod.rs"]
mod support;
