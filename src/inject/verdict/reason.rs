//! Why: one closed list of reasons. An [`Outcome`] is the result for one companion, a [`Remark`] anything besides.
//!
//! A new reason is declared here, gets its sentence in `message`, and an example in `examples`. Its label is the name
//! of its variant. `effect` decides how serious it is.

mod conflict;
mod remark;
mod stale;

use strum::{IntoStaticStr, VariantNames};

use super::via::Via;
use crate::inject::companion::selector::Unmet;
use crate::inject::companion::value::ValueFault;

pub use conflict::{Conflict, ExistingKind, Holder, ProbingSide, Unshareable};
pub use remark::{KeptAnnotation, LabelFault, MetadataField, Remark, Unused};
pub use stale::Stale;

/// Why something happened or did not happen. `Display` is the sentence, without the companion's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The result for one companion.
    Outcome(Outcome),
    /// Something about the Pod, its namespace or a companion, besides the companion's outcome.
    Remark(Remark),
}

/// The result for one companion. Each companion that was considered has exactly one outcome.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[allow(missing_docs)] // `verdict::message` has a sentence for each variant, with the meaning of its fields
pub enum Outcome {
    Injected,
    PodDenied,
    AlreadyInjected,
    NotAvailable {
        namespace: Box<str>,
        unmet: Option<Unmet>,
        /// The name that may be meant; a list with commas where other characters separate names.
        nearest: Option<Box<str>>,
        stale: Option<Stale>,
    },
    CompanionInvalid,
    RequiredDisabled,
    ParameterMissing {
        companion: Box<str>,
        parameter: Box<str>,
    },
    ParameterInvalid {
        companion: Box<str>,
        parameter: Box<str>,
        fault: ValueFault,
        /// Whether the Pod set the value; otherwise it is the companion's default.
        given: bool,
        /// The `message` of the parameter's author.
        message: Option<Box<str>>,
    },
    ParameterUnknown {
        companion: Box<str>,
        parameter: Box<str>,
        nearest: Option<Box<str>>,
        /// Whether `nearest` is a required parameter that the Pod does not set.
        missing: bool,
        /// The namespace of the Companion that is meant here; `None` for a ClusterCompanion.
        namespace: Option<Box<str>>,
        /// Whether that Companion replaces a ClusterCompanion that is offered to the namespace.
        replaces: bool,
        stale: Option<Stale>,
    },
    FileOverridden {
        key: Box<str>,
    },
    RequestExceedsLimit {
        companion: Box<str>,
        /// The parameter of which the Pod set a value that makes the request larger than the limit.
        parameter: Box<str>,
        container: Box<str>,
        resource: Box<str>,
        request: Box<str>,
        /// The limit; `None` where there is none, and the resource must have one.
        limit: Option<Box<str>>,
        /// Whether the request of the resource must be equal to its limit.
        equal: bool,
        /// The `message` of the parameter's author.
        message: Option<Box<str>>,
    },
    /// In reviews of a template only: a label that a controller sets decides, and its value is not known yet.
    SelectorUndecided {
        label: Box<str>,
        via: Via,
    },
    HostNetwork,
    WindowsPod {
        via: Via,
    },
    BlocksCompletion,
    #[strum(transparent)]
    Conflict(Conflict),
}

impl Reason {
    /// The stable name: in metrics, audit annotations, log lines and `explain`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Reason::Outcome(outcome) => outcome.into(),
            Reason::Remark(remark) => remark.into(),
        }
    }

    /// Whether it is not known yet what the webhook will do with the companion.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        matches!(self, Reason::Outcome(Outcome::SelectorUndecided { .. }))
    }

    /// Whether a companion with this outcome is in the Pod, or would be if the Pod were not denied.
    #[must_use]
    pub fn is_injected(&self) -> bool {
        matches!(self, Reason::Outcome(Outcome::Injected | Outcome::PodDenied | Outcome::AlreadyInjected))
    }
}

impl From<Outcome> for Reason {
    fn from(outcome: Outcome) -> Self {
        Reason::Outcome(outcome)
    }
}

impl From<Remark> for Reason {
    fn from(remark: Remark) -> Self {
        Reason::Remark(remark)
    }
}

impl From<Conflict> for Outcome {
    fn from(conflict: Conflict) -> Self {
        Outcome::Conflict(conflict)
    }
}
