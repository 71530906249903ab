//! What each kind of trouble leads to.

use super::reason::Reason;
use super::{Effect, Via};
use crate::inject::companion::OnConflict;

/// The table of trouble: what a reason leads to, by how the companion was asked for.
pub(in crate::inject) fn effect(reason: &Reason, via: Via, on_conflict: Option<OnConflict>) -> Effect {
    let insists = matches!(via, Via::Pod | Via::Required);
    match reason {
        Reason::ParameterInvalid { given: false, .. }
        | Reason::ParameterMissing { .. }
        | Reason::NotAvailable { .. }
            if !insists =>
        {
            Effect::Warn
        }
        Reason::CompanionInvalid | Reason::RequiredDisabled if via == Via::NamespaceList => Effect::Warn,
        Reason::CompanionInvalid | Reason::RequiredDisabled if via == Via::Automatic => Effect::Info,
        Reason::HostNetwork | Reason::WindowsPod | Reason::BlocksCompletion if !insists => Effect::Info,
        clash if clash.is_conflict() => match (via, on_conflict) {
            (Via::Required, _) | (_, Some(OnConflict::Deny)) | (Via::Pod, None) => Effect::Deny,
            _ => Effect::Warn,
        },
        // Whatever the Pod itself wrote wrongly is never a silent default.
        _ => Effect::Deny,
    }
}
