//! What a user applies, for warnings that need more than a review.

use crate::admission::request::{AdmissionRequest, GroupVersionKind};
use crate::inject;
use crate::inject::Request;
use crate::inject::companion::Companion;
use crate::inject::pod::Pod;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::reason::Outcome;
use crate::inject::verdict::{Decision, Finding};
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
    pub(super) shown_kind: &'a str,
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

    /// Its kind as messages repeat it: reviews can be forged, and a kind can have any length.
    #[must_use]
    pub fn shown_kind(&self) -> &str {
        self.shown_kind
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

    /// What is injected into the Pod.
    #[must_use]
    pub fn injected_patch(&self) -> InjectedPatch<'_> {
        let verdict = inject::review(self.review, self.snapshot);
        let is_injected = |finding: &Finding<'_>| finding.reason == Outcome::Injected.into();
        let names = verdict.outcomes().filter(|(_, finding)| is_injected(finding)).map(|(name, _)| name);
        let companion = |name: &str| self.snapshot.companions.resolve(self.review.namespace, name)?.valid();
        let companions = names.filter_map(companion).collect();
        match verdict.decision {
            Decision::Patch(patch) => InjectedPatch { patch, companions },
            Decision::Admit | Decision::Deny | Decision::Unavailable => InjectedPatch::default(),
        }
    }
}

/// What is injected into a Pod.
#[derive(Debug, Default)]
pub struct InjectedPatch<'a> {
    /// The JSON patch; empty where nothing is injected.
    pub patch: Vec<u8>,
    /// The companions that are injected.
    pub companions: Vec<&'a Companion>,
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
