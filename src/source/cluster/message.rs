//! What a status says, within the bounds of the definitions.

use std::fmt::Write as _;

use super::status::ReadyReason;
use crate::api::validate::Problem;
use crate::text::truncate;

/// What the definitions allow: characters of a message, of a warning, and how many warnings.
const LONGEST_MESSAGE: usize = 32_768;
const LONGEST_WARNING: usize = 1024;
const MAX_WARNINGS: usize = 64;

/// What the condition says.
pub(super) fn message(reason: ReadyReason, in_use: bool, problems: &[Problem]) -> String {
    let mut said = match (reason, in_use) {
        (ReadyReason::Active, _) => "this version is in use",
        (ReadyReason::Invalid, true) => "this version is invalid, and the last good one stays in use; mend",
        (ReadyReason::Invalid, false) => "it is invalid, and no good version is in use; mend",
        (ReadyReason::TooManyCompanions, _) => {
            "invalid value: its namespace, or all companions together, must have less JSON than podgraft keeps, and the \
             youngest are not used; remove companions, or shorten them"
        }
        (ReadyReason::RequiredDisabled, _) => {
            "it is required, and not injected: required companions are switched off; switch them on in podgraft's \
             chart, or remove spec.required"
        }
        (ReadyReason::OverriddenByFile, _) => {
            "not in use: podgraft reads a companion of this name from a file, and that one counts; remove one of them"
        }
        (ReadyReason::ShadowedByRequired, _) => {
            "not in use: a required ClusterCompanion holds this name in all namespaces; choose another name"
        }
    }
    .to_owned();
    if !problems.is_empty() && reason != ReadyReason::Invalid {
        said.push_str("; besides, it is invalid; mend");
    }
    for (i, problem) in problems.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(said, "{} {problem}", if i == 0 { ":" } else { ";" });
    }
    truncate(said, LONGEST_MESSAGE).into_owned()
}

/// As many warnings as there may be; the last one says how many more there are.
pub(super) fn few(warnings: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let count = warnings.len();
    let told = if count > MAX_WARNINGS { MAX_WARNINGS - 1 } else { count };
    let mut few: Vec<_> = warnings.take(told).map(|warning| truncate(warning, LONGEST_WARNING).into_owned()).collect();
    if told < count {
        few.push(format!("and {} more; `podgraft validate` tells all of them", count - told));
    }
    few
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_longer_than_the_definitions_allow() {
        let warnings = |count: usize| few((0..count).map(|i| format!("{i} {}", "ü".repeat(2000))));
        assert_eq!(warnings(64).len(), 64);
        let many = warnings(100);
        assert_eq!((many.len(), many[63].as_str()), (64, "and 37 more; `podgraft validate` tells all of them"));
        assert!(many.iter().all(|warning| warning.chars().count() <= 1024));
        let problem = |i| Problem { pointer: format!("/spec/{i}"), message: "x".repeat(1000) };
        let problems: Vec<_> = (0..100).map(problem).collect();
        let said = message(ReadyReason::Invalid, false, &problems);
        assert_eq!(said.chars().count(), LONGEST_MESSAGE);
    }
}
