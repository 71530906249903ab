//! The values of a companion's parameters: what the Pod gives, else the defaults.

use crate::inject::companion::Companion;
use crate::inject::companion::parameter::Value;
use crate::inject::companion::pattern::Budget;
use crate::inject::request::requested::{GivenParameter, MAX_FAULTS, Requested};
use crate::inject::verdict::reason::Reason;
use crate::text::suggest::suggest;

/// A parameter's value.
#[derive(Debug)]
pub(in crate::inject) struct Argument<'a> {
    pub(in crate::inject) value: Value<'a>,
    /// Whether the Pod gives it, and not the companion's default.
    pub(in crate::inject) given: bool,
}

/// The value of each parameter, or all that is wrong with them.
pub(in crate::inject) fn arguments<'a>(
    companion: &'a Companion,
    ask: &Requested<'a>,
    budget: &mut Budget,
) -> Result<Vec<Option<Argument<'a>>>, Vec<Reason>> {
    let name = || companion.name.clone();
    let given: Vec<&GivenParameter<'_>> = ask.given_to(&companion.name).collect();
    let mut faults = Vec::new();
    let is_unknown = |g: &&&GivenParameter<'_>| !companion.parameters.iter().any(|p| *p.name == *g.parameter);
    for unknown in given.iter().filter(is_unknown).take(MAX_FAULTS) {
        faults.push(Reason::ParameterUnknown {
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
                faults.push(Reason::ParameterInvalid { companion, parameter, fault, given, message: None });
                None
            }
            None => {
                if parameter.required {
                    faults.push(Reason::ParameterMissing { companion: name(), parameter: parameter.name.clone() });
                }
                None
            }
        });
    }
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

/// A reason with what the parameter's author says where a value is denied. That of a default is no help: the Pod's author
/// gave none.
pub(in crate::inject) fn explained(mut reason: Reason, companion: &Companion) -> Reason {
    if let Reason::ParameterInvalid { parameter, given: true, message, .. } = &mut reason {
        let declared = companion.parameters.iter().find(|p| p.name == *parameter);
        *message = declared.and_then(|p| p.message.clone());
    }
    reason
}
