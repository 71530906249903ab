//! The metadata of the Secret, for creating it again.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// A release of Helm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelmRelease {
    /// Its name.
    pub name: String,
    /// Its namespace, which need not be that of its objects.
    pub namespace: String,
}

/// Type, labels, annotations and owners of the Secret that was seen last, and the marks by which Helm recognizes a part of
/// its release.
#[derive(Debug, Default)]
pub(in crate::tls::self_managed) struct SecretTemplate {
    last: Secret,
    helm_marks: Option<ObjectMeta>,
}

impl SecretTemplate {
    /// `release` is the Helm release that the Secret belongs to, if it does.
    pub(in crate::tls::self_managed) fn new(release: Option<&HelmRelease>) -> Self {
        SecretTemplate { last: Secret::default(), helm_marks: release.map(helm_marks) }
    }

    /// Remembers the metadata of a Secret, and not its data.
    pub(in crate::tls::self_managed) fn learn(&mut self, secret: &Secret) {
        let (found, metadata) = (&secret.metadata, &mut self.last.metadata);
        metadata.labels.clone_from(&found.labels);
        metadata.annotations.clone_from(&found.annotations);
        metadata.owner_references.clone_from(&found.owner_references);
        self.last.type_.clone_from(&secret.type_);
    }

    /// A Secret to create. Without its marks, Helm would neither adopt nor delete it, and a second installation would fail.
    pub(in crate::tls::self_managed) fn instantiate(&self) -> Secret {
        let mut secret = self.last.clone();
        if let Some(marks) = self.helm_marks.clone() {
            secret.metadata.labels.get_or_insert_default().extend(marks.labels.unwrap_or_default());
            secret.metadata.annotations.get_or_insert_default().extend(marks.annotations.unwrap_or_default());
        }
        secret
    }
}

/// The label and the annotations that Helm requires of an object of a release.
fn helm_marks(release: &HelmRelease) -> ObjectMeta {
    let pairs = |pairs: &[(&str, &str)]| Some(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
    ObjectMeta {
        labels: pairs(&[("app.kubernetes.io/managed-by", "Helm")]),
        annotations: pairs(&[
            ("meta.helm.sh/release-name", &release.name),
            ("meta.helm.sh/release-namespace", &release.namespace),
        ]),
        ..ObjectMeta::default()
    }
}
