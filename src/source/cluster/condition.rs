//! Whether a companion is ready, and why not: the `Ready` condition of its status.

use super::object::WatchedCompanion;
use crate::webhook::ConfigurationSet;

/// The reason of the condition: a stable word for scripts and alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadyReason {
    /// Its newest version is injected.
    Active,
    /// Its newest version breaks a rule.
    Invalid,
    /// It exceeds what podgraft keeps of one namespace, or of all companions.
    TooManyCompanions,
    /// It is required, and required companions are disabled.
    RequiredDisabled,
    /// A file of podgraft's declares a companion with the same kind, namespace and name.
    OverriddenByFile,
    /// A required ClusterCompanion has its name.
    ShadowedByRequired,
    /// A webhook configuration that sends its Pods does not exist.
    WebhookMissing,
}

/// Whether a companion would be injected if it were valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eligibility {
    /// It would.
    Eligible,
    /// It is required, and required companions are disabled.
    RequiredDisabled,
    /// A file of podgraft's declares a companion with the same kind, namespace and name.
    OverriddenByFile,
    /// A required ClusterCompanion has its name.
    ShadowedByRequired,
    /// It is injected into the Pods that are sent to podgraft, and these configurations that would send more of its Pods do
    /// not exist.
    WebhookMissing(ConfigurationSet),
}

impl ReadyReason {
    /// All of them.
    pub const ALL: [ReadyReason; 7] = [
        ReadyReason::Active,
        ReadyReason::Invalid,
        ReadyReason::TooManyCompanions,
        ReadyReason::RequiredDisabled,
        ReadyReason::OverriddenByFile,
        ReadyReason::ShadowedByRequired,
        ReadyReason::WebhookMissing,
    ];

    /// The word in the condition and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ReadyReason::Active => "Active",
            ReadyReason::Invalid => "Invalid",
            ReadyReason::TooManyCompanions => "TooManyCompanions",
            ReadyReason::RequiredDisabled => "RequiredDisabled",
            ReadyReason::OverriddenByFile => "OverriddenByFile",
            ReadyReason::ShadowedByRequired => "ShadowedByRequired",
            ReadyReason::WebhookMissing => "WebhookMissing",
        }
    }

    /// The reason for a companion. What the user has to change first comes first.
    #[must_use]
    pub fn of(object: &WatchedCompanion, eligibility: Eligibility) -> Self {
        match eligibility {
            Eligibility::OverriddenByFile => ReadyReason::OverriddenByFile,
            Eligibility::ShadowedByRequired => ReadyReason::ShadowedByRequired,
            _ if object.exceeds_limits => ReadyReason::TooManyCompanions,
            _ if !object.problems.is_empty() => ReadyReason::Invalid,
            Eligibility::RequiredDisabled => ReadyReason::RequiredDisabled,
            Eligibility::WebhookMissing(_) => ReadyReason::WebhookMissing,
            Eligibility::Eligible => ReadyReason::Active,
        }
    }
}

impl Eligibility {
    /// Whether the companion is injected into any Pod, if it is valid.
    #[must_use]
    pub(super) fn is_injected(self) -> bool {
        matches!(self, Eligibility::Eligible | Eligibility::WebhookMissing(_))
    }

    /// The webhook configurations that it needs and that do not exist.
    #[must_use]
    pub fn missing_webhooks(self) -> ConfigurationSet {
        if let Eligibility::WebhookMissing(missing) = self { missing } else { ConfigurationSet::default() }
    }
}
