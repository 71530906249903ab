//! Bindings: each parameter fills exactly one slot of its type.

use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots::{side, target};
use crate::api::v1alpha1::{Bound, Endpoint, Parameter, ParameterType, Protocol};
use crate::api::validate::pod::containers;
use crate::inject::companion::quantity::Quantity;

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    for (i, parameter) in object.spec.parameters.iter().enumerate() {
        let at = FieldPath::spec("parameters").item(i);
        if !found.has_schema_error(&at.member("type")) {
            fills(parameter, &at, found);
        }
        let earlier = &object.spec.parameters[..i];
        mount_path(object, parameter, earlier, &at.member("mountPath"), found);
        listens(object, parameter, earlier, &at.member("listens"), found);
        resource(object, parameter, earlier, &at.member("resource"), found);
    }
}

fn fills(parameter: &Parameter, at: &FieldPath, found: &mut Report) {
    let slots = [
        ("env", parameter.env.is_some(), true, ""),
        ("mountPath", parameter.mount_path.is_some(), parameter.kind == ParameterType::Path, "Path"),
        ("resource", parameter.resource.is_some(), parameter.kind == ParameterType::Quantity, "Quantity"),
        ("listens", parameter.listens.is_some(), parameter.kind == ParameterType::Port, "Port"),
    ];
    for (slot, _, _, kind) in slots.iter().filter(|(_, there, right, _)| *there && !right) {
        found.error(&at.member(slot), format!("is a slot for type {kind} only; use env, or make the type {kind}"));
    }
    // A slot that is there in the wrong shape is there, and one that is misspelt was told.
    let filled = slots.iter().filter(|(slot, there, ..)| *there || found.has_schema_error(&at.member(slot))).count();
    let port = parameter.kind == ParameterType::Port && parameter.env.is_some() && parameter.listens.is_some();
    if filled == 0 && !found.any_within(at) {
        found.error(at, "fills no slot; give it one of env, mountPath, resource and listens");
    } else if filled > 1 + usize::from(port) {
        found.error(
            at,
            "fills more than one of env, mountPath, resource and listens; only a Port may fill env and listens",
        );
    }
}

fn mount_path(
    object: &CompanionObject,
    parameter: &Parameter,
    earlier: &[Parameter],
    at: &FieldPath,
    found: &mut Report,
) {
    let Some((slot, (name, companion))) = parameter.mount_path.as_deref().and_then(|s| Some((s, side(s)?))) else {
        return;
    };
    let names = || object.spec.shared_volumes.iter().map(|v| v.name.as_str());
    if !names().any(|n| n == name) {
        let nearest = found.suggest(name, names()).map(|n| format!("did you mean {n}?"));
        let mending = nearest.unwrap_or_else(|| "declare it there".to_owned());
        found.error(at, format!("{name} is none of sharedVolumes; {mending}"));
    }
    if companion && parameter.below.is_none() {
        let message = "a path on the companion's side needs below: the directory that it must stay in";
        found.error(at, message);
    }
    doubled(earlier, |p| p.mount_path.as_deref() == Some(slot), at, found);
}

fn listens(object: &CompanionObject, parameter: &Parameter, earlier: &[Parameter], at: &FieldPath, found: &mut Report) {
    let Some(name) = parameter.listens.as_deref() else { return };
    match object.spec.listens.iter().find(|e| e.name == name) {
        None => {
            let nearest = found.suggest(name, object.spec.listens.iter().map(|e| e.name.as_str()));
            let mending = nearest.map_or_else(|| "declare it there".to_owned(), |n| format!("did you mean {n}?"));
            found.error(at, format!("{name} is none of listens; {mending}"));
        }
        Some(endpoint) if endpoint.env.as_ref().is_none_or(|env| env.port.is_none()) => {
            let message = format!("endpoint {name} has no env.port, so nobody would learn where it moved; give it one");
            found.error(at, message);
        }
        Some(endpoint) => {
            let default = parameter.default.as_deref().and_then(|text| text.parse().ok());
            if default.is_some_and(|port: u16| taken(object, endpoint, port)) {
                let at = FieldPath::spec("parameters").item(earlier.len()).member("default");
                found.warn(&at, "is another port of the companion itself; move one of them");
            }
        }
    }
    doubled(earlier, |p| p.listens.as_deref() == Some(name), at, found);
}

