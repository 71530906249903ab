//! Containers of generated workloads.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::resources::of_container;
use super::volume::{device, mount};
use crate::support::generate::object;

/// Ports of companions, and others. No two containers of a Pod declare the same one: the API server would deny such Pods on
/// the host's network.
const PROBED: [u16; 5] = [80, 6379, 6380, 8080, 9113];

/// An app container that declares some of these ports.
pub fn container(name: &'static str, ports: &'static [u16]) -> impl Strategy<Value = Value> {
    let parts = (
        prop::sample::subsequence(ports, 0..=ports.len())
            .prop_flat_map(|some| some.into_iter().map(port).collect::<Vec<_>>()),
        vec(mount(), 0..3),
        weighted(0.2, device()),
        environment(),
        weighted(0.4, of_container()),
        weighted(0.3, probe()),
        weighted(0.2, pre_stop()),
    );
    parts.prop_map(move |(ports, mounts, device, (env, env_from), resources, probe, pre_stop)| {
        let mounts = distinct(mounts);
        let device = device.filter(|device| mounts.iter().all(|mount| mount["mountPath"] != device["devicePath"]));
        object([
            ("name", Some(name.into())),
            ("image", Some("registry.example/app:v1".into())),
            ("ports", list(ports)),
            ("env", list(env)),
            ("envFrom", env_from),
            ("resources", resources),
            ("volumeMounts", list(mounts)),
            ("volumeDevices", device.map(|device| json!([device]))),
            ("readinessProbe", probe),
            ("lifecycle", pre_stop.map(|handler| json!({"preStop": handler}))),
        ])
    })
}

/// A plain init container.
pub fn init_container() -> impl Strategy<Value = Value> {
    container("setup", &[9100, 9131]).prop_map(|mut container| {
        let members = container.as_object_mut().expect("an object");
        members.retain(|field, _| !matches!(&**field, "readinessProbe" | "lifecycle"));
        container
    })
}

/// A native sidecar of the app.
pub fn native_sidecar() -> impl Strategy<Value = Value> {
    container("mesh", &[6379, 15001]).prop_map(|mut container| {
        container["restartPolicy"] = "Always".into();
        container
    })
}

fn port(number: u16) -> impl Strategy<Value = Value> {
    let host = prop::bool::weighted(0.1);
    (host, weighted(0.15, select(vec!["UDP", "TCP"]))).prop_map(move |(host, protocol)| {
        object([
            ("containerPort", Some(number.into())),
            ("hostPort", host.then_some(number.into())),
            ("protocol", protocol.map(Into::into)),
        ])
    })
}

fn environment() -> impl Strategy<Value = (Vec<Value>, Option<Value>)> {
    let names = prop::sample::subsequence(&["MODE", "CACHE_HOST", "BESIDE", "OTHER"][..], 0..=2);
    let names = prop_oneof![1 => Just(vec![]), 1 => names];
    let variables = names.prop_map(|names| names.into_iter().map(|name| json!({"name": name, "value": "x"})).collect());
    let optional = json!([{"configMapRef": {"name": "settings", "optional": true}}]);
    (variables, weighted(0.15, Just(optional)))
}

/// A probe by number, by the name of a port, of another host, or without a port.
fn probe() -> impl Strategy<Value = Value> {
    (select(&PROBED[..]), weighted(0.3, select(vec!["other.example", ""])), 0..5).prop_map(|(port, host, kind)| {
        let with_host = |more: Value| {
            let mut action = more;
            if let Some(host) = host {
                action["host"] = host.into();
            }
            action
        };
        match kind {
            0 | 1 => json!({"httpGet": with_host(json!({"port": port, "path": "/"}))}),
            2 => json!({"tcpSocket": with_host(json!({"port": port}))}),
            3 => json!({"grpc": {"port": port}}),
            _ => json!({"exec": {"command": ["true"]}}),
        }
    })
}

fn pre_stop() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"exec": {"command": ["true"]}}),
        json!({"sleep": {"seconds": 1}}),
        json!({"httpGet": {"port": 6379, "path": "/stop"}}),
        json!({"httpGet": {"port": 6379, "path": "/stop", "host": "other.example"}}),
    ])
}

/// The first mount of each path.
fn distinct(mounts: Vec<Value>) -> Vec<Value> {
    let mut seen = std::collections::HashSet::new();
    mounts.into_iter().filter(|mount| seen.insert(mount["mountPath"].to_string())).collect()
}

fn list(items: Vec<Value>) -> Option<Value> {
    (!items.is_empty()).then(|| items.into())
}
