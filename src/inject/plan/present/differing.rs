//! Parameters that the Pod gives to companions which are present with other values: a change of the annotation has no
//! effect then.

mod found;

use found::{ExpectedValue, ValueSlot, compare, has_file};

use crate::inject::companion::index::ParameterIndex;
use crate::inject::companion::parameter::Parameter;
use crate::inject::companion::resources::is_compute;
use crate::inject::companion::template::{ResourceSlots, TemplatePiece};
use crate::inject::companion::value::Value;
use crate::inject::companion::{Companion, Container};
use crate::inject::plan::candidates::Candidate;
use crate::inject::plan::chosen::{Choices, Chosen};
use crate::inject::pod::{Pod, PodAmounts};
use crate::inject::request::context::Context;
use crate::work::step;

/// The most bytes of containers that are read again: companions can have containers of the same name.
const MAX_READ: usize = 1 << 20;

/// The most containers of which is determined whether a companion excludes them: a Pod can have thousands, and each
/// companion can exclude all of them. If all of so many are excluded, no difference is reported.
const MAX_EXCLUDED: usize = 32;

/// The given parameters of present companions that differ from what is in the Pod, with their companions.
pub(in crate::inject) fn differing<'a>(
    context: &Context<'_, 'a>,
    choices: &Choices,
    candidates: &[Candidate<'a>],
) -> Vec<(Candidate<'a>, &'a str)> {
    let mut differing = Vec::new();
    if context.requested.parameters.is_empty() || context.status.entries().is_empty() {
        return differing;
    }
    let mut left = MAX_READ;
    for candidate in candidates.iter().filter(|candidate| candidate.is_present()) {
        let listed = context.status.entry(candidate.name).is_some();
        let Some(companion) = candidate.companion().filter(|_| listed) else { continue };
        let mut given = Given::of(companion, context);
        if !given.is_empty() {
            compare_app(&mut given, companion, context, choices.of(candidate.via, companion));
            compare_containers(&mut given, companion, context, &mut left);
            compare_files(&mut given, companion, context.pod);
        }
        let names = given.iter().filter(|given| given.differs).map(|given| &*given.parameter.name);
        differing.extend(names.map(|name| (*candidate, name)));
    }
    differing
}

/// A declared parameter with the value that the Pod gives; `None` where the companion does not accept the value.
struct Given<'a> {
    place: usize,
    parameter: &'a Parameter,
    value: Option<Value<'a>>,
    /// Whether the Pod has another value.
    differs: bool,
}

impl<'a> Given<'a> {
    fn of(companion: &'a Companion, context: &Context<'_, 'a>) -> Vec<Self> {
        let given: Vec<_> = context.requested.given_to(&companion.name).collect();
        let own = |parameter: &Parameter| given.iter().find(|g| *g.parameter == *parameter.name).map(|g| g.value);
        let declared = companion.parameters.iter().enumerate();
        let with_text = declared.filter_map(|(place, parameter)| Some((place, parameter, own(parameter)?)));
        let given = with_text.map(|(place, parameter, text)| {
            // Patterns are not matched: a value that was injected did match.
            let value = parameter.kind.parse_default(text).ok();
            Given { place, parameter, differs: value.is_none(), value }
        });
        given.collect()
    }

    fn is(&self, index: Option<ParameterIndex>) -> bool {
        index.is_some_and(|index| index.place() == self.place)
    }
}

/// Compares the paths of mounts of the app.
fn compare_app<'a>(given: &mut [Given<'a>], companion: &'a Companion, context: &Context<'_, 'a>, chosen: &Chosen) {
    for given in given {
        let is_moved = companion.shared_volumes.iter().any(|shared| given.is(shared.app.parameter));
        if let Some(Value::Path(path)) = &given.value
            && is_moved
        {
            given.differs |= lacks_mount(companion, context.pod, chosen, path);
        }
    }
}

