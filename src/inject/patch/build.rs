//! Writes the patch of all plans, one place of the Pod after the other, so that each operation belongs to one companion.

mod resources;

use std::borrow::Cow;
use std::collections::HashMap;

use super::builder::{AppContainer, Parent, PatchBuilder, Target};
use super::status;
use super::status::Status;
use crate::inject::companion::template::{Template, TemplatePiece};
use crate::inject::companion::value::Value;
use crate::inject::companion::{Container, Placement};
use crate::inject::keys;
use crate::inject::plan::volumes::evictable::joined;
use crate::inject::plan::{Plan, SharedMount, Side, pre_stop};
use crate::inject::pod::{self, Pod};
use crate::json::{ObjectWriter, Sink, write_object};
use crate::work::step;

/// What a review changes in a Pod.
#[derive(Debug)]
pub(in crate::inject) struct Changes<'c, 'a> {
    /// In the order of injection.
    pub(in crate::inject) plans: &'c [Plan<'a>],
    /// The native sidecars that get `restartPolicy: Always` back.
    pub(in crate::inject) restored: &'c [&'a pod::Container<'a>],
    /// An upper bound of the size of the patch, in bytes.
    pub(in crate::inject) most: usize,
}

/// Writes the patch of all changes. `None` where there is none.
pub(in crate::inject) fn build(pod: &Pod<'_>, status: &Status<'_>, changes: &Changes<'_, '_>) -> Option<Vec<u8>> {
    let Changes { plans, restored, most } = *changes;
    if plans.is_empty() && restored.is_empty() {
        return None;
    }
    let mut draft = PatchBuilder::with_capacity(most);
    restart_policies(&mut draft, restored);
    if !plans.is_empty() {
        annotations(&mut draft, pod, status, plans);
        image_pull_secrets(&mut draft, pod, plans);
        volumes(&mut draft, pod, plans);
        app_containers(&mut draft, pod, plans);
        companions(&mut draft, pod, plans);
    }
    let patch = draft.finish();
    let bytes = patch.as_ref().map_or(0, Vec::len);
    step(bytes);
    debug_assert!(bytes <= most, "a patch of {bytes} bytes, where at most {most} were expected");
    patch
}

/// Written before containers are added, which changes the places of those that follow.
fn restart_policies(draft: &mut PatchBuilder, restored: &[&pod::Container<'_>]) {
    for container in restored {
        let place = AppContainer { list: container.list, index: container.index };
        draft.add(Target::RestartPolicy(place), |out| out.string("Always"));
    }
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
            members.add(&file.key, |out| out.string(&file.content));
        }
        for (key, value) in plan.companion.pod_annotations.iter().filter(|(key, _)| ours(key)) {
            let value =
                if **key == *keys::SAFE_TO_EVICT_VOLUMES { joined(plans).into() } else { Cow::Borrowed(&**value) };
            members.add(key, |out| out.string(&value));
        }
        if let Some(scrape) = &plan.scrape {
            scrape.each(|key, value| members.add(key, |out| out.string(value)));
        }
    }
    members.add(keys::STATUS, |out| {
        let mut text = String::with_capacity(512);
        let added = plans.iter().map(|p| (&*p.companion.name, &p.added));
        let is_planned = |name: &str| plans.iter().any(|p| *p.companion.name == *name);
        status::write(&mut text, status.present(pod).filter(|e| !is_planned(&e.companion)), added);
        out.string(&text);
    });
    members.finish();
}

fn image_pull_secrets(draft: &mut PatchBuilder, pod: &Pod<'_>, plans: &[Plan<'_>]) {
    let mut list = draft.list(Target::ImagePullSecrets, pod.image_pull_secrets.is_some());
    for name in plans.iter().flat_map(|p| &p.added.image_pull_secrets).filter(|name| !pod.has_pull_secret(name)) {
        list.back(|out| write_object(out, |secret| secret.string("name", name)));
    }
    list.finish();
}

fn volumes(draft: &mut PatchBuilder, pod: &Pod<'_>, plans: &[Plan<'_>]) {
    let mut list = draft.list(Target::Volumes, pod.volumes.is_some());
    for plan in plans {
        let secrets = plan.secrets.iter().filter_map(|secret| secret.json.as_deref());
        for json in plan.volumes.iter().map(|volume| &*volume.json).chain(secrets) {
            list.back(|out| out.text(json));
        }
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
            for variable in endpoint_env(plan).filter(|(name, _)| !plan.keeps_env(i, name)) {
                env.front(|out| write_endpoint_variable(out, variable));
            }
            for variable in plan.companion.app_env.iter().filter(|variable| !plan.keeps_env(i, &variable.name)) {
                env.front(|out| write_template(out, plan, &variable.template));
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
            list.front(|out| write_template(out, plan, &container.template));
        }
    }
    for plan in plans.iter().filter(|p| !is_first(p)) {
        for container in initial(plan) {
            list.back(|out| write_template(out, plan, &container.template));
        }
    }
    list.finish();
    let mut list = draft.list(Target::Containers, true);
    for plan in plans.iter().filter(|p| p.companion.placement == Placement::Container) {
        for container in &plan.companion.containers {
            list.back(|out| write_template(out, plan, &container.template));
        }
    }
    list.finish();
}

