//! Compiles containers into templates: JSON with gaps for what varies from Pod to Pod.

use serde_json::{Map, Value};

use super::slots_writer::TemplateWriter;
use crate::api::derived::{masks_token, own_mounts, with_exposed_port};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::slots;
use crate::api::v1alpha1::{Lifecycle, PodResources, Spec};
use crate::inject::companion::template::{ResourceSlot, ResourceSlots, Template, TemplatePiece};
use crate::json::ObjectWriter;

/// The template of a container. The name is its first member, and each further member writes its leading comma.
pub(in crate::api) fn template(object: &CompanionObject, each: &ContainerAt) -> Template {
    let spec = &object.spec;
    let mut writer = TemplateWriter::of_container(object, &each.container.name);
    if !each.list.is_init() && spec.lifecycle == Lifecycle::Native {
        ObjectWriter::resumed(&mut writer).string("restartPolicy", "Always");
    }
    let mut gaps = Gaps { env: env(object, each), mounts: mounts(object, each), resources: resources(spec, each) };
    for (key, value) in with_exposed_port(object, each) {
        match key.as_str() {
            "name" => {}
            "env" => writer.push(gaps.env.take()),
            "volumeMounts" => writer.push(gaps.mounts.take()),
            "resources" if gaps.resources.is_some() => writer.push(gaps.resources.take()),
            _ => writer.member(&key, &value),
        }
    }
    // Gaps for members that the container does not declare.
    for gap in [gaps.env, gaps.mounts, gaps.resources] {
        writer.push(gap);
    }
    writer.finish_container()
}

/// The template of variables, joined by commas.
pub(in crate::api) fn variables(object: &CompanionObject, variables: &[Value]) -> Template {
    let mut writer = TemplateWriter::of_items(object);
    writer.items("env", variables);
    writer.finish()
}

/// Gaps that replace a member of the container, or follow its last member.
struct Gaps {
    env: Option<TemplatePiece>,
    mounts: Option<TemplatePiece>,
    resources: Option<TemplatePiece>,
}

fn env(object: &CompanionObject, each: &ContainerAt) -> Option<TemplatePiece> {
    let own = each.field("env").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let given = slots::given_variables(object).next().is_some();
    (given || !own.is_empty()).then(|| TemplatePiece::Env { own: variables(object, own) })
}

fn mounts(object: &CompanionObject, each: &ContainerAt) -> Option<TemplatePiece> {
    let (own, masks_token) = (own_mounts(object, each), masks_token(object, each));
    let has_secrets = object.spec.parameters.iter().any(|parameter| parameter.file.is_some());
    let any = !object.spec.shared_volumes.is_empty() || !own.is_empty() || masks_token || has_secrets;
    any.then(|| TemplatePiece::Mounts { own: joined(&own), masks_token })
}

fn joined(items: &[Value]) -> Box<str> {
    items.iter().map(Value::to_string).collect::<Vec<_>>().join(",").into()
}

fn resources(spec: &Spec, each: &ContainerAt) -> Option<TemplatePiece> {
    let name = each.container.name.as_str();
    let filled = spec.parameters.iter().filter_map(|p| slots::target(p.resource.as_deref()?));
    let filled: Vec<_> = filled.filter(|(container, ..)| *container == name).collect();
    let declared = each.field("resources").and_then(Value::as_object);
    // `Share` leaves amounts out in some Pods only.
    let can_be_left_out = spec.pod_resources == PodResources::Share && declared.is_some();
    if filled.is_empty() && !can_be_left_out {
        return None;
    }
    let list = |list: &str| {
        let own = declared.and_then(|resources| resources.get(list)).and_then(Value::as_object);
        let filled = filled.iter().filter(|(_, of, _)| *of == list).map(|(.., resource)| *resource);
        resource_list(spec, name, list, own, filled)
    };
    let rest = declared.into_iter().flatten();
    let rest = rest.filter(|(key, value)| !matches!(key.as_str(), "limits" | "requests") && !value.is_null());
    let rest: Vec<_> = rest.map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
    let (limits, requests) = (list("limits"), list("requests"));
    Some(TemplatePiece::Resources(Box::new(ResourceSlots { rest: rest.join(",").into(), limits, requests })))
}

/// The declared resources of a list, then those that only a parameter sets.
fn resource_list<'s>(
    spec: &Spec,
    container: &str,
    list: &str,
    own: Option<&Map<String, Value>>,
    filled: impl Iterator<Item = &'s str>,
) -> Box<[ResourceSlot]> {
    let declared = own.into_iter().flatten().map(|(name, value)| (name.as_str(), Some(value.to_string().into())));
    let others = filled.filter(|name| own.is_none_or(|own| !own.contains_key(*name))).map(|name| (name, None));
    let slot = |(name, value): (&str, Option<Box<str>>)| ResourceSlot {
        name: name.into(),
        value,
        parameter: slots::filler(spec, container, list, name),
    };
    declared.map(slot).chain(others.map(slot)).collect()
}
