//! Required companions: their admission policies must be able to compare everything that is declared. What they
//! cannot compare is an error, because a policy must not be weaker than its companion.

use super::parameters::re2;
use crate::api::message::{Code, invalid};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::Parameter;
use crate::inject::protocol::Protocol;

/// The largest specification, in bytes of JSON. A policy contains two versions of the specification as expressions of
/// about ten times its size, and etcd stores objects of up to 1.5 MiB.
const LARGEST: usize = 48 << 10;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    let size = object.raw.to_string().len();
    if size > LARGEST {
        let message = format_args!(
            "the spec of a required companion must have at most {LARGEST} bytes of JSON, because its policies contain all of it, but has {size}; shorten files or move containers to another companion"
        );
        report.error(&FieldPath::root().member("spec"), invalid(message));
    }
    for (i, parameter) in object.spec.parameters.iter().enumerate() {
        self::parameter(parameter, &FieldPath::spec("parameters").item(i), report);
    }
}

fn parameter(parameter: &Parameter, at: &FieldPath, report: &mut Report) {
    if let Some(Err(difference)) = parameter.pattern.as_deref().map(re2::check) {
        let message = format_args!(
            "must mean the same to podgraft and to API servers (RE2), because the policies of a required companion contain the pattern: {difference}"
        );
        report.error(&at.member("pattern"), invalid(message));
    }
    let service = parameter.env.as_deref().filter(|_| parameter.default.is_none()).and_then(service);
    if let Some(service) = service {
        let message = format_args!(
            "a Service named {service} sets this variable if a Pod gives no value (enableServiceLinks), and policies cannot see that; give the parameter a default or rename the variable"
        );
        report.warn(&at.member("env"), Code::Discouraged.because(message));
    }
}

/// The Service that sets a variable of this name in the Pods of its namespace, if there could be one.
fn service(variable: &str) -> Option<String> {
    let of_port = |rest: &str| {
        let mut parts = rest.trim_start_matches('_').splitn(3, '_');
        let number = parts.next().is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        let transport = parts.next().is_some_and(|t| t.parse::<Protocol>().is_ok());
        let part = parts.next().is_none_or(|part| ["PROTO", "PORT", "ADDR"].contains(&part));
        rest.is_empty() || number && transport && part
    };
    let name = variable.strip_suffix("_SERVICE_HOST").or_else(|| {
        let (name, rest) = variable.split_once("_SERVICE_PORT")?;
        (rest.is_empty() || rest.starts_with('_')).then_some(name)
    });
    let name = name.or_else(|| variable.split_once("_PORT").filter(|(_, rest)| of_port(rest)).map(|(name, _)| name));
    let plain = |name: &&str| !name.is_empty() && !name.bytes().any(|b| b.is_ascii_lowercase());
    name.filter(plain).map(|name| name.to_ascii_lowercase().replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{LARGEST, service};
    use crate::api::testing::{check, git_sync, silent, warns};

    fn required(changes: &[(&str, Value)]) -> Value {
        let mut object = git_sync();
        object["spec"]["activation"] = json!("ClusterWide");
        object["spec"]["required"] = json!(true);
        object["spec"]["parameters"] = json!([]);
        for (field, value) in changes {
            object["spec"][*field] = value.clone();
        }
        object
    }

    #[test]
    fn a_pattern_that_api_servers_read_differently_is_an_error_of_required_companions_only() {
        let pattern = |pattern: &str| json!([{"name": "a", "type": "String", "env": "A", "pattern": pattern}]);
        check(
            required(&[("parameters", pattern("(?i)on|off"))]),
            &["spec.parameters[0].pattern: invalid value: must mean the same to podgraft and to API servers (RE2)"],
        );
        silent(required(&[("parameters", pattern("on|off"))]));
        silent(required(&[("parameters", pattern("(?i)on|off")), ("required", json!(false))]));
    }

    #[test]
    fn a_companion_too_large_for_a_policy_is_an_error() {
        let content = "a".repeat(24 << 10);
        let env: Vec<_> = (0..60).map(|i| json!({"name": format!("A{i}"), "value": "b".repeat(400)})).collect();
        let mut object = required(&[("files", json!([{"path": "/etc/a", "content": content}]))]);
        silent(object.clone());
        object["spec"]["containers"][0]["env"] = env.into();
        check(
            object,
            &[&format!("spec: invalid value: the spec of a required companion must have at most {LARGEST} bytes")],
        );
    }

    #[test]
    fn an_optional_variable_that_a_service_would_set_is_warned_about() {
        let port = |default: Value| json!([{"name": "a", "type": "Port", "env": "HTTP_PORT", "default": default}]);
        warns(
            required(&[("parameters", port(json!(null)))]),
            "spec.parameters[0].env: discouraged: a Service named http sets",
        );
        silent(required(&[("parameters", port(json!("80")))]));
        for (variable, expected) in [
            ("KEY_SERVICE_HOST", Some("key")),
            ("MY_DB_SERVICE_PORT_SQL", Some("my-db")),
            ("DB_PORT_5432_TCP_ADDR", Some("db")),
            ("DB_PORT_5432_TCP", Some("db")),
            ("DB_PORT_NAME", None),
            ("PORT", None),
            ("db_PORT", None),
            ("TITLE", None),
        ] {
            assert_eq!(service(variable).as_deref(), expected, "{variable}");
        }
    }
}
