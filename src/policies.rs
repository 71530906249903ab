//! Admission policies that keep each required companion in its Pods, while podgraft does not answer, and also in Pods whose
//! authors write the companion's containers by hand.
//!
//! | file | what it does |
//! |---|---|
//! | `cel` | values and declared objects as CEL expressions |
//! | `rules` | what policies require of a Pod that is created, and of one that is changed |
//! | `objects` | the four objects of a companion |
//! | `versions`, `rollout` | the versions of a companion; which one is injected and which ones are accepted while it changes |
//! | `others` | what the policies of other installations accept |
//! | `desired`, `existing` | the objects as they should be, and as they are |
//! | `reconciler`, `writer`, `injected` | decides, writes, and compiles the injected versions |
//! | `metrics` | what is counted |

mod cel;
mod desired;
mod existing;
mod injected;
mod metrics;
pub mod objects;
mod others;
mod reconciler;
mod rollout;
mod rules;
#[cfg(test)]
mod testing;
mod versions;
mod writer;

pub use metrics::Metrics;
pub use reconciler::Reconciler;
pub use rollout::KnownCompanion;
pub use writer::clear;
