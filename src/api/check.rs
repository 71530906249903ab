//! Validates and compiles a companion.

#[cfg(test)]
mod linear;
#[cfg(test)]
mod tests;

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use serde_json::Value;

use super::message::Code;
use super::object::{self, CompanionObject};
use super::report::{Problem, Report};
use super::{compile, size, validate};
use crate::inject::companion::catalog::CatalogEntry;

/// The result of checking an object.
#[derive(Debug)]
pub struct Checked {
    /// `metadata.namespace` of a `Companion`, if it is set; `None` for a `ClusterCompanion`.
    pub namespace: Option<Box<str>>,
    /// The companion, valid or invalid; `None` if its kind or name could not be read.
    pub listed: Option<CatalogEntry>,
    /// All errors. The companion is valid if there are none.
    pub problems: Vec<Problem>,
    /// All warnings. A companion with warnings is used.
    pub warnings: Vec<Problem>,
}

/// Validates and compiles a `ClusterCompanion` or a `Companion`.
///
/// This function returns for any object: one that is too large is not read, and one on which a rule panics is
/// invalid. A bug in validation must not keep other companions from being used, nor a replica from starting.
#[must_use]
pub fn check_companion(object: &Value) -> Checked {
    match size::check(object) {
        Ok(()) => guarded(object, validate_and_compile),
        Err(problem) => invalid(object, problem),
    }
}

/// An invalid companion of which only kind and name are read, because of one problem.
#[must_use]
pub fn invalid(object: &Value, problem: Problem) -> Checked {
    let listed = object::envelope(object).map(|envelope| CatalogEntry::Invalid(Arc::new(envelope)));
    Checked { namespace: object::namespace(object), listed, problems: vec![problem], warnings: Vec::new() }
}

fn guarded(object: &Value, judge: impl Fn(&Value) -> Checked) -> Checked {
    // The closure only reads the object, so that a panic leaves no broken state.
    panic::catch_unwind(AssertUnwindSafe(|| judge(object))).unwrap_or_else(|_| {
        let message =
            Code::Internal.because("validation failed on this companion; report the log of this failure as a bug");
        invalid(object, Problem { pointer: String::new(), message: message.to_string() })
    })
}

fn validate_and_compile(object: &Value) -> Checked {
    let mut report = Report::default();
    let namespace = object::namespace(object);
    let listed = CompanionObject::read(object, &mut report).and_then(|object| {
        validate::check(&object, &mut report);
        match (report.problems.is_empty(), object.name.is_empty()) {
            (true, _) => compile::valid(&object, &mut report).or_else(|| Some(compile::invalid(&object, &report))),
            (false, false) => Some(compile::invalid(&object, &report)),
            (false, true) => None,
        }
    });
    let (problems, warnings) = report.finish();
    Checked { namespace, listed, problems, warnings }
}
