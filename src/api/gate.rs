//! The one gate through which a companion enters: an object in; a compiled companion, every problem and every warning out.
//!
//! It is at least as strict as the custom resource definitions, for it reads their schema, and says what a schema
//! cannot. It never stops at the first mistake.
//!
//! | file | what it does |
//! |---|---|
//! | `shape` | types, bounds and unknown fields, against the schema |
//! | `pattern` | which fields go together |
//! | `containers`, `ports`, `env`, `script`, `volumes`, `mounts`, `files`, `selector` | one part of the specification each |
//! | `parameters`, `slots` | parameters: their values, and what they fill |
//! | `security`, `advice` | what works, and should be looked at |
//! | `compile`, `render` | the compiled companion |

mod advice;
mod compile;
mod containers;
mod env;
mod files;
mod findings;
mod hash;
mod mounts;
mod names;
mod object;
mod parameters;
mod pattern;
mod place;
mod ports;
mod render;
mod script;
mod security;
mod selector;
mod shape;
mod slots;
#[cfg(test)]
mod testing;
mod volumes;

use serde_json::Value;

use crate::inject::catalogue::Listed;
pub use findings::Problem;
use findings::Findings;
use object::Object;

/// What the gate made of an object.
#[derive(Debug)]
pub struct Gated {
    /// The namespace of a `Companion`, where the object says it; `None` for a `ClusterCompanion`.
    pub namespace: Option<Box<str>>,
    /// The companion; `None` where not even its kind and name could be read.
    pub listed: Option<Listed>,
    /// Everything that must be mended. The companion is good if there is nothing.
    pub problems: Vec<Problem>,
    /// Everything that works, and should be looked at.
    pub warnings: Vec<Problem>,
}

/// Reads a `ClusterCompanion` or a `Companion`, checks it whole, and compiles it.
#[must_use]
pub fn admit(object: &Value) -> Gated {
    let mut found = Findings::default();
    let namespace = object::namespace(object);
    let listed = Object::read(object, &mut found).map(|object| {
        check(&object, &mut found);
        if found.problems.is_empty() { compile::good(&object) } else { compile::broken(&object, &found) }
    });
    Gated { namespace, listed, problems: found.problems, warnings: found.warnings }
}

/// Every rule there is.
fn check(object: &Object, found: &mut Findings) {
    pattern::check(object, found);
    selector::check(object, found);
    containers::check(object, found);
    ports::check(object, found);
    env::check(object, found);
    script::check(object, found);
    volumes::check(object, found);
    mounts::check(object, found);
    files::check(object, found);
    parameters::check(object, found);
    slots::check(object, found);
    security::check(object, found);
    advice::check(object, found);
}

/// The known word that was probably meant.
fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let close = |distance: usize| distance <= 1 + word.chars().count() / 4;
    known
        .map(|k| (strsim::osa_distance(&word.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(distance, _)| close(*distance))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}
