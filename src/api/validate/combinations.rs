//! Fields that require or exclude each other: by pattern, activation, lifecycle and kind.

use crate::api::message::{Code, forbidden, required as required_value};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::{Activation, Lifecycle, OnConflict, Pattern, PodResources, Spec};
use crate::inject::companion::CompanionKind;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    pattern(&object.spec, report);
    required(&object.spec, report);
    if object.spec.required && object.name.ends_with("-update") {
        let message = "the name of a required companion must not end in -update, which is reserved for names of podgraft's policies; rename the companion";
        report.error(&FieldPath::root().member("metadata").member("name"), forbidden(message));
    }
    if object.kind == CompanionKind::Companion {
        namespaced(&object.spec, report);
    }
    if object.spec.position.is_some() && object.spec.lifecycle == Lifecycle::Container {
        let message = "requires lifecycle Native: plain containers are appended; remove position";
        report.error(&FieldPath::spec("position"), forbidden(message));
    }
    if object.spec.activation != Activation::OnRequest {
        for (i, _) in object.spec.parameters.iter().enumerate().filter(|(_, p)| p.required) {
            let at = FieldPath::spec("parameters").item(i).member("required");
            let message = "an automatic companion cannot have a required parameter; give the parameter a default";
            report.error(&at, forbidden(message));
        }
    }
}

fn pattern(spec: &Spec, report: &mut Report) {
    if report.has_schema_error(&FieldPath::spec("pattern")) {
        return;
    }
    if spec.pattern == Pattern::Ambassador && spec.listens.is_empty() {
        let message = "an Ambassador serves localhost endpoints to the app; declare at least one";
        report.error(&FieldPath::spec("listens"), required_value(message));
    }
    match (spec.pattern == Pattern::Adapter, spec.reads.is_empty()) {
        (true, true) => {
            let message = "an Adapter reads a shared volume or a port of the app; declare at least one";
            report.error(&FieldPath::spec("reads"), required_value(message));
        }
        (false, false) => {
            let message = "only an Adapter may declare this field; remove the field or set pattern to Adapter";
            report.error(&FieldPath::spec("reads"), forbidden(message));
        }
        _ => {}
    }
}

fn required(spec: &Spec, report: &mut Report) {
    if !spec.required {
        return;
    }
    if spec.activation != Activation::ClusterWide {
        let message = "requires activation ClusterWide; set spec.activation to ClusterWide";
        report.error(&FieldPath::spec("required"), forbidden(message));
    }
    if spec.on_conflict == Some(OnConflict::Skip) {
        let message = "a required companion is never skipped; set Deny or remove this field";
        report.error(&FieldPath::spec("onConflict"), forbidden(message));
    }
    if spec.pod_resources == PodResources::Share {
        let message = "a required companion keeps its own resources; set Add or remove this field";
        report.error(&FieldPath::spec("podResources"), forbidden(message));
    }
    if !spec.exclude_containers.is_empty() {
        let message = "a required companion is for all app containers; remove this field";
        report.error(&FieldPath::spec("excludeContainers"), forbidden(message));
    }
    for (i, parameter) in spec.parameters.iter().enumerate() {
        let at = FieldPath::spec("parameters").item(i);
        for (slot, filled) in [
            ("mountPath", parameter.mount_path.is_some()),
            ("resource", parameter.resource.is_some()),
            ("file", parameter.file.is_some()),
            ("listens", parameter.listens.is_some()),
        ] {
            if filled {
                let message = "a parameter of a required companion can only set env; use env instead";
                report.error(&at.member(slot), forbidden(message));
            }
        }
    }
    if spec.lifecycle == Lifecycle::Container {
        let message = "Pods that run to completion never get a plain container, and are denied if the companion is required; set lifecycle to Native or exclude such Pods with podSelector";
        report.warn(&FieldPath::spec("lifecycle"), Code::Discouraged.because(message));
    }
}

