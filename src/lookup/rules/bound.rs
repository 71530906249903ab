//! A bound of a LimitRange on a resource, and how containers and Pods that break it are fixed.

use super::amounts::AmountKind;
use super::constraint::{Breach, Constraint};
use super::container::PlannedContainer;
use super::defaults::Held;
use super::planned::{ContainerSet, PlannedPod};
use super::remedies::{AmountChange, NewAmount, Remedies};
use crate::inject::companion::quantity::Amount;
use crate::inject::companion::resources::allows_overcommit;

/// A bound of a LimitRange on a resource.
pub(super) struct ResourceBound<'a> {
    pub(super) limit_range: &'a str,
    pub(super) constraint: Constraint,
    pub(super) resource: &'a str,
    pub(super) amount: Amount,
}

impl ResourceBound<'_> {
    /// Why an injected container is denied.
    pub(super) fn of_container(&self, container: &PlannedContainer<'_>, remedies: &Remedies<'_>) -> Option<String> {
        let held = AmountKind::BOTH.map(|kind| container.held(kind, self.resource));
        let [request, limit] = held;
        // A container whose limit is below its request is invalid, and reported as such.
        let breach = self.constraint.breach(self.amount, request, limit).filter(|_| !is_below(limit, request))?;
        let kinds = self.kinds_to_set(breach, container);
        let breach = self.as_declared(breach, &kinds, limit);
        let amounts = kinds.iter().map(|kind| (*kind, self.new_amount(breach, request)));
        let set = remedies.set(container, &AmountChange::new(self.resource, amounts, self.wanted(breach, &kinds)));
        let (rule, has) = (self.rule("container", breach), self.has(breach));
        Some(format!("{rule}, and {} {has}; {set}, {}", container.label(), self.other_remedy()))
    }

    /// Why Pods with the injected containers are denied, if the injected containers are the cause.
    pub(super) fn of_pod(&self, pod: &PlannedPod<'_>, remedies: &Remedies<'_>) -> Option<String> {
        let total = |set, kind| pod.total(set, kind, self.resource);
        let breach = |set| {
            let [request, limit] = AmountKind::BOTH.map(|kind| total(set, kind));
            self.constraint.breach(self.amount, request, limit)
        };
        let found = breach(ContainerSet::All).filter(|_| pod.is_summed(self.resource))?;
        if breach(ContainerSet::OfAuthor).is_some() {
            return None;
        }
        let set = self.remedy_of_pod(found, pod, remedies).map(|set| format!("{set}, "));
        let (rule, has) = (self.rule("Pod", found), self.has(found));
        let (set, other) = (set.unwrap_or_default(), self.other_remedy());
        Some(format!("{rule}, and with the injected containers it {has}; {set}{other}"))
    }

    /// What the user does so that a Pod does not break it.
    fn remedy_of_pod(&self, breach: Breach, pod: &PlannedPod<'_>, remedies: &Remedies<'_>) -> Option<String> {
        let kind = breach.kind_to_set();
        let amount = |kind| move |container: &&PlannedContainer<'_>| container.held(kind, self.resource).at_least();
        match self.constraint {
            Constraint::Max => {
                let total = pod.total(ContainerSet::All, kind, self.resource).at_least();
                remedies.reduce(pod, (kind, self.resource), total, self.amount)
            }
            // What one container has, the Pod has as well.
            Constraint::Min => {
                let container = pod.injected().max_by_key(amount(kind))?;
                let new = (kind, NewAmount::AtLeast(self.amount));
                Some(remedies.set(container, &AmountChange::new(self.resource, [new], self.wanted(breach, &[kind]))))
            }
            Constraint::MaxLimitRequestRatio => {
                let [request, limit] = AmountKind::BOTH.map(amount);
                let limited = pod.injected().filter(|container| limit(container) > Amount::default());
                let ratio = |container: &&PlannedContainer<'_>| limit(container).ratio_to(request(container));
                let container = limited.max_by(|one, other| ratio(one).total_cmp(&ratio(other)))?;
                let new = (AmountKind::Limit, NewAmount::Below(limit(&container)));
                Some(remedies.set(container, &AmountChange::new(self.resource, [new], " to less".to_owned())))
            }
        }
    }

    /// The amounts of a container that must change: all that break the bound. A request that is not declared follows the limit.
    fn kinds_to_set(&self, breach: Breach, container: &PlannedContainer<'_>) -> Vec<AmountKind> {
        let held = |kind| container.held(kind, self.resource);
        let is_broken_by = |kind| self.constraint.is_broken_by(self.amount, held(kind));
        let request_too =
            || container.declares(AmountKind::Request, self.resource) && is_broken_by(AmountKind::Request);
        let has_both = match (self.constraint, breach) {
            (Constraint::Min, _) if !is_broken_by(AmountKind::Limit) => return vec![AmountKind::Request],
            (Constraint::Max | Constraint::Min, _) => request_too(),
            (_, Breach::Missing(AmountKind::Request)) if !held(AmountKind::Limit).is_zero() => {
                return vec![AmountKind::Request];
            }
            (_, breach) => breach == Breach::Missing(AmountKind::Request) && allows_overcommit(self.resource),
        };
        if has_both { AmountKind::BOTH.to_vec() } else { vec![AmountKind::Limit] }
    }

    /// A request that only follows the limit is reported as the limit, which is what the container declares.
    fn as_declared(&self, breach: Breach, kinds: &[AmountKind], limit: Held) -> Breach {
        match limit.exact() {
            Some(limit) if self.constraint == Constraint::Min && kinds == [AmountKind::Limit] => {
                Breach::Amount(AmountKind::Limit, limit)
            }
            _ => breach,
        }
    }

    /// What the LimitRange demands.
    fn rule(&self, of: &str, breach: Breach) -> String {
        let ResourceBound { limit_range, resource, amount, .. } = self;
        let amount = amount.text_for(resource);
        match self.constraint {
            Constraint::Max => format!("LimitRange {limit_range} allows a {of} at most {amount} {resource}"),
            // A minimum requires no limit.
            Constraint::Min if breach.kind_to_set() == AmountKind::Limit => {
                format!("LimitRange {limit_range} allows a {of} no {resource} limit below {amount}")
            }
            Constraint::Min => {
                format!("LimitRange {limit_range} requires a {of} to request at least {amount} {resource}")
            }
            Constraint::MaxLimitRequestRatio => {
                let ratio = self.ratio();
                format!(
                    "LimitRange {limit_range} allows a {of} a limit of at most {ratio} times its request of {resource}"
                )
            }
        }
    }

    fn has(&self, breach: Breach) -> String {
        let resource = self.resource;
        match breach {
            Breach::Missing(AmountKind::Limit) => format!("has no limit of {resource}"),
            Breach::Missing(AmountKind::Request) => format!("requests no {resource}"),
            Breach::Amount(AmountKind::Limit, amount) => {
                format!("has a limit of {} {resource}", amount.text_for(resource))
            }
            Breach::Amount(AmountKind::Request, amount) => format!("requests {} {resource}", amount.text_for(resource)),
            Breach::Ratio { limit, request } => {
                format!("has a limit of {} and a request of {}", limit.text_for(resource), request.text_for(resource))
            }
        }
    }

    fn new_amount(&self, breach: Breach, request: Held) -> NewAmount {
        match (self.constraint, breach) {
            (Constraint::Max, _) => NewAmount::AtMost(self.amount),
            (Constraint::Min, _) => NewAmount::AtLeast(self.amount),
            (_, Breach::Missing(AmountKind::Request)) => NewAmount::Any,
            (Constraint::MaxLimitRequestRatio, _) => NewAmount::Times(self.ratio(), request.at_least()),
        }
    }

    /// The words for the new amounts.
    fn wanted(&self, breach: Breach, kinds: &[AmountKind]) -> String {
        let ratio = self.ratio();
        match (self.constraint, breach) {
            (Constraint::Max, _) => format!(" to at most {}", self.amount.text_for(self.resource)),
            (Constraint::Min, _) => format!(" to at least {}", self.amount.text_for(self.resource)),
            _ if kinds == AmountKind::BOTH => format!(", the limit to at most {ratio} times the request"),
            (_, Breach::Missing(AmountKind::Request)) if kinds == [AmountKind::Limit] => " to more than 0".to_owned(),
            (_, Breach::Missing(AmountKind::Request)) => {
                format!(" so that the limit is at most {ratio} times the request")
            }
            (Constraint::MaxLimitRequestRatio, _) => format!(" to at most {ratio} times its request"),
        }
    }

    fn other_remedy(&self) -> String {
        let verb = if self.constraint == Constraint::Min { "lower" } else { "raise" };
        format!("or {verb} {}.{} of the LimitRange", self.constraint.field(), self.resource)
    }

    fn ratio(&self) -> f64 {
        self.amount.ratio_to(Amount::ONE)
    }
}

fn is_below(limit: Held, request: Held) -> bool {
    limit.exact().zip(request.exact()).is_some_and(|(limit, request)| limit < request)
}
