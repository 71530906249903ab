//! The values of a companion's parameters: those that the Pod sets, else the defaults.

use crate::inject::companion::Companion;
use crate::inject::companion::pattern::Budget;
use crate::inject::companion::value::Value;
use crate::inject::request::requested::{GivenParameter, MAX_FAULTS, Requested};
use crate::inject::verdict::reason::Outcome;
use crate::text::suggest::suggest;

/// The value of a parameter in one review.
#[derive(Debug)]
pub(in crate::inject) struct Argument<'a> {
    pub(in crate::inject) value: Value<'a>,
    /// Whether the Pod set it; otherwise it is the companion's default.
    pub(in crate::inject) given: bool,
}

/// The value of each parameter of a companion.
///
/// # Errors
/// All faults in them.
pub(in crate::inject) fn arguments<'a>(
    companion: &'a Companion,
    requested: &Requested<'a>,
    budget: &mut Budget,
) -> Result<Vec<Option<Argument<'a>>>, Vec<Outcome>> {
    let name = || companion.name.clone();
    let given: Vec<&GivenParameter<'_>> = requested.given_to(&companion.name).collect();
    let mut faults = Vec::new();
    let is_unknown = |g: &&&GivenParameter<'_>| !companion.parameters.iter().any(|p| *p.name == *g.parameter);
    for unknown in given.iter().filter(is_unknown).take(MAX_FAULTS) {
        faults.push(Outcome::ParameterUnknown {
            companion: name(),
            parameter: unknown.parameter.into(),
            nearest: suggest(unknown.parameter, companion.parameters.iter().map(|p| &*p.name), |_| true)
                .map(Into::into),
        });
    }
    let mut values = Vec::with_capacity(companion.parameters.len());
    for parameter in &companion.parameters {
        let own = given.iter().find(|g| *g.parameter == *parameter.name);
        let given = own.is_some();
        let value = match own {
            Some(own) => Some(parameter.kind.parse(own.value.into(), budget)),
            None => parameter.default.as_deref().map(|text| parameter.kind.parse_default(text)),
        };
        values.push(match value {
            Some(Ok(value)) => Some(Argument { value, given }),
            Some(Err(fault)) => {
                let (companion, parameter) = (name(), parameter.name.clone());
                faults.push(Outcome::ParameterInvalid { companion, parameter, fault, given, message: None });
                None
            }
            None => {
                if parameter.required {
                    faults.push(Outcome::ParameterMissing { companion: name(), parameter: parameter.name.clone() });
                }
                None
            }
        });
    }
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

/// An outcome with the `message` of the parameter, where a value that the Pod set is denied. With a default it would not help
/// the Pod's author, who set no value.
pub(in crate::inject) fn explained(mut outcome: Outcome, companion: &Companion) -> Outcome {
    if let Outcome::ParameterInvalid { parameter, given: true, message, .. } = &mut outcome {
        let declared = companion.parameters.iter().find(|p| p.name == *parameter);
        *message = declared.and_then(|p| p.message.clone());
    }
    outcome
}

/// Of faults in parameters that exclude each other, the one in a value that the Pod set: such a value is never replaced
/// by a default.
pub(super) fn blamed(faults: impl Iterator<Item = Outcome>) -> Option<Outcome> {
    let is_given = |fault: &Outcome| matches!(fault, Outcome::ParameterInvalid { given: true, .. });
    let mut faults: Vec<Outcome> = faults.collect();
    let at = faults.iter().position(is_given).unwrap_or_default();
    (!faults.is_empty()).then(|| faults.swap_remove(at))
}
