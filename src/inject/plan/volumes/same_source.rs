//! Whether two volumes have the same source, ignoring the API server's defaults.

use serde_json::{Map, Value};

use crate::inject::companion::quantity::Quantity;
use crate::work::step;

/// Defaults of API servers: the field that holds a member, the member, and its default as text.
const DEFAULTS: [(&str, &str, &str); 17] = [
    ("secret", "defaultMode", "420"),
    ("configMap", "defaultMode", "420"),
    ("downwardAPI", "defaultMode", "420"),
    ("projected", "defaultMode", "420"),
    ("serviceAccountToken", "expirationSeconds", "3600"),
    ("fieldRef", "apiVersion", "v1"),
    ("iscsi", "iscsiInterface", "default"),
    ("rbd", "pool", "rbd"),
    ("rbd", "user", "admin"),
    ("rbd", "keyring", "/etc/ceph/keyring"),
    ("azureDisk", "cachingMode", "ReadWrite"),
    ("azureDisk", "kind", "Shared"),
    ("azureDisk", "fsType", "ext4"),
    ("scaleIO", "storageMode", "ThinProvisioned"),
    ("scaleIO", "fsType", "xfs"),
    ("spec", "volumeMode", "Filesystem"),
    ("resourceFieldRef", "divisor", "0"),
];

/// Whether a volume of a Pod has the source of one of ours. A parsed volume takes sixty times the memory of its text, so a
/// text that is much longer than ours counts as another source without being parsed.
pub(super) fn same_source(theirs: &str, ours: &str) -> bool {
    theirs.len() <= 4 * ours.len() + 1024 && same_text("", theirs, ours)
}

/// Whether a variable, mount or hook of a container is one of ours. The Pod's text bounds the work: a companion is not part
/// of the review's body, so a text of ours that is much longer counts as another part.
pub(in crate::inject::plan) fn same_part(theirs: &str, ours: &str) -> bool {
    let comparable = theirs.len() <= 4 * ours.len() + 128 && ours.len() <= 4 * theirs.len() + 128;
    comparable && same_text(ITEM, theirs, ours)
}

fn same_text(field: &str, theirs: &str, ours: &str) -> bool {
    let read = |text: &str| {
        step(text.len());
        serde_json::from_str::<Value>(text).ok().map(|part| settled(field, part))
    };
    match (read(theirs), read(ours)) {
        (Some(theirs), Some(ours)) => same("", "", &theirs, &ours),
        _ => false,
    }
}

/// Whether two values are equal; `field` holds them as `key`.
fn same(field: &str, key: &str, one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let in_other =
                |(member, value): (&String, &Value)| other.get(member).is_some_and(|o| same(key, member, value, o));
            one.len() == other.len() && one.iter().all(in_other)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(key, ITEM, one, other))
        }
        // API servers rewrite quantities.
        _ if QUANTITIES.contains(&key) || QUANTITY_MAPS.contains(&field) => {
            one == other || quantity(one).is_some_and(|one| Some(one) == quantity(other))
        }
        _ => one == other,
    }
}

/// Members that are quantities, and those that hold quantities.
const QUANTITIES: [&str; 2] = ["sizeLimit", "divisor"];
const QUANTITY_MAPS: [&str; 2] = ["requests", "limits"];

fn quantity(value: &Value) -> Option<Quantity> {
    Quantity::parse(value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned).as_str())
}

/// A value without members that count as absent: defaults, null, false, empty lists and empty strings.
fn settled(field: &str, value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let is_volume = field.is_empty();
            let mut settled = Map::new();
            for (key, value) in members {
                let value = self::settled(&key, value);
                // An empty source is still a source.
                if !is_absent(field, &key, &value, is_volume) {
                    settled.insert(key, value);
                }
            }
            if field == "image" && settled.get("pullPolicy").and_then(Value::as_str) == Some(pull_policy(&settled)) {
                settled.shift_remove("pullPolicy");
            }
            if is_volume && settled.keys().all(|key| key == "name") {
                settled.insert("emptyDir".to_owned(), Map::new().into());
            }
            Value::Object(settled)
        }
        Value::Array(items) => items.into_iter().map(|item| settled(ITEM, item)).collect(),
        scalar => scalar,
    }
}

/// The pull policy to which API servers default an image volume.
fn pull_policy(image: &Map<String, Value>) -> &'static str {
    let reference = image.get("reference").and_then(Value::as_str).unwrap_or_default();
    let name = reference.rsplit('/').next().unwrap_or_default();
    let moves = !name.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    if moves { "Always" } else { "IfNotPresent" }
}

/// Stands for the field that holds the members of a list's item; they have no defaults.
const ITEM: &str = "[]";

fn is_absent(field: &str, key: &str, value: &Value, is_volume: bool) -> bool {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let is_default =
        |(parent, member, default): &(&str, &str, &str)| (*parent, *member, *default) == (field, key, &*text);
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        // An empty class differs from an absent one, which means the default class.
        Value::String(text) if text.is_empty() => key != "storageClassName",
        Value::Object(members) => !is_volume && members.is_empty() && ["metadata", "resources"].contains(&key),
        _ => DEFAULTS.iter().any(is_default),
    }
}

#[cfg(test)]
mod tests {
    use super::{same_part, same_source};

