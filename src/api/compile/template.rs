//! Compiles containers into templates: JSON with gaps for what varies from Pod to Pod.

use serde_json::Value;

use super::slots_writer::TemplateWriter;
use crate::api::derived::{own_mounts, renamed, with_exposed_port};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::slots;
use crate::api::v1alpha1::{Lifecycle, Spec};
use crate::inject::companion::template::{ResourceSlot, ResourceSlots, Template, TemplatePiece};

/// The template of a container. The name is its first member, and each further member writes its leading comma.
pub(in crate::api) fn template(object: &CompanionObject, each: &ContainerAt) -> Template {
    let spec = &object.spec;
    let mut writer = TemplateWriter::new(spec, &each.container.name);
    if !each.init && spec.lifecycle == Lifecycle::Native {
        writer.text(",\"restartPolicy\":\"Always\"");
    }
    let mut wanted =
        Slots { env: wants_env(object, each), mounts: wants_mounts(object, each), resources: resources(spec, each) };
    for (key, value) in with_exposed_port(object, each) {
        match key.as_str() {
            "name" => {}
            "env" => writer.push(wanted.env.take()),
            "volumeMounts" => writer.push(wanted.mounts.take()),
            "resources" if wanted.resources.is_some() => writer.push(wanted.resources.take()),
            _ => writer.member(&key, &renamed(object, &key, value)),
        }
    }
    // Gaps for members that the container does not declare.
    for piece in [wanted.env, wanted.mounts, wanted.resources] {
        writer.push(piece);
    }
    writer.finish()
}

/// Gaps that replace a member of the container, or follow its last member.
struct Slots {
    env: Option<TemplatePiece>,
    mounts: Option<TemplatePiece>,
    resources: Option<TemplatePiece>,
}

fn wants_env(object: &CompanionObject, each: &ContainerAt) -> Option<TemplatePiece> {
    let own = each.field("env").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let given = slots::given_variables(object).next().is_some();
    (given || !own.is_empty()).then(|| TemplatePiece::Env { own: joined(own) })
}

fn wants_mounts(object: &CompanionObject, each: &ContainerAt) -> Option<TemplatePiece> {
    let own = own_mounts(object, each);
    (!object.spec.shared_volumes.is_empty() || !own.is_empty()).then(|| TemplatePiece::Mounts { own: joined(&own) })
}

fn joined(items: &[Value]) -> Box<str> {
    items.iter().map(Value::to_string).collect::<Vec<_>>().join(",").into()
}

fn resources(spec: &Spec, each: &ContainerAt) -> Option<TemplatePiece> {
    let name = each.container.name.as_str();
    let filled =
        spec.parameters.iter().filter_map(|p| slots::target(p.resource.as_deref()?)).filter(|(c, ..)| *c == name);
    let filled: Vec<_> = filled.collect();
    if filled.is_empty() {
        return None;
    }
    let declared = each.field("resources").and_then(Value::as_object);
    let list = |list: &str| -> Box<[ResourceSlot]> {
        let own = declared.and_then(|r| r.get(list)).and_then(Value::as_object);
        let of_own =
            own.into_iter().flatten().map(|(resource, value)| (resource.as_str(), Some(value.to_string().into())));
        let others =
            filled.iter().filter(|(_, l, resource)| *l == list && own.is_none_or(|own| !own.contains_key(*resource)));
        let others = others.map(|(_, _, resource)| (*resource, None));
        let all = of_own.chain(others);
        all.map(|(resource, value)| ResourceSlot {
            name: resource.into(),
            value,
            parameter: slots::filler(spec, name, list, resource),
        })
        .collect()
    };
    let rest = declared
        .into_iter()
        .flatten()
        .filter(|(key, v)| !matches!(key.as_str(), "limits" | "requests") && !v.is_null());
    let rest: Vec<_> = rest.map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
    let (limits, requests) = (list("limits"), list("requests"));
    Some(TemplatePiece::Resources(Box::new(ResourceSlots { rest: rest.join(",").into(), limits, requests })))
}
