//! Conditions that hold where an object has what was declared, and besides that only the defaults that the API server sets
//! before admission.

use serde_json::{Map, Value};

use super::literal;
use crate::inject::companion::quantity::Quantity;

/// A CEL expression. All conditions of a list must hold.
pub(in crate::policies) type Condition = String;

/// The defaults that the API server sets (`pkg/apis/core/v1/defaults.go`), by the field that the object is the value of.
const DEFAULTS: [(&str, &[(&str, FieldDefault)]); 24] = [
    ("livenessProbe", PROBE),
    ("readinessProbe", PROBE),
    ("startupProbe", PROBE),
    (
        "httpGet",
        &[
            ("path", FieldDefault::Text("/")),
            ("scheme", FieldDefault::Text("HTTP")),
            ("protocol", FieldDefault::Text("HTTP1")),
        ],
    ),
    ("grpc", &[("service", FieldDefault::Text(""))]),
    ("ports", &[("protocol", FieldDefault::Text("TCP"))]),
    ("fieldRef", &[("apiVersion", FieldDefault::Text("v1"))]),
    ("fileKeyRef", &[("optional", FieldDefault::False)]),
    ("podCertificate", &[("maxExpirationSeconds", FieldDefault::NumberOrZero(86_400))]),
    ("resourceFieldRef", &[("divisor", FieldDefault::Text("0"))]),
    ("securityContext", &[("procMount", FieldDefault::Text("Default"))]),
    ("secret", MODE),
    ("configMap", MODE),
    ("downwardAPI", MODE),
    ("projected", MODE),
    ("serviceAccountToken", &[("expirationSeconds", FieldDefault::NumberOrZero(3600))]),
    ("hostPath", &[("type", FieldDefault::Text(""))]),
    ("iscsi", &[("iscsiInterface", FieldDefault::Text("default"))]),
    (
        "rbd",
        &[
            ("pool", FieldDefault::Text("rbd")),
            ("user", FieldDefault::Text("admin")),
            ("keyring", FieldDefault::Text("/etc/ceph/keyring")),
        ],
    ),
    ("scaleIO", &[("storageMode", FieldDefault::Text("ThinProvisioned")), ("fsType", FieldDefault::Text("xfs"))]),
    (
        "azureDisk",
        &[
            ("cachingMode", FieldDefault::Text("ReadWrite")),
            ("fsType", FieldDefault::Text("ext4")),
            ("kind", FieldDefault::Text("Shared")),
            ("readOnly", FieldDefault::False),
        ],
    ),
    ("volumeClaimTemplate", &[("metadata", FieldDefault::OnlyTimestamp)]),
    ("volumeClaimTemplate/metadata", &[("creationTimestamp", FieldDefault::Any)]),
    // Of `ephemeral`. Other defaults of claims are set when the claim is created, and not in the template.
    ("volumeClaimTemplate/spec", &[("volumeMode", FieldDefault::Text("Filesystem"))]),
];
const PROBE: &[(&str, FieldDefault)] = &[
    ("timeoutSeconds", FieldDefault::Number(1)),
    ("periodSeconds", FieldDefault::Number(10)),
    ("successThreshold", FieldDefault::Number(1)),
    ("failureThreshold", FieldDefault::Number(3)),
];
const MODE: &[(&str, FieldDefault)] = &[("defaultMode", FieldDefault::NumberOrZero(0o644))];

/// Fields that are quantities, as parent and name. The API server writes `1024Mi` as `1Gi`.
const QUANTITIES: [(&str, &str); 4] =
    [("emptyDir", "sizeLimit"), ("resourceFieldRef", "divisor"), ("requests", "*"), ("limits", "*")];

/// Fields that are maps of strings, whose keys are data.
const MAPS: [&str; 5] = ["volumeAttributes", "options", "labels", "annotations", "matchLabels"];

#[derive(Debug, Clone, Copy)]
enum FieldDefault {
    Text(&'static str),
    /// A number that also replaces 0.
    Number(u32),
    /// A number that does not replace 0.
    NumberOrZero(u32),
    False,
    /// Metadata without the fields that users can set. API servers before 1.34 write `creationTimestamp: null`.
    OnlyTimestamp,
    /// API servers deny what users set there.
    Any,
}

impl FieldDefault {
    /// The condition of a field that has the default or is absent; `None` where every value is accepted.
    fn condition(self, here: &str) -> Option<Condition> {
        let value = match self {
            FieldDefault::Text(text) => literal::text(text),
            FieldDefault::Number(number) | FieldDefault::NumberOrZero(number) => number.to_string(),
            FieldDefault::False => "false".to_owned(),
            FieldDefault::OnlyTimestamp => {
                return Some(format!("{here}.orValue({{}}).all(k, k == 'creationTimestamp')"));
            }
            FieldDefault::Any => return None,
        };
        Some(format!("{here}.orValue({value}) == {value}"))
    }
}

/// The field that a value has, and the field around it.
#[derive(Debug, Clone, Copy)]
struct Field<'k> {
    key: &'k str,
    parent: &'k str,
    /// Whether `false` and 0 differ from an absent field.
    exact: bool,
}

impl<'k> Field<'k> {
    fn new(key: &'k str) -> Self {
        Field { key, parent: "", exact: key == "securityContext" }
    }

    /// A field of the object here.
    fn child(self, key: &'k str) -> Self {
        Field { key, parent: self.key, exact: self.exact || key == "securityContext" }
    }

