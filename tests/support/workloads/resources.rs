//! Resources of containers, and Pod-level resources that have room for companions or not.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// `resources` of a container.
pub fn of_container() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"requests": {"cpu": "100m", "memory": "48Mi"}}),
        json!({"requests": {"cpu": "50m"}, "limits": {"memory": "64Mi"}}),
        json!({"limits": {"cpu": "100m", "memory": "48Mi"}}),
    ])
}

/// `spec.resources`: what the containers of the template need, and this much more.
#[derive(Debug, Clone)]
pub struct PodResources {
    /// `requests`, `limits` or both.
    fields: &'static [&'static str],
    /// Millicores.
    cpu: Option<u32>,
    /// Mi.
    memory: Option<u32>,
}

pub fn resources() -> impl Strategy<Value = PodResources> {
    let fields = select(vec![&["requests"][..], &["limits"], &["requests", "limits"]]);
    let more = |few: Vec<u32>| prop::option::weighted(0.7, select(few));
    (fields, more(vec![0, 10, 35, 130, 2000]), more(vec![0, 8, 30, 100, 2000]))
        .prop_map(|(fields, cpu, memory)| PodResources { fields, cpu, memory })
}

impl PodResources {
    pub fn around(&self, spec: &Value) -> Value {
        let mut amounts = json!({});
        for (resource, more, unit, least) in [("cpu", self.cpu, "m", 10), ("memory", self.memory, "Mi", 8)] {
            if let Some(more) = more {
                // The API server wants more than zero.
                amounts[resource] = format!("{}{unit}", (needed(spec, resource) + more).max(least)).into();
            }
        }
        self.fields.iter().map(|field| ((*field).to_owned(), amounts.clone())).collect::<serde_json::Map<_, _>>().into()
    }
}

/// The sum over the containers and native sidecars, or what a plain init container needs if that is more.
fn needed(spec: &Value, resource: &str) -> u32 {
    let of = |list: &str, name: Option<&str>| -> u32 {
        let containers = spec[list].as_array().into_iter().flatten();
        let containers = containers.filter(|container| name.is_none_or(|name| container["name"] == name));
        containers.map(|container| amount(&container["resources"], resource)).sum()
    };
    let long_running = of("containers", None) + of("initContainers", Some("mesh"));
    long_running.max(of("initContainers", Some("setup")))
}

/// A request, which is the limit where there is only one.
fn amount(resources: &Value, resource: &str) -> u32 {
    let text = resources["requests"][resource].as_str().or(resources["limits"][resource].as_str()).unwrap_or("0");
    text.trim_end_matches(|c: char| c.is_alphabetic()).parse().expect("a whole number and a unit")
}
