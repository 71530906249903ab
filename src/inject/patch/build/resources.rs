//! The member `resources` of a container, where parameters fill some of its quantities, or a Pod's own replace them.

use crate::inject::companion::template::ResourceSlots;
use crate::inject::companion::value::Value;
use crate::inject::plan::Plan;
use crate::json::{ObjectWriter, Sink as _};

/// Writes the member, with the comma before it.
pub(super) fn write(out: &mut Vec<u8>, plan: &Plan<'_>, resources: &ResourceSlots) {
    ObjectWriter::resumed(out).object("resources", |members| {
        for (key, list) in [("limits", &resources.limits), ("requests", &resources.requests)] {
            members.object_unless_empty(key, |amounts| {
                for resource in list.iter().filter(|resource| !plan.leaves_out(&resource.name)) {
                    match (resource.parameter.and_then(|p| plan.value(p)), resource.value.as_deref()) {
                        (Some(Value::Text(text)), _) => amounts.named(&resource.name).string(text),
                        (Some(_), declared) => amounts.named(&resource.name).text(declared.unwrap_or("null")),
                        (None, Some(declared)) => amounts.named(&resource.name).text(declared),
                        (None, None) => {}
                    }
                }
            });
        }
        if !resources.rest.is_empty() {
            members.raw_members(&resources.rest);
        }
    });
}