/// Whether an endpoint cannot move to a port, for something else of the companion listens there.
fn taken(object: &CompanionObject, endpoint: &Endpoint, port: u16) -> bool {
    let spec = &object.spec;
    let of_endpoint = |port: &(u16, Protocol)| spec.listens.iter().any(|e| (e.port, e.protocol) == *port);
    let unmoved = |e: &Endpoint| {
        let mover = spec.parameters.iter().find(|p| p.listens.as_ref() == Some(&e.name));
        (mover.and_then(|p| p.default.as_deref()?.parse().ok()).unwrap_or(e.port), e.protocol)
    };
    let declared = spec.containers.iter().flat_map(|c| &c.ports).map(|p| (p.container_port, p.protocol));
    let exposed = spec.exposes.as_ref().map(|e| (e.port, Protocol::Tcp));
    let others = spec.listens.iter().filter(|e| e.name != endpoint.name).map(unmoved);
    let mut all = declared.chain(exposed).filter(|port| !of_endpoint(port)).chain(others);
    all.any(|other| other == (port, endpoint.protocol))
}

fn resource(
    object: &CompanionObject,
    parameter: &Parameter,
    earlier: &[Parameter],
    at: &FieldPath,
    found: &mut Report,
) {
    let Some((slot, (name, list, resource))) = parameter.resource.as_deref().and_then(|s| Some((s, target(s)?))) else {
        return;
    };
    doubled(earlier, |p| p.resource.as_deref() == Some(slot), at, found);
    if containers::position(object, name).is_none() {
        let nearest = found.suggest(name, object.containers().map(|each| each.container.name.as_str()));
        let mending = nearest.map_or_else(|| "name one of them".to_owned(), |n| format!("did you mean {n}?"));
        found.error(at, format!("{name} is none of containers and initContainers; {mending}"));
        return;
    }
    let other = if list == "limits" { "requests" } else { "limits" };
    let Some(fixed) = declared(object, name, other, resource) else { return };
    if object.spec.parameters.iter().any(|p| p.resource.as_deref().and_then(target) == Some((name, other, resource))) {
        return; // Both are the users' to set.
    }
    let amount = |bound: &Option<Bound>| match bound.as_ref()? {
        Bound::Number(number) => Quantity::parse(&number.to_string()),
        Bound::Text(text) => Quantity::parse(text),
    };
    let default = parameter.default.as_deref().and_then(Quantity::parse);
    let parent = |name: &str| FieldPath::spec("parameters").item(earlier.len()).member(name);
    let (bound, name, crosses): (_, _, fn(&Quantity, &Quantity) -> bool) = match list {
        "limits" => (amount(&parameter.minimum), "minimum", |limit, request| limit < request),
        _ => (amount(&parameter.maximum), "maximum", |request, limit| request > limit),
    };
    if default.as_ref().is_some_and(|d| crosses(d, &fixed)) {
        let message = format!(
            "does not fit the {other} of {}, which the API server refuses; a request is at most the limit",
            fixed.as_str()
        );
        found.error(&parent("default"), message);
    } else if bound.as_ref().is_none_or(|b| crosses(b, &fixed)) {
        let message = format!(
            "without a {name} that fits the {other} of {}, a value can be refused by the API server; a request is at most the limit",
            fixed.as_str()
        );
        found.warn(at, message);
    }
}

fn declared(object: &CompanionObject, container: &str, list: &str, resource: &str) -> Option<Quantity> {
    let each = object.containers().find(|each| each.container.name == container)?;
    containers::quantity(&each.raw.get("resources")?[list][resource])
}

