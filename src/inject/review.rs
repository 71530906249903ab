//! One review from end to end: the rules of who wins, and what each kind of trouble leads to.

mod already_injected;
mod chosen_containers;
mod settle;

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use super::Request;
use super::companion::catalog::CatalogEntry;
use super::companion::pattern::Budget;
use super::companion::{Companion, OnConflict};
use super::keys;
use super::patch::status::Status;
use super::plan::Plan;
use super::plan::arguments::{arguments, explained};
use super::plan::candidates::{Candidate, candidates, is_offered, selects, unmet};
use super::plan::chosen::Choices;
use super::plan::present;
use super::plan::present::Presence;
use super::plan::reservations::Reservations;
use super::pod::{Container, Pod, is_mirror};
use super::request::namespace::OptIn;
use super::request::pod_namespace::PodNamespace;
use super::request::requested;
use super::request::requested::{MAX_FAULTS, Requested};
use super::snapshot::Snapshot;
use super::verdict::effect::effect;
use super::verdict::reason::Reason;
use super::verdict::{Decision, Effect, Finding, Verdict, Via};
use crate::text::suggest::suggest;

use chosen_containers::required_ones_there;

/// How often a name is looked for that somebody may have meant: each time it is held against many.
const MAX_SUGGESTIONS: usize = 4;
/// The most containers that a name is held against.
const MAX_COMPARED: usize = 1024;
/// For how many plans there is room at once; hardly any Pod has so many.
const MAX_PLANS: usize = 16;

/// Writes the patch of plans that fit; `None` where there is nothing to add.
type Write = fn(&Pod<'_>, &Status<'_>, &[Plan<'_>], usize) -> Option<Vec<u8>>;

pub(super) fn review<'a>(request: &'a Request<'a>, snapshot: &'a Snapshot, write: Write) -> Verdict<'a> {
    let pod = &request.pod;
    if is_mirror(pod, request.requester) {
        return left_alone(Reason::MirrorPod, Effect::Info);
    }
    if keys::EXCLUDED_NAMESPACES.contains(&request.namespace)
        || snapshot.settings.own_namespace.as_deref() == Some(request.namespace)
    {
        let asks = pod.annotation(keys::COMPANIONS).is_some() || pod.label(keys::INJECT) == Some("enabled");
        return left_alone(Reason::ExcludedNamespace, if asks { Effect::Warn } else { Effect::Info });
    }
    let home = match PodNamespace::find(snapshot, request.namespace, request.webhook, pod.label(keys::INJECT)) {
        Ok(home) => home,
        Err(reason) => {
            return Verdict { decision: Decision::Unavailable, ..left_alone(reason, Effect::Info) };
        }
    };
    if pod.containers.iter().all(|c| c.init) {
        return left_alone(Reason::NoContainers, Effect::Warn);
    }
    let ask = Requested::read(pod, home);
    let status = Status::read(pod.annotation(keys::STATUS));
    let injected = status.containers().collect();
    let suggestions = Cell::new(MAX_SUGGESTIONS);
    let (budget, findings) = (Budget::default(), Vec::new());
    let online = request.webhook.is_some();
    Review { pod, home, snapshot, online, status: &status, injected, suggestions, budget, findings }.run(&ask, write)
}

pub(super) fn left_alone<'a>(reason: Reason, effect: Effect) -> Verdict<'a> {
    Verdict { decision: Decision::Admit, findings: vec![remark(reason, effect)] }
}

/// A remark on the Pod.
fn remark<'a>(reason: Reason, effect: Effect) -> Finding<'a> {
    Finding { companion: None, via: None, reason, effect, outcome: false }
}

