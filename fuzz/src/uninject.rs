//! Removing what a status says was injected.

use podgraft::internals::inject;
use serde_json::Value;

/// Any bytes as the JSON of a Pod.
pub fn uninject(bytes: &[u8]) {
    if let Ok(pod) = serde_json::from_slice(bytes) {
        check(&pod);
    }
}

/// Checks that nothing is added or changed, that an error changes nothing, and that once is enough.
pub(super) fn check(pod: &Value) {
    let mut left = pod.clone();
    match inject::uninject(&mut left) {
        Ok(true) => {
            assert!(is_part(&left, pod), "more than before: {left}");
            let once = left.clone();
            assert_eq!(inject::uninject(&mut left), Ok(false), "once is enough");
            assert_eq!(left, once);
        }
        Ok(false) | Err(_) => assert_eq!(&left, pod, "the Pod is as it was"),
    }
}

/// Whether a value is what another one is without some of its members and items.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|of| is_part(value, of)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            let mut rest = whole.iter();
            part.iter().all(|item| rest.any(|of| is_part(item, of)))
        }
        (part, whole) => part == whole,
    }
}
