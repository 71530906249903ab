//! Slots: each parameter fills exactly one slot, which has its type and is filled by no other parameter.

#[cfg(test)]
mod tests;

use crate::api::message::{Code, duplicate_of, forbidden, not_found, required};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots::{side, target};
use crate::api::v1alpha1::{Endpoint, Parameter, ParameterType, Protocol};
use crate::api::validate::pod::containers;
use crate::api::validate::pod::resources::resource_name;
use crate::api::validate::storage::secret_files;

/// A parameter with what its rules need.
struct Binding<'o> {
    object: &'o CompanionObject,
    parameter: &'o Parameter,
    /// The parameters before this one.
    earlier: &'o [Parameter],
    at: FieldPath,
}

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let parameters = &object.spec.parameters;
    for (i, parameter) in parameters.iter().enumerate() {
        let at = FieldPath::spec("parameters").item(i);
        let binding = Binding { object, parameter, earlier: &parameters[..i], at };
        if !report.has_schema_error(&binding.at.member("type")) {
            binding.fills_one_slot(report);
        }
        binding.mount_path(report);
        binding.listens(report);
        binding.resource(report);
        if let Some(path) = parameter.file.as_deref() {
            let at = binding.at.member("file");
            binding.fills_alone(|p| p.file.as_deref(), &at, report);
            secret_files::check(object, path, &at, report);
        }
    }
}

impl<'o> Binding<'o> {
    fn fills_one_slot(&self, report: &mut Report) {
        let (parameter, at) = (self.parameter, &self.at);
        // Each slot, whether it is filled, and the type that can fill it.
        let slots = [
            ("env", parameter.env.is_some(), parameter.kind),
            ("mountPath", parameter.mount_path.is_some(), ParameterType::Path),
            ("resource", parameter.resource.is_some(), ParameterType::Quantity),
            ("listens", parameter.listens.is_some(), ParameterType::Port),
            ("file", parameter.file.is_some(), ParameterType::SecretKey),
        ];
        for (slot, _, kind) in slots.iter().filter(|(_, is_filled, kind)| *is_filled && *kind != parameter.kind) {
            let message = format_args!(
                "only a parameter of type {kind:?} can set {slot}; use env or change the type to {kind:?}"
            );
            report.error(&at.member(slot), forbidden(message));
        }
        // A slot with a schema error counts as filled, and a misspelled one has been reported as an unknown field.
        let filled =
            slots.iter().filter(|(slot, is_filled, _)| *is_filled || report.has_schema_error(&at.member(slot)));
        let filled = filled.count();
        // The endpoint and the file also have a variable for their value.
        let (port, file) = (parameter.listens.is_some(), parameter.file.is_some());
        let both = match parameter.kind {
            ParameterType::Port => port && !file,
            ParameterType::SecretKey => file && !port,
            _ => false,
        };
        if filled == 0 && !report.any_within(at) {
            let message =
                "a parameter sets exactly one of env, mountPath, resource, listens and file; add one of these fields";
            report.error(at, required(message));
        } else if filled > 1 + usize::from(both && parameter.env.is_some()) {
            let message = "a parameter sets exactly one of env, mountPath, resource, listens and file, except that a Port may set both env and listens, and a SecretKey both env and file; remove the others";
            report.error(at, forbidden(message));
        }
    }

    /// No two parameters fill the same slot.
    fn fills_alone(&self, slot_of: impl Fn(&'o Parameter) -> Option<&'o str>, at: &FieldPath, report: &mut Report) {
        let slot = slot_of(self.parameter);
        if let Some(other) = self.earlier.iter().find(|earlier| slot_of(earlier) == slot) {
            let other = format_args!("also set by parameter {}", other.name);
            report.error(at, duplicate_of(slot.unwrap_or_default(), other));
        }
    }

    fn mount_path(&self, report: &mut Report) {
        let Some((name, companion)) = self.parameter.mount_path.as_deref().and_then(side) else { return };
        let at = self.at.member("mountPath");
        let names = || self.object.spec.shared_volumes.iter().map(|v| v.name.as_str());
        if !names().any(|n| n == name) {
            let nearest = report.suggest(name, names());
            report.error(&at, not_found("spec.sharedVolumes", name, nearest));
        }
        if companion && self.parameter.below.is_none() {
            let message =
                "a path on the companion's side requires below, the directory that values must stay in; set below";
            report.error(&at, forbidden(message));
        }
        self.fills_alone(|p| p.mount_path.as_deref(), &at, report);
    }

    fn listens(&self, report: &mut Report) {
        let Some(name) = self.parameter.listens.as_deref() else { return };
        let at = self.at.member("listens");
        let endpoints = || self.object.spec.listens.iter();
        match endpoints().find(|endpoint| endpoint.name == name) {
            None => {
                let nearest = report.suggest(name, endpoints().map(|endpoint| endpoint.name.as_str()));
                report.error(&at, not_found("spec.listens", name, nearest));
            }
            Some(endpoint) if endpoint.env.as_ref().is_none_or(|env| env.port.is_none()) => {
                let message = format_args!(
                    "endpoint {name} has no env.port to pass on the port that a Pod chooses; set env.port of the endpoint"
                );
                report.error(&at, forbidden(message));
            }
            Some(endpoint) => self.default_port(endpoint, report),
        }
        self.fills_alone(|p| p.listens.as_deref(), &at, report);
    }

    fn default_port(&self, endpoint: &Endpoint, report: &mut Report) {
        let default = self.parameter.default.as_deref().and_then(|text| text.parse().ok());
        if default.is_some_and(|port| is_used(self.object, endpoint, port)) {
            let message = "another endpoint or port of the companion has this number; change one of the two";
            report.warn(&self.at.member("default"), Code::PossibleConflict.because(message));
        }
    }

    fn resource(&self, report: &mut Report) {
        let Some((name, _, resource)) = self.parameter.resource.as_deref().and_then(target) else { return };
        let at = self.at.member("resource");
        self.fills_alone(|p| p.resource.as_deref(), &at, report);
        if let Some(message) = resource_name::fault(resource, report) {
            report.error(&at, message);
        }
        if containers::position(self.object, name).is_none() {
            let nearest = report.suggest(name, self.object.containers().map(|each| each.container.name.as_str()));
            report.error(&at, not_found("spec.containers and spec.initContainers", name, nearest));
        }
    }
}

/// Whether something else of the companion listens on a port, so that an endpoint cannot move there.
fn is_used(object: &CompanionObject, endpoint: &Endpoint, port: u16) -> bool {
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
