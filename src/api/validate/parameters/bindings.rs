//! Slots: each parameter fills exactly one, of its type, and nothing else fills the same.

use crate::api::message::{Code, duplicate_of, forbidden, invalid, not_found, required};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots::{side, target};
use crate::api::v1alpha1::{Bound, Endpoint, Parameter, ParameterType, Protocol};
use crate::api::validate::pod::containers;
use crate::inject::companion::quantity::Quantity;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for (i, parameter) in object.spec.parameters.iter().enumerate() {
        let at = FieldPath::spec("parameters").item(i);
        if !report.has_schema_error(&at.member("type")) {
            fills(parameter, &at, report);
        }
        let earlier = &object.spec.parameters[..i];
        mount_path(object, parameter, earlier, &at.member("mountPath"), report);
        listens(object, parameter, earlier, &at.member("listens"), report);
        resource(object, parameter, earlier, &at.member("resource"), report);
    }
}

fn fills(parameter: &Parameter, at: &FieldPath, report: &mut Report) {
    let slots = [
        ("env", parameter.env.is_some(), true, ""),
        ("mountPath", parameter.mount_path.is_some(), parameter.kind == ParameterType::Path, "Path"),
        ("resource", parameter.resource.is_some(), parameter.kind == ParameterType::Quantity, "Quantity"),
        ("listens", parameter.listens.is_some(), parameter.kind == ParameterType::Port, "Port"),
    ];
    for (slot, _, _, kind) in slots.iter().filter(|(_, there, right, _)| *there && !right) {
        let message =
            format_args!("only a parameter of type {kind} can fill {slot}; use env or change the type to {kind}");
        report.error(&at.member(slot), forbidden(message));
    }
    // A slot with a schema error counts as filled, and a misspelled one has been reported as an unknown field.
    let filled = slots.iter().filter(|(slot, there, ..)| *there || report.has_schema_error(&at.member(slot))).count();
    let port = parameter.kind == ParameterType::Port && parameter.env.is_some() && parameter.listens.is_some();
    if filled == 0 && !report.any_within(at) {
        let message = "a parameter fills exactly one slot; set one of env, mountPath, resource and listens";
        report.error(at, required(message));
    } else if filled > 1 + usize::from(port) {
        let message = "a parameter fills exactly one slot, except that a Port may fill env and listens; remove the others of env, mountPath, resource and listens";
        report.error(at, forbidden(message));
    }
}

fn mount_path(
    object: &CompanionObject,
    parameter: &Parameter,
    earlier: &[Parameter],
    at: &FieldPath,
    report: &mut Report,
) {
    let Some((slot, (name, companion))) = parameter.mount_path.as_deref().and_then(|s| Some((s, side(s)?))) else {
        return;
    };
    let names = || object.spec.shared_volumes.iter().map(|v| v.name.as_str());
    if !names().any(|n| n == name) {
        let nearest = report.suggest(name, names());
        report.error(at, not_found("spec.sharedVolumes", name, nearest));
    }
    if companion && parameter.below.is_none() {
        let message =
            "a path on the companion's side requires below, the directory that values must stay in; set below";
        report.error(at, forbidden(message));
    }
    filled_once(slot, earlier, |p| p.mount_path.as_deref(), at, report);
}

fn listens(
    object: &CompanionObject,
    parameter: &Parameter,
    earlier: &[Parameter],
    at: &FieldPath,
    report: &mut Report,
) {
    let Some(name) = parameter.listens.as_deref() else { return };
    match object.spec.listens.iter().find(|e| e.name == name) {
        None => {
            let nearest = report.suggest(name, object.spec.listens.iter().map(|e| e.name.as_str()));
            report.error(at, not_found("spec.listens", name, nearest));
        }
        Some(endpoint) if endpoint.env.as_ref().is_none_or(|env| env.port.is_none()) => {
            let message = format_args!(
                "endpoint {name} has no env.port to pass on the port that a Pod chooses; set env.port of the endpoint"
            );
            report.error(at, forbidden(message));
        }
        Some(endpoint) => {
            let default = parameter.default.as_deref().and_then(|text| text.parse().ok());
            if default.is_some_and(|port: u16| taken(object, endpoint, port)) {
                let at = FieldPath::spec("parameters").item(earlier.len()).member("default");
                let message = "the companion listens on this port for something else; change one of the two";
                report.warn(&at, Code::PossibleConflict.because(message));
            }
        }
    }
    filled_once(name, earlier, |p| p.listens.as_deref(), at, report);
}

