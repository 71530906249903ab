//! Amounts of resources. They are read from the text only where the Pod has Pod-level resources, which few Pods have.

use super::parts::{Container, PodAmounts};
use super::{Pod, Result};
use crate::inject::companion::quantity::Amount;
use crate::inject::companion::resources::is_pod_level;
use crate::json::Reader;

/// Upper bound on Pod-level resources: cpu, memory, and more sizes of huge pages than a node has.
const MAX_RESOURCES: usize = 16;
/// The longest name of a resource without a prefix that API servers accept, in bytes.
const LONGEST_NAME: usize = 63;

/// A member of core/v1 `ResourceRequirements`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AmountList {
    Limits,
    Requests,
}

impl<'a> Pod<'a> {
    /// The Pod-level resources that the API server compares with those of the containers.
    pub(in crate::inject) fn amounts(&self) -> Vec<PodAmounts<'a>> {
        let mut all: Vec<PodAmounts<'a>> = Vec::new();
        each_amount(self.resources, |list, name, amount| {
            let at = all.iter().position(|known| known.resource == name).or_else(|| {
                let is_new = is_pod_level(name) && name.len() <= LONGEST_NAME && all.len() < MAX_RESOURCES;
                is_new
                    .then(|| all.push(PodAmounts { resource: name.to_owned().into(), request: None, limit: None }))?;
                Some(all.len() - 1)
            });
            let Some(known) = at.and_then(|at| all.get_mut(at)) else { return };
            match list {
                AmountList::Limits => known.limit = Some(amount),
                AmountList::Requests => known.request = Some(amount),
            }
        });
        all
    }
}

impl Container<'_> {
    /// What the container requests of each resource out of `of`, in their order. A limit without a request is the request.
    pub(in crate::inject) fn requests(&self, of: &[PodAmounts<'_>]) -> Vec<Amount> {
        let mut amounts = vec![(None, None); of.len()];
        let json = Reader::of(self.json).raw_at(&["resources"]).unwrap_or_default();
        each_amount(json, |list, name, amount| {
            let Some(at) = of.iter().position(|known| known.resource == name) else { return };
            match list {
                AmountList::Limits => amounts[at].1 = Some(amount),
                AmountList::Requests => amounts[at].0 = Some(amount),
            }
        });
        amounts.into_iter().map(|(request, limit)| request.or(limit).unwrap_or_default()).collect()
    }
}

/// Calls `found` with each amount. A value that is not a quantity ends the list, as the API server denies such a Pod.
fn each_amount(json: Option<&str>, mut found: impl FnMut(AmountList, &str, Amount)) {
    let Some(json) = json else { return };
    let mut reader = Reader::of(json);
    let _ = reader.object(|r, member| {
        let list = match member {
            "limits" => AmountList::Limits,
            "requests" => AmountList::Requests,
            _ => return r.skip(),
        };
        r.object(|r, name| {
            let amount = read_amount(r)?;
            if let Some(amount) = amount {
                found(list, name, amount);
            }
            Ok(())
        })
        .map(|_| ())
    });
}

/// A quantity is a string, and a number is accepted as well.
fn read_amount(r: &mut Reader<'_>) -> Result<Option<Amount>> {
    if r.number_is_next() {
        return Ok(Amount::parse(r.raw()?));
    }
    Ok(r.string()?.and_then(|text| Amount::parse(&text)))
}
