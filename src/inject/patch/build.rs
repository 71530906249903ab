//! Writes the patch of all plans, one place of the Pod after the other, so that each operation belongs to one companion.

mod metadata;
mod resources;
mod values;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::builder::PatchBuilder;
use super::changes::{Changes, SkippedAnnotation};
use super::status::Status;
use super::target::{AppContainer, Target};
use crate::inject::companion::template::{Template, TemplatePiece};
use crate::inject::companion::value::Value;
use crate::inject::companion::{Container, Placement};
use crate::inject::plan::{Plan, pre_stop};
use crate::inject::pod::{self, Pod};
use crate::json::{ObjectWriter, Sink, write_object};
use crate::work::step;

use values::{write_endpoint_variable, write_mount, write_variable};

/// Writes the patch of all changes. `None` where there is none.
pub(in crate::inject) fn build(pod: &Pod<'_>, status: &Status<'_>, changes: &Changes<'_, '_>) -> Option<Vec<u8>> {
    let Changes { plans, restored, skipped, most } = *changes;
    if plans.is_empty() && restored.is_empty() && *skipped == SkippedAnnotation::Unchanged {
        return None;
    }
    let mut draft = PatchBuilder::with_capacity(most);
    restart_policies(&mut draft, restored);
    metadata::annotations(&mut draft, pod, status, changes);
    if !plans.is_empty() {
        metadata::labels(&mut draft, pod, plans);
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
    // Most companions have no sleep, and an empty map would still be hashed for each container.
    let has_sleeps = plans.iter().any(|p| !p.added.pre_stop.is_empty());
    let sleeps: Option<HashMap<&str, u32>> =
        has_sleeps.then(|| plans.iter().flat_map(|p| &p.added.pre_stop).copied().collect());
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
                env.front(|out| write_template(out, plan, &variable.template, &mut Written::default()));
            }
        }
        env.finish();
        let mut mounts = draft.list(Target::Mounts(place), container.has_mounts());
        let here = shares.iter_mut().filter_map(|(shared, app)| app.next_if(|place| *place == i).map(|_| *shared));
        for shared in here {
            mounts.back(|out| write_mount(out, shared, &shared.app));
        }
        mounts.finish();
        let seconds = sleeps.as_ref().and_then(|sleeps| sleeps.get(&*container.name));
        if let Some(seconds) = seconds.filter(|_| !container.list.is_init()) {
            pre_stop::write(draft, place, container.lifecycle, *seconds);
        }
    }
}

fn companions(draft: &mut PatchBuilder, pod: &Pod<'_>, plans: &[Plan<'_>]) {
    let mut list = draft.list(Target::InitContainers, pod.init_containers.is_some());
    let is_first = |plan: &&Plan<'_>| plan.companion.placement == Placement::First;
    for plan in plans.iter().filter(is_first) {
        let mut written = Written::default();
        for container in initial(plan) {
            list.front(|out| write_template(out, plan, &container.template, &mut written));
        }
    }
    for plan in plans.iter().filter(|p| !is_first(p)) {
        let mut written = Written::default();
        for container in initial(plan) {
            list.back(|out| write_template(out, plan, &container.template, &mut written));
        }
    }
    list.finish();
    let mut list = draft.list(Target::Containers, true);
    for plan in plans.iter().filter(|p| p.companion.placement == Placement::Container) {
        let mut written = Written::default();
        for container in &plan.companion.containers {
            list.back(|out| write_template(out, plan, &container.template, &mut written));
        }
    }
    list.finish();
}

/// The containers that a companion adds to `initContainers`, in order.
fn initial<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = &'p Container> {
    plan.companion.identities().filter(|(_, list)| list.is_init()).map(|(container, _)| container)
}

/// Where in the patch the members are that all containers of a companion get, so that they are copied after the first
/// container.
#[derive(Default)]
struct Written {
    /// `env` with the variables of endpoints and parameters, without the closing bracket.
    env: Option<Range<usize>>,
    /// `volumeMounts` with the shared volumes, without the closing bracket.
    mounts: Option<Range<usize>>,
}

/// Writes a container or variables. Templates are nested at most once: that of a container has those of its variables.
fn write_template(out: &mut Vec<u8>, plan: &Plan<'_>, template: &Template, written: &mut Written) {
    for piece in &template.0 {
        match piece {
            TemplatePiece::Text(text) => out.text(text),
            TemplatePiece::Env { own } => {
                let is_open = copy(out, &mut written.env, |out| write_env(out, plan));
                let own = Some(own).filter(|own| !own.0.is_empty());
                resume(out, "env", is_open, own, |out, own| write_template(out, plan, own, &mut Written::default()));
            }
            TemplatePiece::Mounts { own, masks_token } => {
                let is_open = copy(out, &mut written.mounts, |out| write_mounts(out, plan));
                let mask = plan.companion.token_mask.as_ref().filter(|_| *masks_token && plan.masks_token);
                let secrets = plan.secrets.iter().map(|secret| &*secret.volume.mount);
                let own = std::iter::once(&**own).chain(secrets).chain(mask.map(|mask| &*mask.mount));
                let own = own.filter(|items| !items.is_empty());
                resume(out, "volumeMounts", is_open, own, Sink::text);
            }
            TemplatePiece::VolumeName(shared) => out.string(plan.volume_name(*shared)),
            TemplatePiece::Port(endpoint) => {
                let endpoint = plan.endpoint(*endpoint);
                out.display(endpoint.map_or(0, |e| plan.endpoint_port(e)));
            }
            TemplatePiece::Resources(resources) => resources::write(out, plan, resources),
        }
    }
}

/// Writes a list without its closing bracket, or copies it from where it was written before. Returns whether it has items:
/// an empty one is not written.
fn copy(out: &mut Vec<u8>, written: &mut Option<Range<usize>>, write: impl FnOnce(&mut Vec<u8>)) -> bool {
    if let Some(before) = written {
        out.extend_from_within(before.clone());
        return before.start < before.end;
    }
    let start = out.len();
    write(out);
    if out.len() > start {
        out.pop();
    }
    *written = Some(start..out.len());
    out.len() > start
}

/// Writes further items of a member that is a list, and its closing bracket.
fn resume<I>(
    out: &mut Vec<u8>,
    key: &'static str,
    mut is_open: bool,
    items: impl IntoIterator<Item = I>,
    write: impl Fn(&mut Vec<u8>, I),
) {
    for item in items {
        if is_open {
            out.text(",");
        } else {
            ObjectWriter::resumed(out).member(key).text("[");
            is_open = true;
        }
        write(out, item);
    }
    out.text(if is_open { "]" } else { "" });
}

/// Writes the variables that all containers of a companion get.
fn write_env(out: &mut Vec<u8>, plan: &Plan<'_>) {
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
    });
}

/// Writes the mounts that all containers of a companion get.
fn write_mounts(out: &mut Vec<u8>, plan: &Plan<'_>) {
    ObjectWriter::resumed(out).array_unless_empty("volumeMounts", |mounts| {
        for shared in &plan.shared {
            write_mount(mounts.item(), shared, &shared.companion);
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