fn doubled(earlier: &[Parameter], same: impl Fn(&&Parameter) -> bool, at: &FieldPath, found: &mut Report) {
    if let Some(other) = earlier.iter().find(same) {
        found.error(at, format!("is filled by parameter {}, too; remove one of them", other.name));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, companion, silent, warns, with};

    fn told(parameter: Value, expect: &[&str]) {
        let expect: Vec<_> = expect.iter().map(|e| format!("spec.parameters[4]{e}")).collect();
        check(companion("/spec/parameters/4", parameter), &expect.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn a_parameter_fills_exactly_one_slot_of_its_type() {
        told(json!({"name": "a", "type": "String"}), &[": fills no slot"]);
        told(
            json!({"name": "a", "type": "Path", "env": "A", "mountPath": "content/companion", "below": "/git"}),
            &[": fills more than one"],
        );
        told(
            json!({"name": "a", "type": "String", "mountPath": "content/companion", "below": "/git"}),
            &[".mountPath: is a slot for type Path only", ".below: belongs to type Path"],
        );
        told(
            json!({"name": "a", "type": "Integer", "resource": "git-sync/limits.cpu"}),
            &[".resource: is a slot for type Quantity only"],
        );
        told(
            json!({"name": "a", "type": "SecretKey", "listens": "x"}),
            &[".listens: is a slot for type Port only", ".listens: x is none of listens"],
        );
        told(json!({"name": "a", "type": "String", "env": 1}), &[".env: must be a string"]);
    }

    #[test]
    fn a_path_moves_a_side_of_a_shared_volume() {
        told(
            json!({"name": "a", "type": "Path", "mountPath": "contents/app"}),
            &[".mountPath: contents is none of sharedVolumes; did you mean content?"],
        );
        told(
            json!({"name": "a", "type": "Path", "mountPath": "content/pod"}),
            &[".mountPath: must be `<shared volume>/app` or"],
        );
        told(
            json!({"name": "a", "type": "Path", "mountPath": "content/companion"}),
            &[".mountPath: a path on the companion's side needs below"],
        );
        told(json!({"name": "a", "type": "Path", "mountPath": "content/companion", "below": "/git"}), &[]);
        told(
            json!({"name": "a", "type": "Path", "mountPath": "content/app"}),
            &[".mountPath: is filled by parameter path, too"],
        );
    }

    #[test]
    fn a_port_moves_an_endpoint_that_says_where_it_went() {
        let moved = |listens: Value, parameter: Value, expect: &[&str]| {
            check(with(&[("/spec/listens", listens), ("/spec/parameters/4", parameter)]), expect);
        };
        let endpoint = json!([{"name": "redis", "port": 6379, "env": {"port": "REDIS_PORT"}}]);
        moved(endpoint.clone(), json!({"name": "port", "type": "Port", "listens": "redis"}), &[]);
        moved(endpoint.clone(), json!({"name": "port", "type": "Port", "listens": "redis", "env": "P"}), &[]);
        moved(
            endpoint,
            json!({"name": "port", "type": "Port", "listens": "redi"}),
            &["spec.parameters[4].listens: redi is none of listens; did you mean redis?"],
        );
        moved(
            json!([{"name": "redis", "port": 6379}]),
            json!({"name": "port", "type": "Port", "listens": "redis"}),
            &["spec.parameters[4].listens: endpoint redis has no env.port"],
        );
    }

    #[test]
    fn a_quantity_fills_a_resource_of_a_container() {
        told(
            json!({"name": "a", "type": "Quantity", "resource": "gitsync/limits.memory"}),
            &[".resource: gitsync is none of containers and initContainers; did you mean git-sync?"],
        );
        told(
            json!({"name": "a", "type": "Quantity", "resource": "git-sync/limit.memory"}),
            &[".resource: must be `<container>/limits.<resource>`"],
        );
        told(json!({"name": "a", "type": "Quantity", "resource": "git-sync/limits.nvidia.com/gpu"}), &[]);
    }

    #[test]
    fn a_limit_stays_above_its_request() {
        let limit = |more: Value| {
            let mut parameter = json!({"name": "a", "type": "Quantity", "resource": "git-sync/limits.memory"});
            parameter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            companion("/spec/parameters/4", parameter)
        };
        silent(limit(json!({"minimum": "32Mi"})));
        warns(limit(json!({})), "spec.parameters[4].resource: without a minimum that fits the requests of 32Mi");
        warns(
            limit(json!({"minimum": "16Mi"})),
            "spec.parameters[4].resource: without a minimum that fits the requests of 32Mi",
        );
        check(limit(json!({"default": "16Mi"})), &["spec.parameters[4].default: does not fit the requests of 32Mi"]);
        let request =
            json!({"name": "a", "type": "Quantity", "resource": "git-sync/requests.memory", "maximum": "1Gi"});
        warns(
            companion("/spec/parameters/4", request),
            "spec.parameters[4].resource: without a maximum that fits the limits of 64Mi",
        );
    }
}
