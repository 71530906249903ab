//! The custom resources: their definitions, and the validation of companions from outside.

#![allow(clippy::panic, clippy::unwrap_used)] // a test fails by a panic

mod companion;
mod crds;
mod problems;
#[path = "../support/mod.rs"]
mod support;
