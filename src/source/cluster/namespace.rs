//! A Namespace as the API server sends it, and what reviews need of it.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace as KubernetesNamespace;
use kube::core::PartialObjectMeta;

use super::buffer::ListBuffer;
use crate::inject::request::namespace::Namespace;

/// The metadata of a Namespace: the rest is not asked for.
pub(super) type NamespaceMeta = PartialObjectMeta<KubernetesNamespace>;

pub(super) fn name(meta: &NamespaceMeta) -> Box<str> {
    meta.metadata.name.as_deref().unwrap_or_default().into()
}

/// The Namespace with its labels and annotations. Where it has not changed, this is the same allocation as before.
pub(super) fn read(meta: &NamespaceMeta, buffer: &ListBuffer<Box<str>, Arc<Namespace>>) -> (Box<str>, Arc<Namespace>) {
    let name = name(meta);
    let labels = meta.metadata.labels.iter().flatten().map(|(k, v)| (&**k, &**v));
    let annotations = meta.metadata.annotations.iter().flatten().map(|(k, v)| (&**k, &**v));
    let namespace = Namespace::new(&name, labels, annotations);
    let same = buffer.current().get(&name).filter(|before| ***before == namespace);
    let namespace = same.map_or_else(|| Arc::new(namespace), Arc::clone);
    (name, namespace)
}
