//! What `check` finds.

use std::fmt;

use strum::{IntoStaticStr, VariantNames};

/// One thing that is wrong with an installation, with its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct CheckFinding {
    pub(in crate::cli) severity: CheckSeverity,
    pub(in crate::cli) reason: CheckReason,
    /// The object that is wrong or missing.
    pub(in crate::cli) object: ObjectName,
    /// The field, such as `webhooks[0].rules`; empty where the object as a whole is meant.
    pub(in crate::cli) field: String,
    /// What is wrong, and its effect.
    pub(in crate::cli) message: String,
    /// How to fix it.
    pub(in crate::cli) fix: String,
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum CheckSeverity {
    /// Pods are denied, or created without their companions.
    Error,
    /// Something has no effect, or will become an error.
    Warning,
    /// Something was not checked.
    Note,
}

/// The stable name of what was found. `docs/operating.md` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantNames)]
pub(in crate::cli) enum CheckReason {
    /// A webhook configuration, or one of its webhooks, does not exist.
    WebhookMissing,
    /// A webhook differs from the one of the chart.
    WebhookDiffers,
    /// API servers do not trust the serving certificate.
    CertificateNotTrusted,
    /// The serving certificate has expired, or will soon.
    CertificateExpired,
    /// There is no serving certificate, or it cannot be parsed.
    CertificateInvalid,
    /// API servers do not reach podgraft.
    CallFailed,
    /// The Service does not exist or has no addresses.
    ServiceUnavailable,
    /// The Deployment does not exist, or fewer replicas are ready than configured.
    ReplicasMissing,
    /// Replicas have different images, or know different companions.
    ReplicasDiffer,
    /// A replica does not receive changes, or cannot write.
    ReplicaFailing,
    /// podgraft's ServiceAccount lacks a right.
    PermissionMissing,
    /// The custom resources do not exist.
    DefinitionMissing,
    /// A companion is not Ready.
    CompanionNotReady,
    /// podgraft has not processed the newest version of a companion.
    CompanionNotObserved,
    /// A policy of a required companion, or of the hints, does not exist.
    PolicyMissing,
    /// A policy does not accept the current version of its companion, or its binding does not deny.
    PolicyOutOfSync,
    /// A policy belongs to no required companion.
    PolicyOrphaned,
    /// A label of a Namespace has an unsupported value.
    NamespaceLabelInvalid,
    /// The list of a Namespace names companions that its Pods cannot get.
    NamespaceListInvalid,
    /// A label or list of a Namespace has no effect.
    NamespaceIgnored,
    /// Something could not be read.
    NotChecked,
}

/// An object as kubectl names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) struct ObjectName {
    /// The kind in lower case, as kubectl accepts it.
    pub(in crate::cli) kind: &'static str,
    pub(in crate::cli) name: String,
    /// `None` for objects of the cluster.
    pub(in crate::cli) namespace: Option<String>,
}

impl CheckFinding {
    pub(in crate::cli) fn error(reason: CheckReason, object: ObjectName, message: impl Into<String>) -> Self {
        let (field, fix, message) = (String::new(), String::new(), message.into());
        CheckFinding { severity: CheckSeverity::Error, reason, object, field, message, fix }
    }

    pub(in crate::cli) fn warning(reason: CheckReason, object: ObjectName, message: impl Into<String>) -> Self {
        CheckFinding { severity: CheckSeverity::Warning, ..Self::error(reason, object, message) }
    }

    /// Something that could not be checked, and why.
    pub(in crate::cli) fn not_checked(object: ObjectName, why: impl Into<String>) -> Self {
        CheckFinding { severity: CheckSeverity::Note, ..Self::error(CheckReason::NotChecked, object, why) }
    }

    /// Names the field.
    pub(in crate::cli) fn at(self, field: impl Into<String>) -> Self {
        CheckFinding { field: field.into(), ..self }
    }

    /// Adds the remedy.
    pub(in crate::cli) fn fix(self, fix: impl Into<String>) -> Self {
        CheckFinding { fix: fix.into(), ..self }
    }
}

impl CheckSeverity {
    /// The word before the finding.
    pub(in crate::cli) fn as_str(self) -> &'static str {
        match self {
            CheckSeverity::Error => "error",
            CheckSeverity::Warning => "warning",
            CheckSeverity::Note => "note",
        }
    }
}

impl CheckReason {
    /// The stable name.
    pub(in crate::cli) fn as_str(self) -> &'static str {
        self.into()
    }
}

impl ObjectName {
    /// An object of the cluster.
    pub(in crate::cli) fn of_cluster(kind: &'static str, name: impl Into<String>) -> Self {
        ObjectName { kind, name: name.into(), namespace: None }
    }

    /// An object of a namespace.
    pub(in crate::cli) fn namespaced(kind: &'static str, namespace: &str, name: impl Into<String>) -> Self {
        ObjectName { kind, name: name.into(), namespace: Some(namespace.to_owned()) }
    }
}

/// `deployment/web -n shop`, to be pasted after `kubectl get`.
impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)?;
        self.namespace.as_ref().map_or(Ok(()), |namespace| write!(f, " -n {namespace}"))
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantNames as _;

    use super::*;

    #[test]
    fn every_reason_is_documented() {
        let page = include_str!("../../../../docs/operating.md");
        let missing: Vec<_> =
            CheckReason::VARIANTS.iter().filter(|reason| !page.contains(&format!("`{reason}`"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn an_object_is_named_as_kubectl_accepts_it() {
        assert_eq!(ObjectName::of_cluster("namespace", "shop").to_string(), "namespace/shop");
        assert_eq!(ObjectName::namespaced("service", "own", "web").to_string(), "service/web -n own");
    }
}
