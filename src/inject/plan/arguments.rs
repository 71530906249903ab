//! The values of a companion's parameters: those that the Pod sets, else the defaults.

use crate::inject::companion::Companion;
use crate::inject::companion::parameter::Parameter;
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
    let given: Vec<&GivenParameter<'a>> = requested.given_to(&companion.name).collect();
    let mut faults = unknown(companion, &given);
    let mut arguments = Vec::with_capacity(companion.parameters.len());
    for parameter in &companion.parameters {
        let own = given.iter().find(|g| *g.parameter == *parameter.name).map(|g| g.value);
        match argument(companion, parameter, own, budget) {
            Ok(argument) => arguments.push(argument),
            Err(fault) => faults.push(fault),
        }
    }
    // A parameter that is most likely meant by an unknown name is not reported a second time as missing.
    let renamed: Vec<Box<str>> = faults.iter().filter_map(missing_by_another_name).collect();
    faults.retain(|fault| !matches!(fault, Outcome::ParameterMissing { parameter, .. } if renamed.contains(parameter)));
    if faults.is_empty() { Ok(arguments) } else { Err(faults) }
}

fn missing_by_another_name(fault: &Outcome) -> Option<Box<str>> {
    match fault {
        Outcome::ParameterUnknown { nearest, missing: true, .. } => nearest.clone(),
        _ => None,
    }
}

/// The parameters that the Pod sets and the companion does not declare.
fn unknown(companion: &Companion, given: &[&GivenParameter<'_>]) -> Vec<Outcome> {
    let declared = || companion.parameters.iter().map(|p| &*p.name);
    let unknown = given.iter().filter(|g| !declared().any(|name| name == g.parameter));
    let mut unknown = unknown.take(MAX_FAULTS).peekable();
    let mut faults: Vec<Outcome> = Vec::new();
    let required = if unknown.peek().is_some() { missing(companion, given) } else { Vec::new() };
    for given in unknown {
        let nearest = suggest(given.parameter, declared(), |_| true);
        faults.push(Outcome::ParameterUnknown {
            companion: companion.name.clone(),
            parameter: given.parameter.into(),
            nearest: nearest.map(Into::into),
            missing: required.contains(&nearest.unwrap_or_default()),
            namespace: None,
            replaces: false,
            stale: None,
        });
    }
    // One name that is not known where one is missing: they are most likely the same parameter, however the names differ.
    if let ([Outcome::ParameterUnknown { nearest: nearest @ None, missing, .. }], [only]) = (&mut *faults, &*required) {
        (*nearest, *missing) = (Some((*only).into()), true);
    }
    faults
}

/// The names of the required parameters that the Pod does not set.
fn missing<'c>(companion: &'c Companion, given: &[&GivenParameter<'_>]) -> Vec<&'c str> {
    let is_missing = |parameter: &&Parameter| {
        let is_given = given.iter().any(|g| *g.parameter == *parameter.name);
        parameter.required && parameter.default.is_none() && !is_given
    };
    companion.parameters.iter().filter(is_missing).map(|parameter| &*parameter.name).collect()
}

/// The value that the Pod sets, else the default, else none.
fn argument<'a>(
    companion: &Companion,
    parameter: &'a Parameter,
    own: Option<&'a str>,
    budget: &mut Budget,
) -> Result<Option<Argument<'a>>, Outcome> {
    let given = own.is_some();
    let value = match (own, parameter.default.as_deref()) {
        (Some(own), _) => parameter.kind.parse(own.into(), budget),
        (None, Some(default)) => parameter.kind.parse_default(default),
        (None, None) if !parameter.required => return Ok(None),
        (None, None) => {
            let (companion, parameter) = (companion.name.clone(), parameter.name.clone());
            return Err(Outcome::ParameterMissing { companion, parameter });
        }
    };
    value.map(|value| Some(Argument { value, given })).map_err(|fault| {
        let (companion, parameter) = (companion.name.clone(), parameter.name.clone());
        Outcome::ParameterInvalid { companion, parameter, fault, given, message: None }
    })
}

/// An outcome with the `message` of the parameter, where a value that the Pod set is denied. With a default it would not help
/// the Pod's author, who set no value.
pub(in crate::inject) fn explained(mut outcome: Outcome, companion: &Companion) -> Outcome {
    if let Outcome::ParameterInvalid { parameter, given: true, message, .. }
    | Outcome::RequestExceedsLimit { parameter, message, .. } = &mut outcome
    {
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
