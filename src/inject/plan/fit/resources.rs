//! Compares the companion's resources as the API server will: each request with its limit, and what all containers need
//! with the Pod-level resources.

use crate::inject::companion::parameter::Parameter;
use crate::inject::companion::quantity::Amount;
use crate::inject::companion::resources::{AmountSource, ContainerResource, allows_overcommit};
use crate::inject::companion::value::Value;
use crate::inject::companion::{Companion, Container};
use crate::inject::keys;
use crate::inject::plan::planned::Plan;
use crate::inject::plan::reservations::{CompanionRequests, Requests, Reservations};
use crate::inject::pod::PodAmounts;
use crate::inject::verdict::reason::{Conflict, Outcome};
use crate::work::step;

/// The amount of a source: with the values of the Pod, or without them.
type AmountOf<'a> = fn(&Plan<'a>, AmountSource) -> Option<Amount>;

impl<'a> Plan<'a> {
    /// Whether a value that the Pod set makes a request larger than its limit, which the API server denies.
    pub(super) fn fit_amounts(&self) -> Result<(), Outcome> {
        for (container, _) in self.companion.identities() {
            step(container.resources.len());
            for resource in container.resources.iter().filter(|resource| !self.leaves_out(&resource.name)) {
                self.request_within_limit(container, resource)?;
            }
        }
        Ok(())
    }

    fn request_within_limit(&self, container: &Container, resource: &ContainerResource) -> Result<(), Outcome> {
        let (request, limit) = (self.amount(resource.request), self.amount(resource.limit));
        let equal = !allows_overcommit(&resource.name);
        let fits = match (request, limit) {
            (Some(request), Some(limit)) => request == limit || (request < limit && !equal),
            (Some(_), None) => !equal,
            (None, _) => true,
        };
        // Without a value of the Pod there is no such fault: validation of the companion has compared the defaults.
        let given = self.given(resource.request).or_else(|| self.given(resource.limit));
        let Some(parameter) = given.filter(|_| !fits) else { return Ok(()) };
        let text = |amount: Option<Amount>| amount.map(|amount| amount.text_for(&resource.name));
        Err(Outcome::RequestExceedsLimit {
            companion: self.companion.name.clone(),
            parameter: parameter.name.clone(),
            container: container.name.clone(),
            resource: resource.name.clone(),
            request: text(request).unwrap_or_default(),
            limit: text(limit),
            equal,
            message: None,
        })
    }

    /// Reserves what the containers request of the Pod-level resources. Nothing can fail after that: what is reserved here
    /// is not rolled back.
    pub(super) fn fit_pod_level(&self, reservations: &mut Reservations<'a>) -> Result<(), Conflict> {
        let pod_level = reservations.pod_level();
        if pod_level.amounts().is_empty() {
            return Ok(());
        }
        let own = self.all_requests(pod_level.amounts(), Plan::amount);
        for (place, amounts) in pod_level.amounts().iter().enumerate() {
            self.limits_within(amounts)?;
            let total = pod_level.total_with(place, &own);
            let by_default = || self.all_requests(pod_level.amounts(), Plan::default_amount);
            self.sum_within(amounts, total, || pod_level.total_with(place, &by_default()))?;
        }
        reservations.accept_requests(own);
        Ok(())
    }

    /// No limit of a container is larger than that of the Pod. The API server does not compare those of init containers.
    fn limits_within(&self, pod: &PodAmounts<'_>) -> Result<(), Conflict> {
        let Some(most) = pod.limit else { return Ok(()) };
        let plain = self.companion.identities().filter(|(_, list)| !list.is_init());
        for (container, resource) in plain.filter_map(|(c, _)| Some((c, self.resource(c, &pod.resource)?))) {
            let limit = self.amount(resource.limit).unwrap_or_default();
            if limit > most {
                let fits_by_default = self.default_amount(resource.limit).unwrap_or_default() <= most;
                let given = self.given(resource.limit).filter(|_| fits_by_default);
                return Err(Conflict::PodResourcesExceeded {
                    resource: format!("limits.{}", pod.resource).into(),
                    container: Some(container.name.clone()),
                    needed: limit.text_for(&pod.resource),
                    pod: most.text_for(&pod.resource),
                    annotation: self.annotation_of(given),
                    via: self.via,
                });
            }
        }
        Ok(())
    }

