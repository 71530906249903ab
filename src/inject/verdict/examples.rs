//! One example of each reason: the reference page `docs/reasons.md` is generated from them.

use super::reason::{
    Conflict, ExistingKind, Holder, KeptAnnotation, LabelFault, MetadataField, Outcome, Reason, Remark, Unshareable,
    Unused,
};
use super::via::Via;
use crate::inject::companion::pod_requirement::RequiredValue;
use crate::inject::companion::value::ValueFault;
use crate::inject::keys;
use crate::inject::protocol::Protocol;

/// One example of each reason: outcomes first, then remarks.
#[must_use]
pub fn examples() -> Vec<Reason> {
    let outcomes = outcomes().into_iter().chain(conflicts().into_iter().map(Outcome::from));
    outcomes.map(Reason::from).chain(remarks().into_iter().map(Reason::from)).collect()
}

fn outcomes() -> Vec<Outcome> {
    vec![
        Outcome::Injected,
        Outcome::PodDenied,
        Outcome::AlreadyInjected,
        Outcome::NotAvailable { namespace: "shop".into(), unmet: None, nearest: Some("git-sync".into()), stale: None },
        Outcome::CompanionInvalid,
        Outcome::RequiredDisabled,
        Outcome::ParameterMissing { companion: "git-sync".into(), parameter: "repo".into() },
        Outcome::ParameterInvalid {
            companion: "git-sync".into(),
            parameter: "period".into(),
            fault: ValueFault::NotWhole("seconds"),
            given: true,
            message: None,
        },
        Outcome::ParameterUnknown {
            companion: "git-sync".into(),
            parameter: "rep".into(),
            nearest: Some("repo".into()),
            missing: false,
            namespace: None,
            replaces: false,
            stale: None,
        },
        Outcome::FileOverridden { key: "text.podgraft.dev/redis.0".into() },
        Outcome::RequestExceedsLimit {
            companion: "git-sync".into(),
            parameter: "memory".into(),
            container: "git-sync".into(),
            resource: "memory".into(),
            request: "64Mi".into(),
            limit: Some("32Mi".into()),
            equal: false,
            message: None,
        },
        Outcome::SelectorUndecided { label: "pod-template-hash".into(), via: Via::Pod },
        Outcome::HostNetwork,
        Outcome::WindowsPod { via: Via::Pod },
        Outcome::BlocksCompletion,
    ]
}

fn conflicts() -> Vec<Conflict> {
    let app = || Holder::Container("app".into());
    vec![
        Conflict::ContainerNameConflict { container: "git-sync".into(), by: app() },
        Conflict::PortConflict { port: 6379, protocol: Protocol::Tcp, by: app(), probed: None },
        Conflict::HostPortConflict { port: 9100, protocol: Protocol::Tcp, by: app() },
        Conflict::VolumeNameConflict { volume: "git-sync-content".into(), by: None },
        Conflict::MountPathConflict {
            path: "/var/www/html".into(),
            container: "app".into(),
            other: "/var/www".into(),
            other_kind: ExistingKind::Mount,
            by: Holder::AppContainer("app".into()),
        },
        Conflict::VolumeNotShareable {
            volume: "content".into(),
            path: "/var/www".into(),
            by: app(),
            why: Unshareable::SubPathExpr,
        },
        Conflict::EnvNameConflict {
            variable: "REDIS_HOST".into(),
            container: "app".into(),
            by: Holder::AppContainer("app".into()),
        },
        Conflict::PrivateVolumeConflict {
            volume: "git-sync-state".into(),
            container: Some("app".into()),
            companion: None,
        },
        Conflict::TokenPathConflict { path: "/var/run".into() },
        Conflict::PodFieldConflict {
            container: "redis-proxy".into(),
            field: "lifecycle.preStop.sleep",
            required: RequiredValue::GracePeriod(40),
            grace: 30,
        },
        Conflict::PodResourcesExceeded {
            resource: "requests.cpu".into(),
            container: None,
            needed: "110m".into(),
            pod: "100m".into(),
            annotation: None,
            via: Via::Pod,
        },
        Conflict::TooManyExclusions { most: 16 },
        Conflict::AnnotationsTooLarge { bytes: 262_145 },
        Conflict::PatchTooLarge { bytes: 4_194_305 },
    ]
}

fn remarks() -> Vec<Remark> {
    let (place, key) = (MetadataField::PodAnnotation, keys::COMPANIONS);
    vec![
        Remark::UnknownKey {
            place,
            key: "podgraft.dev/companion".into(),
            nearest: Some("podgraft.dev/companions".into()),
            stale: None,
        },
        Remark::InvalidLabel { place: MetadataField::PodLabel, fault: LabelFault::Unsupported },
        Remark::EmptyName { place, key },
        Remark::DuplicateName { place, key, name: "git-sync".into() },
        Remark::TooManyNames { place, key },
        Remark::UnknownContainer { name: "ap".into(), nearest: Some("app".into()) },
        Remark::ParameterUnused { companion: "git-sync".into(), parameter: "repo".into(), why: Unused::NotRequested },
        Remark::Outdated,
        Remark::PartsMissing {
            parts: "volume git-sync-content, mount /var/www of container app".into(),
            more: 1,
            listed: true,
        },
        Remark::InjectedAgain { containers: "container git-sync".into(), more: 0 },
        Remark::RestartPolicyRestored { container: "git-sync".into() },
        Remark::ParameterDiffers { companion: "git-sync".into(), parameter: "period".into() },
        Remark::NoLongerRequested { unless_by_namespace: false },
        Remark::TokenMissing { by_pod: true },
        Remark::PullSecretsReplaced,
        Remark::NodeAffinityReplaced,
        Remark::AppCanWrite { path: "/var/www".into(), container: "app".into() },
        Remark::PreStopKept { container: "app".into() },
        Remark::PreStopTooLong { container: "app".into(), seconds: 40, grace: 30 },
        Remark::PreStopUsesGracePeriod { container: "app".into(), seconds: 29, grace: 30 },
        Remark::EnvFromOverridden { container: "app".into(), variables: "REDIS_HOST, REDIS_PORT".into() },
        Remark::StartsBeforeCompanion { container: "build".into(), native: true },
        Remark::ContainerExcluded { container: Some("istio-proxy".into()) },
        Remark::AnnotationKept {
            key: keys::SAFE_TO_EVICT_VOLUMES.into(),
            kept: KeptAnnotation::LacksVolumes("git-sync-content".into()),
        },
        Remark::ScrapeAnnotationsKept { key: keys::SCRAPE_PORT },
        Remark::NoContainers,
        Remark::OptedOut { requests: true },
        Remark::ExcludedNamespace { requests: true },
        Remark::MirrorPod,
        Remark::NotAPod,
        Remark::NamespaceUnknown,
        Remark::NamespaceMismatch,
    ]
}

#[cfg(test)]
mod tests {
    use strum::VariantNames;

    use super::*;

    #[test]
    fn every_reason_has_an_example() {
        let nested = |name: &&&str| **name != "Conflict";
        let outcomes = Outcome::VARIANTS.iter().filter(nested).chain(Conflict::VARIANTS);
        let declared: Vec<&str> = outcomes.chain(Remark::VARIANTS).copied().collect();
        let labels: Vec<&str> = examples().iter().map(Reason::label).collect();
        assert_eq!(labels, declared);
    }
}
