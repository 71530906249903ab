//! Warnings about keys of podgraft that are set on a workload where they have no effect.

use crate::admission::response::warning;
use crate::inject::keys::{MetadataMap, MisplacedKey};
use crate::inject::pod::Pod;
use crate::json::{JsonError, Reader, field_path};
use crate::text::format_truncated;
use crate::workload;
use crate::workload::OutsideKey;

/// How many misplaced keys are named; the others are counted. More important warnings follow and need room.
const MAX_MISPLACED: usize = 2;
/// The longest key that is repeated whole, in characters: our prefix, and the longest name of an annotation.
const LONGEST_KEY: usize = 76;

/// The workload whose keys are checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct CheckedWorkload<'a> {
    pub(super) group: &'a str,
    /// The kind, short enough to be repeated.
    pub(super) kind: &'a str,
    /// The JSON text of the workload.
    pub(super) object: &'a str,
    /// The JSON pointer of its Pod template and the Pod, if it has one.
    pub(super) template: Option<(&'a str, &'a Pod<'a>)>,
}

/// Warnings about the keys of a workload that have no effect; with `hints`, without those that the API server reports itself.
pub(super) fn misplaced_keys(checked: &CheckedWorkload<'_>, hints: bool) -> Result<Vec<String>, JsonError> {
    let mut found = Misplaced { warnings: Vec::new(), count: 0 };
    let mut read = Vec::new();
    if let Some((template, pod)) = checked.template {
        read.extend(workload::levels_above(template).map(|level| level as &str).chain([template]));
        if !hints {
            keys_above(checked, template, pod, &mut found)?;
        }
    }
    workload::outside_keys((checked.group, checked.kind), checked.object, &read, |outside| {
        if outside.is_misplaced() && !(hints && outside.is_on_object()) {
            let key = &*shortened(outside.key);
            found.add(|| warning(format_args!("podgraft: {}", OutsideKey { key, ..*outside })));
        }
    })?;
    Ok(found.into_warnings(checked.kind))
}

/// Keys that are set on a level of the workload above its Pod template, which is at a JSON pointer.
fn keys_above(
    checked: &CheckedWorkload<'_>,
    template: &str,
    pod: &Pod<'_>,
    found: &mut Misplaced,
) -> Result<(), JsonError> {
    let (kind, path) = (checked.kind, &*field_path(template));
    let maps = workload::levels_above(template).flat_map(|level| MetadataMap::ALL.map(|map| (level, map)));
    for (level, map) in maps {
        let fields: Vec<&str> = level.split('/').skip(1).chain(["metadata", map.as_str()]).collect();
        let Some(json) = Reader::of(checked.object).raw_at(&fields)? else { continue };
        let level = &*field_path(level);
        Reader::of(json).object(|r, key| {
            // A label that the template has as well may be there to select the workload.
            let is_on_template = || map == MetadataMap::Labels && pod.label(key).is_some();
            if map.is_for_pods(key) && !is_on_template() {
                let key = &*shortened(key);
                let misplaced = MisplacedKey { map, key, kind, level, template: path };
                found.add(|| warning(format_args!("podgraft: {misplaced}")));
            }
            r.skip()
        })?;
    }
    Ok(())
}

fn shortened(key: &str) -> String {
    format_truncated(LONGEST_KEY, format_args!("{key}"))
}

/// The warnings about the first misplaced keys, and how many keys there are.
struct Misplaced {
    warnings: Vec<String>,
    count: usize,
}

impl Misplaced {
    fn add(&mut self, warning: impl FnOnce() -> String) {
        self.count += 1;
        if self.count <= MAX_MISPLACED {
            self.warnings.push(warning());
        }
    }

    fn into_warnings(mut self, kind: &str) -> Vec<String> {
        if self.count > MAX_MISPLACED {
            self.warnings.push(format!(
                "podgraft: in total, {} annotations and labels of podgraft are set on the {kind}, not on its Pod template",
                self.count
            ));
        }
        self.warnings
    }
}
