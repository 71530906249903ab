//! The content hash of a specification.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::api::schema;

/// First 16 hexadecimal digits of the SHA-256 of a specification's canonical JSON: keys sorted, and neither nulls nor
/// defaults, for the API server writes out defaults that a file leaves unsaid. Sentences for people are left out: a Pod is
/// not outdated because a sentence was improved.
pub(super) fn of(spec: &Value) -> Box<str> {
    let mut canonical = canonical(spec, &schema::SPEC);
    without(&mut canonical, &["description"]);
    for parameter in canonical.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        without(parameter, &["description", "message"]);
    }
    let canonical = canonical.to_string();
    let digest = ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes());
    let mut hash = String::with_capacity(16);
    for byte in &digest.as_ref()[..8] {
        // Writing to a String cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    hash.into()
}

fn without(value: &mut Value, names: &[&str]) {
    if let Value::Object(members) = value {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
}

fn canonical(value: &Value, schema: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            let schema_of = |key: &str| match &schema["properties"][key] {
                Value::Null => &schema["additionalProperties"],
                property => property,
            };
            let said = sorted.into_iter().filter(|(key, v)| !v.is_null() && **v != schema_of(key)["default"]);
            said.map(|(key, v)| (key.clone(), canonical(v, schema_of(key)))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(|item| canonical(item, &schema["items"])).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;

    #[test]
    fn order_nulls_and_defaults_do_not_change_the_hash() {
        let short = json!({"pattern": "Sidecar", "containers": [{"name": "a", "ports": [{"containerPort": 1}]}]});
        let long = json!({"containers": [{"ports": [{"protocol": "TCP", "containerPort": 1}], "name": "a"}], "activation": "OnRequest",
            "lifecycle": "Native", "hostNetwork": "Refuse", "description": null, "pattern": "Sidecar"});
        assert_eq!(of(&short), of(&long));
        assert_eq!(of(&short).len(), 16);
        assert_eq!(&*of(&json!({"pattern": "Sidecar"})), "312205653b0975e5", "what runs keeps its hash");
    }

    #[test]
    fn sentences_for_people_do_not_change_the_hash() {
        let short = json!({"pattern": "Sidecar", "parameters": [{"name": "a", "type": "String", "env": "A"}]});
        let long = json!({"pattern": "Sidecar", "description": "Says what it is.",
            "parameters": [{"name": "a", "type": "String", "env": "A", "description": "What it is for.", "message": "use b"}]});
        assert_eq!(of(&short), of(&long));
        let container =
            |name: &str| json!({"containers": [{"name": "a", "env": [{"name": "description", "message": name}]}]});
        assert_ne!(of(&container("x")), of(&container("y")), "elsewhere the words mean something else");
    }

    #[test]
    fn everything_else_does() {
        let base = json!({"pattern": "Sidecar", "files": [{"path": "/a", "content": "x"}]});
        for other in [
            json!({"pattern": "Adapter", "files": [{"path": "/a", "content": "x"}]}),
            json!({"pattern": "Sidecar", "files": [{"path": "/a", "content": "y"}]}),
            json!({"pattern": "Sidecar", "files": []}),
        ] {
            assert_ne!(of(&base), of(&other));
        }
    }
}