/// Whether something else of the companion listens on a port, so that an endpoint cannot move there.
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
    report: &mut Report,
) {
    let Some((slot, (name, list, resource))) = parameter.resource.as_deref().and_then(|s| Some((s, target(s)?))) else {
        return;
    };
    filled_once(slot, earlier, |p| p.resource.as_deref(), at, report);
    if containers::position(object, name).is_none() {
        let nearest = report.suggest(name, object.containers().map(|each| each.container.name.as_str()));
        report.error(at, not_found("spec.containers and spec.initContainers", name, nearest));
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
    let relation = if list == "limits" { "greater than or equal to" } else { "less than or equal to" };
    if default.as_ref().is_some_and(|d| crosses(d, &fixed)) {
        let message = format_args!("must be {relation} the {other} of {}", fixed.as_str());
        report.error(&parent("default"), invalid(message));
    } else if bound.as_ref().is_none_or(|b| crosses(b, &fixed)) {
        let message = format_args!(
            "the API server denies a value that is not {relation} the {other} of {}; set a {name} that excludes such values",
            fixed.as_str()
        );
        report.warn(at, Code::PossibleConflict.because(message));
    }
}

fn declared(object: &CompanionObject, container: &str, list: &str, resource: &str) -> Option<Quantity> {
    let each = object.containers().find(|each| each.container.name == container)?;
    containers::quantity(&each.raw.get("resources")?[list][resource])
}

fn filled_once<'p>(
    slot: &str,
    earlier: &'p [Parameter],
    slot_of: impl Fn(&'p Parameter) -> Option<&'p str>,
    at: &FieldPath,
    report: &mut Report,
) {
    if let Some(other) = earlier.iter().find(|parameter| slot_of(parameter) == Some(slot)) {
        report.error(at, duplicate_of(slot, format_args!("also filled by parameter {}", other.name)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, companion, silent, warns, with};

    fn check_parameter(parameter: Value, expect: &[&str]) {
        let expect: Vec<_> = expect.iter().map(|e| format!("spec.parameters[4]{e}")).collect();
        check(companion("/spec/parameters/4", parameter), &expect.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn a_parameter_fills_exactly_one_slot_of_its_type() {
        check_parameter(
            json!({"name": "a", "type": "String"}),
            &[": required value: a parameter fills exactly one slot"],
        );
        check_parameter(
            json!({"name": "a", "type": "Path", "env": "A", "mountPath": "content/companion", "below": "/git"}),
            &[": forbidden: a parameter fills exactly one slot"],
        );
        check_parameter(
            json!({"name": "a", "type": "String", "mountPath": "content/companion", "below": "/git"}),
            &[
                ".mountPath: forbidden: only a parameter of type Path can fill mountPath",
                ".below: forbidden: only type Path",
            ],
        );
        check_parameter(
            json!({"name": "a", "type": "Integer", "resource": "git-sync/limits.cpu"}),
            &[".resource: forbidden: only a parameter of type Quantity can fill resource"],
        );
        check_parameter(
            json!({"name": "a", "type": "SecretKey", "listens": "x"}),
            &[
                ".listens: forbidden: only a parameter of type Port can fill listens",
                ".listens: not found in spec.listens: \"x\"",
            ],
        );
        check_parameter(json!({"name": "a", "type": "String", "env": 1}), &[".env: invalid value: must be a string"]);
    }

    #[test]
    fn a_path_moves_a_side_of_a_shared_volume() {
        check_parameter(
            json!({"name": "a", "type": "Path", "mountPath": "contents/app"}),
            &[".mountPath: not found in spec.sharedVolumes: \"contents\"; did you mean \"content\"?"],
        );
        check_parameter(
            json!({"name": "a", "type": "Path", "mountPath": "content/pod"}),
            &[".mountPath: invalid value: must be `<shared volume>/app` or"],
        );
        check_parameter(
            json!({"name": "a", "type": "Path", "mountPath": "content/companion"}),
            &[".mountPath: forbidden: a path on the companion's side requires below"],
        );
        check_parameter(json!({"name": "a", "type": "Path", "mountPath": "content/companion", "below": "/git"}), &[]);
        check_parameter(
            json!({"name": "a", "type": "Path", "mountPath": "content/app"}),
            &[".mountPath: duplicate value \"content/app\": also filled by parameter path"],
        );
    }

    #[test]
    fn a_port_moves_an_endpoint_that_has_a_variable_for_it() {
        let moved = |listens: Value, parameter: Value, expect: &[&str]| {
            check(with(&[("/spec/listens", listens), ("/spec/parameters/4", parameter)]), expect);
        };
        let endpoint = json!([{"name": "redis", "port": 6379, "env": {"port": "REDIS_PORT"}}]);
        moved(endpoint.clone(), json!({"name": "port", "type": "Port", "listens": "redis"}), &[]);
        moved(endpoint.clone(), json!({"name": "port", "type": "Port", "listens": "redis", "env": "P"}), &[]);
        moved(
            endpoint,
            json!({"name": "port", "type": "Port", "listens": "redi"}),
            &["spec.parameters[4].listens: not found in spec.listens: \"redi\"; did you mean \"redis\"?"],
        );
        moved(
            json!([{"name": "redis", "port": 6379}]),
            json!({"name": "port", "type": "Port", "listens": "redis"}),
            &["spec.parameters[4].listens: forbidden: endpoint redis has no env.port"],
        );
    }

    #[test]
    fn a_quantity_fills_a_resource_of_a_container() {
        check_parameter(
            json!({"name": "a", "type": "Quantity", "resource": "gitsync/limits.memory"}),
            &[
                ".resource: not found in spec.containers and spec.initContainers: \"gitsync\"; did you mean \"git-sync\"?",
            ],
        );
        check_parameter(
            json!({"name": "a", "type": "Quantity", "resource": "git-sync/limit.memory"}),
            &[".resource: invalid value: must be `<container>/limits.<resource>`"],
        );
        check_parameter(json!({"name": "a", "type": "Quantity", "resource": "git-sync/limits.nvidia.com/gpu"}), &[]);
    }

    #[test]
    fn a_limit_stays_above_its_request() {
        let limit = |more: Value| {
            let mut parameter = json!({"name": "a", "type": "Quantity", "resource": "git-sync/limits.memory"});
            parameter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            companion("/spec/parameters/4", parameter)
        };
        silent(limit(json!({"minimum": "32Mi"})));
        warns(
            limit(json!({})),
            "spec.parameters[4].resource: possible conflict: the API server denies a value that is not greater than or equal to the requests of 32Mi",
        );
        warns(
            limit(json!({"minimum": "16Mi"})),
            "spec.parameters[4].resource: possible conflict: the API server denies a value that is not greater than or equal to the requests of 32Mi",
        );
        check(
            limit(json!({"default": "16Mi"})),
            &["spec.parameters[4].default: invalid value: must be greater than or equal to the requests of 32Mi"],
        );
        let request =
            json!({"name": "a", "type": "Quantity", "resource": "git-sync/requests.memory", "maximum": "1Gi"});
        warns(
            companion("/spec/parameters/4", request),
            "spec.parameters[4].resource: possible conflict: the API server denies a value that is not less than or equal to the limits of 64Mi",
        );
    }
}
