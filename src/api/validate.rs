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

use super::object::CompanionObject;
use super::report::Report;

/// Every rule there is.
pub(super) fn check(object: &CompanionObject, found: &mut Report) {
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
    annotations::check(object, found);
    pre_stop::check(object, found);
    parameters::check(object, found);
    bindings::check(object, found);
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