/// Compares the files that parameters fill.
fn compare_files<'a>(given: &mut [Given<'a>], companion: &'a Companion, pod: &Pod<'_>) {
    for given in given {
        let volumes = companion.secret_volumes.iter();
        let all = volumes.flat_map(|volume| volume.files.iter().map(|file| (&*volume.name, file)));
        let slot = all.into_iter().find(|(_, file)| given.is(Some(file.parameter)));
        if let (Some((volume, file)), Some(Value::SecretKey { secret, key })) = (slot, &given.value) {
            given.differs |= !pod.volume(volume).is_some_and(|found| has_file(found.json, &file.path, secret, key));
        }
    }
}

/// Whether the containers that a companion does not exclude have nothing at a path. Where it excludes all of them, none of
/// them lacks a mount.
fn lacks_mount(companion: &Companion, pod: &Pod<'_>, chosen: &Chosen, path: &str) -> bool {
    let is_excluded = |place: usize| {
        step(companion.exclude_containers.len());
        companion.excludes(&pod.containers[place].name)
    };
    let mut mounts = chosen.at(pod, path).take(MAX_EXCLUDED);
    let mut containers = chosen.places.iter().take(MAX_EXCLUDED);
    mounts.all(|(place, _)| is_excluded(place)) && containers.any(|place| !is_excluded(place))
}

/// Compares what the containers of the companion have, at most `left` bytes of them.
fn compare_containers<'a>(
    given: &mut [Given<'a>],
    companion: &'a Companion,
    context: &Context<'_, 'a>,
    left: &mut usize,
) {
    let shares = companion.shares_pod_resources;
    let pod_level = if shares { context.pod.amounts() } else { Vec::new() };
    for (container, list) in companion.identities() {
        let Some(found) = context.pod.container_in(list, &container.name, None) else { continue };
        let Some(rest) = left.checked_sub(found.json.len()) else { break };
        *left = rest;
        let mut expected = expectations(given, companion, container);
        expected.retain(|expected| !is_left_out(expected, &pod_level));
        compare(found.json, &mut expected);
        let unmet: Vec<usize> = expected.iter().filter(|expected| !expected.met).map(|unmet| unmet.given).collect();
        for at in unmet {
            given[at].differs = true;
        }
    }
}

/// What a container of the companion has if all given values were injected.
fn expectations<'e>(
    given: &'e [Given<'_>],
    companion: &'e Companion,
    container: &'e Container,
) -> Vec<ExpectedValue<'e>> {
    let mut expected = Vec::new();
    for (at, given) in given.iter().enumerate() {
        let Some(value) = &given.value else { continue };
        let mut expect = |slot| expected.push(ExpectedValue { given: at, slot, value, met: false });
        // The variable of a file has the path, which never differs.
        if let Some(name) = given.parameter.env.as_deref().filter(|_| given.parameter.file.is_none()) {
            expect(ValueSlot::Variable(name));
        }
        let endpoints = companion.endpoints.iter().filter(|endpoint| given.is(endpoint.parameter));
        endpoints
            .filter_map(|endpoint| endpoint.port_env.as_deref())
            .for_each(|name| expect(ValueSlot::Variable(name)));
        let mounts = companion.shared_volumes.iter().filter(|shared| given.is(shared.companion.parameter));
        mounts.for_each(|_| expect(ValueSlot::Mount));
        for resources in container.template.0.iter().filter_map(resource_slots) {
            for (list, slots) in [("limits", &resources.limits), ("requests", &resources.requests)] {
                let filled = slots.iter().filter(|slot| given.is(slot.parameter));
                filled.for_each(|slot| expect(ValueSlot::Resource { list, resource: &slot.name }));
            }
        }
    }
    expected
}

/// Whether the companion leaves an amount out, because it shares the Pod-level resources.
fn is_left_out(expected: &ExpectedValue<'_>, shared: &[PodAmounts<'_>]) -> bool {
    let ValueSlot::Resource { resource, .. } = expected.slot else { return false };
    is_compute(resource) && shared.iter().any(|amounts| amounts.resource == resource)
}

fn resource_slots(piece: &TemplatePiece) -> Option<&ResourceSlots> {
    match piece {
        TemplatePiece::Resources(resources) => Some(resources),
        _ => None,
    }
}
