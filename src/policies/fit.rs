//! Conditions that hold where an object of the API server says what was declared: no less, and no more than the
//! defaults that the API server writes before anybody asks.

use serde_json::{Map, Value};

use super::literal;
use crate::inject::quantity::Quantity;

/// A condition that must hold with the others of its list.
pub(super) type Condition = String;

/// What the API server writes where nothing was said, by the member that the object stands under.
const DEFAULTS: [(&str, &[(&str, Default)]); 16] = [
    ("livenessProbe", PROBE),
    ("readinessProbe", PROBE),
    ("startupProbe", PROBE),
    ("httpGet", &[("path", Default::Text("/")), ("scheme", Default::Text("HTTP"))]),
    ("grpc", &[("service", Default::Text(""))]),
    ("ports", &[("protocol", Default::Text("TCP"))]),
    ("fieldRef", &[("apiVersion", Default::Text("v1"))]),
    ("fileKeyRef", &[("optional", Default::No)]),
    ("podCertificate", &[("maxExpirationSeconds", Default::Number(86_400))]),
    ("resourceFieldRef", &[("divisor", Default::Text("0"))]),
    ("securityContext", &[("procMount", Default::Text("Default"))]),
    ("secret", MODE),
    ("configMap", MODE),
    ("downwardAPI", MODE),
    ("projected", MODE),
    ("serviceAccountToken", &[("expirationSeconds", Default::Number(3600))]),
];
const PROBE: &[(&str, Default)] = &[
    ("timeoutSeconds", Default::Number(1)),
    ("periodSeconds", Default::Number(10)),
    ("successThreshold", Default::Number(1)),
    ("failureThreshold", Default::Number(3)),
];
const MODE: &[(&str, Default)] = &[("defaultMode", Default::Number(0o644))];

/// Volume sources with defaults of their own that are not worth a table: what is declared of them must hold, and more
/// may be there.
const OPEN: [&str; 12] = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "ephemeral",
    "gcePersistentDisk",
    "hostPath",
    "image",
    "iscsi",
    "portworxVolume",
    "rbd",
    "scaleIO",
];

/// Members that are quantities: the API server writes `1024Mi` as `1Gi`.
const QUANTITIES: [&str; 3] = ["sizeLimit", "divisor", "storage"];

