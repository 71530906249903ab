//! Amounts of resources, as the objects of a namespace and the containers of a Pod declare them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::inject::companion::quantity::Amount;

/// How many resources of a list are kept. A list can have thousands, and each is compared with each container.
pub(in crate::lookup) const MOST_RESOURCES: usize = 64;

/// A core/v1 ResourceList: amounts by the name of the resource. Values that are no quantities are left out.
#[derive(Debug, Default)]
pub(super) struct ResourceAmounts {
    amounts: BTreeMap<String, Amount>,
    is_too_long: bool,
}

/// Whether a request or a limit of a resource is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AmountKind {
    Request,
    Limit,
}

impl AmountKind {
    pub(super) const BOTH: [AmountKind; 2] = [AmountKind::Request, AmountKind::Limit];

    /// The field of a container, as quotas name it.
    pub(super) fn field(self, resource: &str) -> String {
        match self {
            AmountKind::Request => format!("requests.{resource}"),
            AmountKind::Limit => format!("limits.{resource}"),
        }
    }
}

/// The metadata of an object, as far as messages need it.
#[derive(Debug, Deserialize)]
pub(super) struct NameOnly {
    pub(super) name: String,
}

impl ResourceAmounts {
    pub(super) fn get(&self, resource: &str) -> Option<Amount> {
        self.amounts.get(resource).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Amount)> {
        self.amounts.iter().map(|(resource, amount)| (&**resource, *amount))
    }

    /// Whether there are more than [`MOST_RESOURCES`]: the others are not known.
    pub(super) fn is_too_long(&self) -> bool {
        self.is_too_long
    }

    /// Reads the resources that `is_wanted` selects. The others are skipped and need no memory.
    pub(super) fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        is_wanted: fn(&str) -> bool,
    ) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountsVisitor { is_wanted })
    }
}

impl<'de> Deserialize<'de> for ResourceAmounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer, |_| true)
    }
}

struct AmountsVisitor {
    is_wanted: fn(&str) -> bool,
}

impl<'de> Visitor<'de> for AmountsVisitor {
    type Value = ResourceAmounts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("amounts by the name of the resource, or null")
    }

    fn visit_unit<E>(self) -> Result<ResourceAmounts, E> {
        Ok(ResourceAmounts::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ResourceAmounts, A::Error> {
        let mut read = ResourceAmounts::default();
        while let Some(resource) = map.next_key::<String>()? {
            let is_wanted = (self.is_wanted)(&resource);
            if is_wanted && read.amounts.len() < MOST_RESOURCES {
                let amount = amount(&map.next_value()?);
                read.amounts.extend(amount.map(|amount| (resource, amount)));
            } else {
                read.is_too_long |= is_wanted;
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(read)
    }
}

/// A quantity is a string, and a number is accepted as well. API servers round each up to 10^-3 (`SetDefaults_ResourceList`).
fn amount(value: &Value) -> Option<Amount> {
    let amount = match value {
        Value::String(text) => Amount::parse(text),
        value => Amount::parse(&value.to_string()),
    };
    amount.map(Amount::rounded_to_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> ResourceAmounts {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn amounts_are_read_as_api_servers_store_them() {
        let amounts = read(r#"{"cpu": 1, "memory": "64Mi", "example.com/a": "1.0001", "example.com/b": "some"}"#);
        let texts: Vec<_> = amounts.iter().map(|(name, amount)| format!("{name} {}", amount.text_for(name))).collect();
        assert_eq!(texts, ["cpu 1", "example.com/a 1001m", "memory 64Mi"]);
        assert!(read("null").iter().next().is_none());
    }

    #[test]
    fn a_list_with_thousands_of_resources_needs_little_memory_and_is_reported_as_too_long() {
        let list = |count| {
            let all: BTreeMap<String, &str> = (0..count).map(|i| (format!("example.com/r{i}"), "1")).collect();
            serde_json::to_string(&all).unwrap()
        };
        let (most, many) = (list(MOST_RESOURCES), list(20_000));
        assert!(!read(&most).is_too_long());
        let peak = |text: &str| allocation_counter::measure(|| drop(read(text))).bytes_max;
        assert!(peak(&many) <= 2 * peak(&most), "{} {}", peak(&many), peak(&most));
        let all = read(&many);
        assert!(all.is_too_long() && all.iter().count() == MOST_RESOURCES);
        let mut unwanted = serde_json::Deserializer::from_str(&many);
        assert!(!ResourceAmounts::read(&mut unwanted, |resource| resource == "cpu").unwrap().is_too_long());
    }
}
