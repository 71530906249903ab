//! The request and the limit of one resource of a container, with the parameters that fill them.

use std::fmt::Display;

use crate::api::message::{Code, invalid, required};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots::{self, quantity, quantity_of_bound};
use crate::api::v1alpha1::Bound;
use crate::inject::companion::quantity::{Amount, Quantity};
use crate::inject::companion::resources::{allows_overcommit, is_extended, is_hugepages};

/// The request and the limit of one resource.
pub(super) struct Amounts<'o> {
    resource: &'o str,
    request: Slot,
    limit: Slot,
}

struct Slot {
    /// Where it is declared, or would be.
    at: FieldPath,
    declared: Option<Amount>,
    parameter: Option<SlotParameter>,
}

struct SlotParameter {
    at: FieldPath,
    required: bool,
    default: Option<Amount>,
    minimum: Option<Amount>,
    maximum: Option<Amount>,
}

impl Slot {
    fn of(object: &CompanionObject, each: &ContainerAt, list: &str, resource: &str) -> Self {
        let declared = each.field("resources").and_then(|resources| quantity(resources[list].get(resource)?));
        let filler = slots::filler(&object.spec, &each.container.name, list, resource);
        let parameter = filler.and_then(|i| Some((i.place(), object.spec.parameters.get(i.place())?)));
        let bound = |bound: &Option<Bound>| bound.as_ref().and_then(quantity_of_bound).as_ref().map(Quantity::amount);
        Slot {
            at: each.at.member("resources").member(list).member(resource),
            declared: declared.as_ref().map(Quantity::amount),
            parameter: parameter.map(|(i, parameter)| SlotParameter {
                at: FieldPath::spec("parameters").item(i),
                required: parameter.required,
                default: parameter.default.as_deref().and_then(Quantity::parse).as_ref().map(Quantity::amount),
                minimum: bound(&parameter.minimum),
                maximum: bound(&parameter.maximum),
            }),
        }
    }

    fn is_absent(&self) -> bool {
        self.declared.is_none() && self.parameter.is_none()
    }

    /// The amount in Pods that set no parameter.
    fn base(&self) -> Option<Amount> {
        match &self.parameter {
            Some(parameter) if parameter.required => None,
            Some(parameter) => parameter.default.or(self.declared),
            None => self.declared,
        }
    }

    /// The field that decides the base.
    fn base_at(&self) -> FieldPath {
        match &self.parameter {
            Some(parameter) if parameter.default.is_some() => parameter.at.member("default"),
            _ => self.at.clone(),
        }
    }

    /// The smallest and the largest amount that a Pod can have; `None` where the slot is absent.
    fn range(&self) -> Option<(Amount, Amount)> {
        let given = self.parameter.as_ref().map(SlotParameter::range);
        let base = self.base().map(|base| (base, base));
        match (given, base) {
            (Some((lowest, highest)), Some((base, _))) => Some((lowest.min(base), highest.max(base))),
            (given, base) => given.or(base),
        }
    }
}

impl SlotParameter {
    fn range(&self) -> (Amount, Amount) {
        (self.minimum.unwrap_or_default(), self.maximum.unwrap_or(Amount::LARGEST))
    }
}

impl<'o> Amounts<'o> {
    pub(super) fn of(object: &CompanionObject, each: &ContainerAt, resource: &'o str) -> Self {
        let [request, limit] = ["requests", "limits"].map(|list| Slot::of(object, each, list, resource));
        Amounts { resource, request, limit }
    }

    pub(super) fn check(&self, report: &mut Report) {
        self.units(report);
        let problems = report.problems.len();
        self.limit_is_set(report);
        self.bases(report);
        if report.problems.len() == problems {
            self.bounds(report);
        }
        if report.problems.len() == problems {
            self.values_that_cross(report);
        }
    }

    /// Whether the request must be equal to the limit.
    fn equal(&self) -> bool {
        !allows_overcommit(self.resource)
    }

    fn text(&self, amount: Amount) -> Box<str> {
        amount.text_for(self.resource)
    }

    /// Devices are counted in whole numbers, and huge pages in pages.
    fn units(&self, report: &mut Report) {
        let unit = match self.resource.strip_prefix("hugepages-") {
            Some(size) => Amount::parse(size),
            None => Amount::parse("1").filter(|_| is_extended(self.resource)),
        };
        let Some(unit) = unit else { return };
        for slot in [&self.request, &self.limit] {
            if slot.base().is_some_and(|base| !base.is_multiple_of(unit)) {
                let kind = if is_hugepages(self.resource) { "a multiple of the page size" } else { "a whole number" };
                report.error(&slot.base_at(), invalid(format_args!("must be {kind}")));
            }
        }
    }

