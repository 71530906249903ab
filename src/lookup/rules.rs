//! Rules of a namespace that Pods with injected containers can break. Pure: objects of the cluster in, sentences out.

mod amounts;
mod autoscaler;
mod limit_range;
mod planned;
mod quota;

pub(super) use amounts::ContainerDefaults;
pub(super) use autoscaler::Autoscaler;
pub(super) use limit_range::LimitRange;
pub(super) use planned::PlannedPod;
pub(super) use quota::Quota;