struct Review<'s, 'a> {
    pod: &'a Pod<'a>,
    home: PodNamespace<'a>,
    snapshot: &'a Snapshot,
    /// Whether an API server asks.
    online: bool,
    status: &'s Status<'a>,
    /// The containers that were put in, by list and name.
    injected: HashSet<(bool, &'s str)>,
    /// How many more names may be looked for that somebody may have meant.
    suggestions: Cell<usize>,
    /// What may still be spent on matching values against patterns.
    budget: Budget,
    findings: Vec<Finding<'a>>,
}

impl<'s, 'a> Review<'s, 'a> {
    fn run(mut self, ask: &Requested<'a>, write: Write) -> Verdict<'a> {
        let candidates = candidates(self.pod, self.home, ask, self.snapshot);
        let presences: Vec<_> =
            candidates.iter().map(|candidate| present::presence(candidate, self.pod, self.status)).collect();
        self.injected.extend(required_ones_there(&candidates, &presences));
        let choices = self.choices(ask, &candidates, &presences);
        self.check_keys(ask, &candidates);
        let mut claims = Reservations::new(self.pod, self.status, &choices, self.online);
        self.claim_what_is_there(&candidates, &presences, &mut claims);
        let mut plans = Vec::with_capacity(candidates.len().min(MAX_PLANS));
        for (candidate, presence) in candidates.iter().zip(&presences) {
            if *presence == Presence::Absent {
                self.consider(candidate, ask, &choices, &mut claims, &mut plans);
            } else {
                self.outcome(candidate, Reason::AlreadyInjected, Effect::Info);
            }
            if *presence == Presence::Other {
                self.remark_on(candidate.name, candidate.via, Reason::Outdated, Effect::Warn);
            }
        }
        self.remark_on_missing_parts(&candidates, &presences);
        self.remark_on_unused_parameters(ask, &candidates);
        if self.findings.iter().any(|f| f.effect == Effect::Deny) {
            // What is refused is not injected, whatever would have fitted.
            self.findings
                .iter_mut()
                .filter(|f| f.reason == Reason::Injected)
                .for_each(|f| f.reason = Reason::PodDenied);
            return Verdict { decision: Decision::Deny, findings: self.findings };
        }
        plans.sort_by(|a, b| injection_order(a).cmp(&injection_order(b)));
        self.settle(&mut plans);
        let patch = write(self.pod, self.status, &plans, claims.patch_bytes());
        drop(plans);
        Verdict { decision: patch.map_or(Decision::Admit, Decision::Patch), findings: self.findings }
    }

    /// What the Pod and its namespace got wrong in words of ours that are no parameters. A Pod that is opted out is
    /// not judged.
    fn check_keys(&mut self, ask: &Requested<'a>, candidates: &[Candidate<'a>]) {
        if ask.pod == OptIn::Disabled {
            let contradicts = ask.requested.is_some();
            self.findings.push(remark(Reason::OptedOut, if contradicts { Effect::Warn } else { Effect::Info }));
            return;
        }
        let mut knows = self.knows(ask, candidates);
        let unknown_companions = ask.parameters.iter().filter(|given| !knows(given.companion));
        let unknown = unknown_companions
            .take(MAX_FAULTS)
            .map(|given| requested::unknown_companion(*given, self.nearest_available(given.companion)))
            .collect::<Vec<_>>();
        drop(knows);
        let faults = ask.pod_faults.iter().cloned().chain(unknown).chain(self.unknown_containers(ask));
        let denied: Vec<_> = faults.map(|reason| remark(reason, Effect::Deny)).collect();
        self.findings.extend(denied);
        self.findings.extend(ask.namespace_faults.iter().cloned().map(|reason| remark(reason, Effect::Warn)));
    }

    /// Whether a name is that of a companion that this Pod's namespace may know of.
    fn knows<'r>(
        &'r self,
        ask: &Requested<'a>,
        candidates: &[Candidate<'a>],
    ) -> impl FnMut(&'a str) -> bool + use<'r, 's, 'a> {
        let none = ask.parameters.is_empty();
        let candidates: HashSet<&str> = candidates.iter().filter(|_| !none).map(|c| c.name).collect();
        let mut stands = HashMap::new();
        let mut stands = move |companion| {
            let look = || self.status.entry(companion).is_some_and(|recorded| recorded.is_present(self.pod));
            *stands.entry(companion).or_insert_with(look)
        };
        move |companion| {
            self.offered(companion).is_some()
                // Its own absence is told once, not once a parameter.
                || candidates.contains(companion)
                || stands(companion)
        }
    }

    /// The companion that a name means here, where it is offered to this namespace.
    fn offered(&self, name: &str) -> Option<&'a CatalogEntry> {
        self.snapshot.companions.resolve(self.home.name(), name).filter(|listed| is_offered(listed, self.home))
    }

    fn unknown_containers(&self, ask: &Requested<'a>) -> Vec<Reason> {
        let Some(names) = &ask.containers else { return Vec::new() };
        let authored = || self.authored().map(|(_, c)| &*c.name);
        let known: HashSet<&str> = authored().collect();
        let few = || authored().take(MAX_COMPARED);
        let unknown = names.iter().filter(|name| !known.contains(**name)).take(MAX_FAULTS);
        unknown
            .map(|name| Reason::UnknownContainer {
                name: (*name).into(),
                nearest: self.suggest(|| suggest(name, few(), |_| true)).map(Into::into),
            })
            .collect()
    }

    /// The containers that were not put in, with their places in the Pod's view.
    fn authored(&self) -> impl Iterator<Item = (usize, &'a Container<'a>)> {
        let injected = |c: &Container<'_>| !self.injected.is_empty() && self.injected.contains(&(c.init, &*c.name));
        self.pod.containers.iter().enumerate().filter(move |(_, c)| !injected(c))
    }

