//! Ports, which all containers of a Pod share.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::api::derived::declared_port;
use crate::api::message::{Code, duplicate, duplicate_of, forbidden, invalid, not_found};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots::{endpoint_at, mover};
use crate::api::v1alpha1::{Container, ContainerPort, Endpoint, Exposes, HostNetwork, Protocol, Spec};
use crate::api::validate::pod::handlers::handlers;
use crate::inject::names::is_port_name;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    containers(object, report);
    for each in object.containers() {
        actions(&each, report);
    }
    endpoints(object, report);
    inputs(object, report);
    exposes(object, report);
}

/// The ports that earlier containers use.
#[derive(Default)]
struct UsedPorts<'o> {
    /// Each with the name of the container that declares it.
    declared: HashMap<(u16, Protocol), &'o str>,
    on_host: HashSet<(u16, Protocol)>,
}

fn containers(object: &CompanionObject, report: &mut Report) {
    let mut used = UsedPorts::default();
    for each in object.containers() {
        let mut names = HashSet::new();
        for (i, port) in each.container.ports.iter().enumerate() {
            let at = each.at.member("ports").item(i);
            if let Some(name) = &port.name {
                port_name(name, &mut names, &at.member("name"), report);
            }
            host_port(&object.spec, port, &at, report);
            // Init containers have ended when the others start to listen.
            if !each.list.is_init() {
                used.claim(&each.container.name, port, &at, report);
            }
        }
    }
}

fn port_name<'o>(name: &'o str, earlier: &mut HashSet<&'o str>, at: &FieldPath, report: &mut Report) {
    let is_new = earlier.insert(name);
    if !is_port_name(name) {
        let message =
            "must be a port name: at most 15 lowercase letters, digits and single hyphens, with at least one letter";
        report.error(at, invalid(message));
    } else if !is_new {
        report.error(at, duplicate(name));
    }
}

/// On the node's network the API server requires that both ports of a container are equal.
fn host_port(spec: &Spec, port: &ContainerPort, at: &FieldPath, report: &mut Report) {
    let Some(host) = port.host_port.filter(|_| spec.host_network == HostNetwork::Allow) else { return };
    let endpoint = endpoint_at(spec, port.container_port, port.protocol);
    let moved = endpoint.and_then(|e| spec.listens.get(e.place())).is_some_and(|e| mover(spec, &e.name).is_some());
    if host != port.container_port || moved {
        let message =
            "must equal containerPort in Pods with hostNetwork, which spec.hostNetwork allows; remove hostPort";
        report.error(&at.member("hostPort"), invalid(message));
    }
}

impl<'o> UsedPorts<'o> {
    fn claim(&mut self, container: &'o str, port: &ContainerPort, at: &FieldPath, report: &mut Report) {
        if let Some(number) = port.host_port
            && !self.on_host.insert((number, port.protocol))
        {
            report.error(&at.member("hostPort"), duplicate(number));
        }
        let other = self.declared.insert((port.container_port, port.protocol), container);
        // The schema reports ports that one container declares twice.
        if let Some(other) = other.filter(|other| *other != container) {
            let other =
                format_args!("also declared by container {other}, and the containers of a Pod share one network");
            report.error(&at.member("containerPort"), duplicate_of(port.container_port, other));
        }
    }
}

/// Ports of probes and hooks: a number in range, or the name of a port of the container.
fn actions(each: &ContainerAt, report: &mut Report) {
    for handler in handlers(each) {
        port_of_action(each, &handler.action["port"], &handler.at.member("port"), report);
    }
}

fn port_of_action(each: &ContainerAt, port: &Value, at: &FieldPath, report: &mut Report) {
    let is_declared = |name: &str| each.container.ports.iter().any(|p| p.name.as_deref() == Some(name));
    match port {
        Value::Number(number) if !number.as_u64().is_some_and(|n| (1..=65535).contains(&n)) => {
            report.error(at, invalid("must be between 1 and 65535, inclusive"));
        }
        Value::String(name) if !is_declared(name) => {
            let list = each.at.member("ports").to_string();
            report.error(at, not_found(&list, name, None));
        }
        _ => {}
    }
}

fn endpoints(object: &CompanionObject, report: &mut Report) {
    let endpoints = &object.spec.listens;
    for (i, endpoint) in endpoints.iter().enumerate() {
        let at = FieldPath::spec("listens").item(i);
        let same = |e: &&Endpoint| (e.port, e.protocol) == (endpoint.port, endpoint.protocol);
        if let Some(other) = endpoints[..i].iter().find(same) {
            let other = format_args!("also the port of endpoint {}", other.name);
            report.error(&at.member("port"), duplicate_of(endpoint.port, other));
        }
    }
}

fn inputs(object: &CompanionObject, report: &mut Report) {
    for (i, input) in object.spec.reads.iter().enumerate() {
        let at = FieldPath::spec("reads").item(i);
        if input.shared_volume.is_some() == input.port.is_some() {
            report.error(&at, invalid("must have exactly one of sharedVolume and port"));
        }
        if let Some(name) = &input.shared_volume {
            input_volume(object, name, &at.member("sharedVolume"), report);
        }
        if input.port.is_some_and(|port| is_own_port(object, port)) {
            let message = "the companion itself uses this port, so the app cannot listen on it; change one of the two";
            report.error(&at.member("port"), forbidden(message));
        }
    }
}

fn input_volume(object: &CompanionObject, name: &str, at: &FieldPath, report: &mut Report) {
    let volumes = || object.spec.shared_volumes.iter();
    match volumes().find(|volume| volume.name == name) {
        None => {
            let nearest = report.suggest(name, volumes().map(|volume| volume.name.as_str()));
            report.error(at, not_found("spec.sharedVolumes", name, nearest));
        }
        Some(volume) if volume.app.read_only => {
            let message =
                format_args!("the app cannot write to shared volume {name}; remove readOnly from its app side");
            report.error(at, forbidden(message));
        }
        Some(_) => {}
    }
}

/// Whether the companion listens on a TCP port.
fn is_own_port(object: &CompanionObject, port: u16) -> bool {
    let spec = &object.spec;
    declared_port(spec, port).is_some()
        || spec.listens.iter().any(|endpoint| (endpoint.port, endpoint.protocol) == (port, Protocol::Tcp))
        || spec.exposes.as_ref().is_some_and(|exposes| exposes.port == port)
}

fn exposes(object: &CompanionObject, report: &mut Report) {
    let Some(exposes) = &object.spec.exposes else { return };
    let at = FieldPath::spec("exposes");
    match declared_port(&object.spec, exposes.port) {
        Some(port) if port.name.as_ref().is_none_or(|name| !name.starts_with("metrics")) => {
            let message = "a container declares this port under a name that does not start with metrics, so scrape jobs that select by port name miss this port; rename the container port to metrics";
            report.warn(&at.member("port"), Code::Discouraged.because(message));
        }
        None if object.spec.containers.first().is_some_and(|first| has_port_named(first, exposes)) => {
            let other = "another port of the first container has this name";
            report.error(&at.member("name"), duplicate_of(&exposes.name, other));
        }
        _ => {}
    }
    for key in object.spec.pod_annotations.keys().filter(|key| key.starts_with("prometheus.io/")) {
        let message = "spec.exposes sets this annotation; remove one of the two";
        report.error(&FieldPath::spec("podAnnotations").member(key), forbidden(message));
    }
}

fn has_port_named(container: &Container, exposes: &Exposes) -> bool {
    container.ports.iter().any(|port| port.name.as_ref() == Some(&exposes.name))
}
