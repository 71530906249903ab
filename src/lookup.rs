//! Objects of the cluster that the preview looks up while a user applies something: the existing workloads, for a companion,
//! and the quotas, LimitRanges and autoscalers of a namespace, for a workload.
//!
//! Each lookup has a deadline, reads responses of bounded size, and keeps nothing. For callers that are not authenticated, their number
//! has a limit. Reviews of Pods look nothing up.

mod callers;
mod namespace;
mod place;
mod rate_limit;
mod response;
mod rights;
mod rules;
mod survey;
mod time_limit;

pub use callers::Callers;
pub use namespace::{LookupTime, NAMESPACE_TIME, NOT_LOOKED_UP, NamespaceLookup};
pub use survey::{SURVEY_TIME, Survey, SurveyQuestion};
