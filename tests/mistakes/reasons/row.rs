//! A row of the table of reasons.

use serde_json::{Value, json};

use super::door::Door;
use super::templates::pod_that_requests;

/// What produces a reason. `NAME` stands for the name of the row's companion.
pub struct ReasonRow {
    /// A part of the reason's sentence.
    pub sentence: String,
    pub place: Place,
    /// Metadata of the namespace.
    pub namespace: Value,
    pub companions: Vec<Value>,
    /// The kind of the workload that is created.
    pub kind: &'static str,
    /// Metadata and specification of its Pods.
    pub template: Value,
    without: Vec<(Door, &'static str)>,
}

/// Where the workload is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a namespace of its own.
    Own,
    Namespace(&'static str),
    /// No user can produce the reason.
    Nowhere,
}

/// Why a reason that is information only is not a warning.
pub const INFORMATION: &str = "it is information: nothing is wrong";
/// Why a remark is no event.
pub const REMARK: &str =
    "events report companions that are skipped and Pods that are denied; this Pod gets its companion, or wants none";

impl ReasonRow {
    /// A ReplicaSet whose Pods request a companion with one container.
    pub fn new(sentence: &str) -> Self {
        ReasonRow {
            sentence: sentence.to_owned(),
            place: Place::Own,
            namespace: json!({}),
            companions: vec![companion("NAME")],
            kind: "ReplicaSet",
            template: pod_that_requests("NAME"),
            without: Vec::new(),
        }
    }

    /// The same for a remark of a Pod that is admitted.
    pub fn remark(sentence: &str) -> Self {
        ReasonRow::new(sentence).without(&[Door::Event], REMARK)
    }

    /// A reason that no user can produce.
    pub fn nowhere(why: &'static str) -> Self {
        let mut row = ReasonRow::new("").without(&Door::ALL, why);
        row.place = Place::Nowhere;
        row.companions.clear();
        row
    }

    /// Merges fields into the spec of the companion (RFC 7396).
    pub fn spec(mut self, fields: Value) -> Self {
        json_patch::merge(&mut self.companions[0]["spec"], &fields);
        self
    }

    /// Merges fields into the specification of the Pods.
    pub fn pod(mut self, fields: Value) -> Self {
        json_patch::merge(&mut self.template["spec"], &fields);
        self
    }

    /// Merges fields into the app container.
    pub fn container(mut self, fields: Value) -> Self {
        json_patch::merge(&mut self.template["spec"]["containers"][0], &fields);
        self
    }

    /// Sets annotations of the Pods; null removes one.
    pub fn annotations(mut self, annotations: Value) -> Self {
        json_patch::merge(&mut self.template["metadata"]["annotations"], &annotations);
        self
    }

    pub fn labels(mut self, labels: Value) -> Self {
        json_patch::merge(&mut self.template["metadata"]["labels"], &labels);
        self
    }

    /// Metadata of the namespace.
    pub fn in_namespace(mut self, metadata: Value) -> Self {
        self.namespace = metadata;
        self
    }

    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// Adds a companion.
    pub fn and(mut self, companion: Value) -> Self {
        self.companions.push(companion);
        self
    }

    /// The Pods have a status that lists the companion, as an earlier review or the command line wrote it.
    pub fn listed(self, more: &str) -> Self {
        let status = format!(
            r#"{{"NAME":{{"kind":"ClusterCompanion","hash":"0123456789abcdef","initContainers":["NAME"]{more}}}}}"#
        );
        self.annotations(json!({"podgraft.dev/status": status}))
    }

    /// The Pods have the companion's container.
    pub fn present(self) -> Self {
        let container = json!({"name": "NAME", "image": "registry.example/companion:1", "restartPolicy": "Always"});
        self.pod(json!({"initContainers": [container], "automountServiceAccountToken": false}))
    }

    /// The reason is not found at these doors.
    pub fn without(mut self, doors: &[Door], why: &'static str) -> Self {
        self.without.extend(doors.iter().map(|door| (*door, why)));
        self
    }

    /// The reason is found at these doors only.
    pub fn only(self, doors: &[Door], why: &'static str) -> Self {
        let others: Vec<Door> = Door::ALL.into_iter().filter(|door| !doors.contains(door)).collect();
        self.without(&others, why)
    }

    /// Why the reason is not found at a door.
    pub fn why_not(&self, door: Door) -> Option<&'static str> {
        self.without.iter().find_map(|(other, why)| (*other == door).then_some(*why))
    }

    /// The sentences that say why, each with its doors.
    pub fn sentences(&self) -> Vec<(&'static str, String)> {
        let mut all: Vec<(&str, Vec<String>)> = Vec::new();
        for (door, why) in &self.without {
            match all.iter_mut().find(|(other, _)| other == why) {
                Some((_, doors)) => doors.push(door.to_string()),
                None => all.push((why, vec![door.to_string()])),
            }
        }
        all.into_iter().map(|(why, doors)| (why, doors.join(", "))).collect()
    }

    /// The row with a name for its companion.
    pub fn named(mut self, label: &str) -> Self {
        let name = format!("r-{}", label.to_lowercase());
        let name = |value: &mut Value| {
            *value = serde_json::from_str(&value.to_string().replace("NAME", &name)).expect("JSON");
        };
        self.companions.iter_mut().for_each(&name);
        [&mut self.template, &mut self.namespace].into_iter().for_each(&name);
        self.sentence = self.sentence.replace("NAME", &format!("r-{}", label.to_lowercase()));
        self
    }
}

/// A companion with one container that has its name.
pub fn companion(name: &str) -> Value {
    json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": "ClusterCompanion",
        "metadata": {"name": name},
        "spec": {
            "pattern": "Sidecar",
            "serviceAccountToken": true,
            "containers": [{"name": name, "image": "registry.example/companion:1"}],
        },
    })
}
