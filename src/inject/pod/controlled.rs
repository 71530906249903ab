//! The fields of a Pod that its controller adds.

use std::borrow::Cow;

use super::index::Index;
use super::volume::Volume;

/// The source of a volume that a controller adds for a claim. The name of the claim is not known before the Pod exists.
const CLAIM: &str = r#"{"persistentVolumeClaim":{}}"#;

/// What a controller adds to each Pod that it creates from a template, as far as it is known before. The review takes it into
/// account, but it is no part of the template, so no patch refers to it. By default nothing is added.
#[derive(Debug, Default)]
pub struct ControllerFields<'a> {
    /// Labels, of different keys.
    pub labels: Vec<ControllerLabel<'a>>,
    /// Names of persistentVolumeClaim volumes, which replace the template's volumes of these names
    /// (`apps/v1` `StatefulSetSpec.volumeClaimTemplates`).
    pub claims: Vec<Cow<'a, str>>,
    /// Whether the controller replaces the required node affinity by the name of a node.
    pub replaces_node_affinity: bool,
    /// Whether the Pod is created by a controller at all: a Pod in a manifest is not.
    pub by_controller: bool,
    /// Whether the labels of the template may become the selector of the workload, because it declares none: then a label that
    /// is added to the template would be part of the selector, which cannot be changed later.
    pub labels_select: bool,
}

/// A label that a controller sets.
#[derive(Debug)]
pub struct ControllerLabel<'a> {
    /// The key.
    pub key: &'static str,
    /// The value, if it is known before the Pod exists.
    pub value: Option<Cow<'a, str>>,
    /// Whether a label of the template has precedence.
    pub yields: bool,
}

/// The fields of a Pod that its controller adds, with an index.
#[derive(Debug, Default)]
pub(super) struct Controlled<'a> {
    pub(super) labels: Vec<ControllerLabel<'a>>,
    pub(super) by_controller: bool,
    pub(super) labels_select: bool,
    claims: Vec<Volume<'a>>,
    by_claim: Index,
}

impl<'a> Controlled<'a> {
    pub(super) fn new(fields: ControllerFields<'a>) -> Self {
        let claims = fields.claims.into_iter();
        let claims: Vec<_> = claims
            .map(|name| Volume { name, shareable: true, empty_dir: false, read_only: false, json: CLAIM })
            .collect();
        let by_claim = Index::of(&claims, |claim| &claim.name);
        let ControllerFields { labels, by_controller, labels_select, .. } = fields;
        Controlled { labels, by_controller, labels_select, claims, by_claim }
    }

    /// The volume of a claim.
    pub(super) fn claim(&self, name: &str) -> Option<&Volume<'a>> {
        self.by_claim.find(&self.claims, |claim| &claim.name, name).next()
    }
}
