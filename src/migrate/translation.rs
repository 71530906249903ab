//! The result of a translation.

use serde_json::Value;

use super::loss::Loss;
use super::source_value::SourcePlace;
use crate::text::characters::one_line;

/// Which findings of validation keep a companion from being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Errors: warnings are about what the configuration had before.
    Errors,
    /// Errors and warnings, as `podgraft validate --strict`.
    Warnings,
}

/// What became of one configuration.
#[derive(Debug)]
pub struct Translation {
    /// The configuration for its users, such as `SidecarSet log-agent`.
    pub title: String,
    /// Where it was read.
    pub at: SourcePlace,
    /// The companion, which is valid; `None` if the configuration was not translated.
    pub companion: Option<Value>,
    /// The parts that were not translated, or why nothing was.
    pub losses: Vec<Loss>,
    /// What the author of the companion should know of a field, each with its RFC 6901 pointer.
    pub hints: Vec<(String, String)>,
    /// How many warnings validation has about the companion.
    pub warnings: usize,
}

impl Translation {
    /// Kind, namespace and name of the companion, which no other companion has.
    pub(super) fn identity(&self) -> Option<String> {
        let companion = self.companion.as_ref()?;
        let metadata = &companion["metadata"];
        Some(format!("{}/{}/{}", companion["kind"], metadata["namespace"], metadata["name"]))
    }

    /// Puts each text on one line: the names in them are those of the configuration, and can have any characters.
    pub(super) fn clean(&mut self) {
        let messages = self.losses.iter_mut().map(|loss| &mut loss.message);
        let hints = self.hints.iter_mut().map(|(_, hint)| hint);
        for text in messages.chain(hints).chain([&mut self.title]) {
            *text = one_line(text);
        }
    }

    /// Removes the companion.
    pub(super) fn withdraw(&mut self, message: String) {
        self.companion = None;
        self.losses.push(Loss { at: self.at.clone(), pointer: String::new(), message });
    }
}
