//! The rules of the source tree, checked on its text: doors between rooms, cycles, sizes, names, words, and the one home
//! of each rule. Each check has a test of its own that shows it a violation, so that it cannot pass by seeing nothing.

#![allow(unreachable_pub, clippy::panic, clippy::unwrap_used)] // a test fails by a panic

mod cycles;
mod doors;
mod homes;
mod image;
mod names;
mod order;
mod paths;
mod purity;
mod sizes;
mod tokens;
mod tree;
mod uses;
mod words;
mod workflows;

/// Fails with all violations at once.
#[track_caller]
fn none(violations: &[String]) {
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}
