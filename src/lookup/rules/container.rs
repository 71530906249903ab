//! A container of the Pod that will run, with its resources.

use serde::Deserialize;

use super::amounts::{AmountKind, ResourceAmounts};
use super::defaults::{ContainerDefaults, Held};
use crate::inject::companion::quantity::Amount;
use crate::inject::container_list::ContainerList;
use crate::inject::names::is_label;
use crate::inject::pod::Container;
use crate::json::Reader;

/// The longest name of a container.
const LONGEST_NAME: usize = 63;

/// A container of the Pod that will run.
#[derive(Debug)]
pub(super) struct PlannedContainer<'d> {
    pub(super) name: String,
    /// Whether podgraft injects it.
    pub(super) is_injected: bool,
    /// Whether it runs to completion before the app starts.
    pub(super) is_initial: bool,
    declared: Resources,
    defaults: &'d ContainerDefaults<'d>,
}

/// The fields of an injected container that are examined.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddedContainer {
    name: String,
    restart_policy: Option<String>,
    resources: Option<Resources>,
}

#[derive(Debug, Deserialize, Default)]
struct Resources {
    #[serde(default)]
    requests: ResourceAmounts,
    #[serde(default)]
    limits: ResourceAmounts,
}

impl Resources {
    /// Those that a container declares; `None` where there are more than are known.
    fn complete(declared: Option<Resources>) -> Option<Resources> {
        let declared = declared.unwrap_or_default();
        let is_too_long = declared.requests.is_too_long() || declared.limits.is_too_long();
        (!is_too_long).then_some(declared)
    }
}

impl<'d> PlannedContainer<'d> {
    /// A container of the Pod's author; `None` if its name is invalid, or if its resources cannot be read or are too many.
    pub(super) fn of_author(container: &Container<'_>, defaults: &'d ContainerDefaults<'d>) -> Option<Self> {
        let text = Reader::of(container.json).raw_at(&["resources"]).ok()?.unwrap_or("{}");
        let declared = Resources::complete(serde_json::from_str(text).ok()?)?;
        // Reviews can be forged, and messages repeat the name.
        if !is_label(&container.name, LONGEST_NAME) {
            return None;
        }
        let name = container.name.to_string();
        Some(PlannedContainer { name, is_injected: false, is_initial: !container.keeps_running(), declared, defaults })
    }

    /// A container that podgraft adds to a list; `None` if its resources are too many.
    pub(super) fn injected(
        added: AddedContainer,
        list: ContainerList,
        defaults: &'d ContainerDefaults<'d>,
    ) -> Option<Self> {
        let AddedContainer { name, restart_policy, resources } = added;
        let is_initial = list.is_init() && restart_policy.as_deref() != Some("Always");
        let declared = Resources::complete(resources)?;
        Some(PlannedContainer { name, is_injected: true, is_initial, declared, defaults })
    }

    /// What it has in the Pod that API servers store: without a request the limit, and without both the default of LimitRanges
    /// (the plugin LimitRanger runs again after webhooks).
    pub(super) fn held(&self, kind: AmountKind, resource: &str) -> Held {
        let Resources { requests, limits } = &self.declared;
        let declared = match kind {
            AmountKind::Request => requests.get(resource).or_else(|| limits.get(resource)),
            AmountKind::Limit => limits.get(resource),
        };
        match declared {
            Some(amount) => Held { amount: Some(amount), is_exact: true },
            None => self.defaults.held(kind, resource),
        }
    }

    /// Whether it declares a request or a limit itself. A request that it does not declare is its limit.
    pub(super) fn declares(&self, kind: AmountKind, resource: &str) -> bool {
        let Resources { requests, limits } = &self.declared;
        let declared = match kind {
            AmountKind::Request => requests,
            AmountKind::Limit => limits,
        };
        declared.get(resource).is_some()
    }

    /// Its request, where it declares one and has no limit of its own.
    pub(super) fn request_without_limit(&self, resource: &str) -> Option<Amount> {
        let Resources { requests, limits } = &self.declared;
        requests.get(resource).filter(|_| limits.get(resource).is_none())
    }

    /// The words for it in messages.
    pub(super) fn label(&self) -> String {
        let name = &self.name;
        if self.is_injected { format!("the injected container {name}") } else { format!("container {name}") }
    }
}
