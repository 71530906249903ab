//! Writes the patch of all plans, one place of the Pod after the other, so that each operation belongs to one companion.

mod array;
mod resources;

use std::collections::HashMap;

use super::builder::{AppContainer, Parent, PatchBuilder, Target};
use super::status;
use super::status::Status;
use crate::inject::companion::template::TemplatePiece;
use crate::inject::companion::value::Value;
use crate::inject::companion::{Container, Placement};
use crate::inject::keys;
use crate::inject::plan::{Plan, SharedMount, Side, pre_stop};
use crate::inject::pod::Pod;
use crate::json::{write_escaped, write_string};
use crate::work::step;

use array::Array;

/// Writes the patch of all plans, which are in the order of injection. `most` is an upper bound of its size in bytes.
/// `None` where there is no plan.
pub(in crate::inject) fn build(pod: &Pod<'_>, status: &Status<'_>, plans: &[Plan<'_>], most: usize) -> Option<Vec<u8>> {
    if plans.is_empty() {
        return None;
    }
    let mut draft = PatchBuilder::with_capacity(most);
    annotations(&mut draft, pod, status, plans);
    image_pull_secrets(&mut draft, pod, plans);
    volumes(&mut draft, pod, plans);
    app_containers(&mut draft, pod, plans);
    companions(&mut draft, pod, plans);
    let patch = draft.finish();
    let bytes = patch.as_ref().map_or(0, Vec::len);
    step(bytes);
    debug_assert!(bytes <= most, "a patch of {bytes} bytes, where at most {most} were expected");
    patch
}

fn annotations(draft: &mut PatchBuilder, pod: &Pod<'_>, status: &Status<'_>, plans: &[Plan<'_>]) {
    let parent = match &pod.annotations {
        Some(_) => Parent::Present,
        None if pod.has_metadata => Parent::Absent,
        None => Parent::NoMetadata,
    };
    let mut members = draft.annotations(parent);
    for plan in plans {
        let ours = |key: &str| plan.added.annotations.contains(&key) && pod.annotation(key).is_none();
        for file in plan.companion.files.iter().filter(|f| ours(&f.key)) {
            members.add(&file.key, |out| write_string(out, &file.content));
        }
        for (key, value) in plan.companion.pod_annotations.iter().filter(|(key, _)| ours(key)) {
            members.add(key, |out| write_string(out, value));
        }
        if let Some(scrape) = &plan.scrape {
            scrape.each(|key, value| members.add(key, |out| write_string(out, value)));
        }
    }
    members.add(keys::STATUS, |out| {
        let mut text = Vec::with_capacity(512);
        let added = plans.iter().map(|p| (&*p.companion.name, &p.added));
        let is_planned = |name: &str| plans.iter().any(|p| *p.companion.name == *name);
        status::write(&mut text, status.present(pod).filter(|e| !is_planned(&e.companion)), added);
        out.push(b'"');
        // The status consists of strings and JSON, so it is UTF-8.
        write_escaped(out, &String::from_utf8_lossy(&text));
        out.push(b'"');
    });
    members.finish();
}

fn image_pull_secrets(draft: &mut PatchBuilder, pod: &Pod<'_>, plans: &[Plan<'_>]) {
    let mut list = draft.list(Target::ImagePullSecrets, pod.image_pull_secrets.is_some());
    for name in plans.iter().flat_map(|p| &p.added.image_pull_secrets) {
        list.back(|out| write_named(out, name, |_| {}));
    }
    list.finish();
}

fn volumes(draft: &mut PatchBuilder, pod: &Pod<'_>, plans: &[Plan<'_>]) {
    let mut list = draft.list(Target::Volumes, pod.volumes.is_some());
    for volume in plans.iter().flat_map(|p| &p.volumes) {
        list.back(|out| out.extend_from_slice(volume.json.as_bytes()));
    }
    list.finish();
}

/// The additions to app containers. They are written before the companions' containers are added, which moves the app
/// containers after them.
fn app_containers(draft: &mut PatchBuilder, pod: &Pod<'_>, plans: &[Plan<'_>]) {
    let sleeps: HashMap<&str, u32> = plans.iter().flat_map(|p| &p.added.pre_stop).copied().collect();
    let gives = |plan: &&Plan<'_>| plan.app_variables().next().is_some();
    let giving: Vec<_> = plans.iter().filter(gives).collect();
    // The containers of each shared mount are in the order of the Pod, so one pass over the Pod finds all of them.
    let mut shares: Vec<_> =
        plans.iter().flat_map(|p| &p.shared).map(|s| (s, s.containers.iter().peekable())).collect();
    for (i, container) in pod.containers.iter().enumerate() {
        step(1 + giving.len() + shares.len());
        let place = AppContainer { list: container.list, index: container.index };
        let mut env = draft.list(Target::Env(place), container.has_env());
        for plan in giving.iter().filter(|p| p.chosen.places.contains(i)) {
            for variable in endpoint_env(plan) {
                env.front(|out| write_endpoint_variable(out, variable));
            }
            for variable in &plan.companion.app_env {
                env.front(|out| out.extend_from_slice(variable.json.as_bytes()));
            }
        }
        env.finish();
        let mut mounts = draft.list(Target::Mounts(place), container.has_mounts());
        let here = shares.iter_mut().filter_map(|(shared, app)| app.next_if(|place| *place == i).map(|_| *shared));
        for shared in here {
            mounts.back(|out| write_mount(out, shared, &shared.app));
        }
        mounts.finish();
        if let Some(seconds) = sleeps.get(&*container.name).filter(|_| !container.list.is_init()) {
            pre_stop::write(draft, place, container.lifecycle, *seconds);
        }
    }
}

