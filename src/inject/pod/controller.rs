//! The Pod that a controller creates from a template.

use super::controlled::Controlled;
use super::owner;
use super::windows::NodeOs;
use super::{ControllerFields, Pod, Volume, volume_name};
use crate::inject::label_value::LabelValue;

impl<'a> Pod<'a> {
    /// The Pod that a controller creates from this template.
    #[must_use]
    pub fn created_with(mut self, fields: ControllerFields<'a>) -> Self {
        if fields.replaces_node_affinity {
            self.loses_windows_affinity = self.affinity_os == NodeOs::Windows;
            self.affinity_os = NodeOs::Any;
        }
        self.controlled = Controlled::new(fields);
        self
    }

    /// A volume by its name.
    #[must_use]
    pub fn volume(&self, name: &str) -> Option<&Volume<'a>> {
        let own = || self.by_volume.find(self.volumes.as_deref().unwrap_or_default(), volume_name, name).next();
        self.controlled.claim(name).or_else(own)
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

    /// Whether a controller owns the Pod, or creates it from this template: the controller may select its Pods by any label that
    /// they have.
    pub(in crate::inject) fn has_controller(&self) -> bool {
        self.controlled.by_controller || (!self.owner_references.is_empty() && names_controller(self.owner_references))
    }

    /// Whether labels that are added to this template may become the selector of its workload.
    pub(in crate::inject) fn labels_select(&self) -> bool {
        self.controlled.labels_select
    }

    /// The labels that the controller sets. The value is `None` where it is not known yet.
    pub(in crate::inject) fn controller_labels(&self) -> impl Iterator<Item = (&str, Option<&str>)> + Clone {
        self.controlled.labels.iter().map(|label| (label.key, label.value.as_deref()))
    }
}

/// Whether one of the owner references is that of a controller.
fn names_controller(owner_references: &str) -> bool {
    // An API server sends no other types; if they are wrong, the Pod may have a controller.
    owner::controller(owner_references).map_or(true, |found| found.is_some())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::inject::pod::ControllerLabel;

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
    fn a_controller_owns_a_pod_or_creates_it_from_a_template() {
        let pod = |metadata: &'static str| Pod::read(metadata.as_bytes()).unwrap();
        for (json, expected) in [
            (
                r#"{"metadata": {"ownerReferences": [{"kind": "Flow"}, {"kind": "ReplicaSet", "controller": true}]}}"#,
                true,
            ),
            (r#"{"metadata": {"ownerReferences": [{"kind": "Flow", "controller": false}]}}"#, false),
            (r#"{"metadata": {"ownerReferences": null}}"#, false),
            (r#"{"metadata": {}}"#, false),
            ("{}", false),
        ] {
            assert_eq!(pod(json).has_controller(), expected, "{json}");
        }
        let fields = ControllerFields { by_controller: true, ..ControllerFields::default() };
        assert!(pod("{}").created_with(fields).has_controller());
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
