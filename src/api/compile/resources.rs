//! Compiles the resources of a container that a review compares.

use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::slots;
use crate::api::slots::quantity;
use crate::inject::companion::quantity::Quantity;
use crate::inject::companion::resources::{AmountSource, ContainerResource, is_pod_level};

/// Upper bound on declared resources that no parameter fills: cpu, memory, and more sizes of huge pages than a node has. It
/// keeps the memory of a companion in proportion to its text.
const MAX_DECLARED: usize = 16;

/// The resources that a parameter fills, and those that a Pod can have as a whole.
pub(super) fn resources(object: &CompanionObject, each: &ContainerAt) -> Box<[ContainerResource]> {
    let (spec, container) = (&object.spec, each.container.name.as_str());
    let list = |list: &str| each.field("resources").and_then(|resources| resources[list].as_object());
    let declared = ["limits", "requests"].into_iter().filter_map(list).flat_map(|list| list.keys());
    let declared = declared.map(String::as_str).filter(|name| is_pod_level(name)).take(MAX_DECLARED);
    let slots = spec.parameters.iter().filter_map(|p| slots::target(p.resource.as_deref()?));
    let filled = slots.filter(|(filled, ..)| *filled == container).map(|(.., resource)| resource);
    let mut names: Vec<&str> = declared.chain(filled).collect();
    names.sort_unstable();
    names.dedup();
    let source = |of: &str, name: &str| AmountSource {
        declared: list(of).and_then(|list| quantity(list.get(name)?)).as_ref().map(Quantity::amount),
        parameter: slots::filler(spec, container, of, name),
    };
    let resource = |name: &str| ContainerResource {
        name: name.into(),
        request: source("requests", name),
        limit: source("limits", name),
    };
    names.into_iter().map(resource).collect()
}