    fn consider<'p>(
        &mut self,
        candidate: &Candidate<'a>,
        ask: &Requested<'a>,
        choices: &'p Choices,
        claims: &mut Reservations<'p>,
        plans: &mut Vec<Plan<'p>>,
    ) where
        'a: 'p,
    {
        let companion = match self.available(candidate) {
            Ok(companion) => companion,
            Err(reason) => return self.report(candidate, [reason], None),
        };
        let values = match arguments(companion, ask, &mut self.budget) {
            Ok(values) => values,
            Err(faults) => {
                let faults = faults.into_iter().map(|fault| explained(fault, companion));
                return self.report(candidate, faults, companion.on_conflict);
            }
        };
        let chosen = choices.of(candidate.via, companion.placement);
        let mark = claims.mark();
        match Plan::fit(companion, candidate.via, candidate.listed_at, values, chosen, claims) {
            Ok(plan) => {
                self.outcome(candidate, Reason::Injected, Effect::Info);
                plans.push(plan);
            }
            Err(reason) => {
                claims.roll_back(mark);
                self.report(candidate, [explained(reason, companion)], companion.on_conflict);
            }
        }
    }

    fn available(&self, candidate: &Candidate<'a>) -> Result<&'a Companion, Reason> {
        match candidate.listed.filter(|_| candidate.selected) {
            None => Err(match candidate.listed.and_then(|listed| unmet(listed, self.pod)) {
                None => {
                    let nearest = self.nearest_available(candidate.name).map(Into::into);
                    Reason::NotAvailable { unmet: None, nearest }
                }
                unmet => Reason::NotAvailable { unmet, nearest: None },
            }),
            Some(listed) if listed.required() && !self.snapshot.settings.required => Err(Reason::RequiredDisabled),
            Some(CatalogEntry::Invalid(_)) => Err(Reason::CompanionInvalid),
            Some(CatalogEntry::Valid(companion)) => Ok(companion),
        }
    }

    /// The nearest name of a companion that this Pod can have: of others nothing is told, not even that they are there.
    fn nearest_available(&self, name: &str) -> Option<&'a str> {
        let (companions, here) = (&self.snapshot.companions, self.home.name());
        let can_have = |other: &str| companions.resolve(here, other).is_some_and(|l| selects(l, self.pod, self.home));
        let others = companions.names(here).filter(|other| *other != name);
        self.suggest(|| suggest(name, others, can_have))
    }

    /// Looks for a name that may have been meant, unless that was done often enough.
    fn suggest<'c>(&self, look: impl FnOnce() -> Option<&'c str>) -> Option<&'c str> {
        let left = self.suggestions.get().checked_sub(1)?;
        self.suggestions.set(left);
        look()
    }

    /// The first reason is the companion's outcome, the others are remarks.
    fn report(
        &mut self,
        candidate: &Candidate<'a>,
        reasons: impl IntoIterator<Item = Reason>,
        on_conflict: Option<OnConflict>,
    ) {
        for (i, reason) in reasons.into_iter().enumerate() {
            let effect = effect(&reason, candidate.via, on_conflict);
            if i == 0 {
                self.outcome(candidate, reason, effect);
            } else {
                self.remark_on(candidate.name, candidate.via, reason, effect);
            }
        }
    }

    fn outcome(&mut self, candidate: &Candidate<'a>, reason: Reason, effect: Effect) {
        let (companion, via) = (Some(candidate.name.into()), Some(candidate.via));
        self.findings.push(Finding { companion, via, reason, effect, outcome: true });
    }

    fn remark_on(&mut self, companion: &'a str, via: Via, reason: Reason, effect: Effect) {
        let (companion, via) = (Some(companion.into()), Some(via));
        self.findings.push(Finding { companion, via, reason, effect, outcome: false });
    }

    fn remark_on_unused_parameters(&mut self, ask: &Requested<'a>, candidates: &[Candidate<'a>]) {
        if ask.pod == OptIn::Disabled || ask.parameters.is_empty() {
            return;
        }
        let there = |f: &&Finding<'_>| {
            f.outcome && (matches!(f.reason, Reason::Injected | Reason::AlreadyInjected) || f.effect == Effect::Deny)
        };
        let used: HashSet<&str> = self.findings.iter().filter(there).filter_map(|f| f.companion.as_deref()).collect();
        let mut knows = self.knows(ask, candidates);
        let unused = ask.parameters.iter().filter(|g| !used.contains(g.companion) && knows(g.companion));
        let remarks: Vec<_> = unused
            .take(MAX_FAULTS)
            .map(|given| {
                let (companion, parameter) = (given.companion.into(), given.parameter.into());
                let unmet = self.offered(given.companion).and_then(|listed| unmet(listed, self.pod));
                remark(Reason::ParameterUnused { companion, parameter, unmet }, Effect::Warn)
            })
            .collect();
        drop(knows);
        self.findings.extend(remarks);
    }
}

/// Required and automatic companions by name, then the namespace's list as written, then requested ones as written.
fn injection_order<'p>(plan: &'p Plan<'_>) -> (u8, usize, &'p str) {
    match plan.via {
        Via::Required | Via::Automatic => (0, 0, &plan.companion.name),
        Via::NamespaceList => (1, plan.listed_at, ""),
        Via::Pod => (2, plan.listed_at, ""),
    }
}
