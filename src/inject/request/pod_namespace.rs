//! The namespace of a Pod in one review.

use super::namespace::{Namespace, OptIn, Unlisted};
use crate::inject::keys;
use crate::inject::snapshot::{Snapshot, Webhook};
use crate::inject::verdict::reason::Remark;

/// The namespace of a Pod.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) enum PodNamespace<'a> {
    /// One that is known.
    Listed(&'a Namespace),
    /// One of which only the name is known. `opted_in` follows from the webhook that called.
    NameOnly { name: &'a str, opted_in: bool },
}

impl<'a> PodNamespace<'a> {
    /// Finds the namespace, and checks that the webhook that called is the one that its labels select.
    /// `pod_label` is the Pod's own `podgraft.dev/inject`.
    ///
    /// # Errors
    /// The namespace is not known yet, or does not match the webhook, because the API server or this server has older
    /// labels.
    pub(in crate::inject) fn find(
        snapshot: &'a Snapshot,
        name: &'a str,
        webhook: Option<Webhook>,
        pod_label: Option<&str>,
    ) -> Result<Self, Remark> {
        let Some(namespace) = snapshot.namespaces.listed(name) else {
            return match snapshot.namespaces.unlisted() {
                Unlisted::Unknown => Err(Remark::NamespaceUnknown),
                Unlisted::NameOnly => Ok(PodNamespace::NameOnly { name, opted_in: webhook == Some(Webhook::OptedIn) }),
            };
        };
        let mismatch = match (webhook, namespace.opt_in()) {
            (Some(Webhook::OptedIn), opt_in) => opt_in != OptIn::Enabled,
            // With required companions enabled, this webhook is also called for Pods that opted out, in any namespace.
            (Some(Webhook::ClusterWide), OptIn::Enabled) => {
                !(snapshot.settings.required && OptIn::read(pod_label) == OptIn::Disabled)
            }
            // With required companions enabled, this webhook has no selector that excludes opted-out namespaces.
            (Some(Webhook::ClusterWide), OptIn::Disabled) => !snapshot.settings.required,
            _ => false,
        };
        if mismatch { Err(Remark::NamespaceMismatch) } else { Ok(PodNamespace::Listed(namespace)) }
    }

    pub(in crate::inject) fn name(self) -> &'a str {
        match self {
            PodNamespace::Listed(namespace) => namespace.name(),
            PodNamespace::NameOnly { name, .. } => name,
        }
    }

    pub(in crate::inject) fn label(self, key: &str) -> Option<&'a str> {
        match self {
            PodNamespace::Listed(namespace) => namespace.label(key),
            PodNamespace::NameOnly { name, .. } if key == keys::NAMESPACE_NAME => Some(name),
            PodNamespace::NameOnly { opted_in: true, .. } if key == keys::INJECT => Some("enabled"),
            PodNamespace::NameOnly { .. } => None,
        }
    }

    pub(in crate::inject) fn labels(self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
        let (listed, bare) = match self {
            PodNamespace::Listed(namespace) => (Some(namespace), None),
            PodNamespace::NameOnly { .. } => (None, Some(self)),
        };
        let few = bare.into_iter().flat_map(|namespace| {
            [keys::NAMESPACE_NAME, keys::INJECT].into_iter().filter_map(move |key| Some((key, namespace.label(key)?)))
        });
        listed.into_iter().flat_map(Namespace::labels).chain(few)
    }

    pub(in crate::inject) fn annotations(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let listed = match self {
            PodNamespace::Listed(namespace) => Some(namespace),
            PodNamespace::NameOnly { .. } => None,
        };
        listed.into_iter().flat_map(Namespace::annotations)
    }

    pub(in crate::inject) fn opt_in(self) -> OptIn {
        OptIn::read(self.label(keys::INJECT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::companion::catalog::Catalog;
    use crate::inject::request::namespace::Namespaces;
    use crate::inject::snapshot::Settings;

    fn is_mismatch(required: bool, namespace: &str, pod_label: Option<&str>) -> bool {
        let listed = Namespace::new("shop", [(keys::INJECT, namespace)], []);
        let snapshot = Snapshot {
            companions: Catalog::default(),
            namespaces: Namespaces::new([listed], Unlisted::Unknown),
            settings: Settings { required, ..Settings::default() },
            stale: None,
        };
        PodNamespace::find(&snapshot, "shop", Some(Webhook::ClusterWide), pod_label).is_err()
    }

    #[test]
    fn with_required_companions_cluster_wide_reviews_opted_out_pods_of_any_namespace() {
        for (required, namespace, pod_label, expected) in [
            (true, "enabled", Some("disabled"), false),
            (true, "disabled", Some("disabled"), false),
            (true, "enabled", None, true),
            (true, "enabled", Some("enabled"), true),
            (false, "enabled", Some("disabled"), true),
            (false, "disabled", None, true),
        ] {
            assert_eq!(is_mismatch(required, namespace, pod_label), expected, "{required} {namespace} {pod_label:?}");
        }
    }
}
