//! Rules of a namespace that Pods with injected containers can break. Pure: objects of the cluster in, sentences out.

mod amounts;
mod autoscaler;
mod bound;
mod constraint;
mod container;
mod defaults;
mod limit_range;
mod planned;
mod quota;
mod remedies;
mod scopes;
#[cfg(test)]
mod testing;

pub(super) use amounts::MOST_RESOURCES;
pub(super) use autoscaler::Autoscaler;
pub(super) use defaults::ContainerDefaults;
pub(super) use limit_range::LimitRange;
pub(super) use planned::{NotExamined, PlannedPod};
pub(super) use quota::Quota;
pub(super) use remedies::Remedies;
