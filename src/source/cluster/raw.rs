//! A companion as the API server sends it.

use std::borrow::Cow;

use kube::Resource;
use kube::core::{DynamicResourceScope, ObjectMeta};
use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::api;
use crate::api::Problem;
use crate::api::v1alpha1::{API_VERSION, GROUP};

/// An object as JSON, with the metadata that a watch needs.
///
/// It is deserialized from its text, and not as kube's `DynamicObject`: that one would have to know how this crate keeps
/// numbers. A part of one object that cannot be read must not keep the other objects of a list from being read.
///
/// The specification stays text until [`Raw::read`], because a JSON value takes many times the memory of its text, and a
/// list has many objects. A specification that is too large is dropped as soon as its size is known.
#[derive(Debug, Clone)]
pub(in crate::source) struct Raw {
    /// Without `status`, without metadata that is not used here, and without a specification that was not read yet.
    pub(in crate::source) object: Value,
    pub(super) status: Value,
    pub(super) meta: ObjectMeta,
    /// The specification that was not read yet, or why it cannot be.
    spec: Option<Result<Box<RawValue>, Problem>>,
}

/// The object with its larger parts as text.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Envelope<'t> {
    api_version: Value,
    kind: Value,
    metadata: Metadata,
    #[serde(borrow)]
    spec: Option<&'t RawValue>,
    #[serde(borrow)]
    status: Option<&'t RawValue>,
}

impl Default for Envelope<'_> {
    fn default() -> Self {
        Envelope {
            api_version: Value::Null,
            kind: Value::Null,
            metadata: Metadata::default(),
            spec: None,
            status: None,
        }
    }
}

#[derive(serde::Deserialize, serde::Serialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation_timestamp: Option<String>,
}

/// The kind of a companion in requests to the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum RawKind {
    ClusterCompanion,
    Companion,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let envelope: Envelope = serde_json::from_str(text.get()).map_err(serde::de::Error::custom)?;
        let object = json!({
            "apiVersion": envelope.api_version,
            "kind": envelope.kind,
            "metadata": envelope.metadata,
        });
        let status = envelope.status.and_then(|status| serde_json::from_str(status.get()).ok()).unwrap_or_default();
        let spec =
            envelope.spec.map(|spec| match api::too_large(spec.get().len()).or_else(|| api::too_dense(spec.get())) {
                Some(problem) => Err(problem),
                None => Ok(spec.to_owned()),
            });
        Ok(Raw { status, spec, ..Raw::new(object) })
    }
}

impl Raw {
    pub(super) fn new(mut object: Value) -> Self {
        let status = object.get_mut("status").map(Value::take).unwrap_or_default();
        if let Some(members) = object.as_object_mut() {
            members.shift_remove("status");
        }
        let text = |name: &str| object["metadata"][name].as_str().map(str::to_owned);
        let meta = ObjectMeta {
            name: text("name"),
            namespace: text("namespace"),
            uid: text("uid"),
            resource_version: text("resourceVersion"),
            generation: object["metadata"]["generation"].as_i64(),
            ..ObjectMeta::default()
        };
        Raw { object, status, meta, spec: None }
    }

    /// Reads the specification into the object.
    ///
    /// # Errors
    /// Why it cannot be read: it is too large, or no JSON that this crate can hold.
    pub(super) fn read(&mut self) -> Result<(), Problem> {
        let Some(spec) = self.spec.take() else { return Ok(()) };
        let unreadable = |why: serde_json::Error| Problem {
            pointer: "/spec".to_owned(),
            message: format!("invalid value: cannot be parsed; remove what is reported here: {why}"),
        };
        self.object["spec"] = serde_json::from_str(spec?.get()).map_err(unreadable)?;
        Ok(())
    }
}

impl RawKind {
    fn as_str(self) -> &'static str {
        match self {
            RawKind::ClusterCompanion => "ClusterCompanion",
            RawKind::Companion => "Companion",
        }
    }
}

impl Resource for Raw {
    type DynamicType = RawKind;
    type Scope = DynamicResourceScope;

    fn kind(kind: &RawKind) -> Cow<'_, str> {
        kind.as_str().into()
    }

    fn group(_: &RawKind) -> Cow<'_, str> {
        GROUP.into()
    }

    fn version(_: &RawKind) -> Cow<'_, str> {
        API_VERSION.rsplit('/').next().unwrap_or_default().into()
    }

    fn plural(kind: &RawKind) -> Cow<'_, str> {
        match kind {
            RawKind::ClusterCompanion => "clustercompanions".into(),
            RawKind::Companion => "companions".into(),
        }
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

