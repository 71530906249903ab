//! What a required companion declares, for its policies: read from the object, with the names that it has in a Pod.
//!
//! Validation has reported before what cannot be read, so nothing is left to report here. Should the two ever differ, the part
//! is reported and the companion is invalid: a policy must never be weaker because a part could not be read.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::volumes;
use crate::api::derived::{self, full_name};
use crate::api::message;
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::SharedVolume;
use crate::inject::companion::declared::{
    COMPARED_FIELDS, Declared, DeclaredContainer, DeclaredMount, DeclaredVariable, DeclaredVolume,
};

type Members = Map<String, Value>;

/// What a companion declares. Where a part cannot be read, the part is reported, and there is nothing.
pub(in crate::api) fn declared(object: &CompanionObject, found: &mut Report) -> Option<Declared> {
    let mut reader = PartReader { found };
    // The order of `Companion::identities`.
    let init = object.containers().filter(|each| each.list.is_init());
    let containers = init.chain(object.containers().filter(|each| !each.list.is_init()));
    let containers: Option<Box<[_]>> = containers.map(|each| container(object, &each, &mut reader)).collect();
    let own = own_volumes(object, &mut reader);
    let shared = object.spec.shared_volumes.iter().enumerate().map(|(i, shared)| {
        let at = FieldPath::spec("sharedVolumes").item(i).member("source");
        volume(&at, volumes::shared_source(object, shared), &mut reader)
    });
    let shared_volumes: Option<Box<[_]>> = shared.collect();
    let at = FieldPath::spec("volumes");
    let masks = volumes::token_masks(object).into_iter().map(|mask| volume(&at, mask, &mut reader));
    let token_masks: Option<Box<[_]>> = masks.collect();
    Some(Declared {
        containers: containers?,
        volumes: own?.into(),
        token_masks: token_masks?,
        shared_volumes: shared_volumes?,
    })
}

fn container(object: &CompanionObject, each: &ContainerAt, reader: &mut PartReader<'_>) -> Option<DeclaredContainer> {
    let at = &each.at;
    let mut rest = derived::with_exposed_port(object, each);
    let mut take = |key: &str| (at.member(key), rest.shift_remove(key));
    drop((take("name"), take("image")));
    let [env, env_from, ports, resizing, declared_mounts] =
        ["env", "envFrom", "ports", "resizePolicy", "volumeMounts"].map(&mut take);
    let [pull, path, policy] = ["imagePullPolicy", "terminationMessagePath", "terminationMessagePolicy"].map(&mut take);
    let [resources, context] = ["resources", "securityContext"].map(&mut take);
    reader.objects(declared_mounts)?;
    let mounts = mounts(object, each, reader)?;
    let mask = derived::masks_token(object, each).then(|| derived::mask_mount(object));
    let token_mask = reader.object((at.member("volumeMounts"), mask))?;
    let mut resources = reader.object(resources)?;
    let mut resource_list = |list: &str| (at.member("resources").member(list), resources.shift_remove(list));
    let [limits, requests] = ["limits", "requests"].map(&mut resource_list);
    let security_context = reader.object(context)?;
    let options =
        (at.member("securityContext").member("seLinuxOptions"), security_context.get("seLinuxOptions").cloned());
    Some(DeclaredContainer {
        env: variables(object, env, reader)?,
        env_from: reader.objects(env_from)?,
        image_pull_policy: reader.text(pull)?,
        mounts,
        token_mask,
        ports: reader.objects(ports)?,
        limits: reader.object(limits)?,
        requests: reader.object(requests)?,
        resize_policy: reader.objects(resizing)?,
        se_linux_options: reader.object(options)?,
        security_context,
        termination_message_path: reader.text(path)?,
        termination_message_policy: reader.text(policy)?,
        compared: reader.compared(object, at, rest)?,
    })
}

/// The mounts of a container, without that of its token mask.
fn mounts(object: &CompanionObject, each: &ContainerAt, reader: &mut PartReader<'_>) -> Option<Vec<DeclaredMount>> {
    let at = each.at.member("volumeMounts");
    let declared =
        reader.objects((at.clone(), Some(derived::own_mounts(object, each).into())))?.into_iter().enumerate();
    let mount = |(i, fields): (usize, Members)| {
        let at = at.item(i).member("mountPath");
        let path = reader.text((at.clone(), fields.get("mountPath").cloned()))?;
        let path = path.or_else(|| reader.unreadable(&at, "a path"))?;
        Some(DeclaredMount { path, fields })
    };
    declared.map(mount).collect()
}

