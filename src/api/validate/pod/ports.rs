//! Ports: all containers of a Pod share them.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::Value;

use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::Protocol;
use crate::inject::names::is_port_name;

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    containers(object, found);
    for each in object.containers() {
        actions(&each, found);
    }
    endpoints(object, found);
    inputs(object, found);
    exposes(object, found);
}

fn containers(object: &CompanionObject, found: &mut Report) {
    let (mut taken, mut host) = (HashMap::new(), Vec::new());
    for each in object.containers() {
        let mut names = Vec::new();
        for (i, port) in each.container.ports.iter().enumerate() {
            let here = each.at.member("ports").item(i);
            if let Some(name) = &port.name {
                if !is_port_name(name) {
                    let message =
                        "must be a port's name: at most 15 lower-case letters, digits and single hyphens, and a letter";
                    found.error(&here.member("name"), message);
                } else if names.contains(&name) {
                    found.error(&here.member("name"), format!("is there twice: {name}"));
                }
                names.push(name);
            }
            if let Some(port) = port.host_port.filter(|_| !each.init).map(|number| (number, port.protocol)) {
                if host.contains(&port) {
                    found.error(&here.member("hostPort"), "is declared twice; move one of them");
                }
                host.push(port);
            }
            // Containers that run to their end are gone when the others listen.
            let other = (!each.init).then(|| taken.insert((port.container_port, port.protocol), &each.container.name));
            if let Some(other) = other.flatten().filter(|other| **other != each.container.name) {
                let message = format!(
                    "is declared by container {other}, too, and containers of a Pod share one network; move one of them"
                );
                found.error(&here.member("containerPort"), message);
            }
        }
    }
}

/// Ports that probes and hooks call: a number in range, or a name that the container declares.
fn actions(each: &ContainerAt, found: &mut Report) {
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
                found.error(&here.0, "must be from 1 to 65535");
            }
            Value::String(name) if !named(name) => {
                found.error(&here.0, "is no name of a port of this container; name one of ports, or give the number");
            }
            _ => {}
        }
    }
}

fn endpoints(object: &CompanionObject, found: &mut Report) {
    let endpoints = &object.spec.listens;
    for (i, endpoint) in endpoints.iter().enumerate() {
        let at = FieldPath::spec("listens").item(i);
        let same = |e: &&crate::api::v1alpha1::Endpoint| (e.port, e.protocol) == (endpoint.port, endpoint.protocol);
        if let Some(other) = endpoints[..i].iter().find(same) {
            let message = format!("is the port of endpoint {}, too; move one of them", other.name);
            found.error(&at.member("port"), message);
        }
    }
}

fn inputs(object: &CompanionObject, found: &mut Report) {
    for (i, input) in object.spec.reads.iter().enumerate() {
        let at = FieldPath::spec("reads").item(i);
        match (&input.shared_volume, input.port) {
            (Some(_), None) | (None, Some(_)) => {}
            _ => found.error(&at, "must have exactly one of sharedVolume and port"),
        }
        if let Some(name) = &input.shared_volume {
            let shared = || object.spec.shared_volumes.iter();
            match shared().find(|v| v.name == *name) {
                None => {
                    let nearest = found.suggest(name, shared().map(|v| v.name.as_str()));
                    let mending =
                        nearest.map_or_else(|| "declare it there".to_owned(), |n| format!("did you mean {n}?"));
                    found.error(&at.member("sharedVolume"), format!("is none of sharedVolumes; {mending}"));
                }
                Some(volume) if volume.app.read_only => {
                    let message =
                        format!("the app cannot write there: take readOnly off the app's side of shared volume {name}");
                    found.error(&at.member("sharedVolume"), message);
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
            found.error(
                &at.member("port"),
                "is a port of the companion itself: the app could not listen there; move one of them",
            );
        }
    }
}

fn exposes(object: &CompanionObject, found: &mut Report) {
    let Some(exposes) = &object.spec.exposes else { return };
    let at = FieldPath::spec("exposes");
    let declared = object.spec.containers.iter().flat_map(|c| &c.ports);
    let declared = declared.into_iter().find(|p| p.container_port == exposes.port && p.protocol == Protocol::Tcp);
    if let Some(port) = declared {
        if port.name.as_ref().is_none_or(|name| !name.starts_with("metrics")) {
            let message = "a container declares this port under a name that does not start with metrics, so a scrape job by port name misses it; call it metrics there";
            found.warn(&at.member("port"), message);
        }
    } else if object
        .spec
        .containers
        .first()
        .is_some_and(|c| c.ports.iter().any(|p| p.name.as_ref() == Some(&exposes.name)))
    {
        let message = format!(
            "the first container has another port of that name; give it number {} there, or another name here",
            exposes.port
        );
        found.error(&at.member("name"), message);
    }
    for key in object.spec.pod_annotations.keys().filter(|key| key.starts_with("prometheus.io/")) {
        found.error(&FieldPath::spec("podAnnotations").member(key), "is set by exposes; remove one of the two");
    }
}
