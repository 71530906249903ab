//! The custom resources: their definitions, and the validation of companions from outside.

#![allow(unreachable_pub, dead_code, clippy::panic, clippy::unwrap_used)] // a test fails by a panic

mod case;
mod companion;
mod crds;
mod problems;
mod reference;
mod rules;
#[path = "../support/mod.rs"]
mod support;
