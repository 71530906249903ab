//! What happened to an object, before it is an event.

use std::fmt;
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use ring::digest::{Context, SHA256};

use crate::text::{format_truncated, truncate};

/// The longest note, in bytes (`NoteLengthLimit` of k8s.io/kubernetes, `pkg/apis/core/validation/events.go`).
const LONGEST_NOTE: usize = 1024;
/// A note with as many characters fits, however long each of them is.
const LONGEST_NOTE_OF_LONG_CHARACTERS: usize = LONGEST_NOTE / 4;
/// The time in which there is one event of an object, subject and reason.
const PERIOD: Duration = Duration::from_secs(600);

/// What happened to an object.
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// The object.
    pub regarding: ObjectReference,
    /// What the reason is about besides the object, such as the name of a companion.
    pub subject: Box<str>,
    /// The reason, in the form of `HostNetwork`.
    pub reason: &'static str,
    /// What was done when it happened, in the same form.
    pub action: &'static str,
    /// The sentence for people.
    pub note: String,
    /// Whether someone may have to act.
    pub event_type: EventType,
}

/// The type of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// Nothing is wrong.
    Normal,
    /// Someone may have to act.
    Warning,
}

impl EventType {
    /// The value of the field `type`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        }
    }
}

impl Occurrence {
    /// What distinguishes the event from all others within a period of ten minutes, as 64 bits.
    pub(super) fn digest(&self, since_1970: Duration) -> u64 {
        let regarding = &self.regarding;
        let of_object = [&regarding.namespace, &regarding.kind, &regarding.name, &regarding.uid];
        let of_object = of_object.map(|field| field.as_deref().unwrap_or_default());
        let period = since_1970.as_secs() / PERIOD.as_secs();
        let mut context = Context::new(&SHA256);
        for field in of_object.into_iter().chain([&*self.subject, self.reason, &period.to_string()]) {
            context.update(field.as_bytes());
            context.update(&[0]);
        }
        context.finish().as_ref()[..8].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }
}

/// A sentence within the bounds of a note.
pub(super) fn note(sentence: fmt::Arguments<'_>) -> String {
    let note = format_truncated(LONGEST_NOTE, sentence);
    if note.len() <= LONGEST_NOTE { note } else { truncate(note, LONGEST_NOTE_OF_LONG_CHARACTERS).into_owned() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn skipped(namespace: &str, companion: &str, reason: &'static str) -> Occurrence {
        let regarding = ObjectReference {
            kind: Some("ReplicaSet".into()),
            name: Some("web".into()),
            namespace: Some(namespace.into()),
            uid: Some("u-1".into()),
            ..ObjectReference::default()
        };
        let (subject, note) = (companion.into(), "skipped".into());
        Occurrence { regarding, subject, reason, action: "InjectCompanion", note, event_type: EventType::Warning }
    }

    #[test]
    fn the_digest_is_the_same_for_ten_minutes_of_one_object_companion_and_reason() {
        let at = |second| Duration::from_secs(second);
        let digest = |namespace, companion, reason, second| skipped(namespace, companion, reason).digest(at(second));
        let first = digest("shop", "audit", "HostNetwork", 1200);
        assert_eq!(first, digest("shop", "audit", "HostNetwork", 1799));
        for other in [
            digest("shop", "audit", "HostNetwork", 1800),
            digest("shop", "audit", "PortConflict", 1200),
            digest("shop", "trace", "HostNetwork", 1200),
            digest("town", "audit", "HostNetwork", 1200),
        ] {
            assert_ne!(first, other);
        }
        assert_ne!(digest("shop", "a", "b", 0), digest("shop", "ab", "", 0), "fields do not run into each other");
    }

    #[test]
    fn a_note_is_as_short_as_api_servers_demand() {
        assert_eq!(note(format_args!("companion {}", "audit")), "companion audit");
        for text in ["x".repeat(2000), "ü".repeat(2000), "🦀".repeat(2000), "ü".repeat(600)] {
            let note = note(format_args!("{text}"));
            assert!((256..=LONGEST_NOTE).contains(&note.len()) && note.ends_with('…'), "{}", note.len());
        }
    }
}
