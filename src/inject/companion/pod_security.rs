//! What the Pod Security Standards deny in a companion. In a namespace that enforces them, the whole Pod is denied.

use crate::inject::keys;
use crate::inject::pod::Pod;
use crate::inject::request::namespace::Namespace;

/// A level of the Pod Security Standards that denies something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodSecurityLevel {
    /// `baseline`, and so `restricted`.
    Baseline,
    /// Only `restricted`.
    Restricted,
}

/// A field of a companion that Pod Security denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSecurityViolation {
    /// The lowest level that denies it.
    pub level: PodSecurityLevel,
    /// The Pods in which it is admitted all the same.
    pub exempt: ExemptPods,
    /// Where the field is in the companion: `spec.containers[0].securityContext`.
    pub field: Box<str>,
}

/// The Pods in which a violation is admitted all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExemptPods {
    /// None.
    None,
    /// Pods in a user namespace (`relaxPolicyForUserNamespacePod`).
    UserNamespace,
    /// Pods whose own securityContext sets all of these fields, which containers inherit.
    SettingAll {
        /// `runAsNonRoot`, which Pods in a user namespace need not set.
        run_as_non_root: bool,
        /// `seccompProfile`.
        seccomp_profile: bool,
    },
}

impl PodSecurityLevel {
    /// The level that a namespace enforces; `None` where it enforces none.
    #[must_use]
    pub fn enforced_by(namespace: &Namespace) -> Option<Self> {
        match namespace.label(keys::POD_SECURITY)? {
            "baseline" => Some(PodSecurityLevel::Baseline),
            "restricted" => Some(PodSecurityLevel::Restricted),
            _ => None,
        }
    }

    /// The value of the namespace's label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PodSecurityLevel::Baseline => "baseline",
            PodSecurityLevel::Restricted => "restricted",
        }
    }
}

impl PodSecurityViolation {
    /// Whether a Pod is denied where a level is enforced.
    #[must_use]
    pub fn denies(&self, pod: &Pod<'_>, enforced: PodSecurityLevel) -> bool {
        self.level <= enforced && !self.exempt.has(pod)
    }
}

impl ExemptPods {
    fn has(self, pod: &Pod<'_>) -> bool {
        match self {
            ExemptPods::None => false,
            ExemptPods::UserNamespace => pod.has_user_namespace,
            ExemptPods::SettingAll { run_as_non_root, seccomp_profile } => {
                let context = pod.security_context();
                (!run_as_non_root || pod.has_user_namespace || context.runs_as_non_root)
                    && (!seccomp_profile || context.has_seccomp_profile)
            }
        }
    }
}
