//! Sources of `envFrom`, as API servers accept them (`ValidateEnvFrom` in Kubernetes' `pkg/apis/core/validation`).

use serde_json::Value;

use crate::api::message::invalid;
use crate::api::object::ContainerAt;
use crate::api::report::Report;
use crate::inject::names::is_subdomain;

const SOURCES: [&str; 2] = ["configMapRef", "secretRef"];

pub(super) fn check(each: &ContainerAt, report: &mut Report) {
    for (i, from) in each.field("envFrom").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = each.at.member("envFrom").item(i);
        let known = || SOURCES.into_iter().filter(|source| !from[source].is_null());
        let others = from.as_object().into_iter().flatten();
        let may_be_newer = others.into_iter().any(|(field, _)| field != "prefix" && !SOURCES.contains(&field.as_str()));
        if known().count() > 1 || (known().next().is_none() && !may_be_newer) {
            report.error(&at, invalid("must have exactly one of configMapRef and secretRef"));
        }
        for source in known().filter(|source| from[source]["name"].as_str().is_some_and(|name| !is_subdomain(name))) {
            let message = "must be a DNS subdomain: DNS labels joined by dots";
            report.error(&at.member(source).member("name"), invalid(message));
        }
        let is_prefix = |text: &str| text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'=');
        if from["prefix"].as_str().is_some_and(|prefix| !is_prefix(prefix)) {
            report.error(&at.member("prefix"), invalid("must have printable ASCII characters other than `=` only"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{check, companion};

    #[test]
    fn a_source_of_variables_is_one_that_api_servers_accept() {
        let from = |source: Value| companion("/spec/containers/0/envFrom", json!([source]));
        let at = "spec.containers[0].envFrom[0]";
        let settings = json!({"name": "settings"});
        check(from(json!({})), &[&format!("{at}: invalid value: must have exactly one of configMapRef and secretRef")]);
        check(
            from(json!({"configMapRef": settings, "secretRef": settings})),
            &[&format!("{at}: invalid value: must have exactly one")],
        );
        check(
            from(json!({"secretRef": {"name": "Settings"}})),
            &[&format!("{at}.secretRef.name: invalid value: must be a DNS subdomain")],
        );
        check(
            from(json!({"secretRef": settings, "prefix": "A="})),
            &[&format!("{at}.prefix: invalid value: must have printable ASCII characters")],
        );
        check(from(json!({"configMapRef": settings, "prefix": "a.b-"})), &[]);
        check(from(json!({"someday": settings})), &[]);
    }
}
