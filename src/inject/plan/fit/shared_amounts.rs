//! The amounts that a companion with `podResources: Share` leaves out, and the values of the Pod that have no effect then.

use crate::inject::companion::index::ParameterIndex;
use crate::inject::companion::resources::ContainerResource;
use crate::inject::plan::planned::Plan;
use crate::inject::verdict::reason::{Remark, Unused};
use crate::work::step;

impl Plan<'_> {
    /// Whether the companion's amounts of a resource are left out, because the Pod has Pod-level ones.
    pub(in crate::inject) fn leaves_out(&self, resource: &str) -> bool {
        self.shared_amounts.has(resource)
    }

    /// Reports values of the Pod that only fill amounts which are left out.
    pub(super) fn report_shared_amounts(&mut self) {
        let companion = self.companion;
        if self.shared_amounts.is_empty() {
            return;
        }
        for (place, parameter) in companion.parameters.iter().enumerate() {
            let is_given = self.values.get(place).and_then(Option::as_ref).is_some_and(|argument| argument.given);
            if is_given && parameter.env.is_none() && self.fills_shared_only(place) {
                let (companion, parameter) = (companion.name.clone(), parameter.name.clone());
                self.remark(|| Remark::ParameterUnused { companion, parameter, why: Unused::Shared });
            }
        }
    }

    /// Whether a parameter fills amounts, and all of them are left out.
    fn fills_shared_only(&self, parameter: usize) -> bool {
        let is_it = |index: Option<ParameterIndex>| index.is_some_and(|index| index.place() == parameter);
        let resources = self.companion.identities().flat_map(|(container, _)| &container.resources);
        let fills = |r: &&ContainerResource| is_it(r.request.parameter) || is_it(r.limit.parameter);
        let mut filled = resources.inspect(|_| step(1)).filter(fills).peekable();
        filled.peek().is_some() && filled.all(|resource| self.leaves_out(&resource.name))
    }
}
