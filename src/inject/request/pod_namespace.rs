//! A Pod's namespace as one review sees it.

use super::namespace::{Namespace, OptIn, Unlisted};
use crate::inject::keys;
use crate::inject::snapshot::{Snapshot, Webhook};
use crate::inject::verdict::reason::Reason;

/// The namespace of a Pod.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) enum PodNamespace<'a> {
    /// One that is known.
    Listed(&'a Namespace),
    /// One of which only the name is known, and whether the webhook that called shows it to be opted in.
    NameOnly { name: &'a str, opted_in: bool },
}

impl<'a> PodNamespace<'a> {
    /// Finds the namespace, and holds it against the webhook that called for a Pod with this label of ours.
    ///
    /// # Errors
    /// It is not known, or contradicts the webhook: one of them is out of date.
    pub(in crate::inject) fn find(
        snapshot: &'a Snapshot,
        name: &'a str,
        webhook: Option<Webhook>,
        pod_says: Option<&str>,
    ) -> Result<Self, Reason> {
        let Some(listed) = snapshot.namespaces.listed(name) else {
            return match snapshot.namespaces.unlisted() {
                Unlisted::Unknown => Err(Reason::NamespaceUnknown),
                Unlisted::NameOnly => Ok(PodNamespace::NameOnly { name, opted_in: webhook == Some(Webhook::OptedIn) }),
            };
        };
        let contradicts = match (webhook, listed.opt_in()) {
            (Some(Webhook::OptedIn), switch) => switch != OptIn::Enabled,
            // Where required companions are on, that webhook is also called for Pods that opted out, wherever they are.
            (Some(Webhook::ClusterWide), OptIn::Enabled) => {
                !(snapshot.settings.required && OptIn::read(pod_says) == OptIn::Disabled)
            }
            // Where required companions are on, that webhook carries no opt-out selector.
            (Some(Webhook::ClusterWide), OptIn::Disabled) => !snapshot.settings.required,
            _ => false,
        };
        if contradicts { Err(Reason::NamespaceMismatch) } else { Ok(PodNamespace::Listed(listed)) }
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

    pub(in crate::inject) fn labels(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let (listed, bare) = match self {
            PodNamespace::Listed(namespace) => (Some(namespace), None),
            PodNamespace::NameOnly { .. } => (None, Some(self)),
        };
        let few = bare.into_iter().flat_map(|home| {
            [keys::NAMESPACE_NAME, keys::INJECT].into_iter().filter_map(move |key| Some((key, home.label(key)?)))
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

    fn contradicts(required: bool, namespace: &str, pod_says: Option<&str>) -> bool {
        let listed = Namespace::new("shop", [(keys::INJECT, namespace)], []);
        let snapshot = Snapshot {
            companions: Catalog::default(),
            namespaces: Namespaces::new([listed], Unlisted::Unknown),
            settings: Settings { own_namespace: None, required },
        };
        PodNamespace::find(&snapshot, "shop", Some(Webhook::ClusterWide), pod_says).is_err()
    }

    #[test]
    fn where_required_companions_are_on_cluster_wide_is_called_for_pods_that_opted_out_in_any_namespace() {
        for (required, namespace, pod_says, expected) in [
            (true, "enabled", Some("disabled"), false),
            (true, "disabled", Some("disabled"), false),
            (true, "enabled", None, true),
            (true, "enabled", Some("enabled"), true),
            (false, "enabled", Some("disabled"), true),
            (false, "disabled", None, true),
        ] {
            assert_eq!(contradicts(required, namespace, pod_says), expected, "{required} {namespace} {pod_says:?}");
        }
    }
}