/// The containers that a companion adds to `initContainers`, in order.
fn initial<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = &'p Container> {
    plan.companion.identities().filter(|(_, list)| list.is_init()).map(|(container, _)| container)
}

/// Writes a container or variables. Templates are nested at most once: that of a container has those of its variables.
fn write_template(out: &mut Vec<u8>, plan: &Plan<'_>, template: &Template) {
    for piece in &template.0 {
        match piece {
            TemplatePiece::Text(text) => out.text(text),
            TemplatePiece::Env { own } => write_env(out, plan, own),
            TemplatePiece::Mounts { own, masks_token } => write_mounts(out, plan, own, *masks_token),
            TemplatePiece::VolumeName(shared) => out.string(plan.volume_name(*shared)),
            TemplatePiece::Port(endpoint) => {
                let endpoint = plan.endpoint(*endpoint);
                out.display(endpoint.map_or(0, |e| plan.endpoint_port(e)));
            }
            TemplatePiece::Resources(resources) => resources::write(out, plan, resources),
        }
    }
}

fn write_env(out: &mut Vec<u8>, plan: &Plan<'_>, own: &Template) {
    ObjectWriter::resumed(out).array_unless_empty("env", |env| {
        for variable in endpoint_env(plan) {
            write_endpoint_variable(env.item(), variable);
        }
        for (parameter, value) in plan.companion.parameters.iter().zip(&plan.values) {
            if let (Some(name), Some(filled)) = (&parameter.env, value) {
                match &parameter.file {
                    Some(path) => write_variable(env.item(), name, &Value::Path(Cow::Borrowed(path))),
                    None => write_variable(env.item(), name, &filled.value),
                }
            }
        }
        if !own.0.is_empty() {
            write_template(env.item(), plan, own);
        }
    });
}

fn write_mounts(out: &mut Vec<u8>, plan: &Plan<'_>, own: &str, masks_token: bool) {
    ObjectWriter::resumed(out).array_unless_empty("volumeMounts", |mounts| {
        for shared in &plan.shared {
            write_mount(mounts.item(), shared, &shared.companion);
        }
        mounts.raw(own);
        plan.secrets.iter().for_each(|secret| mounts.raw(&secret.volume.mount));
        if let Some(mask) = plan.companion.token_mask.as_ref().filter(|_| masks_token && plan.masks_token) {
            mounts.raw(&mask.mount);
        }
    });
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
    write_object(out, |variable| {
        variable.string("name", name);
        match port {
            Some(port) => write_number_string(variable.member("value"), port),
            None => variable.string("value", "127.0.0.1"),
        }
    });
}

fn write_variable(out: &mut Vec<u8>, name: &str, value: &Value<'_>) {
    write_object(out, |variable| {
        variable.string("name", name);
        match value {
            Value::Text(text) | Value::Path(text) => write_literal(variable.member("value"), text),
            Value::Port(port) => write_number_string(variable.member("value"), *port),
            Value::SecretKey { secret, key } => variable.object("valueFrom", |source| {
                source.object("secretKeyRef", |reference| {
                    reference.string("name", secret);
                    reference.string("key", key);
                });
            }),
        }
    });
}

/// Writes the value of a variable so that the kubelet does not expand it: it replaces `$(NAME)` and reads `$$` as `$`.
fn write_literal(out: &mut Vec<u8>, text: &str) {
    out.text("\"");
    for (i, part) in text.split('$').enumerate() {
        out.text(if i > 0 { "$$" } else { "" });
        out.escaped(part);
    }
    out.text("\"");
}

fn write_mount(out: &mut Vec<u8>, shared: &SharedMount<'_>, side: &Side<'_>) {
    write_object(out, |mount| {
        mount.string("name", shared.volume);
        mount.string("mountPath", &side.path);
        if !shared.sub_path.is_empty() {
            mount.string("subPath", shared.sub_path);
        }
        if side.read_only {
            mount.raw("readOnly", "true");
        }
    });
}

fn write_number_string(out: &mut Vec<u8>, number: u16) {
    out.display(format_args!("\"{number}\""));
}
