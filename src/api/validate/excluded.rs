//! `excludeContainers`: the app containers that the companion leaves alone.

use crate::api::message::Code;
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;

/// The companion's own containers are never app containers.
pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for (i, name) in object.spec.exclude_containers.iter().enumerate() {
        if object.containers().any(|each| each.container.name == *name) {
            let message = "the companion's own containers get nothing in any case; remove this name";
            report.warn(&FieldPath::spec("excludeContainers").item(i), Code::Discouraged.because(message));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::api::testing::{check, companion, silent, warns};

    #[test]
    fn containers_are_excluded_by_name_or_by_the_start_of_names() {
        silent(companion("/spec/excludeContainers", json!(["istio-proxy", "vault-agent*", "linkerd-*", "a*"])));
        for invalid in ["*", "*-proxy", "a*b", "a**", "A", "", "a-", "istio_proxy"] {
            check(
                companion("/spec/excludeContainers", json!([invalid])),
                &["spec.excludeContainers[0]: invalid value: must be the name of a container, or the start of one"],
            );
        }
        check(companion("/spec/excludeContainers", json!(["a", "a"])), &["spec.excludeContainers[1]: duplicate value"]);
        let many: Vec<String> = (0..17).map(|i| format!("c{i}")).collect();
        check(
            companion("/spec/excludeContainers", json!(many)),
            &["spec.excludeContainers: invalid value: must have at most 16"],
        );
    }

    #[test]
    fn excluding_a_container_of_the_companion_is_discouraged() {
        warns(
            companion("/spec/excludeContainers", json!(["git-sync"])),
            "spec.excludeContainers[0]: discouraged: the companion's own containers get nothing in any case",
        );
    }
}
