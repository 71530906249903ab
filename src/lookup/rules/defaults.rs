//! What the LimitRanges of a namespace give containers that do not declare it.

use std::collections::BTreeMap;

use super::amounts::{AmountKind, ResourceAmounts};
use crate::inject::companion::quantity::Amount;

/// What a container or a Pod has of a resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// `None` where the resource is not named.
    pub(super) amount: Option<Amount>,
    /// Whether this is all of it. Otherwise a LimitRange that is not known can add to it.
    pub(super) is_exact: bool,
}

impl Held {
    /// What it has at least.
    pub(super) fn at_least(self) -> Amount {
        self.amount.unwrap_or_default()
    }

    /// The amount, if it is certain.
    pub(super) fn exact(self) -> Option<Amount> {
        self.amount.filter(|_| self.is_exact)
    }

    /// Whether it is certain that the resource is not named.
    pub(super) fn is_absent(self) -> bool {
        self.is_exact && self.amount.is_none()
    }

    /// Whether it is certain that the amount is 0, or that the resource is not named.
    pub(super) fn is_zero(self) -> bool {
        self.is_exact && self.at_least() == Amount::default()
    }
}

/// The defaults of all LimitRanges of a namespace. They are looked up, not copied into each container: both can be many.
#[derive(Debug)]
pub(in crate::lookup) struct ContainerDefaults<'a> {
    limits: BTreeMap<&'a str, Held>,
    requests: BTreeMap<&'a str, Held>,
    /// Whether all LimitRanges of the namespace are known.
    is_complete: bool,
}

impl<'a> ContainerDefaults<'a> {
    /// No defaults yet.
    pub(in crate::lookup) fn new(is_complete: bool) -> Self {
        ContainerDefaults { limits: BTreeMap::new(), requests: BTreeMap::new(), is_complete }
    }

    /// Adds those of one more LimitRange. Where several have different amounts for a resource, API servers use any of them, so
    /// that only the smallest is certain.
    pub(super) fn add(&mut self, limits: &'a ResourceAmounts, requests: &'a ResourceAmounts) {
        for (all, added) in [(&mut self.limits, limits), (&mut self.requests, requests)] {
            for (resource, amount) in added.iter() {
                let added = Held { amount: Some(amount), is_exact: self.is_complete };
                let known = all.entry(resource).or_insert(added);
                known.is_exact &= known.amount == added.amount;
                known.amount = known.amount.min(added.amount);
            }
        }
    }

    pub(super) fn held(&self, kind: AmountKind, resource: &str) -> Held {
        let defaults = match kind {
            AmountKind::Request => &self.requests,
            AmountKind::Limit => &self.limits,
        };
        defaults.get(resource).copied().unwrap_or(Held { amount: None, is_exact: self.is_complete })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_different_defaults_only_the_smallest_amount_is_certain() {
        let [one, two, none] =
            [r#"{"cpu": "1"}"#, r#"{"cpu": "2"}"#, "{}"].map(|json| serde_json::from_str(json).unwrap());
        let held = |all: &[&ResourceAmounts], is_complete| {
            let mut defaults = ContainerDefaults::new(is_complete);
            for limits in all {
                defaults.add(limits, &none);
            }
            defaults.held(AmountKind::Limit, "cpu")
        };
        let amount = Amount::parse("1");
        assert_eq!(held(&[&one, &one], true), Held { amount, is_exact: true });
        assert_eq!(held(&[&two, &one, &two], true), Held { amount, is_exact: false });
        assert_eq!(held(&[&one], false), Held { amount, is_exact: false });
        assert!(held(&[], true).is_absent() && !held(&[], false).is_absent());
    }
}
