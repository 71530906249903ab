//! The sentence of each reason: what is wrong, where, and how to fix it.
//!
//! The vocabulary is that of apimachinery's `field.Error`. Values of parameters are never repeated, because they may be
//! secrets. The companion's name is written before the sentence by `Finding`.

mod conflict;
mod hint;
mod remark;
mod value;

use std::fmt::{Display, Formatter, Result};

use super::reason::{Holder, MetadataField, Outcome, Reason};
use super::via::Via;
use crate::inject::companion::selector::CHANGE_LABELS;
use hint::did_you_mean;

impl Display for Reason {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Reason::Outcome(outcome) => outcome.fmt(f),
            Reason::Remark(remark) => remark.fmt(f),
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Outcome::Injected => f.write_str("injected"),
            Outcome::PodDenied => f.write_str("not injected: the Pod is denied for another reason"),
            Outcome::AlreadyInjected => f.write_str("already injected"),
            Outcome::NotAvailable { unmet: Some(unmet), .. } => {
                write!(f, "does not select this Pod: {unmet}; {CHANGE_LABELS}")
            }
            Outcome::NotAvailable { stale: Some(stale), .. } => {
                write!(f, "not known yet: {stale}, and the companion may be newer; retry")
            }
            Outcome::NotAvailable { nearest: Some(list), .. } if list.contains(',') => {
                write!(f, "no such companion; separate names with commas: {list}")
            }
            // A companion that is not offered to the namespace reads like one that does not exist.
            Outcome::NotAvailable { namespace, nearest, .. } => {
                write!(
                    f,
                    "not available in namespace {namespace}; `kubectl get clustercompanions,companions -n {namespace} -o wide` lists companions and for whom they are"
                )?;
                did_you_mean(f, nearest.as_deref())
            }
            Outcome::CompanionInvalid => f.write_str(
                "spec is invalid and no earlier valid version exists; see the companion's status, or run `podgraft validate` on its manifest",
            ),
            Outcome::RequiredDisabled => f.write_str(
                "forbidden: required companions are disabled on this server; see `podgraft serve --required-companions`",
            ),
            Outcome::ParameterMissing { companion, parameter } => {
                write!(f, "parameter {parameter}: required value; set annotation podgraft.dev/{companion}.{parameter} on the Pod")
            }
            Outcome::ParameterInvalid { companion, parameter, fault, given: true, message } => {
                write!(f, "annotation podgraft.dev/{companion}.{parameter}: {fault}")?;
                message.as_ref().map_or(Ok(()), |message| write!(f, "; {message}"))
            }
            Outcome::ParameterInvalid { companion, parameter, fault, given: false, .. } => write!(
                f,
                "default of parameter {parameter}: {fault}; set annotation podgraft.dev/{companion}.{parameter} on the Pod"
            ),
            Outcome::ParameterUnknown { companion, parameter, nearest, missing, namespace, replaces, stale } => {
                f.write_str("not found in spec.parameters")?;
                if let Some(namespace) = namespace {
                    write!(f, " of Companion {namespace}/{companion}")?;
                }
                if *replaces {
                    f.write_str(", which replaces the ClusterCompanion of that name")?;
                }
                write!(f, ": {parameter:?}; ")?;
                match (stale, nearest) {
                    (Some(stale), _) => write!(f, "{stale}, and the parameter may be newer; retry"),
                    (None, Some(nearest)) if *missing => write!(
                        f,
                        "required parameter {nearest} is missing: rename the annotation to podgraft.dev/{companion}.{nearest}"
                    ),
                    (None, Some(nearest)) => write!(f, "did you mean podgraft.dev/{companion}.{nearest}?"),
                    (None, None) => write!(f, "remove annotation podgraft.dev/{companion}.{parameter}"),
                }
            }
            Outcome::FileOverridden { key } => write!(
                f,
                "forbidden: annotation {key} holds a file of this companion and has other content; remove the annotation"
            ),
            Outcome::RequestExceedsLimit { companion, parameter, container, resource, request, limit, equal, message } => {
                write!(
                    f,
                    "annotation podgraft.dev/{companion}.{parameter}: invalid value: the {resource} request of container {container} would be {request}, and must be "
                )?;
                f.write_str(if *equal { "equal to" } else { "at most" })?;
                match limit {
                    Some(limit) => write!(f, " its limit of {limit}; change the value")?,
                    None => f.write_str(" its limit, which is not set; set the limit or remove the annotation")?,
                }
                message.as_ref().map_or(Ok(()), |message| write!(f, "; {message}"))
            }
            Outcome::SelectorUndecided { label, via } => write!(
                f,
                "undecided: podSelector depends on label {label}, whose value a controller will set; the webhook may inject this companion{}; ask the platform team to use Exists or DoesNotExist there",
                if *via == Via::Pod { " or deny the Pod" } else { ", or not" }
            ),
            Outcome::HostNetwork => f.write_str(
                "forbidden: the Pod uses the node's network, which this companion does not allow; remove hostNetwork",
            ),
            Outcome::WindowsPod { via } => {
                f.write_str("forbidden: the Pod runs on Windows, and companions run on Linux only; ")?;
                f.write_str(if *via == Via::Pod { "remove the request, or " } else { "" })?;
                f.write_str("ask the platform team to exclude such Pods with podSelector")
            }
            Outcome::BlocksCompletion => f.write_str(
                "forbidden: the Pod's restartPolicy is not Always, and a plain container would keep the Pod from completing; ask the platform team to set lifecycle: Native on the companion",
            ),
            Outcome::Conflict(conflict) => conflict.fmt(f),
        }
    }
}

impl Display for Holder {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Holder::Container(name) | Holder::AppContainer(name) => write!(f, "container {name}"),
            Holder::Leftover(name) => write!(f, "an earlier injection of companion {name}"),
            Holder::Companion(name) => write!(f, "companion {name}"),
        }
    }
}

impl Display for MetadataField {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            MetadataField::PodAnnotation => "annotation",
            MetadataField::PodLabel => "label",
            MetadataField::NamespaceAnnotation => "namespace annotation",
            MetadataField::NamespaceLabel => "namespace label",
        })
    }
}