    /// A request that must be equal to its limit has a limit in every Pod.
    fn limit_is_set(&self, report: &mut Report) {
        if !self.equal() || self.request.is_absent() || self.limit.base().is_some() {
            return;
        }
        let resource = self.resource;
        let message =
            format_args!("{resource} requires a limit, which is also the request; set limits instead of requests");
        match (&self.request.parameter, &self.limit.parameter) {
            (_, Some(limit)) if limit.required || self.request.base().is_none() => {}
            (Some(request), None) => report.error(&request.at.member("resource"), invalid(message)),
            (_, Some(limit)) => report.error(&limit.at.member("default"), required(message)),
            (None, None) => report.error(&self.limit.at, required(message)),
        }
    }

    /// The amounts in Pods that set no parameter.
    fn bases(&self, report: &mut Report) {
        let (Some(request), Some(limit)) = (self.request.base(), self.limit.base()) else { return };
        if request == limit || (request < limit && !self.equal()) {
            return;
        }
        let has_default = |slot: &Slot| slot.parameter.as_ref().is_some_and(|p| p.default.is_some());
        if has_default(&self.limit) && !has_default(&self.request) {
            let must = if self.equal() { "equal" } else { "greater than or equal" };
            let message = format_args!("must be {must} to the {} request of {}", self.resource, self.text(request));
            report.error(&self.limit.base_at(), invalid(message));
        } else {
            let must = if self.equal() { "equal" } else { "less than or equal" };
            let message = format_args!("must be {must} to the {} limit of {}", self.resource, self.text(limit));
            report.error(&self.request.base_at(), invalid(message));
        }
    }

    /// Bounds that admit no value at all.
    fn bounds(&self, report: &mut Report) {
        let (Some(requests), Some(limits)) = (self.request.range(), self.limit.range()) else { return };
        let mut never = |at: FieldPath, must: &str, extreme: &dyn Display| {
            let message = format_args!(
                "must be {must} equal to the {} {extreme}; otherwise no Pod can use this parameter",
                self.resource
            );
            report.error(&at, invalid(message));
        };
        if let Some(parameter) = &self.request.parameter {
            if parameter.range().0 > limits.1 {
                let extreme = format!("limit, which is at most {}", self.text(limits.1));
                return never(parameter.at.member("minimum"), "less than or", &extreme);
            } else if self.equal() && parameter.range().1 < limits.0 {
                let extreme = format!("limit, which is at least {}", self.text(limits.0));
                return never(parameter.at.member("maximum"), "greater than or", &extreme);
            }
        }
        if let Some(parameter) = &self.limit.parameter {
            if parameter.range().1 < requests.0 {
                let extreme = format!("request, which is at least {}", self.text(requests.0));
                never(parameter.at.member("maximum"), "greater than or", &extreme);
            } else if self.equal() && parameter.range().0 > requests.1 {
                let extreme = format!("request, which is at most {}", self.text(requests.1));
                never(parameter.at.member("minimum"), "less than or", &extreme);
            }
        }
    }

    /// Values of one parameter that are denied because of the other amount, which is fixed. Where parameters fill both, Pods
    /// can change both.
    fn values_that_cross(&self, report: &mut Report) {
        let of = |slot: &Slot, other: &Slot| match (&slot.parameter, &other.parameter, other.declared) {
            (Some(parameter), None, Some(fixed)) => Some((parameter.at.member("resource"), parameter.range(), fixed)),
            _ => None,
        };
        if let Some((at, (lowest, highest), limit)) = of(&self.request, &self.limit)
            && (highest > limit || (self.equal() && lowest < limit))
        {
            let limit = self.text(limit);
            self.warn(
                &at,
                &format!("greater than the {} limit of {limit}", self.resource),
                ("maximum", &limit),
                report,
            );
        }
        if let Some((at, (lowest, highest), request)) = of(&self.limit, &self.request)
            && (lowest < request || (self.equal() && highest > request))
        {
            let least = self.text(request);
            self.warn(&at, &format!("less than the {} request of {least}", self.resource), ("minimum", &least), report);
        }
    }

    /// Warns about values that are denied, unless a bound, which is a field and its value, excludes them.
    fn warn(&self, at: &FieldPath, denied: &str, (bound, value): (&str, &str), report: &mut Report) {
        let resource = self.resource;
        let message = if self.equal() {
            format!("Pods with {resource} requests and limits that differ are denied; set limits.{resource} only")
        } else {
            format!("a value {denied} is denied; set {bound}: {value}")
        };
        report.warn(at, Code::PossibleConflict.because(message));
    }
}
