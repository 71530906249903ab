//! Required means required: the admission policies that keep each required companion in its Pods, also while podgraft is
//! down, and also where somebody writes the companion's containers by hand.
//!
//! | file | what it does |
//! |---|---|
//! | `literal`, `fit` | values and declared objects as expressions |
//! | `required`, `create`, `container`, `parameter` | what is asked of a Pod that is made: one version as a whole |
//! | `update`, `selects` | what is asked of a Pod that is changed |
//! | `object` | the four objects of a companion |
//! | `version`, `decide` | what is injected and what is accepted while a companion comes, changes and goes |
//! | `keeper`, `desired`, `writer` | does it: watches what stands, and puts it right |
//! | `injected` | the versions that are injected meanwhile |

mod cel;
mod desired;
mod injected;
mod metrics;
pub mod objects;
mod reconciler;
mod rollout;
mod rules;
mod versions;
mod writer;

pub use metrics::Metrics;
pub use reconciler::{PinnedVersions, PolicyState, Reconciler};
pub use rollout::KnownCompanion;
pub use versions::Version;
pub use writer::clear;
