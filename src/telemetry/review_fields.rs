//! What the line of a review contains.

use std::borrow::Cow;
use std::time::Duration;

use crate::admission::ReviewRecord;
use crate::text::truncate;

/// The longest name or message from a client in a line, in characters.
pub(super) const MAX_TEXT: usize = 256;
/// The longest list of reasons in a line, in characters.
const MAX_LIST: usize = 1024;

/// The capacity of the list at first, in bytes; most Pods have one companion or two.
const FIRST_LIST: usize = 64;

/// The fields of a line, within their bounds.
#[derive(Debug)]
pub(super) struct ReviewFields<'a> {
    pub(super) uid: Cow<'a, str>,
    pub(super) webhook: &'static str,
    pub(super) namespace: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) result: &'static str,
    pub(super) dry_run: bool,
    /// `companion=Reason` for each finding, or `Reason` where a finding is about the Pod, separated by commas.
    pub(super) companions: String,
    pub(super) complaint: Option<Cow<'a, str>>,
    pub(super) microseconds: u64,
}

impl<'a> ReviewFields<'a> {
    pub(super) fn of(record: &'a ReviewRecord<'a>, took: Duration) -> Self {
        ReviewFields {
            uid: truncate(record.uid, MAX_TEXT),
            webhook: record.webhook,
            namespace: truncate(record.namespace, MAX_TEXT),
            name: truncate(record.name, MAX_TEXT),
            result: record.result.as_str(),
            dry_run: record.dry_run,
            companions: reasons(record),
            complaint: (!record.complaint.is_empty()).then(|| truncate(record.complaint, MAX_TEXT)),
            microseconds: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

fn reasons(record: &ReviewRecord<'_>) -> String {
    let mut list = String::with_capacity(FIRST_LIST);
    for finding in record.verdict.iter().flat_map(|verdict| &verdict.findings) {
        // A character has at most four bytes, so the rest would be cut off.
        if list.len() > 4 * MAX_LIST {
            break;
        }
        if !list.is_empty() {
            list.push(',');
        }
        if let Some(companion) = &finding.companion {
            list.push_str(&truncate(&**companion, MAX_TEXT));
            list.push('=');
        }
        list.push_str(finding.reason.label());
    }
    truncate(list, MAX_LIST).into_owned()
}
