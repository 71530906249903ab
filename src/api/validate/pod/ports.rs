//! Ports, which all containers of a Pod share.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::Value;

use crate::api::message::{Code, duplicate, duplicate_of, forbidden, invalid, not_found};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::Protocol;
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

fn containers(object: &CompanionObject, report: &mut Report) {
    let (mut taken, mut host) = (HashMap::new(), Vec::new());
    for each in object.containers() {
        let mut names = Vec::new();
        for (i, port) in each.container.ports.iter().enumerate() {
            let here = each.at.member("ports").item(i);
            if let Some(name) = &port.name {
                if !is_port_name(name) {
                    let message = "must be a port name: at most 15 lowercase letters, digits and single hyphens, with at least one letter";
                    report.error(&here.member("name"), invalid(message));
                } else if names.contains(&name) {
                    report.error(&here.member("name"), duplicate(name));
                }
                names.push(name);
            }
            if let Some(port) = port.host_port.filter(|_| !each.init).map(|number| (number, port.protocol)) {
                if host.contains(&port) {
                    report.error(&here.member("hostPort"), duplicate(port.0));
                }
                host.push(port);
            }
            // Init containers have ended when the others start to listen.
            let other = (!each.init).then(|| taken.insert((port.container_port, port.protocol), &each.container.name));
            if let Some(other) = other.flatten().filter(|other| **other != each.container.name) {
                let other =
                    format_args!("also declared by container {other}, and the containers of a Pod share one network");
                report.error(&here.member("containerPort"), duplicate_of(port.container_port, other));
            }
        }
    }
}

/// Ports of probes and hooks: a number in range, or the name of a port of the container.
fn actions(each: &ContainerAt, report: &mut Report) {
    let probes = ["livenessProbe", "readinessProbe", "startupProbe"].map(|probe| vec![probe]);
    let hooks = ["postStart", "preStop"].map(|hook| vec!["lifecycle", hook]);
    for (path, kind) in
        probes.into_iter().chain(hooks).flat_map(|p| ["httpGet", "tcpSocket", "grpc"].map(|k| (p.clone(), k)))
    {
        let mut here = (each.at.clone(), each.field(path[0]).unwrap_or(&Value::Null));
        here = (here.0.member(path[0]), here.1);
        for member in path[1..].iter().copied().chain([kind, "port"]) {
            here = (here.0.member(member), &here.1[member]);
        }
        let named = |name: &str| each.container.ports.iter().any(|p| p.name.as_deref() == Some(name));
        match &here.1 {
            Value::Number(number) if !number.as_u64().is_some_and(|n| (1..=65535).contains(&n)) => {
                report.error(&here.0, invalid("must be between 1 and 65535, inclusive"));
            }
            Value::String(name) if !named(name) => {
                report.error(&here.0, not_found(&each.at.member("ports").to_string(), name, None));
            }
            _ => {}
        }
    }
}

fn endpoints(object: &CompanionObject, report: &mut Report) {
    let endpoints = &object.spec.listens;
    for (i, endpoint) in endpoints.iter().enumerate() {
        let at = FieldPath::spec("listens").item(i);
        let same = |e: &&crate::api::v1alpha1::Endpoint| (e.port, e.protocol) == (endpoint.port, endpoint.protocol);
        if let Some(other) = endpoints[..i].iter().find(same) {
            let other = format_args!("also the port of endpoint {}", other.name);
            report.error(&at.member("port"), duplicate_of(endpoint.port, other));
        }
    }
}

fn inputs(object: &CompanionObject, report: &mut Report) {
    for (i, input) in object.spec.reads.iter().enumerate() {
        let at = FieldPath::spec("reads").item(i);
        match (&input.shared_volume, input.port) {
            (Some(_), None) | (None, Some(_)) => {}
            _ => report.error(&at, invalid("must have exactly one of sharedVolume and port")),
        }
        if let Some(name) = &input.shared_volume {
            let shared = || object.spec.shared_volumes.iter();
            match shared().find(|v| v.name == *name) {
                None => {
                    let nearest = report.suggest(name, shared().map(|v| v.name.as_str()));
                    report.error(&at.member("sharedVolume"), not_found("spec.sharedVolumes", name, nearest));
                }
                Some(volume) if volume.app.read_only => {
                    let message =
                        format_args!("the app cannot write to shared volume {name}; remove readOnly from its app side");
                    report.error(&at.member("sharedVolume"), forbidden(message));
                }
                Some(_) => {}
            }
        }
        let Some(port) = input.port else { continue };
        let of_container = |c: &crate::api::v1alpha1::Container| {
            c.ports.iter().any(|p| p.container_port == port && p.protocol == Protocol::Tcp)
        };
        let own = object.spec.containers.iter().any(of_container)
            || object.spec.listens.iter().any(|e| e.port == port && e.protocol == Protocol::Tcp)
            || object.spec.exposes.as_ref().is_some_and(|e| e.port == port);
        if own {
            let message = "the companion itself uses this port, so the app cannot listen on it; change one of the two";
            report.error(&at.member("port"), forbidden(message));
        }
    }
}

fn exposes(object: &CompanionObject, report: &mut Report) {
    let Some(exposes) = &object.spec.exposes else { return };
    let at = FieldPath::spec("exposes");
    let declared = object.spec.containers.iter().flat_map(|c| &c.ports);
    let declared = declared.into_iter().find(|p| p.container_port == exposes.port && p.protocol == Protocol::Tcp);
    if let Some(port) = declared {
        if port.name.as_ref().is_none_or(|name| !name.starts_with("metrics")) {
            let message = "a container declares this port under a name that does not start with metrics, so that scrape jobs that select by port name miss it; rename the container port to metrics";
            report.warn(&at.member("port"), Code::Discouraged.because(message));
        }
    } else if object
        .spec
        .containers
        .first()
        .is_some_and(|c| c.ports.iter().any(|p| p.name.as_ref() == Some(&exposes.name)))
    {
        let other = "another port of the first container has this name";
        report.error(&at.member("name"), duplicate_of(&exposes.name, other));
    }
    for key in object.spec.pod_annotations.keys().filter(|key| key.starts_with("prometheus.io/")) {
        let message = "spec.exposes sets this annotation; remove one of the two";
        report.error(&FieldPath::spec("podAnnotations").member(key), forbidden(message));
    }
}
