//! Who wins: which companions are considered for a Pod, by falling rank.

use super::ask::Ask;
use super::catalogue::Listed;
use super::companion::Activation;
use super::home::Home;
use super::namespace::Switch;
use super::pod::Pod;
use super::verdict::Via;
use super::work::step;
use super::world::World;

/// A companion that is considered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    pub(super) via: Via,
    /// What its name means here; `None` where it means nothing.
    pub(super) listed: Option<&'a Listed>,
    /// Its place in the list that names it.
    pub(super) listed_at: usize,
    /// Whether its selectors take this Pod.
    pub(super) selected: bool,
}

/// The companions that are considered, each once, in order of rank: the first match decides.
pub(super) fn candidates<'a>(pod: &'a Pod<'a>, home: Home<'a>, ask: &Ask<'a>, world: &'a World) -> Vec<Candidate<'a>> {
    let mut chosen: Vec<Candidate<'a>> = Vec::with_capacity(4);
    let mut by_itself = coming_by_themselves(pod, home, world);
    by_itself.sort_unstable_by_key(|listed| listed.name());
    let is_required = |listed: &Listed| listed.required() && world.settings.required;
    for listed in by_itself.iter().filter(|listed| is_required(listed)) {
        chosen.push(Candidate {
            name: listed.name(),
            via: Via::Required,
            listed: Some(listed),
            listed_at: 0,
            selected: true,
        });
    }
    let required = chosen.len();
    if ask.pod == Switch::Disabled {
        return chosen;
    }
    let named = match &ask.requested {
        Some(names) => (Via::Pod, names.as_slice()),
        None if ask.opted_in() => (Via::NamespaceList, ask.listed.as_slice()),
        None => (Via::NamespaceList, &[][..]),
    };
    for (at, name) in named.1.iter().enumerate() {
        let listed = world.companions.resolve(home.name(), name);
        let selected = listed.is_some_and(|listed| selects(listed, pod, home));
        // Required ones are in the order of their names.
        if chosen[..required].binary_search_by(|candidate| candidate.name.cmp(name)).is_err() {
            chosen.push(Candidate { name, via: named.0, listed, listed_at: at, selected });
        }
    }
    let named = required..chosen.len();
    for listed in &by_itself {
        let comes = match listed.activation() {
            Activation::OnRequest => false,
            Activation::OptedInNamespaces => ask.opted_in(),
            Activation::ClusterWide => !ask.opted_out(),
        };
        step(1 + named.len());
        // A required one is in already, unless required companions are switched off. Names mean one companion each.
        let is_in = is_required(listed) || chosen[named.clone()].iter().any(|c| c.name == listed.name());
        if comes && !is_in {
            let (name, listed) = (listed.name(), Some(*listed));
            chosen.push(Candidate { name, via: Via::Automatic, listed, listed_at: 0, selected: true });
        }
    }
    chosen
}

/// Companions that are not on request only, whose selectors take the Pod, and whose names mean them here.
fn coming_by_themselves<'a>(pod: &'a Pod<'a>, home: Home<'a>, world: &'a World) -> Vec<&'a Listed> {
    let labels = pod.labels.iter().map(|(k, v)| (&**k, &**v));
    let means = |listed: &&Listed| {
        world.companions.resolve(home.name(), listed.name()).is_some_and(|meant| std::ptr::eq(meant, *listed))
    };
    world
        .companions
        .automatic(labels, home.labels())
        .filter(|listed| selects(listed, pod, home))
        .filter(means)
        .collect()
}

/// Whether a companion's selectors take a Pod; what cannot be read of them does not leave it out.
pub(super) fn selects(listed: &Listed, pod: &Pod<'_>, home: Home<'_>) -> bool {
    listed.selectors().is_none_or(|(pods, namespaces)| {
        pods.matches(|key| pod.label(key)) && namespaces.matches(|key| home.label(key))
    })
}
