//! Which companions are considered for a Pod, by falling rank.

use super::present::{Presence, presence};
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::companion::selector::Selection;
use crate::inject::companion::{Activation, Companion};
use crate::inject::request::context::Context;
use crate::inject::request::namespace::OptIn;
use crate::inject::request::requested::Requested;
use crate::inject::request::selection::{is_offered, selection};
use crate::inject::verdict::Via;
use crate::work::step;

/// A companion that is considered.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct Candidate<'a> {
    pub(in crate::inject) name: &'a str,
    pub(in crate::inject) via: Via,
    /// The companion with that name; `None` where none is offered to this namespace.
    pub(in crate::inject) entry: Option<&'a CatalogEntry>,
    /// Its place in the list that names it.
    pub(in crate::inject) listed_at: usize,
    /// Whether its selectors match this Pod; `Excluded` where there is no entry.
    pub(in crate::inject) selection: Selection<'a>,
    /// Whether it is in the Pod already.
    pub(in crate::inject) presence: Presence,
}

impl<'a> Candidate<'a> {
    /// The companion, if it is valid.
    pub(in crate::inject) fn companion(&self) -> Option<&'a Companion> {
        self.entry.and_then(CatalogEntry::valid)
    }

    pub(in crate::inject) fn is_present(&self) -> bool {
        self.presence != Presence::Absent
    }
}

/// The companions that are considered, each once, in order of rank: the first match decides.
pub(in crate::inject) fn candidates<'a>(context: &Context<'_, 'a>) -> Vec<Candidate<'a>> {
    let requested = context.requested;
    let automatic = automatic(context);
    let is_required = |entry: &CatalogEntry| entry.required() && context.snapshot.settings.required;
    let mut candidates: Vec<Candidate<'a>> = Vec::with_capacity(4);
    candidates.extend(automatic.iter().filter(|e| is_required(e.entry)).map(|e| of_entry(context, e, Via::Required)));
    if requested.pod == OptIn::Disabled {
        return candidates;
    }
    let (via, names) = match &requested.companions {
        Some(names) => (Via::Pod, names.as_slice()),
        None if requested.opted_in() => (Via::NamespaceList, requested.of_namespace.as_slice()),
        None => (Via::NamespaceList, &[][..]),
    };
    let required = candidates.len();
    for (listed_at, name) in names.iter().enumerate() {
        if candidates[..required].binary_search_by_key(name, |c| c.name).is_err() {
            candidates.push(of_name(context, name, via, listed_at));
        }
    }
    // A required companion is a candidate already, unless required companions are disabled.
    let is_named = |entry: &CatalogEntry| {
        step(1 + names.len());
        names.contains(&entry.name())
    };
    let is_other = |e: &CatalogEntry| is_active(e, requested) && !is_required(e) && !is_named(e);
    let others = automatic.iter().filter(|e| is_other(e.entry));
    candidates.extend(others.map(|e| of_entry(context, e, Via::Automatic)));
    candidates
}

/// A companion that is not on request only, and whose selectors do not exclude the Pod.
struct Automatic<'a> {
    entry: &'a CatalogEntry,
    selection: Selection<'a>,
}

/// A candidate that is required or automatic.
fn of_entry<'a>(context: &Context<'_, 'a>, automatic: &Automatic<'a>, via: Via) -> Candidate<'a> {
    let Automatic { entry, selection } = *automatic;
    let presence = presence(entry.name(), via, entry.valid(), context.pod, context.status);
    Candidate { name: entry.name(), via, entry: Some(entry), listed_at: 0, selection, presence }
}

/// A candidate that the Pod or its namespace names.
fn of_name<'a>(context: &Context<'_, 'a>, name: &'a str, via: Via, listed_at: usize) -> Candidate<'a> {
    let Context { pod, namespace, snapshot, status, .. } = *context;
    let entry = snapshot.companions.resolve(namespace.name(), name).filter(|entry| is_offered(entry, namespace));
    let selection = entry.map_or(Selection::Excluded, |entry| selection(entry, pod, namespace));
    let presence = presence(name, via, entry.and_then(CatalogEntry::valid), pod, status);
    Candidate { name, via, entry, listed_at, selection, presence }
}

/// Whether a companion is injected without a request.
fn is_active(entry: &CatalogEntry, requested: &Requested<'_>) -> bool {
    match entry.activation() {
        Activation::OnRequest => false,
        Activation::OptedInNamespaces => requested.opted_in(),
        Activation::ClusterWide => !requested.opted_out(),
    }
}

/// The companions that are not on request only and whose selectors do not exclude the Pod, by name, each once. A companion
/// that another one of its name replaces in this namespace is left out.
fn automatic<'a>(context: &Context<'_, 'a>) -> Vec<Automatic<'a>> {
    let Context { pod, namespace, snapshot, .. } = *context;
    let set = || pod.controller_labels();
    let labels = pod.labels.iter().map(|(k, v)| (&**k, &**v));
    let labels = labels.chain(set().filter_map(|(key, value)| Some((key, value?))));
    let unknown = set().filter(|(_, value)| value.is_none()).map(|(key, _)| key);
    let resolve = |name: &str| snapshot.companions.resolve(namespace.name(), name);
    let is_meant = |entry: &CatalogEntry| resolve(entry.name()).is_some_and(|meant| meant.is_same_as(entry));
    let all = snapshot.companions.automatic(namespace.name(), labels, unknown, namespace.labels());
    let all = all.map(|entry| Automatic { entry, selection: selection(entry, pod, namespace) });
    let mut automatic: Vec<_> = all.filter(|a| a.selection != Selection::Excluded && is_meant(a.entry)).collect();
    automatic.sort_unstable_by_key(|a| a.entry.name());
    automatic.dedup_by_key(|a| a.entry.name());
    automatic
}
