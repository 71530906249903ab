//! The one gate through which a companion enters: an object in; a compiled companion, every problem and every warning out.
//!
//! It is at least as strict as the custom resource definitions, for it reads their schema, and says what a schema
//! cannot. It never stops at the first mistake.
//!
//! | file | what it does |
//! |---|---|
//! | `shape` | types, bounds and unknown fields, against the schema |
//! | `pattern` | which fields go together |
//! | `containers`, `ports`, `env`, `script`, `volumes`, `mounts`, `reach`, `files`, `selector` | one part of the specification each |
//! | `parameters`, `slots` | parameters: their values, and what they fill |
//! | `required`, `re2` | what the policies of a required companion can compare |
//! | `preview` | what is said of a companion that is applied |
//! | `size`, `suggest` | what is read at all, and how often the nearest name is searched for |
//! | `security`, `advice`, `loaders` | what works, and should be looked at |
//! | `compile`, `render`, `writer` | the compiled companion |
//! | `declared` | what a required companion declares, for its policies |

mod advice;
mod combinations;
pub(super) mod conformance;
#[cfg(test)]
mod linear;
pub(super) mod parameters;
pub(super) mod pod;
mod preview;
mod required;
pub(super) mod selectors;
mod size;
pub(super) mod storage;
pub(super) mod suggest;
#[cfg(test)]
pub(super) mod testing;

use super::compile;
use super::object;
use super::slots;
use pod::containers;
use pod::env;
use pod::loaders;
use pod::pod_security;
use pod::ports;
use pod::shell;
use std::panic::{self, AssertUnwindSafe};
use storage::files;
use storage::mounts;
use storage::reach;
use storage::volumes;

use serde_json::Value;

use super::object::CompanionObject;
pub use super::report::Problem;
use super::report::Report;
use crate::inject::companion::catalog::CatalogEntry;
pub use preview::advise;
pub use size::{LARGEST, bytes, too_dense, too_large};

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
        let message = "cannot be validated: podgraft has a bug that this companion meets; the log says where";
        invalid(object, Problem { pointer: String::new(), message: message.to_owned() })
    })
}

fn judge(object: &Value) -> Checked {
    let mut found = Report::default();
    let namespace = object::namespace(object);
    let listed = CompanionObject::read(object, &mut found).and_then(|object| {
        check(&object, &mut found);
        match (found.problems.is_empty(), object.name.is_empty()) {
            (true, _) => Some(compile::valid(&object)),
            (false, false) => Some(compile::invalid(&object, &found)),
            (false, true) => None,
        }
    });
    let (problems, warnings) = found.finish();
    Checked { namespace, listed, problems, warnings }
}

/// Every rule there is.
fn check(object: &CompanionObject, found: &mut Report) {
    combinations::check(object, found);
    selectors::check(object, found);
    containers::check(object, found);
    ports::check(object, found);
    env::check(object, found);
    shell::check(object, found);
    volumes::check(object, found);
    mounts::check(object, found);
    reach::check(object, found);
    files::check(object, found);
    parameters::check(object, found);
    slots::check(object, found);
    pod_security::check(object, found);
    advice::check(object, found);
    loaders::check(object, found);
    if object.spec.required {
        required::check(object, found);
        // An API server drops what it does not know, and then no Pod would be as its policy asks.
        found.escalate(
            conformance::UNKNOWN,
            "a required companion can only have fields that API servers know: remove it",
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::testing::{check, check_companion, git_sync, with};
    use crate::inject::companion::catalog::CatalogEntry;

    #[test]
    fn every_mistake_is_told_at_once() {
        let object = with(&[
            ("/metadata/name", json!("all")),
            ("/spec/pattern", json!("sidecar")),
            ("/spec/activations", json!("OnRequest")),
            ("/spec/containers/0/image", json!(7)),
            ("/spec/containers/0/readinessProbe/periodSeconds", json!("5")),
            ("/spec/parameters/1/default", json!("10")),
            ("/spec/parameters/2/mountPath", json!("contents/app")),
        ]);
        let expected = [
            "metadata.name: must not be one of",
            "spec.pattern: must be one of Sidecar, Ambassador, Adapter; did you mean Sidecar?",
            "spec.activations: unknown field; did you mean activation?",
            "spec.containers[0].image: must be a string, not a number; put it in quotes",
            "spec.containers[0].readinessProbe.periodSeconds: must be a whole number, not a string",
            "spec.parameters[1].default: invalid value: must be a number and one unit",
            "spec.parameters[2].mountPath: contents is none of sharedVolumes; did you mean content?",
        ];
        check(object, &expected);
    }

    #[test]
    fn a_rule_that_panics_makes_the_companion_invalid_and_ends_nothing() {
        let gated = super::guarded(&git_sync(), |_| panic!("a bug"));
        assert!(gated.problems[0].message.starts_with("cannot be validated"), "{:?}", gated.problems);
        let Some(CatalogEntry::Invalid(broken)) = gated.listed else { panic!("it is not valid") };
        assert_eq!(&*broken.name, "git-sync");
    }

    #[test]
    fn whatever_stands_anywhere_the_gate_answers() {
        let base = large();
        assert_eq!(check_companion(&base).problems, []);
        let mut pointers = Vec::new();
        collect(&base, String::new(), &mut pointers);
        assert!(pointers.len() > 150);
        for pointer in pointers {
            for odd in [
                json!(null),
                json!(-1),
                json!(1e300),
                json!(70000),
                json!("\u{0}$(A)/"),
                json!(""),
                json!([]),
                json!([null, {}]),
                json!({}),
                json!({"": null}),
                json!(true),
            ] {
                let mut object = base.clone();
                *object.pointer_mut(&pointer).unwrap() = odd;
                let gated = check_companion(&object);
                let good = matches!(gated.listed, Some(CatalogEntry::Valid(_)));
                assert_eq!(good, gated.problems.is_empty(), "{pointer}");
            }
            let mut object = base.clone();
            let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
            match object.pointer_mut(parent) {
                Some(Value::Object(members)) => drop(members.remove(name)),
                Some(Value::Array(items)) => drop(items.pop()),
                _ => {}
            }
            let _ = check_companion(&object);
        }
    }

    fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    collect(value, format!("{pointer}/{}", name.replace('/', "~1")), pointers);
                }
            }
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    collect(item, format!("{pointer}/{i}"), pointers);
                }
            }
            _ => {}
        }
        pointers.push(pointer);
    }

    /// A companion with a bit of everything.
    pub(super) fn large() -> Value {
        let mut object = git_sync();
        for (name, value) in super::testing::everything() {
            object["spec"][name] = value;
        }
        object
    }
}