    #[test]
    fn defaults_of_api_servers_do_not_change_a_source() {
        for (ours, theirs) in [
            (r#"{"emptyDir":{}}"#, r#"{"emptyDir":{}}"#),
            (r#"{"emptyDir":{}}"#, r"{}"),
            (r#"{"emptyDir":{"sizeLimit":"1024Mi"}}"#, r#"{"emptyDir":{"medium":"","sizeLimit":"1Gi"}}"#),
            (r#"{"projected":{"sources":[]}}"#, r#"{"projected":{"sources":null,"defaultMode":420}}"#),
            (r#"{"hostPath":{"path":"/x"}}"#, r#"{"hostPath":{"path":"/x","type":""}}"#),
            (r#"{"secret":{"secretName":"s"}}"#, r#"{"secret":{"secretName":"s","defaultMode":420,"optional":false}}"#),
            (
                r#"{"projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}}"#,
                r#"{"projected":{"sources":[{"serviceAccountToken":{"path":"t","expirationSeconds":3600}}],"defaultMode":420}}"#,
            ),
            (
                r#"{"downwardAPI":{"items":[{"path":"0","fieldRef":{"fieldPath":"metadata.name"},"mode":420}]}}"#,
                r#"{"downwardAPI":{"items":[{"path":"0","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"},"mode":420}],"defaultMode":420}}"#,
            ),
            (
                r#"{"ephemeral":{"volumeClaimTemplate":{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1024Mi"}}}}}}"#,
                r#"{"ephemeral":{"volumeClaimTemplate":{"metadata":{"creationTimestamp":null},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}},"volumeMode":"Filesystem"}}}}"#,
            ),
            (r#"{"image":{"reference":"r/i:1"}}"#, r#"{"image":{"reference":"r/i:1","pullPolicy":"IfNotPresent"}}"#),
            (r#"{"projected":{}}"#, r#"{"projected":{"sources":null,"defaultMode":420}}"#),
            (r#"{"iscsi":{"iqn":"q","lun":0}}"#, r#"{"iscsi":{"iqn":"q","lun":0,"iscsiInterface":"default"}}"#),
            (
                r#"{"rbd":{"image":"i"}}"#,
                r#"{"rbd":{"image":"i","pool":"rbd","user":"admin","keyring":"/etc/ceph/keyring"}}"#,
            ),
            (
                r#"{"azureDisk":{"diskName":"d"}}"#,
                r#"{"azureDisk":{"diskName":"d","cachingMode":"ReadWrite","fsType":"ext4","readOnly":false,"kind":"Shared"}}"#,
            ),
            (
                r#"{"scaleIO":{"system":"s"}}"#,
                r#"{"scaleIO":{"system":"s","storageMode":"ThinProvisioned","fsType":"xfs"}}"#,
            ),
            (
                r#"{"persistentVolumeClaim":{"claimName":"c"}}"#,
                r#"{"persistentVolumeClaim":{"claimName":"c","readOnly":false}}"#,
            ),
        ] {
            assert!(same_source(theirs, ours), "{theirs} is {ours}");
            assert!(same_source(ours, theirs), "{ours} is {theirs}");
        }
    }

    #[test]
    fn a_variable_a_mount_and_a_hook_are_compared_without_defaults() {
        for (ours, theirs, same) in [
            (r#"{"name":"A","value":"1"}"#, r#"{"value":"1","name":"A"}"#, true),
            (r#"{"name":"A","value":"1"}"#, r#"{"name":"A","value":"2"}"#, false),
            (r#"{"name":"A","value":""}"#, r#"{"name":"A"}"#, true),
            (
                r#"{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"p"}}}"#,
                r#"{"name":"A","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"p"}}}"#,
                true,
            ),
            (
                r#"{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}}"#,
                r#"{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"0"}}}"#,
                true,
            ),
            (
                r#"{"name":"v","mountPath":"/a","subPath":"","readOnly":false}"#,
                r#"{"name":"v","mountPath":"/a"}"#,
                true,
            ),
            (
                r#"{"name":"v","mountPath":"/a"}"#,
                r#"{"name":"v","mountPath":"/a","mountPropagation":"Bidirectional"}"#,
                false,
            ),
        ] {
            assert_eq!(same_part(theirs, ours), same, "{theirs} and {ours}");
        }
    }

    #[test]
    fn other_differences_change_a_source() {
        for (ours, theirs) in [
            (r#"{"emptyDir":{}}"#, r#"{"emptyDir":{"medium":"Memory"}}"#),
            (r#"{"emptyDir":{"sizeLimit":"64Mi"}}"#, r#"{"emptyDir":{"sizeLimit":"65Mi"}}"#),
            (r#"{"emptyDir":{}}"#, r#"{"projected":{"sources":[]}}"#),
            (r#"{"emptyDir":{}}"#, r#"{"downwardAPI":{}}"#),
            (r#"{"secret":{"secretName":"s"}}"#, r#"{"secret":{"secretName":"s","defaultMode":256}}"#),
            (r#"{"secret":{"secretName":"s"}}"#, r#"{"secret":{"secretName":"s","optional":true}}"#),
            (r#"{"secret":{"items":[{"mode":0}]}}"#, r#"{"secret":{"items":[{}]}}"#),
            (
                r#"{"ephemeral":{"volumeClaimTemplate":{"spec":{}}}}"#,
                r#"{"ephemeral":{"volumeClaimTemplate":{"spec":{"storageClassName":""}}}}"#,
            ),
            (r#"{"image":{"reference":"r/i:1"}}"#, r#"{"image":{"reference":"r/i:1","pullPolicy":"Always"}}"#),
        ] {
            assert!(!same_source(theirs, ours), "{theirs} is not {ours}");
        }
    }
}
