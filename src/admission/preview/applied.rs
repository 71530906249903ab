//! What a user applies, for warnings that need more than a review.

use crate::admission::request::{AdmissionRequest, GroupVersionKind};
use crate::inject;
use crate::inject::Request;
use crate::inject::pod::Pod;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::Decision;
use crate::json::Reader;

/// What a user applies.
#[derive(Debug)]
pub enum Applied<'a> {
    /// A companion.
    Companion {
        /// The companion as JSON.
        object: &'a str,
        /// The namespace of the request; empty for a ClusterCompanion.
        namespace: &'a str,
    },
    /// A workload whose Pods get a companion.
    Workload(&'a AppliedWorkload<'a>),
}

/// A workload whose Pods get a companion.
#[derive(Debug)]
pub struct AppliedWorkload<'a> {
    pub(super) kind: &'a GroupVersionKind<'a>,
    pub(super) name: &'a str,
    pub(super) review: &'a Request<'a>,
    pub(super) snapshot: &'a Snapshot,
}

impl AppliedWorkload<'_> {
    /// Its group; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.kind.group
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind.name
    }

    /// Its name, or its `generateName`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.review.namespace
    }

    /// The companions and namespaces that the preview knows.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        self.snapshot
    }

    /// The Pod that is created from it, before companions are injected.
    #[must_use]
    pub fn pod(&self) -> &Pod<'_> {
        &self.review.pod
    }

    /// The patch that injects the companions; empty where there is none.
    #[must_use]
    pub fn patch(&self) -> Vec<u8> {
        match inject::review(self.review, self.snapshot).decision {
            Decision::Patch(patch) => patch,
            Decision::Admit | Decision::Deny | Decision::Unavailable => Vec::new(),
        }
    }
}

/// `request.userInfo` of a review as JSON: the user who applies the object. Empty where it cannot be read.
#[must_use]
pub fn user_of(body: &[u8]) -> &str {
    let read = || Reader::new(body)?.raw_at(&["request", "userInfo"]);
    read().ok().flatten().unwrap_or_default()
}

/// Whether a review is about a companion. Validating a companion takes long, so the caller may want to use another thread.
#[must_use]
pub fn is_of_a_companion(body: &[u8]) -> bool {
    AdmissionRequest::read(body).is_ok_and(|request| request.object.is_some() && request.is_of_podgraft())
}
