//! The member `resources` of a container, where parameters fill some of its quantities.

use crate::inject::companion::template::ResourceSlots;
use crate::inject::companion::value::Value;
use crate::inject::plan::Plan;
use crate::json::write_string;

/// Writes the member, with the comma before it.
pub(super) fn write(out: &mut Vec<u8>, plan: &Plan<'_>, resources: &ResourceSlots) {
    out.extend_from_slice(br#","resources":"#);
    let mut before = b'{';
    for (key, list) in [("limits", &resources.limits), ("requests", &resources.requests)] {
        let mut inner = b'{';
        for resource in list {
            let given = resource.parameter.and_then(|p| plan.value(p));
            if given.is_none() && resource.value.is_none() {
                continue;
            }
            if inner == b'{' {
                out.push(std::mem::replace(&mut before, b','));
                write_string(out, key);
                out.push(b':');
            }
            out.push(std::mem::replace(&mut inner, b','));
            write_string(out, &resource.name);
            out.push(b':');
            match (given, &resource.value) {
                (Some(Value::Text(text)), _) => write_string(out, text),
                (_, declared) => out.extend_from_slice(declared.as_deref().unwrap_or("null").as_bytes()),
            }
        }
        if inner == b',' {
            out.push(b'}');
        }
    }
    if !resources.rest.is_empty() {
        out.push(std::mem::replace(&mut before, b','));
        out.extend_from_slice(resources.rest.as_bytes());
    }
    if before == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}
