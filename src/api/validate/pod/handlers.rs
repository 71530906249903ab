//! Probes and lifecycle hooks of a container, each with its field path.

pub(in crate::api) mod actions;
pub(in crate::api) mod loopback;

use serde_json::Value;

use crate::api::object::ContainerAt;
use crate::api::path::FieldPath;

pub(in crate::api) const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// One action of a probe or a hook that connects to a port.
pub(in crate::api) struct Handler<'o> {
    /// The field of the action, such as `spec.containers[0].livenessProbe.httpGet`.
    pub(in crate::api) at: FieldPath,
    /// The kind of the action: `httpGet`, `tcpSocket` or `grpc`.
    pub(in crate::api) kind: &'static str,
    pub(in crate::api) action: &'o Value,
}

/// All actions of probes and of hooks that connect to a port.
pub(in crate::api) fn handlers<'o>(each: &ContainerAt<'o>) -> impl Iterator<Item = Handler<'o>> {
    let lifecycle = (each.at.member("lifecycle"), each.field("lifecycle"));
    let hooks = ["postStart", "preStop"].map(|hook| (lifecycle.0.member(hook), lifecycle.1.map(|hooks| &hooks[hook])));
    probes(each).chain(hooks.into_iter().flat_map(|(at, hook)| actions(at, hook)))
}

/// The actions of probes that connect to a port.
pub(in crate::api) fn probes<'o>(each: &ContainerAt<'o>) -> impl Iterator<Item = Handler<'o>> {
    PROBES
        .map(|probe| (each.at.member(probe), each.field(probe)))
        .into_iter()
        .flat_map(|(at, probe)| actions(at, probe))
}

fn actions(at: FieldPath, handler: Option<&Value>) -> impl Iterator<Item = Handler<'_>> {
    ["httpGet", "tcpSocket", "grpc"].into_iter().filter_map(move |kind| {
        let action = handler?.get(kind).filter(|action| !action.is_null())?;
        Some(Handler { at: at.member(kind), kind, action })
    })
}
