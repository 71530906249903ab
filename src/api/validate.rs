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
mod annotations;
mod combinations;
pub(super) mod conformance;
mod parameters;
mod pod;
mod pre_stop;
mod required;
mod selectors;
mod storage;
pub(super) mod suggest;

use parameters::bindings;
use pod::{containers, env, loaders, pod_security, ports, shell};
use storage::{files, mounts, reach, volumes};

use super::message::Code;
use super::object::CompanionObject;
use super::report::Report;

/// Every rule there is.
pub(super) fn check(object: &CompanionObject, report: &mut Report) {
    combinations::check(object, report);
    selectors::check(object, report);
    containers::check(object, report);
    ports::check(object, report);
    env::check(object, report);
    shell::check(object, report);
    volumes::check(object, report);
    mounts::check(object, report);
    reach::check(object, report);
    files::check(object, report);
    annotations::check(object, report);
    pre_stop::check(object, report);
    parameters::check(object, report);
    bindings::check(object, report);
    pod_security::check(object, report);
    advice::check(object, report);
    loaders::check(object, report);
    if object.spec.required {
        required::check(object, report);
        // An API server drops fields that it does not know, and then no Pod would satisfy the companion's policy.
        let remedy = "remove this field, which a policy cannot compare";
        report.escalate(Code::UnknownFieldKept, Code::UnknownField, remedy);
    }
}
