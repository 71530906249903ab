//! The reader against serde_json.
//!
//! Where everything is read, the two accept the same texts and read the same values. What is skipped is skipped unread:
//! whatever serde_json accepts is skipped up to the same byte, and more than that may be.

use podgraft::internals::json::{JsonError, Reader};
use serde_json::{Map, Value};

/// How deep serde_json reads; beyond that nothing is compared.
const DEEPEST: usize = 100;

/// Any bytes as JSON text.
pub fn reader(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(Reader::new(bytes).is_err(), "what is not UTF-8 is not read");
        return;
    };
    let mut skipping = Reader::of(text);
    let skipped = skipping.skip().and_then(|()| skipping.end());
    if text.contains("$serde_json") || depth(text) > DEEPEST {
        return;
    }
    let theirs = serde_json::from_str::<Value>(text);
    let mut reader = Reader::of(text);
    let ours = value(&mut reader).and_then(|value| reader.end().map(|()| value));
    match (&theirs, &ours) {
        (Ok(theirs), Ok(ours)) => assert_eq!(theirs, ours),
        (Err(_), Err(_)) => {}
        (theirs, ours) => panic!("serde_json: {theirs:?}, the reader: {ours:?}"),
    }
    if is_json(text) {
        assert_eq!(skipped, Ok(()), "what is JSON can be skipped");
    }
    if let Ok(theirs) = theirs {
        assert_eq!(Reader::of(text).raw().unwrap(), text.trim_matches([' ', '\n', '\t', '\r']));
        texts(text, &theirs);
        first_of_two(text);
    }
}

/// Reads everything.
fn value(r: &mut Reader<'_>) -> Result<Value, JsonError> {
    if r.object_is_next() {
        let mut members = Map::new();
        r.object(|r, key| value(r).map(|member| drop(members.insert(key.to_owned(), member))))?;
        return Ok(Value::Object(members));
    }
    if r.number_is_next() {
        let text = r.raw()?;
        return Ok(serde_json::from_str(text).expect("what the reader takes for a number is one"));
    }
    let rest = r.with_text(Reader::skip);
    let ((), text) = rest?;
    match text.as_bytes().first() {
        Some(b'"') => Ok(Value::String(Reader::of(text).string()?.expect("a string").into_owned())),
        Some(b't' | b'f') => Reader::of(text).boolean().map(Value::Bool),
        Some(b'[') => items(&mut Reader::of(text)),
        _ => Ok(Value::Null),
    }
}

fn items(r: &mut Reader<'_>) -> Result<Value, JsonError> {
    let mut items = Vec::new();
    r.array(|r, index| {
        assert_eq!(index, items.len());
        value(r).map(|item| items.push(item))
    })?;
    r.end()?;
    Ok(Value::Array(items))
}

/// A map of texts is read in order, null as the empty text.
fn texts(text: &str, theirs: &Value) {
    let Ok(ours) = Reader::of(text).texts() else { return };
    let ours: Option<Map<String, Value>> =
        ours.map(|texts| texts.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned().into())).collect());
    let null = Value::String(String::new());
    let theirs = theirs.as_object().map(|members| {
        members
            .iter()
            .map(|(key, value)| (key.clone(), if value.is_null() { null.clone() } else { value.clone() }))
            .collect()
    });
    assert_eq!(ours, theirs);
}

/// Of two values that follow one another, the first is read and the second is left.
fn first_of_two(text: &str) {
    let two = format!("{text} {text}");
    let mut reader = Reader::of(&two);
    assert_eq!(reader.raw().map(str::len), Ok(text.trim_matches([' ', '\n', '\t', '\r']).len()));
    assert!(reader.end().is_err(), "what follows is noticed");
}

fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether a text is JSON, half surrogate pairs included: those are skipped unread.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<Box<serde_json::value::RawValue>>(text).is_ok()
}
