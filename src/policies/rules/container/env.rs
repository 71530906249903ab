//! What is asked of a container's environment: endpoints, then parameters, then the container's own variables, each once.

use serde_json::{Map, Value};

use crate::inject::companion::Endpoint;
use crate::inject::companion::parameter::Parameter;
use crate::policies::cel::conform;
use crate::policies::cel::conform::Condition;
use crate::policies::cel::literal;
use crate::policies::rules::parameter;
use crate::policies::rules::required::{Required, RequiredContainer};

/// All but the values of parameters.
pub(super) fn conditions(required: Required<'_>, container: RequiredContainer<'_>, at: &str) -> Vec<Condition> {
    let companion = required.companion;
    let env_from: Value = container.declared.env_from.iter().cloned().map(Value::Object).collect();
    let mut conditions = match container.declared.env_from[..] {
        [] => vec![format!("{}.orValue([]).size() == 0", conform::optional(at, "envFrom"))],
        _ => conform::member(at, "envFrom", Some(&env_from)),
    };
    let there = variables(at);
    let own = &container.declared.env;
    let given: Vec<_> = companion.endpoints.iter().flat_map(of_endpoint).collect();
    let names = literal::texts(parameters(required).map(|(_, name)| name));
    let fixed = given.len() + own.len();
    conditions.push(format!("{there}.filter(e, !(e.name in {names})).size() == {fixed}"));
    let before = given.iter().enumerate().map(|(i, variable)| (i.to_string(), variable));
    let after = own.iter().enumerate().map(|(i, variable)| (format!("{at}.env.size() - {}", own.len() - i), variable));
    for (index, variable) in before.chain(after) {
        conditions.extend(conform::item(&format!("{at}.env[{index}]"), "env", variable, &[]));
    }
    conditions
}

/// The parameters that fill a variable, and its name.
pub(super) fn parameters(required: Required<'_>) -> impl Iterator<Item = (&Parameter, &str)> {
    required.companion.parameters.iter().filter_map(|parameter| Some((parameter, parameter.env.as_deref()?)))
}

/// The variable of a parameter is there once, or at most once where it has no default, and has a value of its kind.
pub(super) fn of_parameter(at: &str, parameter: &Parameter, name: &str) -> Vec<Condition> {
    let (there, name) = (variables(at), literal::text(name));
    let count = if parameter.default.is_some() { "== 1" } else { "<= 1" };
    let fits = conform::all(&parameter::fits(&parameter.kind));
    vec![
        format!("{there}.filter(e, e.name == {name}).size() {count}"),
        format!("{there}.all(e, e.name != {name} || ({fits}))"),
    ]
}

fn variables(at: &str) -> String {
    format!("dyn({}.orValue([]))", conform::optional(at, "env"))
}

fn of_endpoint(endpoint: &Endpoint) -> Vec<Map<String, Value>> {
    let variable = |name: &str, value: String| {
        Map::from_iter([("name".to_owned(), Value::from(name)), ("value".to_owned(), value.into())])
    };
    let host = endpoint.host_env.as_deref().map(|name| variable(name, "127.0.0.1".to_owned()));
    let port = endpoint.port_env.as_deref().map(|name| variable(name, endpoint.port.to_string()));
    host.into_iter().chain(port).collect()
}
