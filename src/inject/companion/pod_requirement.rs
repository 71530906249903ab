//! What fields of a companion's containers require of the Pod.

/// A field of one of the companion's containers that API servers accept in some Pods only.
#[derive(Debug)]
pub struct PodRequirement {
    /// The name of the container.
    pub container: Box<str>,
    /// The field below the container, such as `lifecycle.preStop.sleep`.
    pub field: &'static str,
    /// What the field requires.
    pub value: RequiredValue,
}

/// A value of a field of the Pod's `spec` (`ValidatePodSpec` in Kubernetes' `pkg/apis/core/validation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredValue {
    /// `terminationGracePeriodSeconds` of at least so many seconds.
    GracePeriod(i64),
    /// `hostUsers: false`.
    UserNamespace,
    /// A `hostUsers` other than false.
    HostUsers,
    /// A `restartPolicy` other than `Never`.
    RestartPolicy,
    /// An `os.name` other than `linux`.
    OtherOs,
}

impl RequiredValue {
    /// Whether another value of the same field is met wherever this one is.
    #[must_use]
    pub fn includes(self, other: RequiredValue) -> bool {
        match (self, other) {
            (RequiredValue::GracePeriod(seconds), RequiredValue::GracePeriod(others)) => seconds >= others,
            _ => self == other,
        }
    }
}
