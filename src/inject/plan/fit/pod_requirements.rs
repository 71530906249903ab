//! Whether the Pod has what fields of the companion's containers require. Otherwise the API server would deny the Pod after
//! the patch, for fields that its author did not write.

use crate::inject::companion::pod_requirement::RequiredValue;
use crate::inject::plan::planned::Plan;
use crate::inject::plan::reservations::Reservations;
use crate::inject::pod::Pod;
use crate::inject::verdict::reason::Conflict;
use crate::work::step;

impl<'a> Plan<'a> {
    pub(super) fn fit_pod_requirements(&self, reservations: &Reservations<'a>) -> Result<(), Conflict> {
        let requirements = &self.companion.pod_requirements;
        step(requirements.len());
        match requirements.iter().find(|required| !is_met(required.value, reservations.pod)) {
            Some(unmet) => Err(Conflict::PodFieldConflict {
                container: unmet.container.clone(),
                field: unmet.field,
                required: unmet.value,
                grace: reservations.pod.grace_seconds,
            }),
            None => Ok(()),
        }
    }
}

fn is_met(required: RequiredValue, pod: &Pod<'_>) -> bool {
    match required {
        RequiredValue::GracePeriod(seconds) => seconds <= pod.grace_seconds,
        RequiredValue::UserNamespace => pod.has_user_namespace,
        RequiredValue::HostUsers => !pod.has_user_namespace,
        RequiredValue::RestartPolicy => !pod.never_restarts,
        RequiredValue::OtherOs => !pod.names_linux,
    }
}
