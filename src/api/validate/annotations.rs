//! The annotations that a companion adds to the Pod.

use std::collections::HashSet;

use crate::api::derived::{FILES, NO_TOKEN, full_name};
use crate::api::message::{Code, forbidden, invalid, not_found_with_remedy};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::inject::keys::{APP_ARMOR, MIRROR, SAFE_TO_EVICT_VOLUMES};
use crate::inject::names::is_qualified;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for (key, value) in &object.spec.pod_annotations {
        let at = FieldPath::spec("podAnnotations").member(key);
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        if domain == "podgraft.dev" || domain.ends_with(".podgraft.dev") {
            report.error(&at, forbidden("a companion cannot set annotations of podgraft; remove this annotation"));
        } else if key == MIRROR {
            report.error(&at, forbidden("only the kubelet sets this annotation; remove this annotation"));
        } else if !is_qualified(key) {
            let message = "must be an annotation key: at most 63 letters, digits, `-`, `_` and `.`, optionally after a DNS subdomain and `/`";
            report.error(&at, invalid(message));
        } else if key == SAFE_TO_EVICT_VOLUMES {
            check_evictable(object, &at, report);
        } else if let Some(container) = key.strip_prefix(APP_ARMOR) {
            check_profile(object, (container, value), &at, report);
        }
    }
}

/// The AppArmor profile of a container (`ValidateAppArmorPodAnnotations` in Kubernetes' `pkg/apis/core/validation`).
fn check_profile(object: &CompanionObject, (container, profile): (&str, &str), at: &FieldPath, report: &mut Report) {
    let is_profile = matches!(profile, "" | "runtime/default" | "unconfined") || profile.starts_with("localhost/");
    if !is_profile {
        report.error(at, invalid("must be runtime/default, unconfined or localhost/<profile>"));
    }
    if !object.containers().any(|each| each.container.name == container) {
        let message = format_args!(
            "API servers deny Pods without a container {container:?}, which this companion does not have; remove this annotation"
        );
        report.warn(at, Code::PossibleConflict.because(message));
    }
}

/// The cluster autoscaler compares the names with those of the Pod's volumes, and ignores the ones that it does not find.
fn check_evictable(object: &CompanionObject, at: &FieldPath, report: &mut Report) {
    let spec = &object.spec;
    let own = spec.volumes.iter().map(|volume| volume.name.as_str());
    let shared = spec.shared_volumes.iter().map(|volume| volume.name.as_str());
    let known: HashSet<String> =
        own.chain(shared).chain([FILES, NO_TOKEN]).map(|volume| full_name(&object.name, volume)).collect();
    let value = spec.pod_annotations.get(SAFE_TO_EVICT_VOLUMES).map_or("", String::as_str);
    for name in value.split(',').map(str::trim).filter(|name| !known.contains(*name)) {
        let message = if name.is_empty() {
            Code::Discouraged.because("empty name; remove the extra comma")
        } else {
            let written = format_args!("write {}-<volume>", object.name);
            let remedy = format_args!("{written}, where <volume> is a name in spec.volumes or spec.sharedVolumes");
            not_found_with_remedy("the companion's volumes", name, remedy)
        };
        report.warn(at, message);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion, silent, warns};
    use crate::inject::keys::{APP_ARMOR, SAFE_TO_EVICT_VOLUMES};

    #[test]
    fn annotations_of_podgraft_and_of_the_kubelet_are_forbidden() {
        let keys = json!({"podgraft.dev/companions": "x", "text.podgraft.dev/x.0": "x", "kubernetes.io/config.mirror": "x", "a b": "x", "fine": 1});
        let expected = [
            r#"spec.podAnnotations["podgraft.dev/companions"]: forbidden: a companion cannot set annotations of podgraft"#,
            r#"spec.podAnnotations["text.podgraft.dev/x.0"]: forbidden: a companion cannot set annotations of podgraft"#,
            r#"spec.podAnnotations["kubernetes.io/config.mirror"]: forbidden: only the kubelet sets this annotation"#,
            r#"spec.podAnnotations["a b"]: invalid value: must be an annotation key"#,
            "spec.podAnnotations.fine: invalid value: must be a string, not a number; put the value in quotes",
        ];
        check(companion("/spec/podAnnotations", keys), &expected);
    }

    #[test]
    fn an_app_armor_profile_is_of_a_container_and_one_that_api_servers_accept() {
        let profile = |container: &str, profile: &str| {
            companion("/spec/podAnnotations", json!({format!("{APP_ARMOR}{container}"): profile}))
        };
        let at = |container: &str| format!("spec.podAnnotations[\"{APP_ARMOR}{container}\"]");
        for fine in ["runtime/default", "localhost/a", ""] {
            silent(profile("git-sync", fine));
        }
        let expected = format!("{}: invalid value: must be runtime/default", at("git-sync"));
        check(profile("git-sync", "default"), &[&expected]);
        let expected = format!("{}: possible conflict: API servers deny Pods without a container \"web\"", at("web"));
        warns(profile("web", "runtime/default"), &expected);
    }

    #[test]
    fn a_volume_that_is_listed_as_evictable_has_its_name_in_the_pod() {
        let listing = |names: &str| companion("/spec/podAnnotations", json!({SAFE_TO_EVICT_VOLUMES: names}));
        silent(listing("git-sync-content"));
        silent(listing("git-sync-no-token, git-sync-content"));
        let at = format!("spec.podAnnotations[{SAFE_TO_EVICT_VOLUMES:?}]");
        for name in ["content", "git-sync-contents", "other-content"] {
            let remedy = "write git-sync-<volume>, where <volume> is a name in spec.volumes or spec.sharedVolumes";
            let expected = format!("{at}: not found in the companion's volumes: {name:?}; {remedy}");
            warns(listing(&format!("git-sync-content,{name}")), &expected);
        }
        let expected = format!("{at}: discouraged: empty name; remove the extra comma");
        warns(listing("git-sync-content,"), &expected);
    }
}