    fn defaults(self) -> &'static [(&'static str, FieldDefault)] {
        let is_here = |of: &str| match of.split_once('/') {
            Some((parent, key)) => (self.parent, self.key) == (parent, key),
            None => self.key == of,
        };
        DEFAULTS.iter().find(|(of, _)| is_here(of)).map_or(&[][..], |(_, defaults)| defaults)
    }

    fn is_claim_metadata(self) -> bool {
        (self.parent, self.key) == ("volumeClaimTemplate", "metadata")
    }

    fn is_quantity(self) -> bool {
        QUANTITIES.iter().any(|(parent, key)| self.parent == *parent && (self.key == *key || *key == "*"))
    }
}

/// The field `key` of the object `at` is as declared, or absent where nothing is.
pub(in crate::policies) fn member(at: &str, key: &str, declared: Option<&Value>) -> Vec<Condition> {
    match declared.filter(|value| !value.is_null()) {
        Some(value) => is_declared(at, Field::new(key), value),
        None => vec![format!("!{}.hasValue()", optional(at, key))],
    }
}

/// The item `at` of the list `key` is as declared, without the fields in `apart`, which the caller compares.
pub(in crate::policies) fn item(at: &str, key: &str, declared: &Map<String, Value>, apart: &[&str]) -> Vec<Condition> {
    object(at, Field::new(key), declared, apart)
}

/// A field that may be absent.
pub(in crate::policies) fn optional(at: &str, key: &str) -> String {
    format!("{at}[?{}]", literal::text(key))
}

/// The conditions as one.
pub(in crate::policies) fn all(conditions: &[Condition]) -> String {
    if conditions.is_empty() { "true".to_owned() } else { conditions.join(" && ") }
}

fn is_declared(at: &str, field: Field<'_>, value: &Value) -> Vec<Condition> {
    let here = optional(at, field.key);
    match value {
        _ if field.is_quantity() && is_quantity(value) => vec![quantity(&here, value, "==")],
        Value::Object(members) if MAPS.contains(&field.key) => {
            vec![format!("{here}.orValue({{}}) == {}", map(members))]
        }
        Value::Object(members) if field.is_claim_metadata() && members.values().all(Value::is_null) => {
            FieldDefault::OnlyTimestamp.condition(&here).into_iter().collect()
        }
        // API servers drop empty maps, and keep empty objects.
        Value::Object(members) if members.values().all(Value::is_null) && field.defaults().is_empty() => {
            vec![format!("{here}.orValue({{}}).size() == 0")]
        }
        Value::Object(members) => {
            let mut conditions = vec![format!("{here}.hasValue()")];
            conditions.extend(object(&format!("{at}[{}]", literal::text(field.key)), field, members, &[]));
            conditions
        }
        Value::Array(items) => list(at, field, items),
        Value::Bool(false) if !field.exact => vec![format!("{here}.orValue(false) == false")],
        Value::Number(number) if !field.exact && number.as_f64() == Some(0.0) => {
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

fn list(at: &str, field: Field<'_>, items: &[Value]) -> Vec<Condition> {
    let here = optional(at, field.key);
    if items.is_empty() && field.key == "sources" {
        // API servers can return `sources: null` of an empty `projected` volume.
        return vec![format!("({here}.orValue([]) == [] || {here}.value() == null)")];
    }
    if let Some(literal) = literal::scalars(items) {
        return vec![format!("{here}.orValue([]) == {literal}")];
    }
    let mut conditions = vec![format!("{here}.orValue([]).size() == {}", items.len())];
    for (i, item) in items.iter().enumerate() {
        let at = format!("{at}[{}][{i}]", literal::text(field.key));
        match item {
            Value::Object(members) => conditions.extend(object(&at, field, members, &[])),
            other => conditions.push(format!("{at} == {}", literal::value(other))),
        }
    }
    conditions
}

fn object(at: &str, field: Field<'_>, declared: &Map<String, Value>, apart: &[&str]) -> Vec<Condition> {
    let defaults = field.defaults();
    // The API server replaces these values by the default.
    let is_replaced = |k: &str, v: &Value| {
        let default = defaults.iter().find(|(default, _)| *default == k).map(|(_, default)| *default);
        let keeps_zero = matches!(default, Some(FieldDefault::NumberOrZero(_)));
        v.is_null() || default.is_some() && (*v == "" || v.as_f64() == Some(0.0) && !keeps_zero)
    };
    let declared: Vec<_> =
        declared.iter().filter(|(k, v)| !is_replaced(k, v) && !apart.contains(&k.as_str())).collect();
    let has = |key: &str| declared.iter().any(|(k, _)| *k == key);
    let mut conditions: Vec<_> =
        declared.iter().flat_map(|(k, value)| is_declared(at, field.child(k), value)).collect();
    for (default, value) in defaults.iter().filter(|(k, _)| !has(k)) {
        conditions.extend(value.condition(&optional(at, default)));
    }
    let known = declared.iter().map(|(k, _)| k.as_str());
    let known = known.chain(defaults.iter().map(|(k, _)| *k).filter(|k| !has(k)));
    let known = literal::texts(known.chain(apart.iter().copied()));
    conditions.push(format!("{at}.all(k, k in {known})"));
    conditions
}

/// Whether a value is a quantity, and not only in a field of that name.
fn is_quantity(value: &Value) -> bool {
    match value {
        Value::String(text) => Quantity::parse(text).is_some(),
        other => other.is_number(),
    }
}

/// A quantity compares with the declared one as the operator `how` says.
pub(in crate::policies) fn quantity(at: &str, declared: &Value, how: &str) -> Condition {
    let declared = match declared {
        Value::String(text) => literal::text(text),
        other => literal::text(&other.to_string()),
    };
    format!("({at}.hasValue() && quantity(string({at}.value())).compareTo(quantity({declared})) {how} 0)")
}