/// The own variables of a container, with the names of volumes in the Pod.
fn variables(object: &CompanionObject, env: Part, reader: &mut PartReader<'_>) -> Option<Vec<DeclaredVariable>> {
    let (at, env) = env;
    let env = env.map(|env| derived::renamed(object, "env", env));
    let variable = |fields: Members| DeclaredVariable { joins: joined_volume(object, &fields), fields };
    Some(reader.objects((at, env))?.into_iter().map(variable).collect())
}

/// The shared volume that a variable is read from, where the companion may join another one.
fn joined_volume(object: &CompanionObject, variable: &Members) -> Option<usize> {
    let name = variable.get("valueFrom")?["fileKeyRef"]["volumeName"].as_str()?;
    let joins = |v: &SharedVolume| v.source.is_none() && full_name(&object.name, &v.name) == name;
    object.spec.shared_volumes.iter().position(joins)
}

fn own_volumes(object: &CompanionObject, reader: &mut PartReader<'_>) -> Option<Vec<DeclaredVolume>> {
    let at = FieldPath::spec("volumes");
    for (i, mut declared) in reader.objects((at.clone(), object.raw.get("volumes").cloned()))?.into_iter().enumerate() {
        reader.text((at.item(i).member("name"), declared.shift_remove("name")))?;
    }
    let volumes = volumes::own_volumes(object).into_iter().enumerate();
    volumes.map(|(i, members)| volume(&at.item(i), members, reader)).collect()
}

fn volume(at: &FieldPath, mut members: Members, reader: &mut PartReader<'_>) -> Option<DeclaredVolume> {
    members.retain(|_, value| !value.is_null());
    let Some(Value::String(name)) = members.shift_remove("name") else {
        return reader.unreadable(&at.member("name"), "a name");
    };
    let [claim_at, image_at] = ["persistentVolumeClaim", "image"].map(|kind| at.member(kind));
    let claim = match members.get("persistentVolumeClaim") {
        None => None,
        Some(claim) => {
            let name = reader.object((claim_at.clone(), Some(claim.clone())))?.shift_remove("claimName");
            let name = reader.text((claim_at.member("claimName"), name))?;
            Some(name.or_else(|| reader.unreadable(&claim_at.member("claimName"), "the name of a claim"))?)
        }
    };
    let pull = reader.object((image_at.clone(), members.get("image").cloned()))?.shift_remove("pullPolicy");
    let image_pull_policy = reader.text((image_at.member("pullPolicy"), pull))?;
    Some(DeclaredVolume { name: name.into(), source: members, claim, image_pull_policy })
}

/// A part of the object, and where it is; nothing where the object does not have it.
type Part = (FieldPath, Option<Value>);

/// Reads parts of the object. What is null is absent. Each method returns nothing where a part cannot be read.
struct PartReader<'r> {
    found: &'r mut Report,
}

impl PartReader<'_> {
    fn object(&mut self, (at, value): Part) -> Option<Members> {
        match value {
            None | Some(Value::Null) => Some(Members::new()),
            Some(Value::Object(members)) => Some(members),
            Some(_) => self.unreadable(&at, "an object"),
        }
    }

    fn objects(&mut self, (at, value): Part) -> Option<Vec<Members>> {
        let items = match value {
            None | Some(Value::Null) => return Some(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return self.unreadable(&at, "a list"),
        };
        let item = |(i, item)| match item {
            Value::Object(members) => Some(members),
            _ => self.unreadable(&at.item(i), "an object"),
        };
        items.into_iter().enumerate().map(item).collect()
    }

    /// A string, unless it is empty.
    #[allow(clippy::option_option)] // nothing to read, and nothing that can be read, are two things
    fn text(&mut self, (at, value): Part) -> Option<Option<Box<str>>> {
        match value {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(text)) => Some((!text.is_empty()).then(|| text.into())),
            Some(_) => self.unreadable(&at, "a string"),
        }
    }

    /// The fields that are compared as a whole, with the names of volumes in the Pod. A field without a rule would never
    /// be compared at all.
    fn compared(&mut self, object: &CompanionObject, at: &FieldPath, rest: Members) -> Option<Members> {
        let field = |(key, value): (String, Value)| {
            if !COMPARED_FIELDS.contains(&key.as_str()) {
                return self.unreadable(&at.member(&key), "absent");
            }
            let value = derived::renamed(object, &key, value);
            Some((key, value))
        };
        rest.into_iter().filter(|(_, value)| !value.is_null()).map(field).collect()
    }

    fn unreadable<T>(&mut self, at: &FieldPath, expected: &str) -> Option<T> {
        let rule = format!("must be {expected}, so that the policies of the required companion can compare this field");
        let message = message::invalid(rule);
        self.found.error(at, message);
        None
    }
}
