//! A companion as the API server sends it.

use std::borrow::Cow;

use kube::Resource;
use kube::core::{DynamicResourceScope, ObjectMeta};
use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::api::v1alpha1::{API_VERSION, GROUP};

/// An object as JSON, and what a watch asks of it.
///
/// It is taken as text, and read as a plain JSON value: Kubernetes' own catch-all takes it apart first, and would have to
/// know how numbers are kept. And whatever cannot be read of one object must not keep anybody from reading the others.
#[derive(Debug, Clone)]
pub(in crate::source) struct Raw {
    /// Without `status` and `metadata.managedFields`.
    pub(super) object: Value,
    pub(super) status: Value,
    pub(super) meta: ObjectMeta,
    /// Why the specification cannot be read, where it cannot.
    pub(super) unreadable: Option<String>,
}

/// What is read of an object of which not everything can be.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rest {
    api_version: Value,
    kind: Value,
    metadata: Meta,
    #[serde(default)]
    status: Value,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    name: String,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
}

/// The kind of a companion, where the API server is asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Kind {
    ClusterCompanion,
    Companion,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        match serde_json::from_str(text.get()) {
            Ok(object) => Ok(Raw::new(object)),
            Err(error) => Raw::rest(&text, &error).map_err(serde::de::Error::custom),
        }
    }
}

impl Raw {
    pub(super) fn new(mut object: Value) -> Self {
        let status = object.get_mut("status").map(Value::take).unwrap_or_default();
        if let Some(members) = object.as_object_mut() {
            members.shift_remove("status");
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("managedFields");
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
        Raw { object, status, meta, unreadable: None }
    }

    /// An object that is nested too deeply, or that only looks like JSON to whoever reads numbers as we do.
    fn rest(text: &RawValue, error: &serde_json::Error) -> serde_json::Result<Self> {
        let Rest { api_version, kind, metadata, status } = serde_json::from_str(text.get())?;
        let Meta { name, namespace, uid, resource_version, generation } = metadata;
        let object = json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": uid,
                "resourceVersion": resource_version,
                "generation": generation,
            },
            "status": status,
        });
        Ok(Raw { unreadable: Some(error.to_string()), ..Raw::new(object) })
    }
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::ClusterCompanion => "ClusterCompanion",
            Kind::Companion => "Companion",
        }
    }
}

impl Resource for Raw {
    type DynamicType = Kind;
    type Scope = DynamicResourceScope;

    fn kind(kind: &Kind) -> Cow<'_, str> {
        kind.as_str().into()
    }

    fn group(_: &Kind) -> Cow<'_, str> {
        GROUP.into()
    }

    fn version(_: &Kind) -> Cow<'_, str> {
        API_VERSION.rsplit('/').next().unwrap_or_default().into()
    }

    fn plural(kind: &Kind) -> Cow<'_, str> {
        match kind {
            Kind::ClusterCompanion => "clustercompanions".into(),
            Kind::Companion => "companions".into(),
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
    use crate::api::gate;

    const OBJECT: &str = r#"{"apiVersion":"podgraft.dev/v1alpha1","kind":"ClusterCompanion",
        "metadata":{"name":"redis","uid":"u-1","resourceVersion":"7","generation":3,
            "managedFields":[{"manager":"kubectl","operation":"Apply"}]},
        "spec":{"pattern":"Ambassador","listens":[{"name":"redis","port":6379,"protocol":"TCP","env":{"port":"REDIS_PORT"}}],
            "containers":[{"name":"redis","image":"i:1","startupProbe":{"periodSeconds":1,"tcpSocket":{"port":6379}},
                "securityContext":{"runAsUser":12345}}],
            "parameters":[{"name":"size","type":"Integer","minimum":1,"maximum":1.0e2,"env":"SIZE"}]},
        "status":{"observedGeneration":3}}"#;

    fn is_whole(raw: &Raw) {
        assert_eq!(raw.meta.generation, Some(3));
        assert_eq!(raw.meta.resource_version.as_deref(), Some("7"));
        assert_eq!(raw.status["observedGeneration"], 3);
        assert_eq!(raw.object["spec"]["containers"][0]["securityContext"]["runAsUser"], 12345);
        assert!(raw.object["spec"]["parameters"][0]["maximum"].is_number());
        assert!(raw.object.get("status").is_none() && raw.object["metadata"].get("managedFields").is_none());
        let gated = gate::admit(&raw.object);
        assert!(gated.problems.iter().all(|p| p.pointer.ends_with("maximum")), "{:?}", gated.problems);
    }

    #[test]
    fn numbers_survive_a_watch() {
        match serde_json::from_str(&format!(r#"{{"type":"ADDED","object":{OBJECT}}}"#)) {
            Ok(WatchEvent::<Raw>::Added(raw)) => is_whole(&raw),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_cannot_be_read_of_an_object_is_left_out_and_the_others_are_whole() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for odd in [&deep, r#"{"$serde_json::private::Number":"x"}"#, r#"{"$serde_json::private::RawValue":"{"}"#] {
            let odd = OBJECT.replace(r#""pattern":"Ambassador""#, &format!(r#""pattern":"Ambassador","x":{odd}"#));
            let text = format!(r#"{{"metadata":{{"resourceVersion":"9"}},"items":[{odd},{OBJECT}]}}"#);
            let list: ObjectList<Raw> = serde_json::from_str(&text).unwrap();
            is_whole(&list.items[1]);
            let Raw { object, status, meta, unreadable } = &list.items[0];
            assert!(unreadable.is_some() && object.get("spec").is_none(), "{object}");
            assert_eq!((meta.uid.as_deref(), meta.generation), (Some("u-1"), Some(3)));
            assert_eq!((&object["kind"], &status["observedGeneration"]), (&"ClusterCompanion".into(), &3.into()));
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
}
