//! What the Secret is like besides its data, for one that has to be created again.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Labels, annotations, owners and type that the Secret had, and by what Helm knows it as a part of its release.
#[derive(Debug, Default)]
pub(super) struct SecretTemplate {
    last: Secret,
    marks: Option<ObjectMeta>,
}

impl SecretTemplate {
    /// For a Secret of a namespace that is a part of this Helm release, where it is one.
    pub(super) fn new(release: Option<&str>, namespace: &str) -> Self {
        SecretTemplate { last: Secret::default(), marks: release.map(|release| marks(release, namespace)) }
    }

    /// The Secret was seen.
    pub(super) fn learn(&mut self, secret: Secret) {
        let Secret { metadata: found, type_, .. } = secret;
        let metadata = &mut self.last.metadata;
        metadata.labels = found.labels;
        metadata.annotations = found.annotations;
        metadata.owner_references = found.owner_references;
        self.last.type_ = type_;
    }

    /// A Secret to be created. Without its marks Helm would neither take it nor delete it, and not install a second time.
    pub(super) fn instantiate(&self) -> Secret {
        let mut secret = self.last.clone();
        if let Some(marks) = self.marks.clone() {
            secret.metadata.labels.get_or_insert_default().extend(marks.labels.unwrap_or_default());
            secret.metadata.annotations.get_or_insert_default().extend(marks.annotations.unwrap_or_default());
        }
        secret
    }
}

/// Label and annotations that Helm demands of what is in a release.
fn marks(release: &str, namespace: &str) -> ObjectMeta {
    let pairs = |pairs: &[(&str, &str)]| Some(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
    ObjectMeta {
        labels: pairs(&[("app.kubernetes.io/managed-by", "Helm")]),
        annotations: pairs(&[("meta.helm.sh/release-name", release), ("meta.helm.sh/release-namespace", namespace)]),
        ..ObjectMeta::default()
    }
}
