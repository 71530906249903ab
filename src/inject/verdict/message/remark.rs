//! The sentences of remarks.

use std::fmt::{Display, Formatter, Result};

use super::hint::did_you_mean;
use crate::inject::keys;
use crate::inject::verdict::reason::{KeptAnnotation, LabelFault, MetadataField, Remark, Unused};
use crate::text::suggest::with_commas;

impl Display for Remark {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Remark::UnknownKey { place, key, nearest, stale } => {
                write!(f, "unknown {place} {key}; ")?;
                match (stale, nearest) {
                    (Some(stale), _) => write!(f, "{stale}, and the companion may be newer; retry"),
                    (None, Some(nearest)) => write!(f, "did you mean {nearest}?"),
                    (None, None) if *place == MetadataField::PodAnnotation && key.trim_start_matches(keys::PREFIX).contains('.') => {
                        f.write_str("correct the companion's name, or remove the annotation")
                    }
                    (None, None) => supported(f, *place),
                }
            }
            Remark::InvalidLabel { place, fault: LabelFault::Unsupported } => {
                write!(f, "{place} {}: unsupported value; supported: enabled, disabled", keys::INJECT)
            }
            Remark::InvalidLabel { place, fault: LabelFault::WithoutCompanion(companion) } => write!(
                f,
                "{place} {}{companion}: forbidden: podgraft sets this label on Pods that have the companion, and this Pod does not get it; remove the label",
                keys::HASH_LABELS
            ),
            Remark::InvalidLabel { place, fault: LabelFault::OtherVersion(companion) } => write!(
                f,
                "{place} {}{companion}: invalid value: another version of the companion is injected, and the label of a Pod that a controller owns is not changed, because the controller may select its Pods by it; remove the label",
                keys::HASH_LABELS
            ),
            Remark::EmptyName { place, key } => {
                write!(f, "{place} {key}: empty name; remove the extra comma, or the annotation")
            }
            Remark::DuplicateName { place, key, name } => write!(f, "{place} {key}: duplicate value {name:?}; remove one"),
            Remark::TooManyNames { place, key } if *key == keys::PARAMETERS => {
                write!(f, "too many: the Pod must have at most {} {place}s {key}", keys::MAX_PARAMETERS)
            }
            Remark::TooManyNames { place, key } => {
                write!(f, "{place} {key}: too many: must have at most {} names", keys::most_names(key))
            }
            Remark::UnknownContainer { name, nearest } => {
                write!(f, "annotation {}: not found in the Pod's containers: {name:?}", keys::CONTAINERS)?;
                match with_commas(name) {
                    Some(list) => write!(f, "; separate names with commas: {list}"),
                    None => did_you_mean(f, nearest.as_deref()),
                }
            }
            Remark::ParameterUnused { companion, parameter, why } => {
                write!(f, "annotation podgraft.dev/{companion}.{parameter} has no effect: ")?;
                match why {
                    Unused::Shared => f.write_str(
                        "the Pod has Pod-level resources, which this companion shares; remove the annotation",
                    ),
                    Unused::NotRequested => write!(
                        f,
                        "{companion} is not requested; add {companion} to {}, or remove the annotation",
                        keys::COMPANIONS
                    ),
                    Unused::NotInjected(None) => write!(f, "{companion} is not injected into this Pod"),
                    Unused::NotInjected(Some(unmet)) => {
                        write!(f, "{companion} is not injected into this Pod; {unmet}")
                    }
                }
            }
            Remark::Outdated => f.write_str("injected by another version; recreate the Pod to get the current one"),
            Remark::PartsMissing { parts, more, listed } => {
                f.write_str(if *listed { "listed in podgraft.dev/status" } else { "declared by this companion" })?;
                write!(f, " and not found in the Pod: {parts}")?;
                if *more > 0 {
                    write!(f, " and {more} more")?;
                }
                f.write_str("; recreate the Pod, or exclude it from the webhook that removes them")
            }
            Remark::InjectedAgain { containers, more } => {
                write!(f, "injected again, because the Pod lacked parts that podgraft.dev/status lists: {containers}")?;
                if *more > 0 {
                    write!(f, " and {more} more")?;
                }
                f.write_str("; if another webhook removes them, exclude the Pod there")
            }
            Remark::RestartPolicyRestored { container } => write!(
                f,
                "restartPolicy: Always of container {container} was missing and is restored; another webhook removes it"
            ),
            Remark::ParameterDiffers { companion, parameter } => write!(
                f,
                "annotation podgraft.dev/{companion}.{parameter} differs from the value in the Pod and has no effect; run `podgraft uninject` and inject again, or recreate the Pod from its source"
            ),
            Remark::NoLongerRequested { unless_by_namespace: false } => {
                f.write_str("in the Pod, but no longer requested; run `podgraft uninject` to remove the companion")
            }
            Remark::NoLongerRequested { unless_by_namespace: true } => f.write_str(
                "in the Pod, but no longer requested by the Pod; run `podgraft uninject` to remove the companion, unless the namespace requests it",
            ),
            Remark::TokenMissing { by_pod: true } => f.write_str(
                "this companion uses the Pod's token (serviceAccountToken: true), and the Pod has automountServiceAccountToken: false; remove that field",
            ),
            Remark::TokenMissing { by_pod: false } => f.write_str(
                "this companion uses the Pod's token (serviceAccountToken: true), and the Pod has none, because its ServiceAccount has automountServiceAccountToken: false; set that field to true on the Pod",
            ),
            Remark::PullSecretsReplaced => f.write_str(
                "the template gets an imagePullSecrets list, so the pull secrets of the ServiceAccount are not added to the Pod; add them to the template",
            ),
            Remark::NodeAffinityReplaced => f.write_str(
                "the controller replaces the required node affinity, which selects Windows nodes, so the webhook injects this companion, which runs on Linux only; select Windows with spec.os.name or nodeSelector",
            ),
            Remark::AppCanWrite { path, container } => write!(
                f,
                "container {container} can write at {path}, which this companion declares readOnly for the app; set readOnly: true on that mount"
            ),
            Remark::PreStopKept { container } => {
                write!(f, "container {container} has a preStop hook of its own and gets no preStop sleep")
            }
            Remark::PreStopTooLong { container, seconds, grace } => write!(
                f,
                "container {container} gets no preStop sleep of {seconds} s: terminationGracePeriodSeconds is {grace}; increase terminationGracePeriodSeconds"
            ),
            Remark::PreStopUsesGracePeriod { container, seconds, grace } => write!(
                f,
                "terminationGracePeriodSeconds is {grace}: after the preStop sleep of {seconds} s, container {container} has {} s to stop; increase terminationGracePeriodSeconds",
                grace - i64::from(*seconds)
            ),
            Remark::EnvFromOverridden { container, variables } => write!(
                f,
                "container {container} has envFrom: if the ConfigMap or Secret sets {variables}, that has no effect, because this companion sets these variables; rename them there if the app needs the values"
            ),
            Remark::StartsBeforeCompanion { container, native } => write!(
                f,
                "init container {container} gets mounts or variables of this companion and starts before it; remove the name from {}, or ask the platform team to set {}position: First",
                keys::CONTAINERS,
                if *native { "" } else { "lifecycle: Native and " }
            ),
            Remark::ContainerExcluded { container: Some(container) } => write!(
                f,
                "container {container} gets nothing from this companion, whose excludeContainers names that container; remove the name from podgraft.dev/containers"
            ),
            Remark::ContainerExcluded { container: None } => f.write_str(
                "no app container gets anything from this companion: its excludeContainers names all of them; ask the platform team to shorten that list",
            ),
            Remark::AnnotationKept { key, kept: KeptAnnotation::LacksVolumes(volumes) } => write!(
                f,
                "annotation {key} is already set and does not list volumes of this companion: {volumes}; add them"
            ),
            Remark::AnnotationKept { key, kept: KeptAnnotation::SetBy(companion) } => write!(
                f,
                "annotation {key} has the value of companion {companion}, and the value of this companion is not used; set the same value in both"
            ),
            Remark::ScrapeAnnotationsKept { key } => {
                write!(f, "annotation {key} is already set, so the scrape annotations do not point to this companion")
            }
            Remark::NoContainers => f.write_str("the Pod has no containers; nothing was injected"),
            Remark::OptedOut { .. } => f.write_str(
                "label podgraft.dev/inject is \"disabled\": only required companions are injected; remove the label to get others",
            ),
            Remark::ExcludedNamespace { .. } => f.write_str("Pods of this namespace are excluded from injection"),
            Remark::MirrorPod => f.write_str("mirror Pods of a node are excluded from injection"),
            Remark::NotAPod => f.write_str("the request does not create a Pod; nothing was injected"),
            Remark::NamespaceUnknown => f.write_str("the Pod's namespace is not known yet; retry"),
            Remark::NamespaceMismatch => f.write_str(
                "the labels of the Pod's namespace do not match the webhook that called; retry when the change of the labels has propagated",
            ),
        }
    }
}

/// The keys of podgraft at a place.
fn supported(f: &mut Formatter<'_>, place: MetadataField) -> Result {
    match place {
        MetadataField::PodAnnotation => {
            write!(f, "supported: {}, {}, {}<companion>.<parameter>", keys::COMPANIONS, keys::CONTAINERS, keys::PREFIX)
        }
        MetadataField::NamespaceAnnotation => write!(f, "supported: {}", keys::COMPANIONS),
        MetadataField::PodLabel | MetadataField::NamespaceLabel => write!(f, "supported: {}", keys::INJECT),
    }
}
