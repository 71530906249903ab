//! How serious each reason is: the only table of it.

use super::reason::{Conflict, Outcome, Remark};
use super::via::Via;
use crate::inject::companion::OnConflict;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reported in logs, metrics and audit annotations.
    Info,
    /// Reported as a warning of the API server as well.
    Warn,
    /// Denies the Pod.
    Deny,
}

/// What an outcome of a companion leads to, by how the companion was requested and by its `onConflict`.
#[must_use]
pub fn effect(outcome: &Outcome, via: Via, on_conflict: Option<OnConflict>) -> Effect {
    let insists = matches!(via, Via::Pod | Via::Required);
    match outcome {
        Outcome::Injected | Outcome::PodDenied | Outcome::AlreadyInjected => Effect::Info,
        Outcome::ParameterInvalid { given: false, .. }
        | Outcome::ParameterMissing { .. }
        | Outcome::NotAvailable { .. }
            if !insists =>
        {
            Effect::Warn
        }
        Outcome::CompanionInvalid | Outcome::RequiredDisabled if via == Via::NamespaceList => Effect::Warn,
        Outcome::CompanionInvalid | Outcome::RequiredDisabled if via == Via::Automatic => Effect::Info,
        Outcome::HostNetwork | Outcome::WindowsPod { .. } | Outcome::BlocksCompletion if !insists => Effect::Info,
        Outcome::Conflict(Conflict::PodResourcesExceeded { annotation: Some(_), .. }) => Effect::Deny,
        Outcome::Conflict(_) => match (via, on_conflict) {
            (Via::Required, _) | (_, Some(OnConflict::Deny)) | (Via::Pod, None) => Effect::Deny,
            _ => Effect::Warn,
        },
        // Manifests must not be written without a companion that the Pod's author or the platform insists on.
        Outcome::SelectorUndecided { .. } if !insists => Effect::Warn,
        // An invalid value that the Pod's author wrote is never replaced by a default.
        _ => Effect::Deny,
    }
}

impl Remark {
    /// What a remark leads to. A mistake of the Pod's author denies the Pod; the Pod's author cannot fix the namespace.
    #[must_use]
    pub fn effect(&self) -> Effect {
        match self {
            Remark::UnknownKey { place, .. }
            | Remark::InvalidLabel { place, .. }
            | Remark::EmptyName { place, .. }
            | Remark::DuplicateName { place, .. }
            | Remark::TooManyNames { place, .. }
                if place.is_of_pod() =>
            {
                Effect::Deny
            }
            Remark::UnknownContainer { .. } => Effect::Deny,
            Remark::MirrorPod
            | Remark::NamespaceUnknown
            | Remark::NamespaceMismatch
            | Remark::OptedOut { requests: false }
            | Remark::ExcludedNamespace { requests: false } => Effect::Info,
            _ => Effect::Warn,
        }
    }
}
