//! Amounts of resources, as the objects of a namespace and the containers of a Pod declare them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::inject::companion::quantity::Amount;

/// Amounts by the name of the resource.
pub(super) type ResourceAmounts = BTreeMap<String, Amount>;

/// How many resources of a list are read. A list can have thousands.
const MOST_RESOURCES: usize = 64;

/// Whether a request or a limit of a resource is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AmountKind {
    Request,
    Limit,
}

/// What the LimitRanges of a namespace give a container that does not declare it. They are looked up, not copied into each
/// container: both can be many.
#[derive(Debug, Default)]
pub(in crate::lookup) struct ContainerDefaults<'a> {
    limits: BTreeMap<&'a str, Amount>,
    requests: BTreeMap<&'a str, Amount>,
}

impl<'a> ContainerDefaults<'a> {
    /// Adds those of one more LimitRange. Of several amounts for a resource, the first counts.
    pub(super) fn add(&mut self, limits: &'a ResourceAmounts, requests: &'a ResourceAmounts) {
        for (all, added) in [(&mut self.limits, limits), (&mut self.requests, requests)] {
            for (resource, amount) in added {
                all.entry(resource).or_insert(*amount);
            }
        }
    }

    pub(super) fn amount(&self, kind: AmountKind, resource: &str) -> Option<&Amount> {
        match kind {
            AmountKind::Request => self.requests.get(resource),
            AmountKind::Limit => self.limits.get(resource),
        }
    }
}

/// The metadata of an object, as far as messages need it.
#[derive(Debug, Deserialize)]
pub(super) struct NameOnly {
    pub(super) name: String,
}

/// Reads a core/v1 ResourceList. Values that are no quantities, and resources beyond the first 64, are left out.
pub(super) fn amounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ResourceAmounts, D::Error> {
    let values = Option::<BTreeMap<String, Value>>::deserialize(deserializer)?.unwrap_or_default();
    let amount = |value: Value| match value {
        Value::String(text) => Amount::parse(&text),
        value => Amount::parse(&value.to_string()),
    };
    Ok(values.into_iter().take(MOST_RESOURCES).filter_map(|(name, value)| Some((name, amount(value)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_list_with_thousands_of_resources_64_are_kept() {
        let all: BTreeMap<String, &str> = (0..20_000).map(|i| (format!("example.com/r{i}"), "1")).collect();
        let text = serde_json::to_string(&all).unwrap();
        let kept = amounts(&mut serde_json::Deserializer::from_str(&text)).unwrap();
        assert_eq!(kept.len(), 64);
    }
}