#[derive(Debug, Clone, Copy)]
enum Default {
    Text(&'static str),
    Number(u32),
    No,
}

/// How an object of a member may differ from what was declared.
#[derive(Debug, Clone, Copy)]
struct Form {
    /// Whether more members may be there.
    open: bool,
    /// Whether `false` and 0 say something else than nothing.
    exact: bool,
}

/// The member `key` of the object `at` is as declared; absent, if nothing is.
pub(super) fn member(at: &str, key: &str, declared: Option<&Value>) -> Vec<Condition> {
    match declared.filter(|value| !value.is_null()) {
        Some(value) => said(at, key, value, form(key)),
        None if key == "securityContext" => {
            vec![format!("{}.orValue({{}}).all(k, k == 'procMount')", optional(at, key))]
        }
        None => vec![format!("!{}.hasValue()", optional(at, key))],
    }
}

/// The item of a list under `key` is as declared, besides what `apart` names, of which somebody else takes care.
pub(super) fn item(at: &str, key: &str, declared: &Map<String, Value>, apart: &[&str]) -> Vec<Condition> {
    object(at, key, declared, form(key), apart)
}

/// A member that may be absent.
pub(super) fn optional(at: &str, key: &str) -> String {
    format!("{at}[?{}]", literal::text(key))
}

/// All of them must hold.
pub(super) fn all(conditions: &[Condition]) -> String {
    if conditions.is_empty() { "true".to_owned() } else { conditions.join(" && ") }
}

fn form(key: &str) -> Form {
    Form { open: OPEN.contains(&key), exact: key == "securityContext" }
}

fn said(at: &str, key: &str, value: &Value, form: Form) -> Vec<Condition> {
    let here = optional(at, key);
    match value {
        _ if QUANTITIES.contains(&key) && is_quantity(value) => vec![quantity(&here, value, "==")],
        Value::Object(members) => {
            let inside = Form { open: form.open || OPEN.contains(&key), exact: form.exact || key == "securityContext" };
            let mut conditions = vec![format!("{here}.hasValue()")];
            conditions.extend(object(&format!("{at}[{}]", literal::text(key)), key, members, inside, &[]));
            conditions
        }
        Value::Array(items) => list(at, key, items, form),
        Value::Bool(false) if !form.exact => vec![format!("{here}.orValue(false) == false")],
        Value::Number(number) if !form.exact && number.as_f64() == Some(0.0) => {
            vec![format!("{here}.orValue(0) == 0")]
        }
        Value::String(text) if text.is_empty() => vec![format!("{here}.orValue('') == ''")],
        scalar => vec![format!("{here} == optional.of({})", literal::scalar(scalar).unwrap_or_default())],
    }
}

fn list(at: &str, key: &str, items: &[Value], form: Form) -> Vec<Condition> {
    let here = optional(at, key);
    if let Some(literal) = literal::scalars(items) {
        return vec![format!("{here}.orValue([]) == {literal}")];
    }
    let mut conditions = vec![format!("{here}.orValue([]).size() == {}", items.len())];
    for (i, item) in items.iter().enumerate() {
        let at = format!("{at}[{}][{i}]", literal::text(key));
        match item {
            Value::Object(members) => conditions.extend(object(&at, key, members, form, &[])),
            other => {
                conditions.push(format!("{at} == {}", literal::scalar(other).unwrap_or_else(|| "null".to_owned())));
            }
        }
    }
    conditions
}

fn object(at: &str, key: &str, declared: &Map<String, Value>, form: Form, apart: &[&str]) -> Vec<Condition> {
    let defaults = DEFAULTS.iter().find(|(of, _)| *of == key).map_or(&[][..], |(_, defaults)| defaults);
    // What says nothing is what the API server puts a default in the place of.
    let says_nothing = |k: &str, v: &Value| {
        let has_default = defaults.iter().any(|(default, _)| *default == k);
        v.is_null() || has_default && (*v == "" || v.as_f64() == Some(0.0))
    };
    let declared: Vec<_> =
        declared.iter().filter(|(k, v)| !says_nothing(k, v) && !apart.contains(&k.as_str())).collect();
    let is_declared = |key: &str| declared.iter().any(|(k, _)| *k == key);
    let mut conditions: Vec<_> = declared.iter().flat_map(|(k, value)| said(at, k, value, form)).collect();
    for (default, value) in defaults.iter().filter(|(k, _)| !is_declared(k)) {
        let value = match value {
            Default::Text(text) => literal::text(text),
            Default::Number(number) => number.to_string(),
            Default::No => "false".to_owned(),
        };
        conditions.push(format!("{}.orValue({value}) == {value}", optional(at, default)));
    }
    if !form.open {
        let known = declared.iter().map(|(k, _)| k.as_str()).chain(defaults.iter().map(|(k, _)| *k));
        let known = literal::texts(known.chain(apart.iter().copied()));
        conditions.push(format!("{at}.all(k, k in {known})"));
    }
    conditions
}

/// Whether it is one, and not only called as one is.
fn is_quantity(value: &Value) -> bool {
    match value {
        Value::String(text) => Quantity::parse(text).is_some(),
        other => other.is_number(),
    }
}

/// A quantity compares so with the one that is declared.
pub(super) fn quantity(at: &str, declared: &Value, how: &str) -> Condition {
    let declared = match declared {
        Value::String(text) => literal::text(text),
        other => literal::text(&other.to_string()),
    };
    format!("({at}.hasValue() && quantity(string({at}.value())).compareTo(quantity({declared})) {how} 0)")
}
