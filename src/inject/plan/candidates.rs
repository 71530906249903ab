//! Who wins: which companions are considered for a Pod, by falling rank.

use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::selector::Unmet;
use crate::inject::companion::{Activation, CompanionKind};
use crate::inject::pod::Pod;
use crate::inject::request::namespace::OptIn;
use crate::inject::request::pod_namespace::PodNamespace;
use crate::inject::request::requested::Requested;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::Via;
use crate::work::step;

/// A companion that is considered.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct Candidate<'a> {
    pub(in crate::inject) name: &'a str,
    pub(in crate::inject) via: Via,
    /// What its name means here; `None` where it means nothing, or nothing that is offered to this namespace.
    pub(in crate::inject) listed: Option<&'a CatalogEntry>,
    /// Its place in the list that names it.
    pub(in crate::inject) listed_at: usize,
    /// Whether its selectors take this Pod.
    pub(in crate::inject) selected: bool,
}

/// The companions that are considered, each once, in order of rank: the first match decides.
pub(in crate::inject) fn candidates<'a>(
    pod: &'a Pod<'a>,
    home: PodNamespace<'a>,
    ask: &Requested<'a>,
    snapshot: &'a Snapshot,
) -> Vec<Candidate<'a>> {
    let mut chosen: Vec<Candidate<'a>> = Vec::with_capacity(4);
    let mut by_itself = automatic(pod, home, snapshot);
    by_itself.sort_unstable_by_key(|listed| listed.name());
    by_itself.dedup_by_key(|listed| listed.name());
    let required = |listed: &CatalogEntry| listed.required() && snapshot.settings.required;
    let of = |listed: &'a CatalogEntry, via| Candidate {
        name: listed.name(),
        via,
        listed: Some(listed),
        listed_at: 0,
        selected: true,
    };
    chosen.extend(by_itself.iter().filter(|l| required(l)).map(|l| of(l, Via::Required)));
    if ask.pod == OptIn::Disabled {
        return chosen;
    }
    let (via, names) = match &ask.requested {
        Some(names) => (Via::Pod, names.as_slice()),
        None if ask.opted_in() => (Via::NamespaceList, ask.listed.as_slice()),
        None => (Via::NamespaceList, &[][..]),
    };
    let required_ones = chosen.len();
    for (listed_at, name) in names.iter().enumerate() {
        if chosen[..required_ones].binary_search_by_key(name, |c| c.name).is_err() {
            let listed = snapshot.companions.resolve(home.name(), name).filter(|listed| is_offered(listed, home));
            let selected = listed.is_some_and(|listed| selects(listed, pod, home));
            chosen.push(Candidate { name, via, listed, listed_at, selected });
        }
    }
    let comes = |listed: &CatalogEntry| match listed.activation() {
        Activation::OnRequest => false,
        Activation::OptedInNamespaces => ask.opted_in(),
        Activation::ClusterWide => !ask.opted_out(),
    };
    // A required one is in already, unless required companions are switched off.
    let is_named = |listed: &CatalogEntry| {
        step(1 + names.len());
        names.contains(&listed.name())
    };
    let others = by_itself.iter().filter(|l| comes(l) && !required(l) && !is_named(l));
    chosen.extend(others.map(|l| of(l, Via::Automatic)));
    chosen
}

/// Companions that are not on request only, whose selectors take the Pod, and whose names mean them here.
fn automatic<'a>(pod: &'a Pod<'a>, home: PodNamespace<'a>, snapshot: &'a Snapshot) -> Vec<&'a CatalogEntry> {
    let labels = pod.labels.iter().map(|(k, v)| (&**k, &**v));
    let means = |listed: &&CatalogEntry| {
        snapshot.companions.resolve(home.name(), listed.name()).is_some_and(|meant| std::ptr::eq(meant, *listed))
    };
    snapshot
        .companions
        .automatic(labels, home.labels())
        .filter(|listed| selects(listed, pod, home))
        .filter(means)
        .collect()
}

/// Whether a companion is offered to the Pod's namespace. Of one that is not, nothing is told, not even that it is there;
/// so one whose selectors cannot be read is offered to nobody.
pub(in crate::inject) fn is_offered(listed: &CatalogEntry, home: PodNamespace<'_>) -> bool {
    let selected = || listed.selectors().is_some_and(|(_, namespaces)| namespaces.matches(|key| home.label(key)));
    // A `Companion` is found in its own namespace only, and has no selector of namespaces.
    listed.kind() == CompanionKind::Companion || selected()
}

/// Whether a companion's selectors take a Pod; what cannot be read of them does not leave it out.
pub(in crate::inject) fn selects(listed: &CatalogEntry, pod: &Pod<'_>, home: PodNamespace<'_>) -> bool {
    is_offered(listed, home) && listed.selectors().is_none_or(|(pods, _)| pods.matches(|key| pod.label(key)))
}

/// What a Pod lacks to have a companion that is offered to its namespace.
pub(in crate::inject) fn unmet(listed: &CatalogEntry, pod: &Pod<'_>) -> Option<Unmet> {
    listed.selectors()?.0.unmet(|key| pod.label(key))
}
