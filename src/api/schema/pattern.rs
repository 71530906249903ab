//! The patterns of the schemas, compiled when they are first needed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use regex_lite::Regex;

/// The patterns that were needed so far. There are as many as the schemas have; `None` does not compile.
static COMPILED: Mutex<BTreeMap<Box<str>, Option<Arc<Regex>>>> = Mutex::new(BTreeMap::new());

/// Whether a text matches a pattern of a schema; `None` if the pattern does not compile, which a test excludes.
pub(in crate::api) fn is_match(pattern: &str, text: &str) -> Option<bool> {
    compiled(pattern).map(|regex| regex.is_match(text))
}

fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    // The map is consistent after a panic, because it is changed by a single call.
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = compiled.get(pattern) {
        return regex.clone();
    }
    let regex = Regex::new(pattern).ok().map(Arc::new);
    compiled.insert(pattern.into(), regex.clone());
    regex
}
