//! What policies require of Pods, as CEL validations.
//!
//! | file | what it requires |
//! |---|---|
//! | `on_create` | a Pod that is created has one version of the companion, as a whole |
//! | `container`, `parameter` | one container of it is as declared; a variable has a value that the parameter accepts |
//! | `on_update` | a Pod that is changed keeps the companion |
//! | `selects`, `private_volumes` | which Pods the selectors select; which volumes no other container may mount |
//! | `required`, `validation` | the companion from which the rules are generated, and the parts of a policy that they write |

pub(super) mod container;
pub(super) mod on_create;
pub(super) mod on_update;
pub(super) mod parameter;
mod private_volumes;
pub(super) mod required;
pub(super) mod selects;
pub(super) mod validation;