fn namespaced(spec: &Spec, report: &mut Report) {
    if spec.required {
        let message = "only a ClusterCompanion can be required; remove this field or declare a ClusterCompanion";
        report.error(&FieldPath::spec("required"), forbidden(message));
    }
    if spec.activation == Activation::ClusterWide {
        let message = "only a ClusterCompanion can be ClusterWide; set OptedInNamespaces or declare a ClusterCompanion";
        report.error(&FieldPath::spec("activation"), forbidden(message));
    }
    if spec.namespace_selector.is_some() {
        let message = "a Companion applies to its own namespace only; remove this field or declare a ClusterCompanion";
        report.error(&FieldPath::spec("namespaceSelector"), forbidden(message));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion, silent, warns, with};

    #[test]
    fn a_required_companion_is_not_named_like_the_policy_of_another() {
        let kept = |required: bool| {
            with(&[
                ("/metadata/name", json!("proxy-update")),
                ("/spec/activation", json!("ClusterWide")),
                ("/spec/required", json!(required)),
                ("/spec/parameters", json!([])),
            ])
        };
        check(kept(true), &["metadata.name: forbidden: the name of a required companion must not end in -update"]);
        silent(kept(false));
    }

    #[test]
    fn an_ambassador_listens_and_an_adapter_reads() {
        check(
            companion("/spec/pattern", json!("Ambassador")),
            &["spec.listens: required value: an Ambassador serves localhost endpoints"],
        );
        check(
            companion("/spec/pattern", json!("Adapter")),
            &["spec.reads: required value: an Adapter reads a shared volume or a port"],
        );
        check(
            companion("/spec/reads", json!([{"port": 8080}])),
            &["spec.reads: forbidden: only an Adapter may declare this field"],
        );
    }

    #[test]
    fn an_unsupported_pattern_is_reported_once() {
        check(
            companion("/spec/pattern", json!("Adaptor")),
            &[
                "spec.pattern: unsupported value: \"Adaptor\"; supported: Sidecar, Ambassador, Adapter; did you mean \"Adapter\"?",
            ],
        );
    }

    #[test]
    fn a_required_companion_is_cluster_wide_and_never_skipped() {
        let free = [("/spec/parameters", json!([])), ("/spec/required", json!(true))];
        check(with(&free), &["spec.required: forbidden: requires activation ClusterWide"]);
        let wide = [&free[..], &[("/spec/activation", json!("ClusterWide"))]].concat();
        check(with(&wide), &[]);
        let excluding = [&wide[..], &[("/spec/excludeContainers", json!(["mesh-*"]))]].concat();
        check(
            with(&excluding),
            &["spec.excludeContainers: forbidden: a required companion is for all app containers; remove this field"],
        );
        let skipped = [&wide[..], &[("/spec/onConflict", json!("Skip"))]].concat();
        check(with(&skipped), &["spec.onConflict: forbidden: a required companion is never skipped"]);
        let sharing = [&wide[..], &[("/spec/podResources", json!("Share"))]].concat();
        check(with(&sharing), &["spec.podResources: forbidden: a required companion keeps its own resources"]);
        let plain = [&wide[..], &[("/spec/lifecycle", json!("Container"))]].concat();
        warns(with(&plain), "spec.lifecycle: discouraged: Pods that run to completion never get a plain container");
    }

    #[test]
    fn parameters_of_a_required_companion_fill_env_only() {
        let path = json!({"name": "path", "type": "Path", "mountPath": "content/app"});
        let file = json!({"name": "key", "type": "SecretKey", "file": "/etc/keys/key"});
        let changes = [
            ("/spec/parameters", json!([path, file])),
            ("/spec/required", json!(true)),
            ("/spec/activation", json!("ClusterWide")),
        ];
        check(
            with(&changes),
            &[
                "spec.parameters[0].mountPath: forbidden: a parameter of a required companion can only set env",
                "spec.parameters[1].file: forbidden: a parameter of a required companion can only set env",
            ],
        );
    }

    #[test]
    fn an_automatic_companion_has_no_required_parameter() {
        let expected =
            "spec.parameters[0].required: forbidden: an automatic companion cannot have a required parameter";
        check(companion("/spec/activation", json!("OptedInNamespaces")), &[expected]);
    }

    #[test]
    fn a_position_requires_native_containers() {
        let changes = [("/spec/position", json!("First")), ("/spec/lifecycle", json!("Container"))];
        check(with(&changes), &["spec.position: forbidden: requires lifecycle Native: plain containers are appended"]);
    }

    #[test]
    fn a_namespaced_companion_stays_in_its_namespace() {
        let changes = [
            ("/kind", json!("Companion")),
            ("/spec/parameters", json!([])),
            ("/spec/required", json!(true)),
            ("/spec/activation", json!("ClusterWide")),
            ("/spec/namespaceSelector", json!({})),
        ];
        let expected = [
            "spec.required: forbidden: only a ClusterCompanion can be required",
            "spec.activation: forbidden: only a ClusterCompanion can be ClusterWide",
            "spec.namespaceSelector: forbidden: a Companion applies to its own namespace only",
        ];
        check(with(&changes), &expected);
    }
}