fn companions(draft: &mut PatchBuilder, pod: &Pod<'_>, plans: &[Plan<'_>]) {
    let mut list = draft.list(Target::InitContainers, pod.init_containers.is_some());
    let is_first = |plan: &&Plan<'_>| plan.companion.placement == Placement::First;
    for plan in plans.iter().filter(is_first) {
        for container in initial(plan) {
            list.front(|out| write_container(out, plan, container));
        }
    }
    for plan in plans.iter().filter(|p| !is_first(p)) {
        for container in initial(plan) {
            list.back(|out| write_container(out, plan, container));
        }
    }
    list.finish();
    let mut list = draft.list(Target::Containers, true);
    for plan in plans.iter().filter(|p| p.companion.placement == Placement::Container) {
        for container in &plan.companion.containers {
            list.back(|out| write_container(out, plan, container));
        }
    }
    list.finish();
}

/// The containers that a companion adds to `initContainers`, in order.
fn initial<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = &'p Container> {
    plan.companion.identities().filter(|(_, list)| list.is_init()).map(|(container, _)| container)
}

fn write_container(out: &mut Vec<u8>, plan: &Plan<'_>, container: &Container) {
    for piece in &container.template.0 {
        match piece {
            TemplatePiece::Text(text) => out.extend_from_slice(text.as_bytes()),
            TemplatePiece::Env { own } => write_env(out, plan, own),
            TemplatePiece::Mounts { own } => write_mounts(out, plan, own),
            TemplatePiece::Port(endpoint) => {
                let endpoint = plan.endpoint(*endpoint);
                out.extend_from_slice(endpoint.map_or(0, |e| plan.endpoint_port(e)).to_string().as_bytes());
            }
            TemplatePiece::Resources(resources) => resources::write(out, plan, resources),
        }
    }
}

fn write_env(out: &mut Vec<u8>, plan: &Plan<'_>, own: &str) {
    let mut array = Array::new(out, r#","env":["#);
    for variable in endpoint_env(plan) {
        write_endpoint_variable(array.item(), variable);
    }
    for (parameter, value) in plan.companion.parameters.iter().zip(&plan.values) {
        if let (Some(name), Some(filled)) = (&parameter.env, value) {
            write_variable(array.item(), name, &filled.value);
        }
    }
    if !own.is_empty() {
        array.item().extend_from_slice(own.as_bytes());
    }
    array.finish();
}

fn write_mounts(out: &mut Vec<u8>, plan: &Plan<'_>, own: &str) {
    let mut array = Array::new(out, r#","volumeMounts":["#);
    for shared in &plan.shared {
        write_mount(array.item(), shared, &shared.companion);
    }
    if !own.is_empty() {
        array.item().extend_from_slice(own.as_bytes());
    }
    array.finish();
}

/// The variables of a companion's endpoints: the name, and the port or else the host.
fn endpoint_env<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = (&'p str, Option<u16>)> {
    plan.companion.endpoints.iter().flat_map(|endpoint| {
        let host = endpoint.host_env.as_deref().map(|name| (name, None));
        let port = endpoint.port_env.as_deref().map(|name| (name, Some(plan.endpoint_port(endpoint))));
        host.into_iter().chain(port)
    })
}

fn write_endpoint_variable(out: &mut Vec<u8>, (name, port): (&str, Option<u16>)) {
    write_named(out, name, |out| {
        out.extend_from_slice(br#","value":"#);
        match port {
            Some(port) => write_number_string(out, port),
            None => write_string(out, "127.0.0.1"),
        }
    });
}

fn write_variable(out: &mut Vec<u8>, name: &str, value: &Value<'_>) {
    write_named(out, name, |out| match value {
        Value::Text(text) | Value::Path(text) => {
            out.extend_from_slice(br#","value":""#);
            // The kubelet expands `$(NAME)` and replaces `$$` by `$`.
            for (i, part) in text.split('$').enumerate() {
                if i > 0 {
                    out.extend_from_slice(b"$$");
                }
                write_escaped(out, part);
            }
            out.push(b'"');
        }
        Value::Port(port) => {
            out.extend_from_slice(br#","value":"#);
            write_number_string(out, *port);
        }
        Value::SecretKey { secret, key } => {
            out.extend_from_slice(br#","valueFrom":{"secretKeyRef":"#);
            write_named(out, secret, |out| {
                out.extend_from_slice(br#","key":"#);
                write_string(out, key);
            });
            out.push(b'}');
        }
    });
}

fn write_mount(out: &mut Vec<u8>, shared: &SharedMount<'_>, side: &Side<'_>) {
    write_named(out, shared.volume, |out| {
        out.extend_from_slice(br#","mountPath":"#);
        write_string(out, &side.path);
        if !shared.sub_path.is_empty() {
            out.extend_from_slice(br#","subPath":"#);
            write_string(out, shared.sub_path);
        }
        if side.read_only {
            out.extend_from_slice(br#","readOnly":true"#);
        }
    });
}

/// Writes an object that starts with `name`.
fn write_named(out: &mut Vec<u8>, name: &str, rest: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(br#"{"name":"#);
    write_string(out, name);
    rest(out);
    out.push(b'}');
}

fn write_number_string(out: &mut Vec<u8>, number: u16) {
    out.push(b'"');
    out.extend_from_slice(number.to_string().as_bytes());
    out.push(b'"');
}
