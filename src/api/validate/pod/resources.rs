//! Resources of containers: quantities, requests within their limits, and what the API server requires of extended resources
//! and huge pages.

mod amounts;
pub(in crate::api) mod resource_name;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::message::{forbidden, invalid};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots::{self, quantity};
use crate::api::v1alpha1::PodResources;
use crate::inject::companion::resources::{is_compute, is_hugepages};

use amounts::Amounts;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for each in object.containers() {
        declared(&each, report);
        let resources = names(object, &each);
        for resource in &resources {
            Amounts::of(object, &each, resource).check(report);
        }
        huge_pages(object, &each, &resources, report);
    }
}

/// What a container declares.
fn declared(each: &ContainerAt, report: &mut Report) {
    let at = each.at.member("resources");
    for list in ["limits", "requests"] {
        let declared = each.field("resources").and_then(|resources| resources[list].as_object());
        for (name, value) in declared.into_iter().flatten() {
            let at = at.member(list).member(name);
            if let Some(message) = resource_name::fault(name, report) {
                report.error(&at, message);
            } else if quantity(value).is_none() {
                report.error(&at, invalid("must be a quantity of at least 0, such as 64Mi or 250m"));
            }
        }
    }
}

/// The resources that a container declares, and those that parameters fill, each once, without invalid names.
fn names<'o>(object: &'o CompanionObject, each: &ContainerAt<'o>) -> BTreeSet<&'o str> {
    let list = |list: &str| each.field("resources").and_then(|resources| resources[list].as_object());
    let declared = ["limits", "requests"].into_iter().filter_map(list).flatten();
    let declared = declared.filter(|(_, value)| **value != Value::Null).map(|(name, _)| name.as_str());
    let slots = object.spec.parameters.iter().filter_map(|p| slots::target(p.resource.as_deref()?));
    let filled = slots.filter(|(name, ..)| *name == each.container.name).map(|(.., resource)| resource);
    declared.chain(filled).filter(|name| resource_name::is_valid(name)).collect()
}

/// The API server denies a container that has huge pages, and neither cpu nor memory.
fn huge_pages(object: &CompanionObject, each: &ContainerAt, resources: &BTreeSet<&str>, report: &mut Report) {
    if !resources.iter().any(|name| is_hugepages(name)) {
        return;
    }
    if !resources.iter().any(|name| is_compute(name)) {
        let message = "huge pages require cpu or memory; declare one of the two";
        report.error(&each.at.member("resources"), forbidden(message));
    } else if object.spec.pod_resources == PodResources::Share {
        let message =
            "huge pages require cpu or memory, which podResources: Share leaves out; set Add, or remove the huge pages";
        report.error(&FieldPath::spec("podResources"), forbidden(message));
    }
}