    /// The containers request at most what the Pod requests. Where the Pod has a limit only, the API server fills in the sum
    /// as the Pod's request, which must be within the limit.
    /// A value of the Pod is the reason if the containers with the companion's own amounts would fit.
    fn sum_within(&self, pod: &PodAmounts<'_>, sum: Amount, by_default: impl Fn() -> Amount) -> Result<(), Conflict> {
        let (list, Some(most)) = pod.request.map_or(("limits", pod.limit), |request| ("requests", Some(request)))
        else {
            return Ok(());
        };
        let identities = self.companion.identities();
        let own: Vec<_> = identities.filter_map(|(c, _)| self.resource(c, &pod.resource)).collect();
        if own.is_empty() || sum <= most {
            return Ok(());
        }
        let increased = |resource: &&ContainerResource| self.increased(self.requested(resource, Plan::amount));
        let given = own.iter().find_map(increased).filter(|_| by_default() <= most);
        Err(Conflict::PodResourcesExceeded {
            resource: format!("{list}.{}", pod.resource).into(),
            container: None,
            needed: sum.text_for(&pod.resource),
            pod: most.text_for(&pod.resource),
            annotation: self.annotation_of(given),
            via: self.via,
        })
    }

    /// What the containers request of each Pod-level resource.
    fn all_requests(&self, pod_level: &[PodAmounts<'_>], amount: AmountOf<'a>) -> CompanionRequests<'a> {
        let requests = pod_level.iter().map(|amounts| self.requests(&amounts.resource, amount)).collect();
        CompanionRequests { order: self.injection_order(), placement: self.companion.placement, requests }
    }

    /// What the containers request of one resource.
    fn requests(&self, resource: &str, amount: AmountOf<'a>) -> Requests {
        let requests = self.companion.identities().map(|(container, list)| {
            let found = self.resource(container, resource);
            let amount = found.and_then(|resource| amount(self, self.requested(resource, amount))).unwrap_or_default();
            Requests::of(amount, list, self.companion.is_long_running(container))
        });
        requests.fold(Requests::default(), Requests::then)
    }

    /// The amounts of a container for one resource, unless they are left out.
    fn resource(&self, container: &'a Container, name: &str) -> Option<&'a ContainerResource> {
        step(container.resources.len());
        let named = container.resources.iter().find(|resource| *resource.name == *name);
        named.filter(|resource| !self.leaves_out(&resource.name))
    }

    /// Where the request is from: a limit without a request is the request.
    fn requested(&self, resource: &ContainerResource, amount: AmountOf<'a>) -> AmountSource {
        if amount(self, resource.request).is_some() { resource.request } else { resource.limit }
    }

    fn amount(&self, source: AmountSource) -> Option<Amount> {
        match source.parameter.and_then(|parameter| self.value(parameter)) {
            Some(Value::Text(text)) => Amount::parse(text),
            _ => source.declared,
        }
    }

    /// The amount that there is without a value of the Pod.
    fn default_amount(&self, source: AmountSource) -> Option<Amount> {
        let parameter = source.parameter.and_then(|parameter| self.companion.parameters.get(parameter.place()));
        match parameter.and_then(|parameter| parameter.default.as_deref()) {
            Some(default) => Amount::parse(default),
            None => source.declared,
        }
    }

    /// The annotation that sets a parameter.
    fn annotation_of(&self, parameter: Option<&Parameter>) -> Option<Box<str>> {
        let key = |parameter: &Parameter| format!("{}{}.{}", keys::PREFIX, self.companion.name, parameter.name);
        parameter.map(|parameter| key(parameter).into())
    }

    /// The parameter of which the Pod set the value that an amount has.
    fn given(&self, source: AmountSource) -> Option<&'a Parameter> {
        let place = source.parameter?.place();
        self.values.get(place)?.as_ref().filter(|argument| argument.given)?;
        let companion: &'a Companion = self.companion;
        companion.parameters.get(place)
    }

    /// Like `given`, where the value is larger than the amount without it.
    fn increased(&self, source: AmountSource) -> Option<&'a Parameter> {
        self.given(source).filter(|_| self.amount(source) > self.default_amount(source))
    }
}
