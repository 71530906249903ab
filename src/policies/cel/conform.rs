//! Conditions that hold where an object of the API server says what was declared: no less, and no more than the
//! defaults that the API server writes before anybody asks.

use serde_json::{Map, Value};

use super::literal;
use crate::inject::companion::quantity::Quantity;

/// A condition that must hold with the others of its list.
pub(in crate::policies) type Condition = String;

/// What the API server writes where nothing was said, by the member that the object stands under.
const DEFAULTS: [(&str, &[(&str, Default)]); 22] = [
    ("livenessProbe", PROBE),
    ("readinessProbe", PROBE),
    ("startupProbe", PROBE),
    (
        "httpGet",
        &[("path", Default::Text("/")), ("scheme", Default::Text("HTTP")), ("protocol", Default::Text("HTTP1"))],
    ),
    ("grpc", &[("service", Default::Text(""))]),
    ("ports", &[("protocol", Default::Text("TCP"))]),
    ("fieldRef", &[("apiVersion", Default::Text("v1"))]),
    ("fileKeyRef", &[("optional", Default::No)]),
    ("podCertificate", &[("maxExpirationSeconds", Default::Kept(86_400))]),
    ("resourceFieldRef", &[("divisor", Default::Text("0"))]),
    ("securityContext", &[("procMount", Default::Text("Default"))]),
    ("secret", MODE),
    ("configMap", MODE),
    ("downwardAPI", MODE),
    ("projected", MODE),
    ("serviceAccountToken", &[("expirationSeconds", Default::Kept(3600))]),
    ("hostPath", &[("type", Default::Text(""))]),
    ("iscsi", &[("iscsiInterface", Default::Text("default"))]),
    (
        "rbd",
        &[
            ("pool", Default::Text("rbd")),
            ("user", Default::Text("admin")),
            ("keyring", Default::Text("/etc/ceph/keyring")),
        ],
    ),
    ("scaleIO", &[("storageMode", Default::Text("ThinProvisioned")), ("fsType", Default::Text("xfs"))]),
    (
        "azureDisk",
        &[
            ("cachingMode", Default::Text("ReadWrite")),
            ("fsType", Default::Text("ext4")),
            ("kind", Default::Text("Shared")),
            ("readOnly", Default::No),
        ],
    ),
    // Of `ephemeral`: the claim's own defaults come with the claim, not with the template.
    ("volumeClaimTemplate/spec", &[("volumeMode", Default::Text("Filesystem"))]),
];
const PROBE: &[(&str, Default)] = &[
    ("timeoutSeconds", Default::Number(1)),
    ("periodSeconds", Default::Number(10)),
    ("successThreshold", Default::Number(1)),
    ("failureThreshold", Default::Number(3)),
];
const MODE: &[(&str, Default)] = &[("defaultMode", Default::Kept(0o644))];

/// Members that are quantities, with the member that their object stands under: the API server writes `1024Mi` as `1Gi`.
const QUANTITIES: [(&str, &str); 4] =
    [("emptyDir", "sizeLimit"), ("resourceFieldRef", "divisor"), ("requests", "*"), ("limits", "*")];

/// Members that map texts to texts, of which none has a meaning of its own.
const MAPS: [&str; 5] = ["volumeAttributes", "options", "labels", "annotations", "matchLabels"];

#[derive(Debug, Clone, Copy)]
enum Default {
    Text(&'static str),
    /// A number that the API server also writes in the place of 0.
    Number(u32),
    /// A number that it writes where none is declared, and 0 is one.
    Kept(u32),
    No,
}

/// Where an object stands: its own member, and the one around it.
#[derive(Debug, Clone, Copy)]
struct Under<'k> {
    key: &'k str,
    around: &'k str,
    /// Whether `false` and 0 say something else than nothing.
    exact: bool,
}

impl<'k> Under<'k> {
    fn new(key: &'k str) -> Self {
        Under { key, around: "", exact: key == "securityContext" }
    }

    /// A member of an object that stands here.
    fn inside(self, key: &'k str) -> Self {
        Under { key, around: self.key, exact: self.exact || key == "securityContext" }
    }

    fn defaults(self) -> &'static [(&'static str, Default)] {
        let is_here = |of: &str| match of.split_once('/') {
            Some((around, key)) => (self.around, self.key) == (around, key),
            None => self.key == of,
        };
        DEFAULTS.iter().find(|(of, _)| is_here(of)).map_or(&[][..], |(_, defaults)| defaults)
    }

    fn is_quantity(self) -> bool {
        QUANTITIES.iter().any(|(around, key)| self.around == *around && (self.key == *key || *key == "*"))
    }
}

/// The member `key` of the object `at` is as declared; absent, if nothing is.
pub(in crate::policies) fn member(at: &str, key: &str, declared: Option<&Value>) -> Vec<Condition> {
    match declared.filter(|value| !value.is_null()) {
        Some(value) => said(at, Under::new(key), value),
        None => vec![format!("!{}.hasValue()", optional(at, key))],
    }
}

