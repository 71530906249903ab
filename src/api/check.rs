//! From an object to a compiled companion, with everything that is wrong with the object.

#[cfg(test)]
mod linear;
#[cfg(test)]
mod tests;

use std::panic::{self, AssertUnwindSafe};

use serde_json::Value;

use super::message::Code;
use super::object::{self, CompanionObject};
use super::report::{Problem, Report};
use super::{compile, size, validate};
use crate::inject::companion::catalog::CatalogEntry;

/// What the gate made of an object.
#[derive(Debug)]
pub struct Checked {
    /// The namespace of a `Companion`, where the object says it; `None` for a `ClusterCompanion`.
    pub namespace: Option<Box<str>>,
    /// The companion; `None` where not even its kind and name could be read.
    pub listed: Option<CatalogEntry>,
    /// Everything that must be mended. The companion is good if there is nothing.
    pub problems: Vec<Problem>,
    /// Everything that works, and should be looked at.
    pub warnings: Vec<Problem>,
}

/// Reads a `ClusterCompanion` or a `Companion`, checks it whole, and compiles it.
///
/// Whatever is in the object, this returns: one that is too large is not looked into, and one in which a rule panics is
/// invalid. A fault of podgraft's own must never keep other companions from being used, nor a replica from starting.
#[must_use]
pub fn check_companion(object: &Value) -> Checked {
    match size::check(object) {
        Ok(()) => guarded(object, judge),
        Err(problem) => invalid(object, problem),
    }
}

/// An object of which only the envelope was read, and why the rest was not: it is invalid for that reason.
#[must_use]
pub fn invalid(object: &Value, problem: Problem) -> Checked {
    let listed = object::envelope(object).map(CatalogEntry::Invalid);
    Checked { namespace: object::namespace(object), listed, problems: vec![problem], warnings: Vec::new() }
}

fn guarded(object: &Value, judge: impl Fn(&Value) -> Checked) -> Checked {
    // Nothing that a panic leaves half done is used again: the object is only read.
    panic::catch_unwind(AssertUnwindSafe(|| judge(object))).unwrap_or_else(|_| {
        let message =
            Code::Internal.because("validation failed on this companion; report the log of this failure as a bug");
        invalid(object, Problem { pointer: String::new(), message: message.to_string() })
    })
}

fn judge(object: &Value) -> Checked {
    let mut report = Report::default();
    let namespace = object::namespace(object);
    let listed = CompanionObject::read(object, &mut report).and_then(|object| {
        validate::check(&object, &mut report);
        match (report.problems.is_empty(), object.name.is_empty()) {
            (true, _) => Some(compile::valid(&object)),
            (false, false) => Some(compile::invalid(&object, &report)),
            (false, true) => None,
        }
    });
    let (problems, warnings) = report.finish();
    Checked { namespace, listed, problems, warnings }
}