#[cfg(test)]
mod tests {
    use kube::core::{ObjectList, WatchEvent};

    use super::*;

    const OBJECT: &str = r#"{"apiVersion":"podgraft.dev/v1alpha1","kind":"ClusterCompanion",
        "metadata":{"name":"redis","uid":"u-1","resourceVersion":"7","generation":3,
            "managedFields":[{"manager":"kubectl","operation":"Apply"}]},
        "spec":{"pattern":"Ambassador","listens":[{"name":"redis","port":6379,"protocol":"TCP","env":{"port":"REDIS_PORT"}}],
            "containers":[{"name":"redis","image":"i:1","startupProbe":{"periodSeconds":1,"tcpSocket":{"port":6379}},
                "securityContext":{"runAsUser":12345}}],
            "parameters":[{"name":"size","type":"Integer","minimum":1,"maximum":1.0e2,"env":"SIZE"}]},
        "status":{"observedGeneration":3}}"#;

    fn is_whole(raw: &Raw) {
        let raw = &mut raw.clone();
        raw.read().unwrap();
        assert_eq!(raw.meta.generation, Some(3));
        assert_eq!(raw.meta.resource_version.as_deref(), Some("7"));
        assert_eq!(raw.status["observedGeneration"], 3);
        assert_eq!(raw.object["spec"]["containers"][0]["securityContext"]["runAsUser"], 12345);
        assert!(raw.object["spec"]["parameters"][0]["maximum"].is_number());
        assert!(raw.object.get("status").is_none() && raw.object["metadata"].get("managedFields").is_none());
        let checked = api::check_companion(&raw.object);
        assert!(checked.problems.iter().all(|p| p.pointer.ends_with("maximum")), "{:?}", checked.problems);
    }

    #[test]
    fn numbers_survive_a_watch() {
        match serde_json::from_str(&format!(r#"{{"type":"ADDED","object":{OBJECT}}}"#)) {
            Ok(WatchEvent::<Raw>::Added(raw)) => is_whole(&raw),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_unreadable_part_is_left_out_of_its_object_and_the_others_are_whole() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for unreadable in
            [&deep, r#"{"$serde_json::private::Number":"x"}"#, r#"{"$serde_json::private::RawValue":"{"}"#]
        {
            let pattern = format!(r#""pattern":"Ambassador","x":{unreadable}"#);
            let object = OBJECT.replace(r#""pattern":"Ambassador""#, &pattern);
            let text = format!(r#"{{"metadata":{{"resourceVersion":"9"}},"items":[{object},{OBJECT}]}}"#);
            let list: ObjectList<Raw> = serde_json::from_str(&text).unwrap();
            is_whole(&list.items[1]);
            let raw = &mut list.items[0].clone();
            let result = raw.read();
            let Raw { object, status, meta, .. } = raw;
            assert!(result.is_err() && object.get("spec").is_none(), "{object}");
            assert_eq!((meta.uid.as_deref(), meta.generation), (Some("u-1"), Some(3)));
            assert_eq!(
                (&object["kind"], &status["observedGeneration"]),
                (&Value::from("ClusterCompanion"), &Value::from(3))
            );
        }
    }

    #[test]
    fn numbers_survive_a_list() {
        let text = format!(
            r#"{{"apiVersion":"podgraft.dev/v1alpha1","kind":"ClusterCompanionList","metadata":{{"resourceVersion":"9",
            "remainingItemCount":2}},"items":[{OBJECT}]}}"#
        );
        let list: ObjectList<Raw> = serde_json::from_str(&text).unwrap();
        assert_eq!(list.metadata.resource_version.as_deref(), Some("9"));
        is_whole(&list.items[0]);
    }

    #[test]
    fn a_list_of_large_objects_takes_little_more_memory_than_what_is_kept_of_it() {
        let item = |length: usize| OBJECT.replace("i:1", &"x".repeat(length));
        let text = |length: usize| {
            let items: Vec<_> = (0..16).map(|_| item(length)).collect();
            format!(r#"{{"metadata":{{"resourceVersion":"9"}},"items":[{}]}}"#, items.join(","))
        };
        // The text of one object is copied while its size is checked; nothing is kept of those that are too large.
        for (length, most) in [(api::LARGEST, 2 * api::LARGEST), (api::LARGEST / 2, 11 * api::LARGEST)] {
            let text = text(length);
            let mut list: Option<ObjectList<Raw>> = None;
            let heap = allocation_counter::measure(|| list = serde_json::from_str(&text).ok());
            assert_eq!(list.unwrap().items.len(), 16);
            assert!(heap.bytes_max < most as u64, "{} bytes at {length}", heap.bytes_max);
        }
    }
}
