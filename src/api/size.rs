//! Bounds on the JSON of a companion, checked before anything else.
//!
//! Validation is linear in the size of the specification, so these bounds are bounds of its time and memory.

use std::io::{self, Write};

use serde_json::Value;

use super::message::invalid;
use super::report::Problem;

/// The largest specification of a companion, in bytes of JSON.
pub const LARGEST: usize = 512 << 10;
/// The largest number of values in a companion: scalars, lists and objects. A value takes up to a hundred times the
/// memory of its text, so a bound on bytes alone is not enough. The largest companions in use have a few hundred.
pub const MAX: usize = 2048;
/// The deepest nesting: functions that walk through values recurse.
const DEEPEST: usize = 256;

/// The problem of a specification of `bytes` bytes of JSON, if it is too large.
#[must_use]
pub fn too_large(bytes: usize) -> Option<Problem> {
    (bytes > LARGEST).then(|| {
        let message = invalid(format_args!(
            "must have at most {LARGEST} bytes of JSON, but has {bytes}; put large data into an image or a volume"
        ));
        Problem { pointer: "/spec".to_owned(), message: message.to_string() }
    })
}

/// The problem of the text of a specification that has too many values, found without parsing the text.
#[must_use]
pub fn too_dense(text: &str) -> Option<Problem> {
    let (mut quoted, mut escaped, mut count) = (false, false, 0_usize);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => count += 1,
            _ => {}
        }
    }
    too_many(count)
}

fn too_many(count: usize) -> Option<Problem> {
    (count > MAX).then(|| {
        let message = invalid(format_args!("must have at most {MAX} values, but has {count}; shorten its lists"));
        Problem { pointer: "/spec".to_owned(), message: message.to_string() }
    })
}

/// The length of a value as JSON, in bytes.
#[must_use]
pub fn bytes(value: &Value) -> usize {
    let mut counter = Counter(0);
    // Writing to a counter cannot fail.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

/// Whether a companion is within the bounds.
pub(in crate::api) fn check(object: &Value) -> Result<(), Problem> {
    let mut count = 0;
    if !is_shallow(object, DEEPEST, &mut count) {
        let message = invalid(format_args!("must be nested at most {DEEPEST} levels deep"));
        return Err(Problem { pointer: String::new(), message: message.to_string() });
    }
    match too_large(bytes(&object["spec"])).or_else(|| too_many(count)) {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}

/// The number of values in a value, itself included, which is at most as deep as a companion.
pub(crate) fn values(value: &Value) -> usize {
    let mut count = 0;
    // A value that is too deep has at least as many values as levels.
    is_shallow(value, DEEPEST, &mut count);
    count
}

/// Whether a value is nested at most `deeper` levels; adds the number of its values to `count`.
fn is_shallow(value: &Value, deeper: usize, count: &mut usize) -> bool {
    *count += 1;
    match (value, deeper.checked_sub(1)) {
        (Value::Array(items), Some(deeper)) => items.iter().all(|item| is_shallow(item, deeper, count)),
        (Value::Object(members), Some(deeper)) => members.values().all(|value| is_shallow(value, deeper, count)),
        (Value::Array(_) | Value::Object(_), None) => false,
        _ => true,
    }
}

struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{DEEPEST, LARGEST, MAX, too_dense, too_large};
    use crate::api::testing::{check, check_companion, companion, git_sync};

    fn of_size(bytes: usize) -> Value {
        let with = |length: usize| companion("/spec/containers/0/args", json!(["x".repeat(length)]));
        let empty = with(0)["spec"].to_string().len();
        with(bytes - empty)
    }

    #[test]
    fn a_companion_of_more_than_512_kib_is_invalid_without_being_read() {
        check(of_size(LARGEST), &[]);
        let large = of_size(LARGEST + 1);
        check(large.clone(), &["spec: invalid value: must have at most 524288 bytes of JSON, but has 524289"]);
        assert!(check_companion(&large).warnings.is_empty(), "the specification is not read");
        assert!(too_large(LARGEST).is_none() && too_large(LARGEST + 1).is_some());
    }

    #[test]
    fn a_companion_of_too_many_values_is_invalid_without_being_read() {
        let many = companion("/spec/containers/0/args", json!(vec![""; MAX]));
        check(many.clone(), &["spec: invalid value: must have at most 2048 values"]);
        assert!(too_dense(&many["spec"].to_string()).is_some());
        assert!(too_dense(&git_sync().to_string()).is_none());
        let text = json!([",[{".repeat(MAX), "\\\"".repeat(MAX)]).to_string();
        assert!(too_dense(&text).is_none(), "separators within strings do not count");
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |levels: usize| (0..levels).fold(json!(1), |value, _| json!([value]));
        let nested = |levels| companion("/spec/containers/0/future", deep(levels));
        assert_eq!(check_companion(&nested(200)).problems, []);
        check(nested(DEEPEST + 1), &["invalid value: must be nested at most 256 levels deep"]);
    }
}