/// The item of a list under `key` is as declared, besides what `apart` names, of which somebody else takes care.
pub(in crate::policies) fn item(at: &str, key: &str, declared: &Map<String, Value>, apart: &[&str]) -> Vec<Condition> {
    object(at, Under::new(key), declared, apart)
}

/// A member that may be absent.
pub(in crate::policies) fn optional(at: &str, key: &str) -> String {
    format!("{at}[?{}]", literal::text(key))
}

/// All of them must hold.
pub(in crate::policies) fn all(conditions: &[Condition]) -> String {
    if conditions.is_empty() { "true".to_owned() } else { conditions.join(" && ") }
}

fn said(at: &str, under: Under<'_>, value: &Value) -> Vec<Condition> {
    let here = optional(at, under.key);
    match value {
        _ if under.is_quantity() && is_quantity(value) => vec![quantity(&here, value, "==")],
        Value::Object(members) if MAPS.contains(&under.key) => {
            vec![format!("{here}.orValue({{}}) == {}", map(members))]
        }
        // API servers drop maps that are empty, and keep objects that are.
        Value::Object(members) if members.values().all(Value::is_null) && under.defaults().is_empty() => {
            vec![format!("{here}.orValue({{}}).size() == 0")]
        }
        Value::Object(members) => {
            let mut conditions = vec![format!("{here}.hasValue()")];
            conditions.extend(object(&format!("{at}[{}]", literal::text(under.key)), under, members, &[]));
            conditions
        }
        Value::Array(items) => list(at, under, items),
        Value::Bool(false) if !under.exact => vec![format!("{here}.orValue(false) == false")],
        Value::Number(number) if !under.exact && number.as_f64() == Some(0.0) => {
            vec![format!("{here}.orValue(0) == 0")]
        }
        Value::String(text) if text.is_empty() => vec![format!("{here}.orValue('') == ''")],
        scalar => vec![format!("{here} == optional.of({})", literal::value(scalar))],
    }
}

fn map(members: &Map<String, Value>) -> String {
    let member = |(key, value): (&String, &Value)| format!("{}: {}", literal::text(key), literal::value(value));
    format!("{{{}}}", members.iter().filter(|(_, v)| !v.is_null()).map(member).collect::<Vec<_>>().join(", "))
}

fn list(at: &str, under: Under<'_>, items: &[Value]) -> Vec<Condition> {
    let here = optional(at, under.key);
    if let Some(literal) = literal::scalars(items) {
        return vec![format!("{here}.orValue([]) == {literal}")];
    }
    let mut conditions = vec![format!("{here}.orValue([]).size() == {}", items.len())];
    for (i, item) in items.iter().enumerate() {
        let at = format!("{at}[{}][{i}]", literal::text(under.key));
        match item {
            Value::Object(members) => conditions.extend(object(&at, under, members, &[])),
            other => conditions.push(format!("{at} == {}", literal::value(other))),
        }
    }
    conditions
}

fn object(at: &str, under: Under<'_>, declared: &Map<String, Value>, apart: &[&str]) -> Vec<Condition> {
    let defaults = under.defaults();
    // What says nothing is what the API server puts a default in the place of.
    let says_nothing = |k: &str, v: &Value| {
        let default = defaults.iter().find(|(default, _)| *default == k).map(|(_, default)| *default);
        let keeps_zero = matches!(default, Some(Default::Kept(_)));
        v.is_null() || default.is_some() && (*v == "" || v.as_f64() == Some(0.0) && !keeps_zero)
    };
    let declared: Vec<_> =
        declared.iter().filter(|(k, v)| !says_nothing(k, v) && !apart.contains(&k.as_str())).collect();
    let is_declared = |key: &str| declared.iter().any(|(k, _)| *k == key);
    let mut conditions: Vec<_> = declared.iter().flat_map(|(k, value)| said(at, under.inside(k), value)).collect();
    for (default, value) in defaults.iter().filter(|(k, _)| !is_declared(k)) {
        let value = match value {
            Default::Text(text) => literal::text(text),
            Default::Number(number) | Default::Kept(number) => number.to_string(),
            Default::No => "false".to_owned(),
        };
        conditions.push(format!("{}.orValue({value}) == {value}", optional(at, default)));
    }
    let known = declared.iter().map(|(k, _)| k.as_str());
    let known = known.chain(defaults.iter().map(|(k, _)| *k).filter(|k| !is_declared(k)));
    let known = literal::texts(known.chain(apart.iter().copied()));
    conditions.push(format!("{at}.all(k, k in {known})"));
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
pub(in crate::policies) fn quantity(at: &str, declared: &Value, how: &str) -> Condition {
    let declared = match declared {
        Value::String(text) => literal::text(text),
        other => literal::text(&other.to_string()),
    };
    format!("({at}.hasValue() && quantity(string({at}.value())).compareTo(quantity({declared})) {how} 0)")
}
