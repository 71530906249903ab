//! The content hash of a specification.

use std::fmt::Write;

use serde_json::Value;

use crate::api::schema;

/// The first 16 hexadecimal digits of the SHA-256 of a specification's canonical JSON: with sorted keys, without
/// nulls and without defaults, because the API server adds defaults that a file leaves out. Descriptions and messages
/// are left out as well: they do not change what is injected, so that a Pod with the earlier text is not outdated.
pub(in crate::api) fn of(spec: &Value) -> Box<str> {
    let mut canonical = Vec::new();
    write(spec, &schema::SPEC, &mut canonical);
    let digest = ring::digest::digest(&ring::digest::SHA256, &canonical);
    let mut hash = String::with_capacity(16);
    for byte in &digest.as_ref()[..8] {
        // Writing to a String cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    hash.into()
}

/// The fields of an object that do not affect what is injected.
fn descriptive(schema: &Value) -> &'static [&'static str] {
    if std::ptr::eq(schema, &raw const *schema::SPEC) {
        &["description"]
    } else if std::ptr::eq(schema, &raw const schema::SPEC["properties"]["parameters"]["items"]) {
        &["description", "message"]
    } else {
        &[]
    }
}

/// Writes the canonical form directly; a filtered copy of a large specification would take many times the memory of
/// its text.
fn write(value: &Value, schema: &Value, canonical: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            let schema_of = |key: &str| match &schema["properties"][key] {
                Value::Null => &schema["additionalProperties"],
                property => property,
            };
            let descriptive = descriptive(schema);
            let counts = |key: &str, value: &Value| {
                !value.is_null() && *value != schema_of(key)["default"] && !descriptive.contains(&key)
            };
            let mut sorted: Vec<_> = members.iter().filter(|(key, value)| counts(key, value)).collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            canonical.push(b'{');
            for (i, (key, value)) in sorted.into_iter().enumerate() {
                canonical.extend((i > 0).then_some(b','));
                leaf(key, canonical);
                canonical.push(b':');
                write(value, schema_of(key), canonical);
            }
            canonical.push(b'}');
        }
        Value::Array(items) => {
            canonical.push(b'[');
            for (i, item) in items.iter().enumerate() {
                canonical.extend((i > 0).then_some(b','));
                write(item, &schema["items"], canonical);
            }
            canonical.push(b']');
        }
        other => leaf(other, canonical),
    }
}

fn leaf(value: &(impl serde::Serialize + ?Sized), canonical: &mut Vec<u8>) {
    // Writing to memory cannot fail, and all keys are strings.
    let _ = serde_json::to_writer(canonical, value);
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
        assert_eq!(
            &*of(&json!({"pattern": "Sidecar"})),
            "312205653b0975e5",
            "hashes are stable across versions of podgraft"
        );
    }

    #[test]
    fn descriptions_and_messages_do_not_change_the_hash() {
        let short = json!({"pattern": "Sidecar", "parameters": [{"name": "a", "type": "String", "env": "A"}]});
        let long = json!({"pattern": "Sidecar", "description": "Says what it is.",
            "parameters": [{"name": "a", "type": "String", "env": "A", "description": "What it is for.", "message": "use b"}]});
        assert_eq!(of(&short), of(&long));
        let container =
            |name: &str| json!({"containers": [{"name": "a", "env": [{"name": "description", "message": name}]}]});
        assert_ne!(of(&container("x")), of(&container("y")), "fields of these names elsewhere do count");
    }

    #[test]
    fn any_other_change_changes_the_hash() {
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
