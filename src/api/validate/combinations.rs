//! Which fields go together: with the pattern, the activation, the lifecycle and the kind.

use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::{Activation, Lifecycle, OnConflict, Pattern, Spec};
use crate::inject::companion::CompanionKind;

pub(in crate::api) fn check(object: &CompanionObject, found: &mut Report) {
    pattern(&object.spec, found);
    required(&object.spec, found);
    if object.spec.required && object.name.ends_with("-update") {
        let message =
            "must not end in -update where the companion is required: so end the names of policies; rename it";
        found.error(&FieldPath::root().member("metadata").member("name"), message);
    }
    if object.kind == CompanionKind::Companion {
        namespaced(&object.spec, found);
    }
    if object.spec.position.is_some() && object.spec.lifecycle == Lifecycle::Container {
        let message = "is for lifecycle Native only: plain containers stand behind the app's; remove it";
        found.error(&FieldPath::spec("position"), message);
    }
    if object.spec.activation != Activation::OnRequest {
        for (i, _) in object.spec.parameters.iter().enumerate().filter(|(_, p)| p.required) {
            let at = FieldPath::spec("parameters").item(i).member("required");
            found.error(&at, "a companion that comes by itself cannot have a required parameter; give it a default");
        }
    }
}

fn pattern(spec: &Spec, found: &mut Report) {
    if found.has_schema_error(&FieldPath::spec("pattern")) {
        return;
    }
    if spec.pattern == Pattern::Ambassador && spec.listens.is_empty() {
        let message = "an Ambassador must declare it: the localhost endpoints that it brings to the app";
        found.error(&FieldPath::spec("listens"), message);
    }
    match (spec.pattern == Pattern::Adapter, spec.reads.is_empty()) {
        (true, true) => {
            let message =
                "an Adapter must declare it: a shared volume or a port of the app that it takes its input from";
            found.error(&FieldPath::spec("reads"), message);
        }
        (false, false) => {
            found.error(
                &FieldPath::spec("reads"),
                "only an Adapter may declare it; remove it, or make the pattern Adapter",
            );
        }
        _ => {}
    }
}

fn required(spec: &Spec, found: &mut Report) {
    if !spec.required {
        return;
    }
    if spec.activation != Activation::ClusterWide {
        found.error(&FieldPath::spec("required"), "needs activation ClusterWide");
    }
    if spec.on_conflict == Some(OnConflict::Skip) {
        let message = "a required companion is never skipped; make it Deny, or leave it out";
        found.error(&FieldPath::spec("onConflict"), message);
    }
    for (i, parameter) in spec.parameters.iter().enumerate() {
        let at = FieldPath::spec("parameters").item(i);
        for (slot, filled) in [
            ("mountPath", parameter.mount_path.is_some()),
            ("resource", parameter.resource.is_some()),
            ("listens", parameter.listens.is_some()),
        ] {
            if filled {
                found.error(&at.member(slot), "parameters of a required companion fill env only");
            }
        }
    }
    if spec.lifecycle == Lifecycle::Container {
        let message = "Pods that are meant to end never get a plain container, so a required one refuses them; make it Native, or leave such Pods out with podSelector";
        found.warn(&FieldPath::spec("lifecycle"), message);
    }
}

fn namespaced(spec: &Spec, found: &mut Report) {
    if spec.required {
        found.error(&FieldPath::spec("required"), "belongs to a ClusterCompanion; a Companion is never required");
    }
    if spec.activation == Activation::ClusterWide {
        let message = "ClusterWide belongs to a ClusterCompanion; a Companion is for Pods of its own namespace, say OptedInNamespaces";
        found.error(&FieldPath::spec("activation"), message);
    }
    if spec.namespace_selector.is_some() {
        let message = "belongs to a ClusterCompanion; a Companion is for Pods of its own namespace; remove it";
        found.error(&FieldPath::spec("namespaceSelector"), message);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion, silent, warns, with};

    #[test]
    fn a_required_companion_is_not_called_as_the_policy_of_another() {
        let kept = |required: bool| {
            with(&[
                ("/metadata/name", json!("proxy-update")),
                ("/spec/activation", json!("ClusterWide")),
                ("/spec/required", json!(required)),
                ("/spec/parameters", json!([])),
            ])
        };
        check(kept(true), &["metadata.name: must not end in -update"]);
        silent(kept(false));
    }

    #[test]
    fn an_ambassador_listens_and_an_adapter_reads() {
        check(companion("/spec/pattern", json!("Ambassador")), &["spec.listens: an Ambassador must declare it"]);
        check(companion("/spec/pattern", json!("Adapter")), &["spec.reads: an Adapter must declare it"]);
        check(companion("/spec/reads", json!([{"port": 8080}])), &["spec.reads: only an Adapter may declare it"]);
    }

    #[test]
    fn a_pattern_that_is_none_is_told_once() {
        check(
            companion("/spec/pattern", json!("Adaptor")),
            &["spec.pattern: must be one of Sidecar, Ambassador, Adapter; did you mean Adapter?"],
        );
    }

    #[test]
    fn a_required_companion_is_cluster_wide_and_never_skipped() {
        let free = [("/spec/parameters", json!([])), ("/spec/required", json!(true))];
        check(with(&free), &["spec.required: needs activation ClusterWide"]);
        let wide = [&free[..], &[("/spec/activation", json!("ClusterWide"))]].concat();
        check(with(&wide), &[]);
        let skipped = [&wide[..], &[("/spec/onConflict", json!("Skip"))]].concat();
        check(with(&skipped), &["spec.onConflict: a required companion is never skipped"]);
        let plain = [&wide[..], &[("/spec/lifecycle", json!("Container"))]].concat();
        warns(with(&plain), "spec.lifecycle: Pods that are meant to end never get a plain container");
    }

    #[test]
    fn parameters_of_a_required_companion_fill_env_only() {
        let parameters = json!([{"name": "path", "type": "Path", "mountPath": "content/app"}]);
        let changes = [
            ("/spec/parameters", parameters),
            ("/spec/required", json!(true)),
            ("/spec/activation", json!("ClusterWide")),
        ];
        check(with(&changes), &["spec.parameters[0].mountPath: parameters of a required companion fill env only"]);
    }

    #[test]
    fn a_companion_that_comes_by_itself_has_no_required_parameter() {
        let expected = "spec.parameters[0].required: a companion that comes by itself cannot have a required parameter";
        check(companion("/spec/activation", json!("OptedInNamespaces")), &[expected]);
    }

    #[test]
    fn a_position_is_for_native_containers() {
        let changes = [("/spec/position", json!("First")), ("/spec/lifecycle", json!("Container"))];
        check(with(&changes), &["spec.position: is for lifecycle Native only"]);
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
            "spec.required: belongs to a ClusterCompanion",
            "spec.activation: ClusterWide belongs to a ClusterCompanion",
            "spec.namespaceSelector: belongs to a ClusterCompanion",
        ];
        check(with(&changes), &expected);
    }
}
