//! Validation: every rule that a companion must satisfy, and every warning about it.
//!
//! Validation is at least as strict as the custom resource definitions, because it applies their schema
//! (`conformance`) while the object is read. The rules here need more than one field. All of them run, so that all
//! problems are reported at once.
//!
//! | file | rules about |
//! |---|---|
//! | `conformance` | types, bounds and unknown fields, by the schema |
//! | `combinations` | fields that require or exclude each other |
//! | `selectors`, `annotations`, `pre_stop`, `excluded` | one part of the specification each |
//! | `pod/` | containers, resources, ports, probes, variables, shell scripts; warnings of Pod Security and of variables that load code |
//! | `storage/` | volumes and the fields that name them, mounts, files, and what the app can reach through shared volumes |
//! | `parameters`, `parameters/` | types, bounds and defaults; slots that parameters fill (`bindings`); patterns that
//! RE2 reads alike (`re2`) |
//! | `required` | required companions, whose policies must be able to compare everything |
//! | `advice`, `alpha` | valid specifications that are probably mistakes; fields of alpha features |

mod advice;
mod alpha;
mod annotations;
mod combinations;
pub(super) mod conformance;
mod excluded;
mod parameters;
mod pod;
mod pre_stop;
mod required;
mod selectors;
mod storage;

use parameters::bindings;
use pod::handlers::{actions, loopback};
use pod::{containers, env, loaders, pod_security, ports, resources, restart_rules, security_context, shell};
use storage::{files, mount_fields, mounts, reach, read_only, references, volume_fields, volumes};

use super::message::Code;
use super::object::CompanionObject;
use super::report::Report;

/// Applies all rules.
pub(super) fn check(object: &CompanionObject, report: &mut Report) {
    combinations::check(object, report);
    selectors::check(object, report);
    containers::check(object, report);
    restart_rules::check(object, report);
    actions::check(object, report);
    security_context::check(object, report);
    resources::check(object, report);
    ports::check(object, report);
    env::check(object, report);
    shell::check(object, report);
    volumes::check(object, report);
    volume_fields::check(object, report);
    references::check(object, report);
    mounts::check(object, report);
    mount_fields::check(object, report);
    reach::check(object, report);
    read_only::check(object, report);
    files::check(object, report);
    annotations::check(object, report);
    pre_stop::check(object, report);
    excluded::check(object, report);
    parameters::check(object, report);
    bindings::check(object, report);
    pod_security::check(object, report);
    advice::check(object, report);
    loopback::check(object, report);
    alpha::check(object, report);
    loaders::check(object, report);
    if object.spec.required {
        required::check(object, report);
        // An API server drops fields that it does not know, and then no Pod would satisfy the companion's policy.
        let remedy = "remove this field, which a policy cannot compare";
        report.escalate(Code::UnknownFieldKept, Code::UnknownField, remedy);
    }
}
