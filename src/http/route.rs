//! The paths of the admission port.

use crate::admission::Answer;
use crate::inject::snapshot::Webhook;
use crate::webhook::Configuration;

/// What an API server asks. Each route has a path of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// How to change this Pod, asked by one of the mutating webhooks.
    Inject(Webhook),
    /// What a review of this workload's Pods, or the validation of this companion, would report.
    Preview,
}

/// Answers the body of a request to a route.
pub(super) type ReviewFn = dyn Fn(Route, &[u8]) -> Answer + Send + Sync;

impl Route {
    /// Every route.
    pub const ALL: [Route; 4] = [
        Route::Inject(Webhook::Requested),
        Route::Inject(Webhook::OptedIn),
        Route::Inject(Webhook::ClusterWide),
        Route::Preview,
    ];

    /// The path of the webhook's `clientConfig`.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Route::Inject(webhook) => webhook.configuration().path(),
            Route::Preview => Configuration::Preview.path(),
        }
    }
}
