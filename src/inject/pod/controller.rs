//! What a controller adds to the Pods that it creates from a template.

use std::borrow::Cow;

use super::index::Index;
use super::{Pod, Volume, volume_name};
use crate::inject::label_value::LabelValue;

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
    labels: Vec<ControllerLabel<'a>>,
    claims: Vec<Volume<'a>>,
    by_claim: Index,
}

impl<'a> Pod<'a> {
    /// The Pod that a controller creates from this template.
    #[must_use]
    pub fn created_with(mut self, fields: ControllerFields<'a>) -> Self {
        let claims = fields.claims.into_iter();
        let claims: Vec<_> =
            claims.map(|name| Volume { name, shareable: true, read_only: false, json: CLAIM }).collect();
        let by_claim = Index::of(&claims, volume_name);
        self.controlled = Controlled { labels: fields.labels, claims, by_claim };
        self
    }

    /// A volume by its name.
    #[must_use]
    pub fn volume(&self, name: &str) -> Option<&Volume<'a>> {
        let Controlled { claims, by_claim, .. } = &self.controlled;
        let claim = by_claim.find(claims, volume_name, name).next();
        claim.or_else(|| self.by_volume.find(self.volumes.as_deref().unwrap_or_default(), volume_name, name).next())
    }

    /// The value of a label of the Pod that is created.
    #[must_use]
    pub fn label_value(&self, key: &str) -> LabelValue<'_> {
        let authored = self.label(key);
        match self.controlled.labels.iter().find(|label| label.key == key) {
            Some(label) if authored.is_none() || !label.yields => {
                label.value.as_deref().map_or(LabelValue::Unknown, LabelValue::Known)
            }
            _ => authored.into(),
        }
    }

    /// The labels that the controller sets. The value is `None` where it is not known yet.
    pub(in crate::inject) fn controller_labels(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.controlled.labels.iter().map(|label| (label.key, label.value.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(key: &'static str, value: Option<&'static str>, yields: bool) -> ControllerLabel<'static> {
        ControllerLabel { key, value: value.map(Cow::Borrowed), yields }
    }

    #[test]
    fn a_claim_replaces_a_volume_of_its_name_and_is_no_volume_of_the_template() {
        let json = br#"{"spec": {"volumes": [{"name": "data", "configMap": {}}, {"name": "other", "configMap": {}}]}}"#;
        let claims = vec!["data".into(), "more".into()];
        let pod = Pod::read(json).unwrap().created_with(ControllerFields { claims, ..ControllerFields::default() });
        let shareable = |name: &str| pod.volume(name).map(|volume| volume.shareable);
        let found = ["data", "more", "other", "absent"].map(shareable);
        assert_eq!(found, [Some(true), Some(true), Some(false), None]);
        assert_eq!(pod.volumes.as_ref().map(Vec::len), Some(2), "the list that a patch extends is the template's");
    }

    #[test]
    fn a_label_of_a_controller_replaces_that_of_the_template_unless_it_yields() {
        let json = br#"{"metadata": {"labels": {"replaced": "a", "kept": "b", "own": "c"}}}"#;
        let labels =
            vec![label("replaced", None, false), label("kept", Some("x"), true), label("new", Some("y"), true)];
        let pod = Pod::read(json).unwrap().created_with(ControllerFields { labels, ..ControllerFields::default() });
        assert_eq!(pod.label_value("replaced"), LabelValue::Unknown);
        assert_eq!(pod.label_value("kept"), LabelValue::Known("b"));
        assert_eq!(pod.label_value("new"), LabelValue::Known("y"));
        assert_eq!(pod.label_value("own"), LabelValue::Known("c"));
        assert_eq!(pod.label_value("absent"), LabelValue::Absent);
        assert_eq!((pod.label("new"), pod.label("replaced")), (None, Some("a")), "the template is not changed");
    }
}
