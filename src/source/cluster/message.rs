//! The texts of a status, within the bounds of the definitions.

use std::fmt::Write as _;

use super::condition::ReadyReason;
use crate::api::Problem;
use crate::text::truncate;

/// The bounds of the definitions, in characters: of a message, and of a warning; and the number of warnings.
const LONGEST_MESSAGE: usize = 32_768;
const LONGEST_WARNING: usize = 1024;
const MAX_WARNINGS: usize = 64;

/// The message of the condition. `missing` is the sentence about webhook configurations that do not exist.
pub(super) fn message(reason: ReadyReason, is_used: bool, problems: &[Problem], missing: &str) -> String {
    let mut message = match (reason, is_used) {
        (ReadyReason::WebhookMissing, _) => missing,
        (ReadyReason::Active, _) => "this version is active",
        (ReadyReason::Invalid, true) => "spec is invalid; the last valid version stays active",
        (ReadyReason::Invalid, false) => "spec is invalid and no earlier valid version exists",
        (ReadyReason::TooManyCompanions, _) => {
            "forbidden: exceeds the memory limit of its namespace or of all companions, and older companions have \
             precedence; remove companions, or shorten them"
        }
        (ReadyReason::RequiredDisabled, _) => {
            "required companions are disabled, so this one is not injected; set requiredCompanions.enabled in podgraft's \
             chart, or remove spec.required"
        }
        (ReadyReason::OverriddenByFile, _) => {
            "overridden by a companion with the same name in a file that podgraft reads (--companions); remove one of them"
        }
        (ReadyReason::ShadowedByRequired, _) => {
            "shadowed by a required ClusterCompanion with the same name; choose another name"
        }
    }
    .to_owned();
    if !problems.is_empty() && reason != ReadyReason::Invalid {
        message.push_str("; spec is invalid as well");
    }
    for (i, problem) in problems.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(message, "{} {problem}", if i == 0 { ":" } else { ";" });
    }
    truncate(message, LONGEST_MESSAGE).into_owned()
}

/// As many warnings as the definitions allow. Where some are left out, the last one has their number.
pub(super) fn bounded(warnings: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let count = warnings.len();
    let kept = if count > MAX_WARNINGS { MAX_WARNINGS - 1 } else { count };
    let mut bounded: Vec<_> =
        warnings.take(kept).map(|warning| truncate(warning, LONGEST_WARNING).into_owned()).collect();
    if kept < count {
        bounded.push(format!("and {} more; run `podgraft validate` to see all", count - kept));
    }
    bounded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_longer_than_the_definitions_allow() {
        let warnings = |count: usize| bounded((0..count).map(|i| format!("{i} {}", "ü".repeat(2000))));
        assert_eq!(warnings(64).len(), 64);
        let many = warnings(100);
        assert_eq!((many.len(), many[63].as_str()), (64, "and 37 more; run `podgraft validate` to see all"));
        assert!(many.iter().all(|warning| warning.chars().count() <= 1024));
        let problem = |i| Problem { pointer: format!("/spec/{i}"), message: "x".repeat(1000) };
        let problems: Vec<_> = (0..100).map(problem).collect();
        let message = message(ReadyReason::Invalid, false, &problems, "");
        assert_eq!(message.chars().count(), LONGEST_MESSAGE);
    }
}
