//! What `uninject` reports of parts that it did not remove.

use crate::inject::keys;
use crate::text::truncate;

/// The most remarks, and the most characters of a name in one: a status can list anything.
pub(super) const MAX_REMARKS: usize = 100;
pub(super) const LONGEST_REMARK: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Remarks(Vec<String>);

impl Remarks {
    /// Reports a part that the status lists and the Pod does not have.
    pub(super) fn missing(&mut self, companion: &str, what: impl Fn() -> String) {
        let sentence = || format!("{} is listed in {} but not found in the Pod", short(&what()), keys::STATUS);
        self.add(companion, sentence);
    }

    /// Reports a part that the status lists and that stays.
    pub(super) fn kept(&mut self, companion: &str, what: impl Fn() -> String, why: impl FnOnce() -> String) {
        self.add(companion, || format!("{} was kept, because {}", short(&what()), why()));
    }

    /// Further remarks are not even written: their number is not bounded.
    fn add(&mut self, companion: &str, sentence: impl FnOnce() -> String) {
        if self.0.len() < MAX_REMARKS {
            self.0.push(format!("companion {}: {}", short(companion), sentence()));
        }
    }

    pub(super) fn into_sentences(self) -> Vec<String> {
        self.0
    }
}

/// A name in a sentence.
pub(super) fn short(name: &str) -> String {
    truncate(name, LONGEST_REMARK).into_owned()
}
